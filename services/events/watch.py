"""What time brings to a shift: who still may come, who still will, who is left. Pure: no clock, no chance, no I/O.

Every plan is looked at again when its time comes: whoever has left, or was cleared anew, is not bothered.
"""

from typing import Final

from msgspec.structs import replace

from services.events.fitness import FIRST_CHECK_HOURS, last_day
from services.events.roster import Shift, assignment, closed, counts, following, without
from services.events.volunteer import suffices
from shared import instants
from shared.contracts.shifts import (
    AlertDeserted,
    ComingAsked,
    OnAssignment,
    PlaceLost,
    PrepareShift,
    RemindRenewal,
    RenewalAsked,
    ShiftDeserted,
    ShiftFact,
    ShiftState,
)
from shared.decider import Asked, Decision, Done, Later

CHECKS_HOURS: Final = (FIRST_CHECK_HOURS, 24, 1)
"""Before the start; at the second people are asked whether they still come."""
ASKS_HOURS: Final = 24
RENEWAL_DAYS: Final = 60
"""So long before a clearance runs out its person is told, if a shift of theirs comes after that."""
DESERTED_MINUTES: Final = 60


def plans(state: ShiftState, asked: Asked) -> tuple[Later, ...]:
    """The looks before a start that are still to come."""
    planned = [
        Later(
            instants.later(state.starts_at_utc, minutes=-60 * hours), PrepareShift(state.id, state.starts_at_utc, hours)
        )
        for hours in CHECKS_HOURS
    ]
    return tuple(later for later in planned if later.at > asked.at)


def deserted(state: ShiftState, asked: Asked) -> tuple[Later, ...]:
    """A look at a shift that everybody has just left; none if it begins before."""
    at = instants.later(asked.at, minutes=DESERTED_MINUTES)
    if state.empty_since != asked.at or state.status != "open" or at >= state.starts_at_utc:
        return ()
    return (Later(at, AlertDeserted(state.id, asked.at)),)


def renewal(shift: Shift, fact: OnAssignment, asked: Asked) -> tuple[tuple[ShiftFact, ...], tuple[Later, ...]]:
    """What is told, now or then, to a person who has come, if their clearance runs out before the shift is over."""
    state, person = fact.shift, fact.assignment.person
    wanted = state.role.requirement
    known = shift.volunteers.get(person)
    if wanted is None or known is None or suffices(known, wanted, last_day(state)):
        return (), ()
    expires = known.clearances[wanted.kind].expires_on
    at = instants.later(f"{expires}T09:00:00.000Z", days=-RENEWAL_DAYS)
    if at > asked.at:
        return (), (Later(at, RemindRenewal(state.id, person)),)
    place = replace(fact.assignment, version=fact.assignment.version + 1)
    return (RenewalAsked(following(state, asked), place),), ()


def prepare(shift: Shift, state: ShiftState, command: PrepareShift, asked: Asked) -> Decision:
    """Take the places of those who are not cleared to the end of the shift; ask the others whether they come."""
    if state.starts_at_utc != command.starts_at_utc or closed(shift, state, asked):
        return Decision(Done("shift", state.id, None))
    facts: list[ShiftFact] = []
    for person, held in shift.held.items():
        mine = held.assignment
        if not counts(held):
            continue
        if not suffices(shift.volunteers.get(person), state.role.requirement, last_day(state)):
            state = without(state, asked, held)
            facts.append(PlaceLost(state, assignment(held, state, asked, person, "lost")))
        elif command.hours == ASKS_HOURS and mine.status == "confirmed" and mine.asked_at is None:
            state = following(state, asked)
            mine = replace(mine, version=mine.version + 1, updated_at=asked.at, asked_at=asked.at)
            facts.append(ComingAsked(state, mine))
    return Decision(Done("shift", state.id, None), tuple(facts), later=deserted(state, asked))


def remind(shift: Shift, state: ShiftState, command: RemindRenewal, asked: Asked) -> Decision:
    """Tell a person who still stands there and was not cleared anew."""
    held = shift.held.get(command.person)
    fine = suffices(shift.volunteers.get(command.person), state.role.requirement, last_day(state))
    if held is None or not counts(held) or fine or closed(shift, state, asked):
        return Decision(Done("shift", state.id, None))
    mine = replace(held.assignment, version=held.assignment.version + 1, updated_at=asked.at)
    return Decision(Done("shift", state.id, None), (RenewalAsked(following(state, asked), mine),))


def alert(shift: Shift, state: ShiftState, command: AlertDeserted, asked: Asked) -> Decision:
    """Tell of a shift on which nobody stands since."""
    if state.empty_since != command.since or closed(shift, state, asked):
        return Decision(Done("shift", state.id, None))
    return Decision(Done("shift", state.id, None), (ShiftDeserted(following(state, asked)),))
