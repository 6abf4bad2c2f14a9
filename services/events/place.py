"""The rules of places on a shift: who gets one, who says yes or no, who goes. Pure: no clock, no chance, no I/O.

Nobody stands on two shifts at one time, in whatever events, unless the other one is named; and nobody on one that
asks for a clearance they have not, whoever put them there.
"""

from msgspec.structs import replace

from services.events import cover, watch
from services.events.document import visible
from services.events.fitness import unfit
from services.events.roster import ACTIVE, Remarked, Shift, assignment, counts, following, without
from shared.contracts.shifts import (
    ChangePlace,
    ComingAffirmed,
    ConfirmPlace,
    LeavePlace,
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
    if held is not None and (counts(held) or (held.assignment.status == "asked" and state.covers)):
        return confirm(shift, state, ConfirmPlace(state.id, command.override), asked, 201)
    problem = unfit(shift, state, asked, asked.person, command.override)
    if problem is not None:
        return Decision(problem)
    after = following(state, asked, +1)
    fact = PlaceTaken(after, assignment(held, after, asked, asked.person, "confirmed"))
    return _come(shift, fact, asked, Remarked(asked.person, command.note, None), 201)


def propose(shift: Shift, state: ShiftState, command: ProposePlace, asked: Asked) -> Decision:
    """Give a person a place, who then says yes or no; to oneself it is taking one."""
    if command.person == asked.person:
        return take(shift, state, TakePlace(state.id, command.override), asked)
    held = shift.held.get(command.person)
    if held is not None and counts(held):
        return Decision(Done("assignment", held.assignment.id, held.assignment, 201))
    if command.override and not command.reason:
        return Decision(Refused("invalid-body", 422, errors=(("/reason", "is required with an override"),)))
    problem = unfit(shift, state, asked, command.person, command.override)
    if problem is not None:
        return Decision(problem)
    after = following(state, asked, +1)
    fact = PlaceProposed(after, assignment(held, after, asked, command.person, "proposed"))
    said = Remarked(command.person, held.note if held else None, command.reason)
    return _come(shift, fact, asked, said, 201)


def confirm(shift: Shift, state: ShiftState, command: ConfirmPlace, asked: Asked, status: int = 200) -> Decision:
    """Say yes to what was proposed or offered, or that one still comes; whether it fits is looked at again."""
    held = shift.held.get(asked.person)
    if held is None:
        return Decision(NOT_FOUND)
    mine = held.assignment
    if mine.status == "asked":
        return cover.accept(shift, state, held, command, asked)
    if mine.status == "confirmed" and mine.asked_at and not mine.sure_at:
        mine = replace(mine, version=mine.version + 1, updated_at=asked.at, sure_at=asked.at)
        return Decision(Done("assignment", mine.id, mine, status), (ComingAffirmed(following(state, asked), mine),))
    if mine.status == "confirmed":
        return Decision(Done("assignment", mine.id, mine, status))
    if mine.status != "proposed":
        return Decision(refused("assignment-not-active", state=mine.status))
    problem = unfit(shift, state, asked, asked.person, command.override, has_place=True)
    if problem is not None:
        return Decision(problem)
    after = following(state, asked)
    fact = PlaceConfirmed(after, assignment(held, after, asked, asked.person, "confirmed"))
    return _come(shift, fact, asked, None, status)


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
    if mine.status not in ACTIVE and mine.status != "asked":
        return Decision(Done("assignment", mine.id, mine))
    if asked.at >= state.ends_at_utc:
        return Decision(refused("shift-not-open", state="over"))
    if mine.status == "asked":
        after = following(state, asked)
        return _go(PlaceDeclined(after, assignment(held, after, asked, asked.person, "declined")), asked)
    after = without(state, asked, held)
    if mine.status == "proposed":
        return _go(PlaceDeclined(after, assignment(held, after, asked, asked.person, "declined")), asked)
    return _go(PlaceLeft(after, assignment(held, after, asked, asked.person, "left")), asked)


def release(shift: Shift, state: ShiftState, command: ReleasePlace, asked: Asked) -> Decision:
    """Take a person's place back; the reason stays with the organisers."""
    held = shift.held.get(command.person)
    if held is None:
        return Decision(NOT_FOUND)
    if not counts(held):
        return Decision(Done("assignment", held.assignment.id, held.assignment))
    if asked.at >= state.ends_at_utc:
        return Decision(refused("shift-not-open", state="over"))
    after = without(state, asked, held)
    fact = PlaceReleased(after, assignment(held, after, asked, command.person, "released"))
    return _go(fact, asked, Remarked(command.person, held.note, command.reason))


def _come(
    shift: Shift, fact: PlaceTaken | PlaceProposed | PlaceConfirmed, asked: Asked, said: Remarked | None, status: int
) -> Decision:
    """Say yes to who comes; what was said with it is told by nobody here."""
    told, later = watch.renewal(shift, fact, asked)
    return Decision(
        Done("assignment", fact.assignment.id, fact.assignment, status),
        (fact, *told),
        private=(said,) if said else (),
        later=later,
    )


def _go(fact: PlaceDeclined | PlaceLeft | PlaceReleased, asked: Asked, said: Remarked | None = None) -> Decision:
    """Let somebody go; a shift that is empty then is looked at again."""
    return Decision(
        Done("assignment", fact.assignment.id, fact.assignment),
        (fact,),
        private=(said,) if said else (),
        later=watch.deserted(fact.shift, asked),
    )
