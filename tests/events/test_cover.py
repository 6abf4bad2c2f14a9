"""Standing in for somebody. Complaints are those of MISSION §2.3."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.events.cover import WAVE
from services.events.roster import told
from services.events.volunteer import BUDGET
from shared.contracts.shifts import (
    AskCover,
    CancelShift,
    ChangeShift,
    ConfirmPlace,
    CoverFound,
    CoverOffered,
    LeavePlace,
    Role,
    ShiftState,
)
from shared.decider import Decision
from tests.events.given import CAMPAIGN, EVENT, asked, kinds, problem
from tests.events.shifts_given import DBS, OTHER, SHIFT, Town, a_town, cleared, opening, proposing, taking

PEOPLE = [f"p{number:02d}" for number in range(12)]


def a_busy_town(*people: str, **fields: Any) -> Town:  # noqa: ANN401 -- any field of a shift
    """A town where these people once helped, and bo stands on the shift."""
    days = [f"2026-06-{number + 10:02d}" for number in range(len(people))]
    early = [
        opening(f"{EVENT}.{number}", starts_at=f"{day}T09:00", ends_at=f"{day}T10:00")
        for number, day in enumerate(days)
    ]
    town = a_town(opening(**fields), *early, taken=["bo"])
    for number, person in enumerate(people):
        assert kinds(town.ask(taking(f"{EVENT}.{number}"), person)) == ["PlaceTaken"]
    return town


def chosen(decision: Decision) -> list[str]:
    """Who was asked, in order."""
    return [fact.assignment.person for fact in decision.facts if isinstance(fact, CoverOffered)]


def test_a_few_are_asked_and_the_first_who_says_yes_has_the_place() -> None:
    """Emfcamp/Website#1082: find cover. The duty stays where it was until then; the second is too late."""
    town = a_busy_town(*PEOPLE)

    decision = town.ask(AskCover(SHIFT), "bo")
    first, second, *_ = chosen(decision)

    assert kinds(decision) == ["CoverAsked", *["CoverOffered"] * WAVE]
    assert town.standing() == ["bo"]
    assert town.shifts[SHIFT].covers == 1
    found = town.ask(ConfirmPlace(SHIFT), first)
    assert kinds(found) == ["CoverFound"]
    [fact] = [fact for fact in found.facts if isinstance(fact, CoverFound)]
    assert (fact.assignment.person, fact.covered.person, fact.covered.status) == (first, "bo", "covered")
    assert town.standing() == [first]
    assert problem(town.ask(ConfirmPlace(SHIFT), second)) == ("cover-not-wanted", 409, {})
    assert told(town.held[f"{SHIFT}.{second}"], second).status == "missed"


def test_who_was_least_recently_asked_is_asked_first() -> None:
    """Never the same people always: everybody once before anybody twice."""
    town = a_busy_town(*PEOPLE)
    for number in range(3):
        town.ask(opening(f"{EVENT}.x{number}"))
    asks: list[str] = []
    for number in range(3):
        name = f"{EVENT}.x{number}"
        assert kinds(town.ask(taking(name, SHIFT, *(f"{EVENT}.x{one}" for one in range(number))), "bo"))
        at = f"2026-06-0{number + 1}T12:00:00.000Z"
        asks += chosen(town.ask(AskCover(name), asked("bo", at=at)))

    assert len(asks) == 3 * WAVE
    assert sorted(asks[: len(PEOPLE)]) == PEOPLE
    assert set(asks[len(PEOPLE) :]) <= set(asks[:WAVE])


def test_nobody_is_asked_too_often() -> None:
    """Three times in thirty days; after that they may be asked again."""
    town = a_busy_town("cy")
    names = [f"{EVENT}.x{number}" for number in range(BUDGET + 2)]
    counts = []
    for number, name in enumerate(names):
        town.ask(opening(name, starts_at="2026-09-04T13:00", ends_at="2026-09-04T17:00"))
        town.ask(taking(name, *names), "bo")
        day = "2026-06-20" if number <= BUDGET else "2026-07-21"
        counts.append(chosen(town.ask(AskCover(name), asked("bo", at=f"{day}T10:00:0{number}.000Z"))))

    assert counts == [*[["cy"]] * BUDGET, [], ["cy"]]


