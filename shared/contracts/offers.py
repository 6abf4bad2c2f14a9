"""Offers to a campaign, and how they are matched to its needs.

An offer is a stream of its own (`offer_…`). Matching it takes three steps: the offer sets a part aside, the need
takes it as a pledge or refuses, the offer books it or has it back; the last gives the answer to the first.
Always `quantity = left + withdrawn + what is matched`.
"""

from typing import Literal

from msgspec import Struct

from shared.contracts.message import Command, Fact
from shared.contracts.pledge_states import Correction, Delivery, Kind, OfPledge, PledgeState, Quantity

OfferStatus = Literal["offered", "matched", "withdrawn", "released"]


class Match(Struct, frozen=True):
    """A part of an offer that a need has as a pledge; not `settled` while the need has not said yes yet."""

    need_id: str
    pledge_id: str
    quantity: int
    at: str
    settled: bool = False


class OfferState(Struct, frozen=True):
    """An offer after a change; `donor` is a pseudonym that only the donor and the campaign's organisers read.

    `left` can still be matched, `withdrawn` was taken back or let go; it is `matched` when nothing is left.
    `asked_at` is when a need last asked for it: who was asked longest ago is asked first.
    """

    id: str
    version: int
    revision: int
    created_at: str
    updated_at: str
    campaign_id: str
    kind: Kind
    unit: str
    currency: str | None
    donor: str
    anonymous: bool
    quantity: int
    left: int
    status: OfferStatus = "offered"
    matched: tuple[Match, ...] = ()
    withdrawn: int = 0
    asked_at: str = ""


class OfferAnswer(Struct, frozen=True):
    """An offer as it is read, among pledges and with their members; an anonymous `donor` is null to others."""

    id: str
    version: int
    revision: int
    created_at: str
    updated_at: str
    campaign_id: str
    kind: Kind
    unit: str
    currency: str | None
    donor: str | None
    anonymous: bool
    quantity: int
    left: int
    status: OfferStatus
    matched: tuple[Match, ...]
    withdrawn: int
    asked_at: str
    need_id: None = None
    held_until: None = None
    delivered_quantity: int = 0
    deliveries: tuple[Delivery, ...] = ()
    corrections: tuple[Correction, ...] = ()


class Refusal(Struct, frozen=True):
    """Why a need did not take what was offered to it."""

    problem: str
    status: int
    figures: dict[str, str | int | None] = {}
    errors: tuple[tuple[str, str], ...] = ()


# ---------------------------------------------------------------- commands


class OfOffer(Command, frozen=True):
    """A command that an offer decides."""

    offer_id: str

    @property
    def stream(self) -> str:
        """The offer."""
        return self.offer_id


class MakeOffer(OfOffer, frozen=True):
    """Offer something to a campaign, for whatever need of it; the caller is the donor."""

    campaign_id: str
    kind: Kind
    unit: str
    quantity: Quantity
    currency: str | None = None
    note: str | None = None
    anonymous: bool = False


class ChangeOffer(OfOffer, frozen=True):
    """Set another quantity; `revision`, if given, must be the current one."""

    quantity: Quantity
    revision: int | None = None


class WithdrawOffer(OfOffer, frozen=True):
    """The donor takes back what is not matched."""

    reason: str | None = None


class ReleaseOffer(OfOffer, frozen=True):
    """The organiser lets the donor off what is not matched."""

    reason: str


class MatchOffer(OfOffer, frozen=True):
    """Bring forth a pledge on a need; without a quantity, as much as both sides allow.

    With `held_until` the donor is asked first: it is a hold until then. If `up_to`, less will do.
    """

    need_id: str
    pledge_id: str
    quantity: Quantity | None = None
    held_until: str | None = None
    up_to: bool = False


class TakeOffered(OfPledge, frozen=True):
    """The service's own: the need is to take what the offer set aside; if `up_to`, or less."""

    offer: OfferState
    quantity: Quantity
    up_to: bool
    held_until: str | None
    matched_by: str


class SettleMatch(OfOffer, frozen=True):
    """The service's own: the need took it, or refused."""

    pledge_id: str
    matched_by: str
    pledge: PledgeState | None = None
    refusal: Refusal | None = None


class ReturnMatch(OfOffer, frozen=True):
    """The service's own: the donor did not say yes in time, or said no; the offer has it back."""

    pledge_id: str


# ---------------------------------------------------------------- facts


class OnOffer(Fact, frozen=True):
    """A fact on an offer's stream."""

    offer: OfferState

    @property
    def stream(self) -> str:
        """The offer."""
        return self.offer.id

    @property
    def streamversion(self) -> int:
        """The offer's version."""
        return self.offer.version


class OfferMade(OnOffer, frozen=True):
    """Something is offered."""


class OfferChanged(OnOffer, frozen=True):
    """The donor changed the quantity from `before`."""

    before: int


class OfferWithdrawn(OnOffer, frozen=True):
    """The donor took `quantity` back."""

    quantity: int


class OfferReleased(OnOffer, frozen=True):
    """The organiser let the donor off `quantity`."""

    quantity: int


class OfferSetAside(OnOffer, frozen=True):
    """A need is asked to take a part of it."""

    match: Match


class OfferMatched(OnOffer, frozen=True):
    """The need took it."""

    match: Match


class OfferReturned(OnOffer, frozen=True):
    """The need did not take it, or the donor did not confirm: it is free again."""

    match: Match


OfferCommand = MakeOffer | ChangeOffer | WithdrawOffer | ReleaseOffer | MatchOffer | SettleMatch | ReturnMatch
OfferFact = OfferMade | OfferChanged | OfferWithdrawn | OfferReleased | OfferSetAside | OfferMatched | OfferReturned
