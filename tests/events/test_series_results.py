"""What came of one date of a series (MISSION row 14: a weekly lunch, counted each time and never by name)."""

from services.events.document import Event
from shared import series
from shared.contracts.attendance import HeadcountTaken, NoteAttendance, TakeHeadcount
from shared.contracts.completion import CompleteEvent, CorrectOutcome, EventCompleted
from shared.contracts.events import Recurrence, Register
from shared.contracts.results import Figure, Result
from shared.decider import Decision, Refused
from tests.events.given import EVENT, an_event, asked, decided, kinds, problem, state_of

FIRST, SECOND, NONE = "2026-07-04T14:00", "2026-07-11T14:00", "2026-07-05T14:00"
AFTER = asked(at="2026-07-20T10:00:00.000Z")
MEALS = Figure("meals", 40, "meals")


def weekly(**fields: object) -> Event:
    """A lunch on four Saturdays."""
    return an_event(recurrence=Recurrence("FREQ=WEEKLY;COUNT=4"), **fields)  # type: ignore[arg-type] # any field


def flaw(decision: Decision) -> tuple[str, str]:
    """Where a body is wrong."""
    assert isinstance(decision.answer, Refused)
    return decision.answer.errors[0]


def test_each_date_is_completed_by_itself() -> None:
    """The series goes on; the date is told with what came of it, and reads as completed."""
    event, decision = decided(weekly(), CompleteEvent(EVENT, (MEALS,), occurrence=FIRST), AFTER)
    [fact] = decision.facts
    event, _ = decided(event, CompleteEvent(EVENT, (Figure("meals", 38, "meals"),), occurrence=SECOND), AFTER)

    assert isinstance(fact, EventCompleted)
    assert (fact.event.status, fact.event.outcomes, fact.result.occurrence) == ("published", (), FIRST)
    assert fact.occurrence is not None
    assert fact.occurrence.outcomes == fact.result.outcomes
    slots = {name: series.find(state_of(event), name) for name in (FIRST, "2026-07-18T14:00")}
    shown = {
        name: series.shown(state_of(event), slot, event.sessions[name].state if name in event.sessions else None)
        for name, slot in slots.items()
        if slot is not None
    }
    assert [(one.status, [told.quantity for told in one.outcomes]) for one in shown.values()] == [
        ("completed", [40]),
        ("published", []),
    ]
    assert kinds(decided(event, CompleteEvent(EVENT, (MEALS,), occurrence=FIRST), AFTER)[1]) == []


def test_a_date_has_to_be_named_and_to_be_one() -> None:
    """422, for figures and headcounts alike."""
    for command in (CompleteEvent(EVENT), TakeHeadcount(EVENT, 4), CorrectOutcome(EVENT, "meals", 1, "x")):
        assert flaw(decided(weekly(), command, AFTER)[1])[0] == "/occurrence"
    assert flaw(decided(weekly(), TakeHeadcount(EVENT, 4, NONE), AFTER)[1]) == (
        "/occurrence",
        "is no date of this event",
    )


def test_figures_of_one_date_are_corrected_there() -> None:
    """Those of another stay."""
    event, _ = decided(weekly(), CompleteEvent(EVENT, (MEALS,), occurrence=FIRST), AFTER)
    event, _ = decided(event, CompleteEvent(EVENT, (MEALS,), occurrence=SECOND), AFTER)
    event, decision = decided(event, CorrectOutcome(EVENT, "meals", 41, "Seconds", FIRST), AFTER)

    found = {name: session.state.outcomes[0] for name, session in event.sessions.items() if session.state}
    assert kinds(decision) == ["OutcomesChanged"]
    assert {name: (one.quantity, len(one.corrections)) for name, one in found.items()} == {
        FIRST: (41, 1),
        SECOND: (40, 0),
    }


def test_who_came_is_counted_by_date() -> None:
    """By party, whose date is known, or as a number; figures of places stay as they are."""
    event = weekly(capacity=5)
    party = Register(EVENT, f"{EVENT}.bo1", 2, occurrence=FIRST, single=f"{EVENT}.bo")
    event, _ = decided(event, party, asked("bo"))
    event, decision = decided(event, NoteAttendance(EVENT, f"{EVENT}.bo1", "attended"), AFTER)
    event, counted = decided(event, TakeHeadcount(EVENT, 39, SECOND), AFTER)
    [fact] = counted.facts

    assert kinds(decision) == ["AttendanceNoted"]
    first, second = event.sessions[FIRST].state, event.sessions[SECOND].state
    assert first is not None
    assert second is not None
    assert first.attendance is not None
    assert (first.attendance.attended, first.registered, state_of(event).registered) == (2, 2, 2)
    assert isinstance(fact, HeadcountTaken)
    assert second.attendance is not None
    assert fact.result == Result(SECOND, None, second.attendance, ())
    assert state_of(event).attendance is None


def test_a_completed_date_takes_nobody() -> None:
    """The next one does."""
    event, _ = decided(weekly(), CompleteEvent(EVENT, occurrence=FIRST))
    late = Register(EVENT, f"{EVENT}.bo1", 1, occurrence=FIRST, single=f"{EVENT}.bo")
    early = Register(EVENT, f"{EVENT}.bo2", 1, occurrence=SECOND, single=f"{EVENT}.bo")

    assert problem(decided(event, late, asked("bo"))[1])[0] == "event-not-open"
    assert kinds(decided(event, early, asked("bo"))[1]) == ["RegistrationMade"]
