"""The rules of who was there. Pure: no clock, no chance, no I/O."""

from typing import Final

from msgspec.structs import replace

from services.events.completion import MOST_CORRECTIONS, ahead, result_of
from services.events.document import Event, answer, following
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
    occurred_at = command.occurred_at or asked.at
    noted = replace(
        mine, version=mine.version + 1, updated_at=asked.at, status=command.status, occurred_at=command.occurred_at
    )
    before = state.attendance or Attendance()
    after = replace(
        following(state, asked),
        attendance=replace(
            before,
            attended=before.attended + mine.party_size * _sign(mine.status, command.status, "attended"),
            no_show=before.no_show + mine.party_size * _sign(mine.status, command.status, "no_show"),
            at=asked.at,
            occurred_at=occurred_at,
        ),
    )
    fact = AttendanceNoted(after, noted, result_of(after))
    return Decision(Done("registration", mine.id, answer(Place(noted))), (fact,))


def count(state: EventState, command: TakeHeadcount, asked: Asked) -> Decision:
    """Say how many came; another number keeps the one before it readable."""
    if wrong := _wrong(state, command.occurred_at, asked):
        return Decision(wrong)
    if command.occurrence not in {None, state.starts_at}:
        return Decision(Refused("invalid-body", 422, errors=(("/occurrence", "is no date of this event"),)))
    before = state.attendance or Attendance()
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
    after = replace(
        following(state, asked),
        attendance=replace(
            before,
            headcount=command.headcount,
            corrections=corrections,
            at=asked.at,
            occurred_at=command.occurred_at or min(state.ends_at_utc, asked.at),
        ),
    )
    return Decision(Done("event", after.id, after), (HeadcountTaken(after, result_of(after)),))


def _wrong(state: EventState, occurred_at: str | None, asked: Asked) -> Refused | None:
    if state.status not in {"published", "completed"}:
        return refused("event-wrong-state", status=state.status)
    return ahead(occurred_at, asked)


def _sign(before: str, after: str, status: str) -> int:
    """How the number of those with a status changes: by a party more, a party fewer, or not at all."""
    return (after == status) - (before == status)
