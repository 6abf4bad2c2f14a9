"""Two people who are brought together."""

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from msgspec import structs

from services.pledges import befriending
from services.pledges.befriending import Befriending
from services.pledges.sheets import Said
from shared.contracts.message import Command
from shared.contracts.pledges import (
    BefriendingChecked,
    BefriendingConsented,
    BefriendingEnded,
    BefriendingProposed,
    BefriendingStarted,
    BefriendingState,
    CheckBefriending,
    ConsentToBefriending,
    EndBefriending,
    ProposeBefriending,
    RematchBefriending,
)
from shared.decider import FORBIDDEN, NOT_FOUND, Asked, Decision, Done, refused
from tests.pledges.given import ANA, BO, CAMPAIGN, CY, OLGA, PAT, at, only, refusal

PROPOSE = ProposeBefriending("befriending_m", "campaign_c", ANA, BO, "You both like chess")
CONSENT, CHECK = ConsentToBefriending("befriending_m"), CheckBefriending("befriending_m")
END = EndBefriending("befriending_m", "He never called")
REMATCH = RematchBefriending("befriending_n", "befriending_m", CY)


def asking(before: Befriending, person: str, command: Command, minutes: int = 0) -> Decision:
    """Decide a command."""
    return befriending.decide(before, command, Asked("c", person, frozenset({"resident"}), at(minutes)))


def matched(*steps: tuple[str, Command]) -> Befriending:
    """The match that Olga proposed, after some steps, all of which must be possible."""
    after = Befriending("befriending_m", campaign=CAMPAIGN)
    for number, (person, command) in enumerate([(OLGA, PROPOSE), *steps]):
        decision = asking(after, person, command, number)
        assert isinstance(decision.answer, Done), decision.answer
        for fact in decision.facts:
            after = befriending.evolve(after, fact)
    return after


def state(of: Befriending) -> BefriendingState:
    """Where it stands."""
    assert of.state is not None
    return of.state


def test_two_people_are_asked() -> None:
    """MISSION row 27: by who works in the campaign; what is said of them is in no fact, and no place plays a part."""
    decision = asking(Befriending("befriending_m", campaign=CAMPAIGN), PAT, PROPOSE)
    fact = only(decision, BefriendingProposed)

    assert (fact.befriending.status, fact.befriending.matcher, fact.befriending.consents) == ("proposed", PAT, ())
    assert decision.private == (Said("note", "You both like chess"),)
    assert "chess" not in repr((decision.facts, decision.answer))
    assert not {"ward", "place", "lat", "lon", "radius_m", "distance"} & set(BefriendingState.__struct_fields__)


@pytest.mark.parametrize(
    ("person", "guest", "friend", "expected"),
    [(CY, ANA, BO, 403), (OLGA, ANA, ANA, 422), (OLGA, OLGA, BO, 422), (OLGA, ANA, OLGA, 422)],
)
def test_the_two_and_who_matches_them_are_three(person: str, guest: str, friend: str, expected: int) -> None:
    """And the third works in the campaign."""
    before = Befriending("befriending_m", campaign=CAMPAIGN)

    assert refusal(asking(before, person, structs.replace(PROPOSE, guest=guest, friend=friend))).status == expected
    assert refusal(asking(Befriending("befriending_m"), OLGA, PROPOSE)) == NOT_FOUND
    closed = structs.replace(before, campaign=structs.replace(CAMPAIGN, status="closed"))
    assert refusal(asking(closed, OLGA, PROPOSE)) == refused("campaign-not-live", status="closed")