def test_only_who_can_is_asked() -> None:
    """Cleared to the end of the shift, and nowhere else at that time; not who has to do with the shift already."""
    town = a_town(opening(role=Role("Crèche", DBS), places=3), opening(OTHER))
    for person, until in (("bo", "2027"), ("cy", "2027"), ("di", "2026-07"), ("ed", "2027"), ("fi", "2027")):
        town.ask(cleared(person, f"{until}-03" if until == "2026-07" else f"{until}-01-01"))
    for person in ("bo", "fi"):
        town.ask(taking(), person)
    town.ask(LeavePlace(SHIFT), "fi")
    town.ask(taking(OTHER), "ed")

    assert chosen(town.ask(AskCover(SHIFT), "bo")) == ["cy"]


def test_who_is_asked_is_the_same_whoever_asks_again() -> None:
    """The same people in the same state, the same choice; another shift, another choice among equals."""
    first, second = (a_busy_town(*PEOPLE) for _ in range(2))
    one = chosen(first.ask(AskCover(SHIFT), "bo"))

    assert one == chosen(second.ask(AskCover(SHIFT), "bo"))
    assert kinds(first.ask(AskCover(SHIFT), "bo")) == []
    other = a_busy_town(*PEOPLE)
    other.ask(opening(OTHER))
    other.ask(taking(OTHER, SHIFT), "bo")
    assert one != chosen(other.ask(AskCover(OTHER), "bo"))


def test_if_nobody_comes_forward_the_organisers_are_told() -> None:
    """By half of the time that is left, or a day; the place stays, and others may be asked then."""
    town = a_busy_town(*PEOPLE)
    first = chosen(town.ask(AskCover(SHIFT), "bo"))
    until = town.place("bo").cover_until

    assert until == "2026-06-02T10:00:00.000Z"
    assert kinds(town.until(until)[-1]) == ["CoverNotFound"]
    assert (town.standing(), town.shifts[SHIFT].covers, town.place("bo").cover_until) == (["bo"], 0, None)
    again = town.ask(AskCover(SHIFT), asked("bo", at="2026-07-04T08:00:00.000Z"))
    assert not set(chosen(again)) & set(first)
    assert town.place("bo").cover_until == "2026-07-04T10:00:00.000Z"


def test_with_nobody_to_ask_they_are_told_at_once() -> None:
    """Nothing is left to wait for."""
    town = a_town(taken=["bo"])

    assert kinds(town.ask(AskCover(SHIFT), "bo")) == ["CoverAsked", "CoverNotFound"]
    assert (town.standing(), town.shifts[SHIFT].covers) == (["bo"], 0)


def test_who_is_asked_may_say_no() -> None:
    """And is not asked for this shift again; a place that is free they may take all the same."""
    town = a_busy_town("cy", "di")
    town.ask(AskCover(SHIFT), "bo")

    assert kinds(town.ask(LeavePlace(SHIFT), "cy")) == ["PlaceDeclined"]
    assert town.shifts[SHIFT].taken == 1
    assert problem(town.ask(ConfirmPlace(SHIFT), "cy"))[2] == {"state": "declined"}
    assert kinds(town.ask(taking(), "cy")) == ["PlaceTaken"]
    assert kinds(town.ask(taking(), "di")) == ["CoverFound"]


def test_what_was_found_meanwhile_ends_the_search() -> None:
    """Who leaves, is moved or has found somebody looks for nobody any more, and no old plan says otherwise."""
    town = a_busy_town(*PEOPLE, places=3)
    first, *_ = chosen(town.ask(AskCover(SHIFT), "bo"))
    town.ask(LeavePlace(SHIFT), "bo")
    assert town.shifts[SHIFT].covers == 0
    assert problem(town.ask(ConfirmPlace(SHIFT), first))[0] == "cover-not-wanted"

    town.ask(taking(), "bo")
    town.ask(AskCover(SHIFT), asked("bo", at="2026-06-01T11:00:00.000Z"))
    town.ask(ChangeShift(SHIFT, starts_at="2026-07-04T12:30"))
    assert (town.shifts[SHIFT].covers, town.place("bo").status) == (0, "proposed")
    assert not any("CoverNotFound" in kinds(one) for one in town.until("2026-07-03T00:00:00.000Z"))


