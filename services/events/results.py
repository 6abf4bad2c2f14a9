"""What came of an event, or of one date of a series, as its owner keeps it. Pure."""

from msgspec import Struct
from msgspec.structs import replace

from services.events.document import Event, Session, following
from services.events.seats import wrong
from shared import series
from shared.contracts.events import EventState, OccurrenceState
from shared.contracts.results import Result
from shared.decider import Asked, Refused


class Kept(Struct, frozen=True):
    """What came of a date so far; `name` is the occurrence's, None of an event that does not recur."""

    name: str | None
    starts_at_utc: str
    ends_at_utc: str
    off: bool
    result: Result


def kept(event: Event, state: EventState, name: str | None) -> Kept | Refused:
    """What came of the date that a command means, or what is wrong with the one it names."""
    if state.recurrence is None:
        if name not in {None, state.starts_at}:
            return wrong("is no date of this event")
        result = Result(None, state.completion, state.attendance, state.outcomes)
        return Kept(None, state.starts_at_utc, state.ends_at_utc, off=False, result=result)
    if name is None:
        return wrong("is needed: the event recurs")
    touched = event.sessions.get(name, Session()).state
    slot = series.find(state, name, touched)
    if slot is None:
        return wrong("is no date of this event")
    known = touched or OccurrenceState(state.id, name)
    result = Result(name, known.completion, known.attendance, known.outcomes)
    return Kept(name, slot.starts_at_utc, slot.ends_at_utc, slot.off, result)


def written(event: Event, state: EventState, result: Result, asked: Asked) -> tuple[EventState, OccurrenceState | None]:
    """The next states of the event and of the occurrence, with what came of it."""
    after = following(state, asked)
    news = {"completion": result.completion, "attendance": result.attendance, "outcomes": result.outcomes}
    if result.occurrence is None:
        return replace(after, **news), None
    before = event.sessions.get(result.occurrence, Session()).state or OccurrenceState(state.id, result.occurrence)
    return after, replace(before, version=after.version, **news)
