from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from services.notifications.follower import MOST_FOLLOWS, Follower, ReadMark, Rules, decide, evolve
from shared.contracts.notifications import (
    Follow,
    FollowBegun,
    Followed,
    FollowEnded,
    FollowerState,
    NotificationRead,
    PersonCommand,
    ReadNotification,
    Unfollow,
)
from shared.decider import NOT_FOUND, Asked, Decision, Done, Refused, refused

AT = "2026-03-23T09:00:00.000Z"
LATER = "2026-03-23T10:00:00.000Z"
NEED = Followed("need", "need_soup")
EVENT = Followed("event", "event_sweep")
NEWCOMER = Follower("ana", read={"n1": None})
FOLLOWING = Follower("ana", FollowerState("ana", 1, AT, AT, 1), frozenset({NEED}), {"n1": None, "n2": AT})


def asked(person: str = "ana", at: str = AT) -> Asked:
    """Give the circumstances."""
    return Asked("c1", person, frozenset({"resident"}), at)


def test_a_first_follow_begins_the_stream() -> None:
    """201 the first time; the person's stream starts at 1."""
    fact = FollowBegun(FollowerState("ana", 1, AT, AT, 1), NEED)

    assert decide(NEWCOMER, Follow("ana", NEED), asked()) == Decision(
        Done("follow", "need/need_soup", NEED, 201), (fact,)
    )
    assert evolve(NEWCOMER, fact) == structs.replace(FOLLOWING, read={"n1": None})


def test_following_twice_changes_nothing() -> None:
    """A repeat with another command is answered 200 and tells nobody."""
    assert decide(FOLLOWING, Follow("ana", NEED), asked()) == Decision(Done("follow", "need/need_soup", NEED))


def test_unfollowing_ends_a_follow_once() -> None:
    """Both times the answer is 200, the second time without a fact."""
    fact = FollowEnded(FollowerState("ana", 2, AT, LATER, 0), NEED)
    answer = Done("follow", "need/need_soup", NEED)

    assert decide(FOLLOWING, Unfollow("ana", NEED), asked(at=LATER)) == Decision(answer, (fact,))
    assert decide(evolve(FOLLOWING, fact), Unfollow("ana", NEED), asked()) == Decision(answer)


def test_a_thousand_follows_are_enough() -> None:
    """The one beyond the cap is refused; what is followed already still answers."""
    full = structs.replace(FOLLOWING, state=FollowerState("ana", 1_000, AT, AT, MOST_FOLLOWS))

    assert decide(full, Follow("ana", EVENT), asked()) == Decision(refused("too-many-follows", most=1_000))
    assert decide(full, Follow("ana", NEED), asked()).answer == Done("follow", "need/need_soup", NEED)


def test_a_kind_that_is_not_the_id_s_is_not_found() -> None:
    """No event has a need's id."""
    assert decide(NEWCOMER, Follow("ana", Followed("event", "need_soup")), asked()) == Decision(NOT_FOUND)


@pytest.mark.parametrize(
    "command", [Follow("ana", NEED), Unfollow("ana", NEED), ReadNotification("ana", "n1")], ids=type
)
def test_nobody_decides_for_another(command: PersonCommand) -> None:
    """Another person's choices do not even exist."""
    assert decide(FOLLOWING, command, asked("bo")) == Decision(NOT_FOUND)


def test_reading_marks_a_notification_once() -> None:
    """The first reading is told with its instant; later ones answer with that instant."""
    fact = NotificationRead(FollowerState("ana", 2, AT, LATER, 1), "n1")
    done = Done("notification", "n1", ReadMark("n1", LATER))

    assert decide(FOLLOWING, ReadNotification("ana", "n1"), asked(at=LATER)) == Decision(done, (fact,))
    after = evolve(FOLLOWING, fact)
    assert decide(after, ReadNotification("ana", "n1"), asked(at="2026-03-24T00:00:00.000Z")) == Decision(done)


def test_reading_what_is_not_there_is_not_found() -> None:
    """Another's notification looks the same as none."""
    assert decide(FOLLOWING, ReadNotification("ana", "n3"), asked()) == Decision(NOT_FOUND)


commands = st.one_of(
    st.builds(Follow, st.just("ana"), st.sampled_from([NEED, EVENT])),
    st.builds(Unfollow, st.just("ana"), st.sampled_from([NEED, EVENT])),
    st.builds(ReadNotification, st.just("ana"), st.sampled_from(["n1", "n3"])),
)


@given(st.lists(commands, max_size=30))
def test_no_history_miscounts(history: list[PersonCommand]) -> None:
    """`following` counts what is followed, versions have no gap, and facts come only with a yes."""
    rules = Rules()
    person = NEWCOMER
    for command in history:
        decision = rules.decide(person, command, asked())
        assert not decision.facts or not isinstance(decision.answer, Refused)
        before = rules.version(person)
        person = reduce(rules.evolve, decision.facts, person)
        assert rules.version(person) == before + len(decision.facts)

    assert (person.state.following if person.state else 0) == len(person.follows)
