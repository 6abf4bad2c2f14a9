"""What the need decides where a pledge ends or shrinks otherwise than by a change of mind. Pure.

An error put right, goods that went back and a hold declined are each a fact of their own, beside the donor's change
and withdrawal and the organiser's release: who counts how promises are kept must not take one for the other.
"""

from typing import Final

from msgspec import structs

from services.pledges import ledger, pledge, waves
from services.pledges.ledger import Need
from shared.contracts.endings import (
    CorrectPledge,
    DeclinePledge,
    DeliveryReturned,
    EndingCommand,
    PledgeCorrected,
    PledgeDeclined,
    ReturnDelivery,
)
from shared.contracts.pledges import Correction, NeedState, Returned
from shared.decider import FORBIDDEN, NOT_FOUND, Asked, Decision, Refused, refused

MOST_CORRECTIONS: Final = 100
"""Of a pledge, and returns of one delivery: it travels whole in each of its facts."""


def decide(need: Need, state: NeedState, command: EndingCommand, asked: Asked) -> Decision:
    """Answer a command."""
    match command:
        case CorrectPledge():
            return _correct(need, state, command, asked)
        case ReturnDelivery():
            return _return(need, state, command, asked)
        case DeclinePledge():
            return _decline(need, state, command, asked)


def _correct(need: Need, state: NeedState, command: CorrectPledge, asked: Asked) -> Decision:
    """By either side, but nobody's promise is raised for them; whether the need still takes pledges does not matter."""
    before = pledge.visible(need, command.pledge_id, asked)
    if isinstance(before, Refused):
        return Decision(before)
    if before.status in pledge.ENDED:
        return Decision(pledge.wrong(before))
    if command.quantity == before.quantity:
        return pledge.unchanged(before, asked)
    if command.quantity < before.delivered_quantity:
        return Decision(refused("less-than-delivered", delivered=before.delivered_quantity))
    more = command.quantity - before.quantity
    if more > 0 and asked.person != before.donor:
        return Decision(refused("more-than-pledged", left=before.quantity))
    refusal = pledge.no_room(need, state, more) if more > 0 else None
    if refusal is not None:
        return Decision(refusal)
    if len(before.corrections) >= MOST_CORRECTIONS:
        return Decision(refused("too-many-corrections", most=MOST_CORRECTIONS))
    correction = Correction(before.quantity, command.quantity, command.reason, asked.at)
    never = command.quantity == 0
    after = ledger.turned(
        before,
        asked.at,
        revision=before.revision + 1,
        quantity=command.quantity,
        status="corrected" if never else ledger.progress(before.status, before.delivered_quantity, command.quantity),
        corrections=(*before.corrections, correction),
    )
    return pledge.told(PledgeCorrected(ledger.following(state, before, after), after, before.quantity), asked)


def _return(need: Need, state: NeedState, command: ReturnDelivery, asked: Asked) -> Decision:
    """Count no longer what went back, also of a pledge that has ended; it stays to be read beside the delivery."""
    before = pledge.for_organiser(need, command.pledge_id, asked)
    if isinstance(before, Refused):
        return Decision(before)
    if not 1 <= command.n <= len(before.deliveries):
        return Decision(NOT_FOUND)
    delivery = before.deliveries[command.n - 1]
    left = delivery.quantity if delivery.status == "confirmed" else 0
    if command.quantity > left:
        return Decision(refused("more-than-delivered", left=left))
    if len(delivery.returns) >= MOST_CORRECTIONS:
        return Decision(refused("too-many-corrections", most=MOST_CORRECTIONS))
    returned = Returned(command.quantity, command.reason, asked.at)
    less = structs.replace(
        delivery, quantity=delivery.quantity - command.quantity, returns=(*delivery.returns, returned)
    )
    deliveries = (*before.deliveries[: less.n - 1], less, *before.deliveries[less.n :])
    after = ledger.counted(before, asked.at, deliveries)
    fact = DeliveryReturned(ledger.following(state, before, after), after, less, command.quantity)
    return pledge.told(fact, asked)


def _decline(need: Need, state: NeedState, command: DeclinePledge, asked: Asked) -> Decision:
    before = pledge.visible(need, command.pledge_id, asked)
    if isinstance(before, Refused):
        return Decision(before)
    if asked.person != before.donor:
        return Decision(FORBIDDEN)
    if before.status != "held":
        return Decision(pledge.wrong(before))
    after = ledger.turned(before, asked.at, status="declined")
    follows = ledger.following(state, before, after)
    decision = pledge.told(PledgeDeclined(follows, after, before.quantity), asked)
    return structs.replace(decision, then=waves.after_no(follows))
