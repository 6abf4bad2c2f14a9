"""Shifts and the places on them: who may, what fits, what is told. Complaints are those of MISSION §2.3."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from services.events.roster import shown, told
from services.events.shift import STEP, cancel_all
from shared.contracts.event_states import Cancellation
from shared.contracts.message import encode
from shared.contracts.shifts import (
    AssignmentAnswer,
    CancelShift,
    CancelShifts,
    ChangePlace,
    ChangeShift,
    ConfirmPlace,
    LeavePlace,
    OnShift,
    ReleasePlace,
    Requirement,
    Role,
)
from shared.decider import Asked, Done
from tests.events.given import AFTER_THE_EVENT, EVENT, an_event, asked, done, kinds, problem
from tests.events.shifts_given import DBS, OTHER, SHIFT, Town, a_town, cleared, opening, proposing, taking, with_event


def system() -> Asked:
    """What the service asks of itself."""
    return asked("events", "system")


def test_an_organiser_plans_a_shift() -> None:
    """At local times of the event's zone; everybody reads what is done, when, and what is left, never who."""
    town = Town()

    answer = done(town.ask(opening()))

    body = encode(answer.body).decode()
    assert (answer.kind, answer.status) == ("shift", 201)
    assert town.shifts[SHIFT].starts_at_utc == "2026-07-04T12:00:00.000Z"
    assert (town.shifts[SHIFT].timezone, town.shifts[SHIFT].left) == ("Europe/London", 2)
    assert '"ana"' not in body
    assert kinds(town.ask(opening())) == []


