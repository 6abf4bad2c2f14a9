"""A shift as its owner keeps it: who stands on it, and what else of these people decides. Pure."""

from typing import Final

from msgspec import Struct
from msgspec.structs import asdict, replace

from services.events import document, volunteer
from services.events.document import Event, Session
from shared import series
from shared.contracts.message import Fact
from shared.contracts.shifts import (
    AssignmentAnswer,
    AssignmentState,
    AssignmentStatus,
    CoverFound,
    CoverOffered,
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
    `candidates` are volunteers who might stand in for somebody, where that is asked.
    """

    state: ShiftState | None = None
    event: Event = document.initial
    held: dict[str, Held] = {}
    bookings: dict[str, tuple[Booking, ...]] = {}
    volunteers: dict[str, VolunteerState] = {}
    rosters: dict[str, int] = {}
    candidates: tuple[str, ...] = ()


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
        case CoverFound(assignment=assignment, covered=covered):
            shift = _placed(shift, covered)
        case CoverOffered(assignment=assignment):
            shift = _noted(shift, volunteer.asked(shift.volunteers[assignment.person], assignment.updated_at))
        case OnAssignment(assignment=assignment):
            if assignment.status in ACTIVE and not counts(shift.held.get(assignment.person)):
                shift = _noted(shift, volunteer.known(shift.volunteers.get(assignment.person), fact.shift, assignment))
        case _:
            return replace(shift, state=fact.shift)
    return replace(_placed(shift, assignment), state=fact.shift)


def _placed(shift: Shift, assignment: AssignmentState) -> Shift:
    before = shift.held.get(assignment.person)
    held = replace(before, assignment=assignment) if before else Held(assignment)
    return replace(shift, held=shift.held | {assignment.person: held})


def _noted(shift: Shift, known: VolunteerState) -> Shift:
    return replace(shift, volunteers=shift.volunteers | {known.person: known})


def counts(held: Held | None) -> bool:
    """Whether there is a place, and somebody stands on it."""
    return held is not None and held.assignment.status in ACTIVE


def closed(shift: Shift, state: ShiftState, asked: Asked) -> Refused | None:
    """Why nobody can come or go any more, if so: the shift or its event is off, not announced, or over."""
    event = shift.event.state
    if state.status == "cancelled" or called_off(shift.event, state.occurrence):
        return refused("shift-not-open", state="cancelled")
    if event is None or event.status != "published":
        return refused("shift-not-open", state="not-announced" if event and event.status == "draft" else "over")
    return refused("shift-not-open", state="over") if asked.at >= state.ends_at_utc else None


def called_off(event: Event, occurrence: str | None) -> bool:
    """Whether an event is cancelled, or that date of it, or the series has it no more: so are its shifts, at once."""
    state = event.state
    if state is None or state.status == "cancelled" or occurrence is None or state.recurrence is None:
        return state is not None and state.status == "cancelled"
    slot = series.find(state, occurrence, event.sessions.get(occurrence, Session()).state)
    return slot is None or slot.off


def following(state: ShiftState, asked: Asked, taken: int = 0, covers: int = 0) -> ShiftState:
    """The state to be, with so many places more (or fewer) taken and looking for cover, before other changes."""
    now = state.taken + taken
    emptied = asked.at if taken < 0 and now == 0 else None
    return replace(
        state,
        version=state.version + 1,
        updated_at=asked.at,
        taken=now,
        left=state.places - now,
        covers=state.covers + covers,
        empty_since=emptied if taken else state.empty_since,
    )


def without(state: ShiftState, asked: Asked, held: Held) -> ShiftState:
    """The state to be when somebody's place comes free."""
    return following(state, asked, -1, -1 if held.assignment.cover_until else 0)


def assignment(
    before: Held | None, state: ShiftState, asked: Asked, person: str, status: AssignmentStatus
) -> AssignmentState:
    """A person's place, at the times of the shift; what was sought or said about it before is over."""
    was = before.assignment if before else None
    return AssignmentState(
        id=f"{state.id}.{person}",
        version=was.version + 1 if was else 1,
        created_at=was.created_at if was else asked.at,
        updated_at=asked.at,
        shift_id=state.id,
        event_id=state.event_id,
        person=person,
        role=state.role.name,
        starts_at=state.starts_at,
        ends_at=state.ends_at,
        timezone=state.timezone,
        starts_at_utc=state.starts_at_utc,
        ends_at_utc=state.ends_at_utc,
        status=status,
        occurrence=state.occurrence,
    )


def shown(state: ShiftState, *, off: bool = False) -> ShiftAnswer:
    """A shift as everybody reads it; `off` if its event is called off."""
    told = {name: getattr(state, name) for name in ShiftAnswer.__struct_fields__}
    return ShiftAnswer(**told | {"status": "cancelled" if off else state.status})


def told(held: Held, person: str, *, off: bool = False, covers: int = 0) -> AssignmentAnswer:
    """A place as a person reads it: its own one, or an organiser. `off` as in `shown`, `covers` as the shift's."""
    mine = held.assignment
    if off and mine.status in ACTIVE:
        mine = replace(mine, status="cancelled")
    if mine.status == "asked" and (off or not covers):
        mine = replace(mine, status="missed")
    reason = None if person == mine.person else held.reason
    return AssignmentAnswer(**asdict(mine), note=held.note, reason=reason)
