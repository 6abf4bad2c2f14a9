"""Who was there: by party, or as a number (MISSION rows 14 and 20: at some meetings names would harm)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.events.document import Event
from shared.contracts.attendance import HeadcountTaken, NoteAttendance, Presence, TakeHeadcount
from shared.contracts.completion import CompleteEvent
from shared.contracts.events import CancelEvent, RegistrationAnswer
from shared.contracts.results import Attendance
from shared.decider import Asked, Refused
from tests.events.given import (
    AFTER_THE_EVENT,
    EVENT,
    an_event,
    asked,
    decided,
    done,
    kinds,
    leaving,
    problem,
    registering,
    state_of,
    status_of,
    with_registrations,
)

AFTER = asked(at=AFTER_THE_EVENT)
DURING = "2026-07-04T13:05:00.000Z"


def noting(person: str, status: Presence, occurred_at: str | None = None) -> tuple[NoteAttendance, Asked]:
    """The wish to say whether a person's party came."""
    return NoteAttendance(EVENT, f"{EVENT}.{person}", status, occurred_at), AFTER


def shown(event: Event) -> tuple[int | None, int, int]:
    """Headcount, people who came, people who did not."""
    attendance = state_of(event).attendance or Attendance()
    return attendance.headcount, attendance.attended, attendance.no_show


def test_a_party_came_or_did_not() -> None:
    """People are counted, not parties; a mistake is put right; the same again is no fact."""
    event = with_registrations(an_event(), ("bo", 3), ("cy", 2))
    event, decision = decided(event, *noting("bo", "attended"))
    event, _ = decided(event, *noting("cy", "attended"))
    event, _ = decided(event, *noting("cy", "no_show"))
    _, again = decided(event, *noting("bo", "attended"))

    assert kinds(decision) == ["AttendanceNoted"]
    assert (status_of(event, "bo"), status_of(event, "cy")) == ("attended", "no_show")
    assert shown(event) == (None, 3, 2)
    assert state_of(event).registered == 5
    assert kinds(again) == []


def test_late_paper_has_both_times() -> None:
    """MISSION 3, 15: a sheet typed in the day after tells when people came and when that was written."""
    event = with_registrations(an_event(), ("bo", 1))
    event, decision = decided(event, *noting("bo", "attended", DURING))
    body = done(decision).body
    _, ahead = decided(event, *noting("bo", "no_show", "2027-01-01T00:00:00.000Z"))

    assert isinstance(body, RegistrationAnswer)
    assert (body.occurred_at, body.updated_at) == (DURING, AFTER_THE_EVENT)
    attendance = state_of(event).attendance
    assert attendance is not None
    assert (attendance.occurred_at, attendance.at) == (DURING, AFTER_THE_EVENT)
    assert isinstance(ahead.answer, Refused)
    assert ahead.answer.status == 422


def test_only_those_with_places_attend() -> None:
    """Who waits or left is refused with where they stand; who never registered is not found."""
    event = with_registrations(an_event(capacity=1), ("bo", 1), ("cy", 1), ("di", 1))
    event, _ = decided(event, *leaving("di"))

    for person, status in (("cy", "waiting"), ("di", "cancelled")):
        assert problem(decided(event, *noting(person, "attended"))[1]) == (
            "registration-wrong-state",
            409,
            {"status": status},
        )
    assert problem(decided(event, *noting("ed", "attended"))[1])[:2] == ("not-found", 404)


def test_attendance_is_the_organisers_to_note() -> None:
    """Not one's own."""
    event = with_registrations(an_event(), ("bo", 1))

    assert problem(decided(event, noting("bo", "attended")[0], asked("bo"))[1])[:2] == ("forbidden", 403)
    assert problem(decided(event, TakeHeadcount(EVENT, 4), asked("bo"))[1])[:2] == ("forbidden", 403)


def test_who_attended_keeps_their_place() -> None:
    """Registering again or leaving changes nothing any more."""
    event = with_registrations(an_event(), ("bo", 2))
    event, _ = decided(event, *noting("bo", "attended"))

    for command, by in (registering("bo"), leaving("bo")):
        after, decision = decided(event, command, by)
        assert (after, kinds(decision)) == (event, [])
    assert status_of(event, "bo") == "attended"


def test_a_headcount_names_nobody() -> None:
    """One number and no registrations; another later keeps the first readable."""
    event, decision = decided(an_event(), TakeHeadcount(EVENT, 41), AFTER)
    [fact] = decision.facts
    event, _ = decided(event, TakeHeadcount(EVENT, 38, reason="Helpers were counted"), AFTER)
    _, again = decided(event, TakeHeadcount(EVENT, 38), AFTER)
    attendance = state_of(event).attendance

    assert isinstance(fact, HeadcountTaken)
    assert not hasattr(fact, "registration")
    assert attendance is not None
    assert (attendance.headcount, kinds(again)) == (38, [])
    assert [(one.before, one.after, one.reason) for one in attendance.corrections] == [(41, 38, "Helpers were counted")]


def test_attendance_may_come_after_the_completion() -> None:
    """Paper is late; what came of the event is then told as a whole."""
    event, _ = decided(an_event(), CompleteEvent(EVENT), AFTER)
    event, decision = decided(event, TakeHeadcount(EVENT, 41), AFTER)
    [fact] = decision.facts

    assert isinstance(fact, HeadcountTaken)
    assert fact.result.completion is not None
    assert state_of(event).status == "completed"


@pytest.mark.parametrize("occurrence", ["2026-07-05T14:00", "2026-07-04T15:00"])
def test_a_headcount_is_of_a_date_of_the_event(occurrence: str) -> None:
    """An event of one date has that date."""
    _, other = decided(an_event(), TakeHeadcount(EVENT, 4, occurrence), AFTER)
    _, its = decided(an_event(), TakeHeadcount(EVENT, 4, "2026-07-04T14:00"), AFTER)

    assert isinstance(other.answer, Refused)
    assert other.answer.errors == (("/occurrence", "is no date of this event"),)
    assert kinds(its) == ["HeadcountTaken"]


@pytest.mark.parametrize("published", [True, False])
def test_nobody_attends_what_does_not_take_place(published: bool) -> None:  # noqa: FBT001 -- a case
    """Neither a draft nor a cancelled event."""
    event = an_event(publish=published)
    if published:
        event = with_registrations(event, ("bo", 1))
        event, _ = decided(event, CancelEvent(EVENT, "Storm"))
        assert problem(decided(event, *noting("bo", "attended"))[1])[0] == "event-wrong-state"

    assert problem(decided(event, TakeHeadcount(EVENT, 4), AFTER)[1])[0] == "event-wrong-state"


people = st.sampled_from(["bo", "cy", "di"])
steps = st.one_of(
    st.builds(noting, people, st.sampled_from(["attended", "no_show"])),
    st.builds(lambda count: (TakeHeadcount(EVENT, count), AFTER), st.integers(0, 3)),
    st.builds(registering, people, st.integers(1, 3)),
    st.builds(leaving, people),
)


@given(st.lists(steps, max_size=40))
def test_the_numbers_are_those_of_the_parties(history: list[tuple[NoteAttendance, Asked]]) -> None:
    """After every step, whoever changed their mind."""
    event = an_event(capacity=4)
    for command, by in history:
        event, _ = decided(event, command, by)
        sums = {"attended": 0, "no_show": 0, "registered": 0}
        for place in event.places.values():
            if place.registration.status in sums:
                sums[place.registration.status] += place.registration.party_size
        assert shown(event)[1:] == (sums["attended"], sums["no_show"])
        assert state_of(event).registered == sum(sums.values()) <= 4
