"""Registering many people at once (MISSION row 21), late paper among them (3, 15)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from services.events.document import Event
from services.events.importing import STEP
from shared.contracts.events import CancelEvent, RegistrationMade
from shared.contracts.importing import ImportedRow, ImportedRows, ImportRegistrations, RefusedRow
from shared.contracts.recurrence import Recurrence
from shared.decider import Decision, Refused
from tests.events.given import (
    AFTER_THE_EVENT,
    AT,
    EVENT,
    an_event,
    asked,
    decided,
    done,
    kinds,
    people,
    problem,
    state_of,
    with_registrations,
)

SIGNED = "2026-06-30T18:00:00.000Z"


def row(number: int, who: str = "", size: int = 1, **fields: object) -> ImportedRow:
    """A row of the list."""
    who = who or f"p{number}"
    return ImportedRow(number, f"{EVENT}.{who}", who, size, **fields)  # type: ignore[arg-type] # any field


def taking(event: Event, *rows: ImportedRow, at: str = AT) -> tuple[Event, Decision]:
    """What the organiser is answered."""
    return decided(event, ImportRegistrations(EVENT, rows), asked(at=at))


def told(decision: Decision) -> ImportedRows:
    """What became of the rows."""
    body = done(decision).body
    assert isinstance(body, ImportedRows)
    return body


def test_rows_are_registrations_by_the_same_rules() -> None:
    """Places first come first served, the rest waits; a row that is refused harms no other."""
    event = with_registrations(an_event(capacity=4), ("bo", 1))
    event, decision = taking(event, row(2, size=2), row(3, "bo"), row(4, size=2), row(5), row(6, "p5"), row(7, size=11))

    assert told(decision) == ImportedRows(
        2,
        1,
        (RefusedRow(3, "already-registered"), RefusedRow(6, "already-registered"), RefusedRow(7, "invalid-body")),
    )
    assert (people(event, "registered"), people(event, "waiting")) == (["bo", "p2", "p5"], ["p4"])
    assert state_of(event).version == 3 + len(decision.facts)


def test_a_list_twice_changes_nothing() -> None:
    """Every row is then a duplicate."""
    event, _ = taking(an_event(), row(2), row(3))
    after, decision = taking(event, row(2), row(3))

    assert after == event
    assert [one.reason for one in told(decision).refused] == ["already-registered"] * 2


def test_late_paper_is_taken_and_a_late_row_is_not() -> None:
    """A sheet signed before the event ended counts when it is typed in later, with both times; else it is too late."""
    event, decision = taking(
        an_event(),
        row(2, occurred_at=SIGNED),
        row(3),
        row(4, occurred_at=AFTER_THE_EVENT),
        row(5, occurred_at="2027-01-01T00:00:00.000Z"),
        at=AFTER_THE_EVENT,
    )
    [fact] = decision.facts

    assert isinstance(fact, RegistrationMade)
    registration = fact.registration
    assert (registration.occurred_at, registration.created_at, registration.updated_at) == (
        SIGNED,
        AFTER_THE_EVENT,
        AFTER_THE_EVENT,
    )
    assert state_of(event).updated_at == AFTER_THE_EVENT
    assert [(one.row, one.reason) for one in told(decision).refused] == [
        (3, "event-not-open"),
        (4, "event-not-open"),
        (5, "not-happened-yet"),
    ]


def test_a_full_event_refuses_row_by_row() -> None:
    """Without a waiting list; ages and drop-ins count as they do for everybody."""
    _, full = taking(an_event(capacity=1, waiting_list=False), row(2), row(3))
    _, young = taking(an_event(age_min=12), row(2, ages=(9,)), row(3, ages=(13,)))
    _, drop_in = taking(an_event(type="drop_in"), row(2))

    assert [one.reason for one in told(full).refused] == ["event-full"]
    assert [one.reason for one in told(young).refused] == ["outside-age-range", "guardian-consent-required"]
    assert [one.reason for one in told(drop_in).refused] == ["no-booking-needed"]


def test_a_row_names_its_date_of_a_series() -> None:
    """Each date has its own places, and a reference may come to several; an event that does not recur has one."""
    first, second = "2026-07-04T14:00", "2026-07-11T14:00"
    series = an_event(recurrence=Recurrence("FREQ=WEEKLY"), capacity=1)
    event, decision = taking(
        series,
        ImportedRow(2, f"{EVENT}.p-first", "p", occurrence=first, single=f"{EVENT}.p"),
        ImportedRow(3, f"{EVENT}.p-second", "p", occurrence=second, single=f"{EVENT}.p"),
        ImportedRow(4, f"{EVENT}.q-second", "q", occurrence=second, single=f"{EVENT}.q"),
        ImportedRow(5, f"{EVENT}.r-off", "r", occurrence="2026-07-05T14:00", single=f"{EVENT}.r"),
        row(6),
    )
    once = ImportedRow(2, f"{EVENT}.p-only", "p", occurrence=state_of(an_event()).starts_at, single=f"{EVENT}.p")
    after, alone = taking(an_event(), once, row(3, "p"))

    assert told(decision) == ImportedRows(2, 1, (RefusedRow(5, "invalid-body"), RefusedRow(6, "invalid-body")))
    assert {name: session.state.registered for name, session in event.sessions.items() if session.state} == {
        first: 1,
        second: 1,
    }
    assert told(alone) == ImportedRows(1, 0, (RefusedRow(3, "already-registered"),))
    assert set(after.places) == {f"{EVENT}.p"}


def test_members_events_let_in_whom_their_organiser_names() -> None:
    """A pseudonym is no member of a partner."""
    event, decision = taking(an_event(visibility="members"), row(2))

    assert kinds(decision) == ["RegistrationMade"]
    assert "p2" not in event.acting


def test_who_manages_the_event_imports() -> None:
    """Asked without rows, it is only asked whether one may; what takes nobody refuses as a whole."""
    off, _ = decided(an_event(), CancelEvent(EVENT, "Storm"))

    assert told(taking(an_event())[1]) == ImportedRows(0, 0, ())
    assert problem(decided(an_event(), ImportRegistrations(EVENT), asked("bo"))[1])[:2] == ("forbidden", 403)
    assert problem(taking(off)[1]) == ("event-not-open", 409, {"status": "cancelled"})
    assert problem(taking(an_event(publish=False))[1]) == ("event-not-open", 409, {"status": "draft"})
    assert isinstance(taking(an_event(), *(row(number) for number in range(STEP + 1)))[1].answer, Refused)


@pytest.mark.parametrize("at", [AT, AFTER_THE_EVENT])
@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c", "d"]), st.integers(0, 4), st.booleans()), max_size=12))
def test_every_row_is_accounted_for(at: str, rows: list[tuple[str, int, bool]]) -> None:
    """Registered, waiting or refused, once; nobody beyond capacity; versions without a gap."""
    event = an_event(capacity=5)
    asked_for = [
        row(number, who, size, occurred_at=SIGNED if late else None) for number, (who, size, late) in enumerate(rows, 2)
    ]
    if at == AT:
        asked_for = [replace(one, occurred_at=None) for one in asked_for]
    after, decision = taking(event, *asked_for, at=at)
    counts = told(decision)

    assert counts.registered + counts.waiting + len(counts.refused) == len(rows)
    assert state_of(after).registered <= 5
    assert state_of(after).version == state_of(event).version + counts.registered + counts.waiting