@pytest.mark.parametrize(
    ("fields", "pointers"),
    [
        ({"ends_at": "2026-07-04T13:00"}, ["/ends_at"]),
        ({"starts_at": "2026-03-29T01:30", "ends_at": "2026-03-29T04:00"}, ["/starts_at"]),
        ({"places": 0}, ["/places"]),
        ({"places": 151}, ["/places"]),
        ({"role": Role("x", Requirement("dbs", "gold"))}, ["/role/requirement/level"]),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(fields: dict[str, Any], pointers: list[str]) -> None:
    """422 at the place, also for a time that a clock change skips."""
    answer = Town().ask(opening(**fields)).answer

    assert [pointer for pointer, _ in answer.errors] == pointers  # type: ignore[union-attr] # it is a refusal


@pytest.mark.parametrize(
    ("person", "visibility", "status"), [("bo", "public", 403), ("bo", "members", 404), ("pat", "members", 403)]
)
def test_others_plan_none(person: str, visibility: Any, status: int) -> None:  # noqa: ANN401 -- a literal
    """403 for what they may see, 404 for what they may not; the same for changing, cancelling and giving places."""
    town = a_town()
    with_event(town, visibility=visibility)

    for command in (
        opening(OTHER),
        ChangeShift(SHIFT, places=3),
        CancelShift(SHIFT, "Rain"),
        proposing("cy"),
        ReleasePlace(SHIFT, "cy", "No"),
    ):
        assert problem(town.ask(command, person))[1] == status


def test_a_place_is_taken_and_given_back_at_any_time() -> None:
    """Civicrm.volunteer#634: volunteers could not see, edit or cancel their own shifts."""
    town = a_town()

    town.ask(taking(), "bo")
    noted = town.ask(ChangePlace(SHIFT, "I bring my van"), "bo")
    left = town.ask(LeavePlace(SHIFT), asked("bo", at="2026-07-04T12:30:00.000Z"))

    assert "van" not in encode(done(noted).body).decode()
    assert town.held[f"{SHIFT}.bo"].note == "I bring my van"
    assert kinds(left) == ["PlaceLeft"]
    assert (town.place("bo").status, town.shifts[SHIFT].left) == ("left", 2)
    assert problem(town.ask(LeavePlace(SHIFT), "cy"))[1] == 404


def test_a_place_is_taken_once() -> None:
    """Again: the first answer, without a fact; after leaving, anew."""
    town = a_town(taken=["bo"])

    again = town.ask(taking(), "bo")

    assert (done(again).status, kinds(again), town.shifts[SHIFT].taken) == (201, [], 1)
    town.ask(LeavePlace(SHIFT), "bo")
    assert kinds(town.ask(LeavePlace(SHIFT), "bo")) == []
    assert kinds(town.ask(taking(), "bo")) == ["PlaceTaken"]
    assert town.place("bo").version == 3


def test_nobody_stands_on_a_full_shift() -> None:
    """Neither who wants to nor whom an organiser puts there; a place that was proposed is taken."""
    town = a_town(taken=["bo"])
    town.ask(proposing("cy"))

    assert problem(town.ask(taking(), "di")) == ("shift-full", 409, {"left": 0})
    assert problem(town.ask(proposing("di"))) == ("shift-full", 409, {"left": 0})


def test_who_is_proposed_says_yes_or_no() -> None:
    """Confirmed it stays, declined it is free; an organiser who names themselves just comes."""
    town = a_town(places=3)
    for person in ("bo", "cy"):
        assert kinds(town.ask(proposing(person))) == ["PlaceProposed"]

    assert kinds(town.ask(ConfirmPlace(SHIFT), "bo")) == ["PlaceConfirmed"]
    assert kinds(town.ask(LeavePlace(SHIFT), "cy")) == ["PlaceDeclined"]
    assert kinds(town.ask(proposing("ana"))) == ["PlaceTaken"]
    assert town.standing() == ["ana", "bo"]
    assert town.shifts[SHIFT].left == 1
    assert problem(town.ask(ConfirmPlace(SHIFT), "cy")) == ("assignment-not-active", 409, {"state": "declined"})
    assert problem(town.ask(ConfirmPlace(SHIFT), "di"))[1] == 404


def test_a_place_is_taken_back_for_a_reason_that_stays_private() -> None:
    """In no fact and no answer; the organisers read it, the person does not."""
    town = a_town(taken=["bo"])

    decision = town.ask(ReleasePlace(SHIFT, "bo", "Was rude"))

    assert kinds(decision) == ["PlaceReleased"]
    assert b"rude" not in encode(decision.facts[0]) + encode(done(decision).body)
    held = town.held[f"{SHIFT}.bo"]
    assert (told(held, "ana").reason, told(held, "bo").reason) == ("Was rude", None)


@pytest.mark.parametrize(
    ("start", "end", "clashes"),
    [
        ("2026-07-04T16:59", "2026-07-04T18:00", True),
        ("2026-07-04T10:00", "2026-07-04T13:01", True),
        ("2026-07-04T14:00", "2026-07-04T15:00", True),
        ("2026-07-04T17:00", "2026-07-04T18:00", False),
        ("2026-07-04T10:00", "2026-07-04T13:00", False),
    ],
)
def test_two_shifts_at_one_time_are_refused(start: str, end: str, clashes: bool) -> None:  # noqa: FBT001 -- a parameter
    """HTBox/crisischeckin#40, #98: double commitments. Which one, and when it is, is said; back to back is fine."""
    town = a_town(opening(), opening(OTHER, starts_at=start, ends_at=end), taken=["bo"])

    decision = town.ask(taking(OTHER), "bo")

    if not clashes:
        assert kinds(decision) == ["PlaceTaken"]
        return
    figures = {
        "shift_id": SHIFT,
        "starts_at": "2026-07-04T13:00",
        "ends_at": "2026-07-04T17:00",
        "timezone": "Europe/London",
    }
    assert problem(decision) == ("double-booked", 409, figures)


def test_a_clash_is_overridden_by_name_alone() -> None:
    """Emfcamp/Website#1077: a clash was only warned of and still booked."""
    third = f"{EVENT}.t"
    town = a_town(opening(), opening(OTHER), opening(third), taken=["bo"])

    assert problem(town.ask(taking(OTHER, third), "bo"))[0] == "double-booked"
    assert kinds(town.ask(taking(OTHER, SHIFT), "bo")) == ["PlaceTaken"]
    assert problem(town.ask(taking(third, SHIFT), "bo"))[2]["shift_id"] == OTHER
    assert kinds(town.ask(taking(third, SHIFT, OTHER), "bo")) == ["PlaceTaken"]


def test_an_organiser_overrides_for_a_reason() -> None:
    """422 without one; the reason is private, and the person confirms knowing both."""
    town = a_town(opening(), opening(OTHER), taken=["bo"])

    assert problem(town.ask(proposing("bo", OTHER)))[0] == "double-booked"
    assert problem(town.ask(proposing("bo", OTHER, override=(SHIFT,))))[1] == 422
    decision = town.ask(proposing("bo", OTHER, override=(SHIFT,), reason="Next door, both light"))

    assert b"Next door" not in encode(decision.facts[0]) + encode(done(decision).body)
    assert problem(town.ask(ConfirmPlace(OTHER), "bo"))[0] == "double-booked"
    assert kinds(town.ask(ConfirmPlace(OTHER, (SHIFT,)), "bo")) == ["PlaceConfirmed"]


@pytest.mark.parametrize(
    ("level", "until", "day", "stands"),
    [
        ("enhanced", "2026-06-01", "2026-06-01", True),
        ("enhanced_barred", "2027-01-01", "2026-06-01", True),
        ("standard", "2027-01-01", "2026-06-01", False),
        ("enhanced", "2026-06-01", "2026-06-02", False),
        (None, "", "2026-06-01", False),
    ],
)
def test_a_role_takes_who_is_cleared(level: str | None, until: str, day: str, stands: bool) -> None:  # noqa: FBT001 -- a parameter
    """MISSION row 53: of the level or a higher one, through its last day; whoever puts them there."""
    town = a_town(role=Role("Crèche", DBS))
    if level is not None:
        town.ask(cleared("bo", until, level))
    at = f"{day}T10:00:00.000Z"

    decision = town.ask(taking(), asked("bo", at=at))

    if stands:
        assert kinds(decision)[0] == "PlaceTaken"
    else:
        assert problem(decision) == ("clearance-required", 409, {"kind": "dbs", "level": "enhanced"})
        assert problem(town.ask(proposing("bo"), asked(at=at)))[0] == "clearance-required"


@pytest.mark.parametrize(("person", "status"), [("ana", 200), ("pat", 200), ("bo", 403)])
def test_clearances_are_recorded_by_organisers_and_partners(person: str, status: int) -> None:
    """In no fact and no answer: they travel in the command and lie in the owner's documents."""
    town = Town()

    decision = town.ask(cleared("bo"), person)

    assert decision.facts == ()
    if status == 200:
        body = encode(done(decision).body)
        assert b"enhanced" not in body
        assert b"2027" not in body
        assert town.volunteers["campaign_a.bo"].clearances["dbs"].recorded_by == person
        assert town.ask(cleared("bo"), person).private == ()
    else:
        assert problem(decision)[1] == status


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"status": "cancelled"}, "cancelled"),
        ({"status": "draft"}, "not-announced"),
        ({"status": "completed"}, "over"),
    ],
)
def test_a_shift_takes_nobody_unless_its_event_is_on(fields: dict[str, Any], state: str) -> None:
    """Not announced yet, or called off."""
    town = a_town()
    with_event(town, **fields)

    assert problem(town.ask(taking(), "bo")) == ("shift-not-open", 409, {"state": state})


