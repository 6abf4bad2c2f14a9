"""The rules of places on a shift: who gets one, who says yes or no, who goes. Pure: no clock, no chance, no I/O.

Nobody stands on two shifts at one time, in whatever events, unless the other one is named; and nobody on one that
asks for a clearance they have not, whoever put them there.
"""

from services.events.clearance import suffices
from services.events.document import visible
from services.events.roster import ACTIVE, Booking, Held, Remarked, Shift, closed, counts, following
from shared.contracts.shifts import (
    AssignmentState,
    AssignmentStatus,
    ChangePlace,
    ConfirmPlace,
    LeavePlace,
    OnAssignment,
    PlaceConfirmed,
    PlaceDeclined,
    PlaceLeft,
    PlaceProposed,
    PlaceReleased,
    PlaceTaken,
    ProposePlace,
    ReleasePlace,
    ShiftState,
    TakePlace,
)
from shared.decider import NOT_FOUND, Asked, Decision, Done, Refused, refused


def of_oneself(
    shift: Shift, state: ShiftState, command: TakePlace | ConfirmPlace | ChangePlace | LeavePlace, asked: Asked
) -> Decision:
    """Answer what a person asks for themselves."""
    match command:
        case TakePlace():
            return take(shift, state, command, asked)
        case ConfirmPlace():
            return confirm(shift, state, command, asked)
        case ChangePlace():
            return change(shift, command, asked)
        case LeavePlace():
            return leave(shift, state, asked)


def take(shift: Shift, state: ShiftState, command: TakePlace, asked: Asked) -> Decision:
    """Take a place for oneself; one that was proposed is confirmed by it."""
    held = shift.held.get(asked.person)
    if not visible(shift.event, asked.person) and not counts(held):
        return Decision(NOT_FOUND)
    if counts(held):
        return confirm(shift, state, ConfirmPlace(state.id, command.override), asked, 201)
    problem = _unfit(shift, state, asked, asked.person, command.override)
    if problem is not None:
        return Decision(problem)
    after = following(state, asked, +1)
    fact = PlaceTaken(after, _assignment(held, after, asked, asked.person, "confirmed"))
    return _done(fact, 201, Remarked(asked.person, command.note, None))


def propose(shift: Shift, state: ShiftState, command: ProposePlace, asked: Asked) -> Decision:
    """Give a person a place, who then says yes or no; to oneself it is taking one."""
    if command.person == asked.person:
        return take(shift, state, TakePlace(state.id, command.override), asked)
    held = shift.held.get(command.person)
    if held is not None and counts(held):
        return Decision(Done("assignment", held.assignment.id, held.assignment, 201))
    if command.override and not command.reason:
        return Decision(Refused("invalid-body", 422, errors=(("/reason", "is required with an override"),)))
    problem = _unfit(shift, state, asked, command.person, command.override)
    if problem is not None:
        return Decision(problem)
    after = following(state, asked, +1)
    fact = PlaceProposed(after, _assignment(held, after, asked, command.person, "proposed"))
    return _done(fact, 201, Remarked(command.person, held.note if held else None, command.reason))


def confirm(shift: Shift, state: ShiftState, command: ConfirmPlace, asked: Asked, status: int = 200) -> Decision:
    """Say yes to what was proposed; whether it still fits is looked at again."""
    held = shift.held.get(asked.person)
    if held is None:
        return Decision(NOT_FOUND)
    mine = held.assignment
    if mine.status == "confirmed":
        return Decision(Done("assignment", mine.id, mine, status))
    if mine.status != "proposed":
        return Decision(refused("assignment-not-active", status=mine.status))
    problem = _unfit(shift, state, asked, asked.person, command.override, has_place=True)
    if problem is not None:
        return Decision(problem)
    after = following(state, asked)
    return _done(PlaceConfirmed(after, _assignment(held, after, asked, asked.person, "confirmed")), status)


def change(shift: Shift, command: ChangePlace, asked: Asked) -> Decision:
    """Change one's private note."""
    held = shift.held.get(asked.person)
    if held is None:
        return Decision(NOT_FOUND)
    said = Remarked(asked.person, command.note, held.reason)
    return Decision(Done("assignment", held.assignment.id, held.assignment), private=(said,))


def leave(shift: Shift, state: ShiftState, asked: Asked) -> Decision:
    """Give the place back at any time until the shift is over, or decline what was proposed."""
    held = shift.held.get(asked.person)
    if held is None:
        return Decision(NOT_FOUND)
    mine = held.assignment
    if mine.status not in ACTIVE:
        return Decision(Done("assignment", mine.id, mine))
    if asked.at >= state.ends_at_utc:
        return Decision(refused("shift-not-open", status="over"))
    after = following(state, asked, -1)
    if mine.status == "proposed":
        return _done(PlaceDeclined(after, _assignment(held, after, asked, asked.person, "declined")))
    return _done(PlaceLeft(after, _assignment(held, after, asked, asked.person, "left")))


def release(shift: Shift, state: ShiftState, command: ReleasePlace, asked: Asked) -> Decision:
    """Take a person's place back; the reason stays with the organisers."""
    held = shift.held.get(command.person)
    if held is None:
        return Decision(NOT_FOUND)
    if not counts(held):
        return Decision(Done("assignment", held.assignment.id, held.assignment))
    after = following(state, asked, -1)
    fact = PlaceReleased(after, _assignment(held, after, asked, command.person, "released"))
    return _done(fact, 200, Remarked(command.person, held.note, command.reason))


def moved(held: Held, state: ShiftState, asked: Asked, status: AssignmentStatus = "proposed") -> AssignmentState:
    """A place after what befell its shift."""
    return _assignment(held, state, asked, held.assignment.person, status)


def clash(shift: Shift, state: ShiftState, person: str, override: tuple[str, ...]) -> Booking | None:
    """Another shift of the person at the same time that nobody named; one that ends as the other begins is none."""
    for booking in shift.bookings.get(person, ()):
        overlaps = booking.starts_at_utc < state.ends_at_utc and state.starts_at_utc < booking.ends_at_utc
        if overlaps and booking.shift_id != state.id and booking.shift_id not in override:
            return booking
    return None


def _unfit(
    shift: Shift,
    state: ShiftState,
    asked: Asked,
    person: str,
    override: tuple[str, ...],
    *,
    has_place: bool = False,
) -> Refused | None:
    """Why a person cannot have a place, if so."""
    off = closed(shift, state, asked)
    if off is not None:
        return off
    if not has_place and state.left < 1:
        return refused("shift-full", left=state.left)
    wanted = state.role.requirement
    if wanted is not None and not suffices(shift.volunteers.get(person), wanted, asked.at[:10]):
        return refused("clearance-required", kind=wanted.kind, level=wanted.level)
    other = clash(shift, state, person, override)
    if other is not None:
        return refused(
            "double-booked",
            shift_id=other.shift_id,
            starts_at=other.starts_at,
            ends_at=other.ends_at,
            timezone=other.timezone,
        )
    return None


def _assignment(
    before: Held | None, state: ShiftState, asked: Asked, person: str, status: AssignmentStatus
) -> AssignmentState:
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
    )


def _done(fact: OnAssignment, status: int = 200, said: Remarked | None = None) -> Decision:
    """Say yes; what was said with it is told by nobody here."""
    return Decision(
        Done("assignment", fact.assignment.id, fact.assignment, status), (fact,), private=(said,) if said else ()
    )
