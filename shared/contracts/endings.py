"""How a pledge ends or shrinks otherwise than by its donor's change of mind: errors, returns, a hold declined."""

from typing import Annotated

from msgspec import Meta

from shared.contracts.pledge_states import Delivery, OfPledge, OnPledge, Quantity

# ---------------------------------------------------------------- commands


class CorrectPledge(OfPledge, frozen=True):
    """Put right what was entered by mistake; 0 if there never was such a promise."""

    quantity: Annotated[int, Meta(ge=0, le=1_000_000_000)]
    reason: str


class ReturnDelivery(OfPledge, frozen=True):
    """Some of a delivery went back."""

    n: int
    quantity: Quantity
    reason: str


class DeclinePledge(OfPledge, frozen=True):
    """The donor does not want to confirm a hold."""


# ---------------------------------------------------------------- facts


class PledgeCorrected(OnPledge, frozen=True):
    """It had been entered with `before`, by mistake; nobody has changed their mind."""

    before: int


class DeliveryReturned(OnPledge, frozen=True):
    """Of a delivery `quantity` went back, and counts no longer."""

    delivery: Delivery
    quantity: int


class PledgeDeclined(OnPledge, frozen=True):
    """The donor said no to a hold; `quantity` is free again."""

    quantity: int


EndingCommand = CorrectPledge | ReturnDelivery | DeclinePledge
EndingFact = PledgeCorrected | DeliveryReturned | PledgeDeclined
