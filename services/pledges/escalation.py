"""How near the day of a need is: steps before `by`, each told once. Pure.

All steps are planned when the day is set. What was full by then and is not any more is looked at again at once.
"""

from typing import Final

from services.pledges import ledger
from shared import instants
from shared.contracts.pledges import EscalateNeed, NeedEscalated, NeedState, Urgency
from shared.decider import FORBIDDEN, SYSTEM, Asked, Decision, Done, Later

STEPS: Final[tuple[tuple[Urgency, int], ...]] = (("soon", 7), ("urgent", 2), ("overdue", 0))
"""Days before the end of the day `by` at which a need becomes so, in order."""
ZONE: Final = "Europe/London"
_RANKS: Final = {urgency: rank for rank, (urgency, _) in enumerate(STEPS)}
_FIRST, _LAST = "1971-01-01", "9990-01-01"
"""Days beyond are as long ago, or as far away, as these."""


def planned(before: NeedState | None, after: NeedState | None, at: str) -> tuple[Later, ...]:
    """What is to be looked at later, because of a change from one state to another at that time."""
    if after is None or after.by is None:
        return ()
    if before is None or before.by != after.by:
        passed = reached(after.by, at)
        now = [(at, passed)] if passed else []
        ahead = [(when, urgency) for urgency, when in _instants(after.by) if when > at]
        return tuple(Later(when, EscalateNeed(after.id, after.by, urgency)) for when, urgency in (*now, *ahead))
    passed = reached(after.by, at) if waits(after) and not waits(before) else None
    if passed is None or not _more(passed, after.urgency):
        return ()
    return (Later(at, EscalateNeed(after.id, after.by, passed)),)


def steps(state: NeedState) -> tuple[Later, ...]:
    """All steps of a need's day, each at its own time whatever the time is: planned twice they are the same."""
    if state.by is None:
        return ()
    return tuple(Later(when, EscalateNeed(state.id, state.by, urgency)) for urgency, when in _instants(state.by))


def escalate(state: NeedState, command: EscalateNeed, asked: Asked) -> Decision:
    """Take the step that is due, or the last of those that are; none if the need is helped, or has another day."""
    if not asked.may(SYSTEM):
        return Decision(FORBIDDEN)
    nothing = Done("need", state.id, None)
    passed = reached(command.by, asked.at)
    urgency = passed if passed and _more(passed, command.urgency) else command.urgency
    if state.by != command.by or not waits(state) or not _more(urgency, state.urgency):
        return Decision(nothing)
    return Decision(nothing, (NeedEscalated(ledger.edited(state, asked.at, urgency=urgency)),))


def waits(state: NeedState) -> bool:
    """Whether something of a need can be promised and is not."""
    return state.status == "open" and state.uncommitted > 0


def reached(by: str, at: str) -> Urgency | None:
    """The last step that a day has come to; None while it is far."""
    return next((urgency for urgency, when in reversed(_instants(by)) if when <= at), None)


def _more(urgency: Urgency, than: Urgency | None) -> bool:
    return than is None or _RANKS[urgency] > _RANKS[than]


def _instants(by: str) -> tuple[tuple[Urgency, str], ...]:
    """When each step of a day comes; the day ends at midnight in Birmingham."""
    day = min(max(by, _FIRST), _LAST)
    following = instants.later(f"{day}T12:00:00.000Z", days=1)[:10]
    end = instants.to_utc(f"{following}T00:00", ZONE)
    return tuple((urgency, instants.later(end, days=-days)) for urgency, days in STEPS)
