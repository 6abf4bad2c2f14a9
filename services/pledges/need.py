"""The rules of one need and of the pledges on it. Pure.

The service's decider: `initial`, `decide`, `evolve`, `version`. What pledges may do is in `pledge.py`, what
follows for the figures in `ledger.py`.
"""

from bisect import bisect_left, bisect_right, insort
from typing import Final, cast

from msgspec import UNSET, structs

from services.pledges import (
    delivery,
    endings,
    escalation,
    evidence,
    ledger,
    life,
    matching,
    opening,
    owning,
    pledge,
    waves,
)
from services.pledges.ledger import Bundled, Need, Worded
from shared.contracts.message import Command, Fact
from shared.contracts.pledges import (
    AcceptDelivery,
    AddOwner,
    AskAround,
    ChangeNeed,
    ChangePledge,
    CloseNeed,
    ConfirmPledge,
    CorrectDelivery,
    CorrectPledge,
    DeclinePledge,
    DeliverPledge,
    DeliveryCorrected,
    EscalateNeed,
    ExpireHold,
    MakePledge,
    NeedChanged,
    NeedClosed,
    NeedCommand,
    NeedOpened,
    NeedReopened,
    NeedState,
    NextWave,
    OfPledge,
    OnNeed,
    OnPledge,
    OpenNeed,
    OpenPromoted,
    PledgeDelivered,
    PledgeExpired,
    PledgeState,
    ReleasePledge,
    RemoveOwner,
    ReopenNeed,
    ReturnDelivery,
    TakeOffered,
    WithdrawPledge,
)
from shared.decider import NOT_FOUND, Asked, Decision, refused

MOST_EXPIRED: Final = 200
"""Overdue holds that one command ends at the most."""
EDITABLE: Final = (
    "title",
    "quantity",
    "unit",
    "limit",
    "by",
    "ward",
    "description",
    "principles",
    "languages",
    "related",
)


def initial(stream: str) -> Need:
    """A need before it is opened."""
    return Need(stream)


def version(need: Need) -> int:
    """Version of the need's stream; 0 before it is opened."""
    return need.state.version if need.state else 0


def decide(need: Need, command: Command, asked: Asked) -> Decision:
    """Answer a command, after ending the holds that are overdue when it was appended."""
    before = need
    need, ended = _expire(need, command, asked.at)
    decision = _decide(need, cast("NeedCommand", command), asked)
    if not ended and not decision.facts:
        return decision
    if need.vows:
        decision = _shown(need, decision)
    facts = (*ended, *decision.facts)
    later = escalation.planned(before.state, cast("OnNeed", facts[-1]).need, asked.at)
    then = (*decision.then, *matching.given_back(before, facts))
    return structs.replace(decision, facts=facts, then=then, later=(*decision.later, *later))


def evolve(need: Need, fact: Fact) -> Need:
    """Take a fact as given."""
    match fact:
        case NeedOpened(need=state, opened_by=opener):
            return structs.replace(need, state=state, opened_by=opener)
        case OnPledge(need=state, pledge=after):
            return structs.replace(
                need,
                state=state,
                pledges={**need.pledges, after.id: after},
                holds=_holds(need, after),
                deliveries=need.deliveries + isinstance(fact, PledgeDelivered),
                corrections=need.corrections + _corrects(fact),
            )
        case OnNeed(need=state):
            return structs.replace(need, state=state)
        case Worded():
            return structs.replace(need, words=(*need.words, fact))
        case Bundled(bundle_id=bundle):
            return structs.replace(need, bundle_id=bundle)
        case _:
            raise TypeError(type(fact).__name__)