def test_it_begins_when_both_agree_and_the_check_was_made() -> None:
    """In whatever order; one consent alone, or none without the check, begins nothing."""
    one = only(asking(matched(), ANA, CONSENT), BefriendingConsented)
    both = asking(matched((ANA, CONSENT)), BO, CONSENT)
    last = asking(matched((ANA, CONSENT), (OLGA, CHECK)), BO, CONSENT, 9)
    checked = asking(matched((ANA, CONSENT), (BO, CONSENT)), OLGA, CHECK)

    assert (one.befriending.status, one.befriending.consents) == ("consented", ("guest",))
    assert [type(fact) for fact in both.facts] == [BefriendingConsented]
    assert [type(fact) for fact in last.facts] == [BefriendingConsented, BefriendingStarted]
    assert [type(fact) for fact in checked.facts] == [BefriendingChecked, BefriendingStarted]
    assert [fact.streamversion for fact in last.facts] == [4, 5]
    body = last.answer.body if isinstance(last.answer, Done) else None
    assert isinstance(body, BefriendingState)
    assert (body.status, body.started_at) == ("active", at(9))


def test_each_speaks_for_themselves_alone() -> None:
    """Who matched them cannot agree for them, nor they make the check; a stranger meets nothing."""
    assert refusal(asking(matched(), OLGA, CONSENT)) == FORBIDDEN
    assert refusal(asking(matched(), ANA, CHECK)) == FORBIDDEN
    assert asking(matched((ANA, CONSENT)), ANA, CONSENT).facts == ()
    for command in (CONSENT, CHECK, END):
        assert refusal(asking(matched(), PAT, command)) == NOT_FOUND


@pytest.mark.parametrize("person", [ANA, BO, OLGA])
def test_any_of_the_three_ends_it_and_says_why_in_private(person: str) -> None:
    """At any time; what has ended stays so."""
    decision = asking(matched(), person, END)
    after = matched((person, END))

    assert only(decision, BefriendingEnded).befriending.status == "ended"
    assert decision.private == (Said("reason", "He never called"),)
    assert "called" not in repr((decision.facts, decision.answer))
    assert asking(after, ANA, END).facts == ()
    assert refusal(asking(after, ANA, CONSENT)) == refused("befriending-wrong-state", status="ended")
    assert refusal(asking(after, OLGA, CHECK)) == refused("befriending-wrong-state", status="ended")


def test_after_the_end_the_guest_is_matched_again() -> None:
    """By who matched them, with somebody else; all begins anew: consent, and the check."""
    ended = state(matched((BO, END)))
    before = Befriending("befriending_n", campaign=CAMPAIGN, mentioned={"befriending_m": ended})
    fact = only(asking(before, OLGA, REMATCH), BefriendingProposed).befriending

    assert (fact.guest, fact.friend, fact.previous) == (ANA, CY, "befriending_m")
    assert (fact.status, fact.consents, fact.checked) == ("proposed", (), False)
    assert refusal(asking(before, ANA, REMATCH)) == FORBIDDEN
    assert refusal(asking(before, PAT, REMATCH)) == NOT_FOUND
    still = structs.replace(before, mentioned={"befriending_m": state(matched())})
    assert refusal(asking(still, OLGA, REMATCH)) == refused("befriending-wrong-state", status="proposed")
    assert refusal(asking(structs.replace(before, mentioned={}), OLGA, REMATCH)) == NOT_FOUND


steps = st.tuples(st.sampled_from([ANA, BO, OLGA, CY]), st.sampled_from([CONSENT, CHECK, END, PROPOSE]))


@for_all(st.lists(steps, max_size=15))
def test_in_no_history_it_begins_without_both_and_the_check(history: list[tuple[str, Command]]) -> None:
    """In every prefix; versions have no gap, and nothing follows the end."""
    now = matched()
    agreed: set[str] = set()
    checked = False
    for number, (person, command) in enumerate(history):
        was = state(now)
        decision = asking(now, person, command, number)
        for fact in decision.facts:
            assert fact.streamversion == state(now).version + 1
            now = befriending.evolve(now, fact)
        if decision.facts:
            assert was.status != "ended"
            agreed |= {person} if command is CONSENT else set()
            checked |= command is CHECK
        known = state(now)
        assert (known.status == "active") <= (agreed == {ANA, BO} and checked)
        assert known.checked is checked
        assert len(known.consents) == len(agreed)
        assert (known.started_at is not None) >= (known.status == "active")