@pytest.mark.parametrize(
    ("person", "at", "expected"),
    [
        ("cy", "2026-06-01T10:00:00.000Z", ("not-found", {})),
        ("di", "2026-06-01T10:00:00.000Z", ("assignment-not-active", {"state": "proposed"})),
        ("bo", "2026-07-04T12:00:00.000Z", ("shift-not-open", {"state": "begun"})),
    ],
)
def test_cover_is_for_those_who_said_yes(person: str, at: str, expected: tuple[str, dict[str, str]]) -> None:
    """Before it begins."""
    town = a_town(taken=["bo"])
    town.ask(proposing("di"))

    slug, _, figures = problem(town.ask(AskCover(SHIFT), asked(person, at=at)))

    assert (slug, figures) == expected


def test_who_stands_in_has_to_fit() -> None:
    """A shift taken since then is in the way, unless by name."""
    town = a_busy_town("cy")
    town.ask(opening(OTHER))
    town.ask(AskCover(SHIFT), "bo")
    town.ask(taking(OTHER), "cy")

    assert problem(town.ask(ConfirmPlace(SHIFT), "cy"))[0] == "double-booked"
    assert kinds(town.ask(ConfirmPlace(SHIFT, (OTHER,)), "cy")) == ["CoverFound"]


def test_who_helped_once_may_be_asked() -> None:
    """A person is a volunteer of the campaign from the first place on, once."""
    town = a_town(taken=["bo"])
    town.ask(LeavePlace(SHIFT), "bo")
    town.ask(taking(), "bo")

    assert town.volunteers[f"{CAMPAIGN}.bo"].version == 1


STEPS = st.tuples(
    st.sampled_from(["take", "take", "cover", "cover", "confirm", "confirm", "confirm", "leave", "time", "cancel"]),
    st.sampled_from([SHIFT, OTHER]),
    st.sampled_from(PEOPLE[:8]),
)


def exact(town: Town, state: ShiftState) -> None:
    """Check the counters of a shift against the places on it."""
    here = [held.assignment for held in town.held.values() if held.assignment.shift_id == state.id]
    standing = [mine for mine in here if mine.status in {"proposed", "confirmed"}]
    assert len(standing) == state.taken <= state.places
    assert state.covers == sum(mine.cover_until is not None for mine in standing)


@given(st.lists(STEPS, max_size=60))
def test_no_history_loses_a_place_by_standing_in(history: list[tuple[str, str, str]]) -> None:
    """Whoever takes over, as many stand there as before; nobody is asked beyond the budget."""
    town = a_town(opening(places=3), opening(OTHER, places=2, starts_at="2026-07-04T18:00", ends_at="2026-07-04T19:00"))
    for number, (what, name, person) in enumerate(history):
        at = f"2026-06-01T{number // 60 + 10:02d}:{number % 60:02d}:00.000Z"
        before = town.shifts[name].taken
        match what:
            case "take":
                town.ask(taking(name), asked(person, at=at))
            case "cover":
                town.ask(AskCover(name), asked(person, at=at))
                assert town.shifts[name].taken == before
            case "confirm":
                decision = town.ask(ConfirmPlace(name), asked(person, at=at))
                assert "CoverFound" not in kinds(decision) or town.shifts[name].taken == before
            case "leave":
                town.ask(LeavePlace(name), asked(person, at=at))
            case "time":
                town.until(at)
            case _ if number > 50:
                town.ask(CancelShift(name, "x"), asked(at=at))
            case _:
                pass
        for state in town.shifts.values():
            exact(town, state)

    often = Counter(fact.assignment.person for fact in town.facts if isinstance(fact, CoverOffered))
    assert max(often.values(), default=0) <= BUDGET
    town.until("2026-07-03T00:00:00.000Z")
    for state in town.shifts.values():
        exact(town, state)
        assert state.covers == 0
