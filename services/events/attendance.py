"""The rules of who was there. Pure: no clock, no chance, no I/O."""

from typing import Final

from msgspec.structs import replace

from services.events.completion import MOST_CORRECTIONS, ahead
from services.events.document import Event, answer
from services.events.results import kept, written
from services.events.waiting import Place
from shared.contracts.attendance import AttendanceNoted, HeadcountTaken, NoteAttendance, TakeHeadcount
from shared.contracts.events import EventState
from shared.contracts.results import Attendance, FigureCorrection
from shared.decider import NOT_FOUND, Asked, Decision, Done, Refused, refused

NOTABLE: Final = frozenset({"registered", "attended", "no_show"})


def note(event: Event, state: EventState, command: NoteAttendance, asked: Asked) -> Decision:
    """Say whether a party came, or put it right; those who waited or left have no place to come to."""
    place = event.places.get(command.registration_id)
    if place is None:
        return Decision(NOT_FOUND)
    if wrong := _wrong(state, command.occurred_at, asked):
        return Decision(wrong)
    mine = place.registration
    if mine.status not in NOTABLE:
        return Decision(refused("registration-wrong-state", status=mine.status))
    if mine.status == command.status:
        return Decision(Done("registration", mine.id, answer(place)))
    found = kept(event, state, mine.occurrence)
    if isinstance(found, Refused):
        return Decision(found)
    noted = replace(
        mine, version=mine.version + 1, updated_at=asked.at, status=command.status, occurred_at=command.occurred_at
    )
    before = found.result.attendance or Attendance()
    attendance = replace(
        before,
        attended=before.attended + mine.party_size * _sign(mine.status, command.status, "attended"),
        no_show=before.no_show + mine.party_size * _sign(mine.status, command.status, "no_show"),
        at=asked.at,
        occurred_at=command.occurred_at or asked.at,
    )
    result = replace(found.result, attendance=attendance)
    after, occurrence = written(event, state, result, asked)
    fact = AttendanceNoted(after, noted, result, occurrence)
    return Decision(Done("registration", mine.id, answer(Place(noted))), (fact,))


def count(event: Event, state: EventState, command: TakeHeadcount, asked: Asked) -> Decision:
    """Say how many came; another number keeps the one before it readable."""
    if wrong := _wrong(state, command.occurred_at, asked):
        return Decision(wrong)
    found = kept(event, state, command.occurrence)
    if isinstance(found, Refused):
        return Decision(found)
    if found.off:
        return Decision(refused("event-wrong-state", status="cancelled"))
    before = found.result.attendance or Attendance()
    if before.headcount == command.headcount:
        return Decision(Done("event", state.id, state))
    corrections = before.corrections
    if before.headcount is not None:
        if len(corrections) >= MOST_CORRECTIONS:
            return Decision(refused("too-many-corrections", most=MOST_CORRECTIONS))
        corrections = (
            *corrections,
            FigureCorrection(before.headcount, command.headcount, command.reason, asked.at),
        )
    attendance = replace(
        before,
        headcount=command.headcount,
        corrections=corrections,
        at=asked.at,
        occurred_at=command.occurred_at or min(found.ends_at_utc, asked.at),
    )
    result = replace(found.result, attendance=attendance)
    after, occurrence = written(event, state, result, asked)
    return Decision(Done("event", after.id, after), (HeadcountTaken(after, result, occurrence),))


def _wrong(state: EventState, occurred_at: str | None, asked: Asked) -> Refused | None:
    if state.status not in {"published", "completed"}:
        return refused("event-wrong-state", status=state.status)
    return ahead(occurred_at, asked)


def _sign(before: str, after: str, status: str) -> int:
    """How the number of those with a status changes: by a party more, a party fewer, or not at all."""
    return (after == status) - (before == status)
