"""What the need decides about deliveries on one pledge: told of, accepted, put right. Pure."""

from typing import Final, Literal

from msgspec import structs

from services.pledges import kinds, ledger
from services.pledges import pledge as pledges
from services.pledges.ledger import Need
from shared.contracts.pledges import (
    AcceptDelivery,
    CorrectDelivery,
    Correction,
    DeliverPledge,
    Delivery,
    DeliveryCorrected,
    DeliveryReported,
    NeedState,
    PledgeDelivered,
    PledgeState,
)
from shared.decider import NOT_FOUND, Asked, Decision, Refused, refused

MOST_DELIVERIES: Final = 1_000
MOST_CORRECTIONS: Final = 100
"""Of one pledge: it travels whole in each of its facts."""


def deliver(need: Need, state: NeedState, command: DeliverPledge, asked: Asked) -> Decision:
    """Count a delivery that the organiser tells of; list one that the donor tells of.

    What is reported and not yet accepted limits further reports, not the organiser.
    """
    pledge = pledges.visible(need, command.pledge_id, asked)
    if isinstance(pledge, Refused):
        return Decision(pledge)
    if pledge.status != "pledged":
        return Decision(pledges.wrong(pledge))
    counts = pledges.manages(need, asked.person)
    if command.occurred_at and command.occurred_at > asked.at:
        return Decision(Refused("invalid-body", 422, errors=(("/occurred_at", "That is still to come."),)))
    left = pledge.quantity - pledge.delivered_quantity - (0 if counts else _reported(pledge))
    if command.quantity > left:
        return Decision(refused("more-than-pledged", left=left))
    if len(pledge.deliveries) >= MOST_DELIVERIES:
        return Decision(refused("too-many-deliveries", most=MOST_DELIVERIES))
    refusal = kinds.why_no_session(pledge, command)
    if refusal:
        return Decision(refusal)
    number = len(pledge.deliveries) + 1
    status: Literal["confirmed", "reported"] = "confirmed" if counts else "reported"
    delivery = Delivery(
        number, command.quantity, status, asked.at, session=command.session, occurred_at=command.occurred_at
    )
    after = ledger.counted(pledge, asked.at, (*pledge.deliveries, delivery))
    follows = ledger.following(state, pledge, after)
    told = PledgeDelivered(follows, after, delivery) if counts else DeliveryReported(follows, after, delivery)
    private = pledges.worded(after, f"reference.{number}", command.reference)
    return structs.replace(pledges.told(told, asked), private=private)


def accept(need: Need, state: NeedState, command: AcceptDelivery, asked: Asked) -> Decision:
    """Count what the donor reported; once is enough."""
    pledge = pledges.for_organiser(need, command.pledge_id, asked)
    if isinstance(pledge, Refused):
        return Decision(pledge)
    delivery = _delivery(pledge, command.n)
    if delivery is None:
        return Decision(NOT_FOUND)
    if delivery.status == "confirmed":
        return pledges.unchanged(pledge, asked)
    if pledge.status in pledges.ENDED:
        return Decision(pledges.wrong(pledge))
    left = pledge.quantity - pledge.delivered_quantity
    if delivery.quantity > left:
        return Decision(refused("more-than-pledged", left=left))
    accepted = structs.replace(delivery, status="confirmed")
    after = ledger.counted(pledge, asked.at, _with(pledge, accepted))
    told = pledges.told(PledgeDelivered(ledger.following(state, pledge, after), after, accepted), asked)
    return structs.replace(told, private=pledges.worded(after, f"receipt.{command.n}", command.reference))


def correct(need: Need, state: NeedState, command: CorrectDelivery, asked: Asked) -> Decision:
    """Put an error right, also on a pledge that has ended; what was said before stays to be read.

    Of a pledge that was taken back, the need counts the delivered part: more of it must find room again.
    """
    pledge = pledges.for_organiser(need, command.pledge_id, asked)
    if isinstance(pledge, Refused):
        return Decision(pledge)
    delivery = _delivery(pledge, command.n)
    if delivery is None:
        return Decision(NOT_FOUND)
    if delivery.status == "reported" and pledge.status in pledges.ENDED:
        return Decision(pledges.wrong(pledge))
    more = command.quantity - delivery.quantity
    if more == 0:
        return pledges.unchanged(pledge, asked)
    delivered = pledge.delivered_quantity - (delivery.quantity if delivery.status == "confirmed" else 0)
    left = pledge.quantity - delivered
    if command.quantity > left:
        return Decision(refused("more-than-pledged", left=left))
    if pledge.status in pledges.TAKEN_BACK and state.limit == "hard" and more > state.uncommitted:
        return Decision(refused("not-enough-left", left=state.uncommitted))
    if sum(len(one.corrections) for one in pledge.deliveries) >= MOST_CORRECTIONS:
        return Decision(refused("too-many-corrections", most=MOST_CORRECTIONS))
    correction = Correction(delivery.quantity, command.quantity, command.reason, asked.at)
    right = structs.replace(delivery, quantity=command.quantity, corrections=(*delivery.corrections, correction))
    after = ledger.counted(pledge, asked.at, _with(pledge, right))
    return pledges.told(DeliveryCorrected(ledger.following(state, pledge, after), after, right), asked)


def _delivery(pledge: PledgeState, n: int) -> Delivery | None:
    return pledge.deliveries[n - 1] if 1 <= n <= len(pledge.deliveries) else None


def _with(pledge: PledgeState, delivery: Delivery) -> tuple[Delivery, ...]:
    return (*pledge.deliveries[: delivery.n - 1], delivery, *pledge.deliveries[delivery.n :])


def _reported(pledge: PledgeState) -> int:
    return sum(delivery.quantity for delivery in pledge.deliveries if delivery.status == "reported")