def test_nobody_comes_or_goes_when_a_shift_is_over() -> None:
    """ChurchCRM#9708: history is immutable. It cannot be moved or cancelled, and nobody taken off it."""
    town = a_town(taken=["bo"])

    for command, person in (
        (taking(), "cy"),
        (LeavePlace(SHIFT), "bo"),
        (CancelShift(SHIFT, "x"), "ana"),
        (ReleasePlace(SHIFT, "bo", "x"), "ana"),
        (ChangeShift(SHIFT, starts_at="2026-08-04T13:00", ends_at="2026-08-04T17:00"), "ana"),
    ):
        assert problem(town.ask(command, asked(person, at=AFTER_THE_EVENT)))[0] == "shift-not-open"


def test_a_changed_shift_keeps_its_people() -> None:
    """More places are there at once; fewer than people stand on it are refused; a revision that is old, too."""
    town = a_town(taken=["bo", "cy"])

    assert problem(town.ask(ChangeShift(SHIFT, places=1))) == ("less-than-committed", 409, {"taken": 2})
    assert problem(town.ask(ChangeShift(SHIFT, revision=4, places=3)))[1] == 412
    assert kinds(town.ask(ChangeShift(SHIFT, revision=1, places=3))) == ["ShiftChanged"]
    assert (town.shifts[SHIFT].left, town.shifts[SHIFT].revision) == (1, 2)
    assert kinds(town.ask(ChangeShift(SHIFT, places=3))) == []


def test_new_times_ask_everybody_again() -> None:
    """Nobody is bound to a time they never agreed to, nor doubly booked by somebody else's change."""
    evening = opening(OTHER, starts_at="2026-07-04T18:00", ends_at="2026-07-04T20:00")
    town = a_town(opening(), evening, taken=["bo", "cy"])
    town.ask(taking(OTHER), "bo")

    moved = town.ask(ChangeShift(SHIFT, starts_at="2026-07-04T17:00", ends_at="2026-07-04T19:00"))

    assert kinds(moved) == ["ShiftChanged", "PlaceProposed", "PlaceProposed"]
    assert (town.place("cy").status, town.place("cy").starts_at) == ("proposed", "2026-07-04T17:00")
    assert kinds(town.ask(ConfirmPlace(SHIFT), "cy")) == ["PlaceConfirmed"]
    assert problem(town.ask(ConfirmPlace(SHIFT), "bo"))[0] == "double-booked"


