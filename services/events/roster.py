"""A shift as its owner keeps it: who stands on it, and what else of these people decides. Pure."""

from typing import Final

from msgspec import Struct
from msgspec.structs import asdict, replace

from services.events import document
from services.events.document import Event
from shared.contracts.message import Fact
from shared.contracts.shifts import (
    AssignmentAnswer,
    AssignmentState,
    OnAssignment,
    ShiftAnswer,
    ShiftFact,
    ShiftState,
    VolunteerState,
)
from shared.decider import Asked, Refused, refused

ACTIVE: Final = frozenset({"proposed", "confirmed"})
"""What holds a place, and keeps a person from another shift at the same time."""


class Held(Struct, frozen=True):
    """A place in its owner's document: `note` is its person's, `reason` an organiser's, both private."""

    assignment: AssignmentState
    note: str | None = None
    reason: str | None = None


class Booking(Struct, frozen=True):
    """When a person stands on another shift."""

    shift_id: str
    starts_at: str
    ends_at: str
    timezone: str
    starts_at_utc: str
    ends_at_utc: str


class Shift(Struct, frozen=True):
    """A shift with what deciding the batch at hand needs, by person.

    `held` are the places on it that the batch mentions (all that count, where the command concerns everybody),
    `bookings` those on other shifts that overlap with it, `volunteers` what the campaign knows of the person.
    `rosters` are the versions of the documents that guard against two shifts at one time; 0 for none yet.
    """

    state: ShiftState | None = None
    event: Event = document.initial
    held: dict[str, Held] = {}
    bookings: dict[str, tuple[Booking, ...]] = {}
    volunteers: dict[str, VolunteerState] = {}
    rosters: dict[str, int] = {}


class Remarked(Fact, frozen=True):
    """Private: what was said with a place."""

    person: str
    note: str | None
    reason: str | None


initial: Final = Shift()


def evolve(shift: Shift, fact: ShiftFact | Remarked) -> Shift:
    """Take a fact as given."""
    match fact:
        case Remarked(person=person, note=note, reason=reason):
            held = Held(shift.held[person].assignment, note, reason)
            return replace(shift, held=shift.held | {person: held})
        case OnAssignment(assignment=assignment):
            before = shift.held.get(assignment.person)
            held = replace(before, assignment=assignment) if before else Held(assignment)
            return replace(shift, state=fact.shift, held=shift.held | {assignment.person: held})
        case _:
            return replace(shift, state=fact.shift)


def counts(held: Held | None) -> bool:
    """Whether there is a place, and somebody stands on it."""
    return held is not None and held.assignment.status in ACTIVE


def closed(shift: Shift, state: ShiftState, asked: Asked) -> Refused | None:
    """Why nobody can come or go any more, if so: the shift or its event is off, not announced, or over."""
    event = shift.event.state
    status = status_of(state, event.status if event else None)
    announced = event is not None and event.status == "published"
    if status == "open" and announced and asked.at < state.ends_at_utc:
        return None
    return refused("shift-not-open", status=status)


def status_of(state: ShiftState, event_status: str | None) -> str:
    """A shift of a cancelled event reads as cancelled at once."""
    return "cancelled" if event_status == "cancelled" else state.status


def following(state: ShiftState, asked: Asked, taken: int = 0) -> ShiftState:
    """The state to be, with so many places more (or fewer) taken, before anything else changes in it."""
    now = state.taken + taken
    emptied = asked.at if taken < 0 and now == 0 else None
    return replace(
        state,
        version=state.version + 1,
        updated_at=asked.at,
        taken=now,
        left=state.places - now,
        empty_since=emptied if taken else state.empty_since,
    )


def shown(state: ShiftState, event_status: str | None = None) -> ShiftAnswer:
    """A shift as everybody reads it."""
    told = {name: getattr(state, name) for name in ShiftAnswer.__struct_fields__}
    return ShiftAnswer(**told | {"status": status_of(state, event_status)})


def told(held: Held, person: str, event_status: str | None = None) -> AssignmentAnswer:
    """A place as a person reads it: its own one, or an organiser."""
    mine = held.assignment
    if event_status == "cancelled" and mine.status in ACTIVE:
        mine = replace(mine, status="cancelled")
    reason = None if person == mine.person else held.reason
    return AssignmentAnswer(**asdict(mine), note=held.note, reason=reason)
