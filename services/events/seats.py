"""Which places are meant: those of an event, or those of one occurrence of a series. Pure.

Each occurrence has its own capacity, figures and waiting list; the event's figures are the sums of what takes place.
"""

from msgspec import Struct
from msgspec.structs import replace

from services.events.document import Event, Session, following
from services.events.waiting import WaitingList
from shared import series
from shared.contracts.events import EventState, OccurrenceState
from shared.decider import Asked, Refused


class Seats(Struct, frozen=True):
    """Places that people take or wait for; `name` is the occurrence's, None of an event that does not recur."""

    name: str | None
    left: int | None
    line: WaitingList
    starts_at_utc: str
    ends_at_utc: str
    off: bool


def seats(event: Event, state: EventState, name: str | None) -> Seats | Refused:
    """The places that a command means, or what is wrong with the occurrence it names."""
    if state.recurrence is None:
        if name not in {None, state.starts_at}:
            return wrong("the event does not recur")
        off = state.status != "published"
        return Seats(None, state.left, event.waiting, state.starts_at_utc, state.ends_at_utc, off)
    if name is None:
        return wrong("is needed: the event recurs")
    session = event.sessions.get(name, Session())
    slot = series.find(state, name, session.state)
    if slot is None:
        return wrong("is no occurrence of this event")
    taken = session.state.registered if session.state else 0
    left = None if slot.capacity is None else slot.capacity - taken
    done = session.state is not None and session.state.completion is not None
    off = slot.off or done or state.status != "published"
    return Seats(name, left, session.waiting, slot.starts_at_utc, slot.ends_at_utc, off)


def wrong(detail: str) -> Refused:
    """What is wrong with the occurrence that a body names."""
    return Refused("invalid-body", 422, errors=(("/occurrence", detail),))


def are_open(places: Seats, asked: Asked) -> bool:
    """Whether places can be given back."""
    return not places.off and asked.at < places.ends_at_utc


def are_given(state: EventState, places: Seats, asked: Asked) -> bool:
    """Whether places can be taken: while an event is hidden they can be given back only."""
    return are_open(places, asked) and not state.hidden


def status(event: Event, state: EventState, places: Seats) -> str:
    """Where what the places belong to stands, as a refusal tells it."""
    session = event.sessions.get(places.name or "", Session())
    called_off = session.state is not None and session.state.cancellation is not None
    return "cancelled" if called_off else state.status


def counted(
    event: Event, state: EventState, places: Seats, asked: Asked, *, registered: int = 0, waiting: int = 0
) -> tuple[EventState, OccurrenceState | None]:
    """The next states of the event and of the occurrence, with that many people more (or fewer)."""
    after = replace(
        following(state, asked),
        registered=state.registered + registered,
        waiting=state.waiting + waiting,
        left=None if state.left is None else state.left - registered,
    )
    if places.name is None:
        return after, None
    before = event.sessions.get(places.name, Session()).state or OccurrenceState(state.id, places.name)
    occurrence = replace(
        before,
        version=after.version,
        registered=before.registered + registered,
        waiting=before.waiting + waiting,
    )
    return after, occurrence