def test_a_cancelled_shift_sets_everybody_free() -> None:
    """They may stand elsewhere at that time."""
    town = a_town(opening(), opening(OTHER), taken=["bo", "cy"])

    decision = town.ask(CancelShift(SHIFT, "Rain"))

    assert kinds(decision) == ["ShiftCancelled", "PlaceCancelled", "PlaceCancelled"]
    assert (town.standing(), town.shifts[SHIFT].taken) == ([], 0)
    assert kinds(town.ask(CancelShift(SHIFT, "Rain"))) == []
    assert problem(town.ask(taking(), "bo"))[2] == {"state": "cancelled"}
    assert kinds(town.ask(taking(OTHER), "bo")) == ["PlaceTaken"]


def test_a_cancelled_event_cancels_its_shifts_in_steps() -> None:
    """They read as cancelled at once, and each is called off by a command of its own, 199 at a time."""
    town = a_town(taken=["bo"])
    event = an_event()
    off = replace(event.state, status="cancelled", cancellation=Cancellation("Rain", "x"))  # type: ignore[type-var] # it exists
    names = tuple(f"{EVENT}.{number:03d}" for number in range(STEP))

    some = tuple((name, None) for name in names)
    decision = cancel_all(replace(event, state=off, shifts=some), CancelShifts(EVENT), system())

    assert [*decision.then] == [*(CancelShift(name, "Rain") for name in names), CancelShifts(EVENT, names[-1])]
    few = cancel_all(replace(event, state=off, shifts=some[:2]), CancelShifts(EVENT), system())
    assert len(few.then) == 2
    assert cancel_all(replace(event, shifts=some[:2]), CancelShifts(EVENT), system()).then == ()
    assert problem(cancel_all(event, CancelShifts(EVENT), asked()))[1] == 403
    assert shown(town.shifts[SHIFT], off=True).status == "cancelled"
    assert told(town.held[f"{SHIFT}.bo"], "bo", off=True).status == "cancelled"
    with_event(town, status="cancelled")
    assert kinds(town.ask(CancelShift(SHIFT, "Rain"), system())) == ["ShiftCancelled", "PlaceCancelled"]


def test_an_answer_tells_what_its_owner_may_know() -> None:
    """The fields of a place are those of its state, and the private ones."""
    assert AssignmentAnswer.__struct_fields__[-2:] == ("note", "reason")


SHIFTS = {
    f"{EVENT}.a": ("2026-07-04T10:00", "2026-07-04T12:00"),
    f"{EVENT}.b": ("2026-07-04T11:00", "2026-07-04T13:00"),
    f"{EVENT}.c": ("2026-07-04T12:00", "2026-07-04T14:00"),
}
STEPS = st.tuples(
    st.sampled_from(["take"] * 5 + ["propose"] * 3 + ["confirm"] * 3 + ["leave"] * 2 + ["release", "move", "places"]),
    st.sampled_from(sorted(SHIFTS)),
    st.sampled_from([f"p{number}" for number in range(4)]),
    st.integers(1, 3),
)


def step(town: Town, what: str, name: str, person: str, number: int) -> None:
    """One wish of a history."""
    match what:
        case "take":
            town.ask(taking(name), person)
        case "propose":
            town.ask(proposing(person, name))
        case "confirm":
            town.ask(ConfirmPlace(name), person)
        case "leave":
            town.ask(LeavePlace(name), person)
        case "release":
            town.ask(ReleasePlace(name, person, "x"))
        case "move":
            hour = 9 + number
            town.ask(ChangeShift(name, starts_at=f"2026-07-04T{hour:02d}:00", ends_at=f"2026-07-04T{hour + 2:02d}:00"))
        case _:
            town.ask(ChangeShift(name, places=number))


@given(st.lists(STEPS, max_size=60))
def test_no_history_overfills_a_shift_or_splits_a_person(history: list[tuple[str, str, str, int]]) -> None:
    """Never more people than places; nobody who said yes to two shifts at one time; versions without a gap."""
    town = a_town(*(opening(name, starts_at=start, ends_at=end) for name, (start, end) in SHIFTS.items()))
    for wish in history:
        step(town, *wish)

        for name, state in town.shifts.items():
            assert len(town.standing(name)) == state.taken <= state.places
            assert state.left == state.places - state.taken
        confirmed = [held.assignment for held in town.held.values() if held.assignment.status == "confirmed"]
        for mine in confirmed:
            for other in confirmed:
                apart = mine.ends_at_utc <= other.starts_at_utc or other.ends_at_utc <= mine.starts_at_utc
                assert mine is other or mine.person != other.person or apart
    versions: dict[str, list[int]] = {}
    for fact in town.facts:
        assert isinstance(fact, OnShift)
        versions.setdefault(fact.stream, []).append(fact.streamversion)
    for numbers in versions.values():
        assert numbers == list(range(1, len(numbers) + 1))
    assert isinstance(town.ask(opening(f"{EVENT}.z")).answer, Done)