def _decide(need: Need, command: NeedCommand, asked: Asked) -> Decision:  # noqa: C901, PLR0912 -- one case a command
    if isinstance(command, OpenNeed):
        return opening.decide(need, command, asked)
    if isinstance(command, OpenPromoted):
        return opening.decide_promoted(need, command, asked)
    state = need.state
    if state is None:
        return matching.gone(command) if isinstance(command, TakeOffered) else Decision(NOT_FOUND)
    match command:
        case ChangeNeed() | CloseNeed() | ReopenNeed():
            if not pledge.manages(need, asked.person):
                return Decision(pledge.no_manager(state))
            return _manage(need, state, command, asked)
        case MakePledge():
            return pledge.make(need, state, command, asked)
        case ChangePledge():
            return pledge.change(need, state, command, asked)
        case ConfirmPledge():
            return pledge.confirm(need, state, command, asked)
        case DeliverPledge():
            return delivery.deliver(need, state, command, asked)
        case AcceptDelivery():
            return delivery.accept(need, state, command, asked)
        case CorrectDelivery():
            return delivery.correct(need, state, command, asked)
        case WithdrawPledge():
            return pledge.withdraw(need, state, command, asked)
        case ReleasePledge():
            return pledge.release(need, state, command, asked)
        case ExpireHold():
            return pledge.expire_hold(need, state, command, asked)
        case CorrectPledge() | ReturnDelivery() | DeclinePledge():
            return endings.decide(need, state, command, asked)
        case AskAround() | NextWave():
            return waves.decide(need, state, command, asked)
        case TakeOffered():
            return matching.take(need, state, command, asked)
        case AddOwner() | RemoveOwner():
            return owning.decide(need, state, command, asked)
        case EscalateNeed():
            return escalation.escalate(state, command, asked)
        case _:
            return life.decide(need, state, command, asked)


def _manage(need: Need, state: NeedState, command: ChangeNeed | CloseNeed | ReopenNeed, asked: Asked) -> Decision:
    match command:
        case ChangeNeed():
            return _change(state, command, asked)
        case CloseNeed() if state.status == "closed":
            return life.unchanged(state)
        case CloseNeed():
            return life.told(NeedClosed(ledger.edited(state, asked.at, status="closed")))
        case ReopenNeed() if state.status != "closed":
            return life.unchanged(state)
        case ReopenNeed() if need.campaign and need.campaign.status != "live":
            return Decision(refused("campaign-not-live", status=need.campaign.status))
        case ReopenNeed():
            return life.told(NeedReopened(ledger.edited(state, asked.at, status="open")))


def _change(state: NeedState, command: ChangeNeed, asked: Asked) -> Decision:
    if command.revision not in {None, state.revision}:
        return Decision(pledge.stale(state.revision))
    wished = {name: getattr(command, name) for name in EDITABLE}
    new = {name: value for name, value in wished.items() if value is not UNSET and value != getattr(state, name)}
    if not new:
        return life.unchanged(state)
    committed = state.held + state.pledged
    if new.get("limit", state.limit) == "hard" and new.get("quantity", state.quantity) < committed:
        return Decision(refused("less-than-committed", committed=committed))
    if "unit" in new and (state.kind == "money" or committed):
        return Decision(refused("unit-fixed", unit=state.unit))
    urgency = None if "by" in new else state.urgency
    after = ledger.edited(state, asked.at, revision=state.revision + 1, urgency=urgency, **new)
    return life.told(NeedChanged(after, tuple(new)))


def _expire(need: Need, command: Command, at: str) -> tuple[Need, tuple[PledgeExpired, ...]]:
    """End what is overdue, the pledge that the command is about before the others."""
    if not need.holds or need.holds[0][0] > at:
        return need, ()
    mentioned = command.pledge_id if isinstance(command, OfPledge) else None
    overdue = need.holds[: bisect_right(need.holds, at, key=lambda hold: hold[0])]
    ended = []
    for _, pledge_id in sorted(overdue, key=lambda hold: hold[1] != mentioned)[:MOST_EXPIRED]:
        fact = pledge.expired(cast("NeedState", need.state), need.pledges[pledge_id], at)
        need = evolve(need, fact)
        ended.append(fact)
    return need, tuple(ended)


def _holds(need: Need, after: PledgeState) -> tuple[tuple[str, str], ...]:
    """The known holds with a pledge's new state: held or not any more."""
    before = need.pledges.get(after.id)
    was = before is not None and before.status == "held"
    if was == (after.status == "held"):
        return need.holds
    hold = (after.held_until or (before and before.held_until) or "", after.id)
    holds = list(need.holds)
    if was:
        del holds[bisect_left(holds, hold)]
    else:
        insort(holds, hold)
    return tuple(holds)


def _shown(need: Need, decision: Decision) -> Decision:
    """Have commitments learn of deliveries."""
    asked = [
        command
        for fact in decision.facts
        if isinstance(fact, OnNeed)
        for command in evidence.after_delivery(fact.need, fact, need.campaign, need.vows)
    ]
    return structs.replace(decision, then=(*decision.then, *asked)) if asked else decision


def _corrects(fact: OnPledge) -> bool:
    return isinstance(fact, DeliveryCorrected) and fact.delivery.status == "confirmed"
