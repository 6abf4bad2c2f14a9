"""Pledges and offers as they are read."""

from msgspec import UNSET, Struct, UnsetType

from shared.contracts.pledges import Correction, Delivery, Kind, Match, OfferStatus, PledgeStatus


class Pledge(Struct, frozen=True):
    """A pledge, or an offer to a campaign, as donor and organisers read it.

    An anonymous `donor` is told to nobody else. `note` (the donor's) and `reason` (why it was withdrawn or released)
    are in reads, and in the answer to who wrote them. An offer has no `need_id`, and has `currency`, `left`,
    `matched`, `withdrawn` (what was taken back of it) and `asked_at` (when a need last asked for it).
    """

    id: str
    version: int
    revision: int
    created_at: str
    updated_at: str
    need_id: str | None
    campaign_id: str
    kind: Kind
    unit: str
    donor: str | None
    anonymous: bool
    quantity: int
    status: PledgeStatus | OfferStatus
    held_until: str | None
    delivered_quantity: int
    deliveries: tuple[Delivery, ...]
    corrections: tuple[Correction, ...] = ()
    offer_id: str | None = None
    note: str | None = None
    reason: str | None = None
    currency: str | UnsetType | None = UNSET
    left: int | UnsetType = UNSET
    matched: tuple[Match, ...] | UnsetType = UNSET
    withdrawn: int | UnsetType = UNSET
    asked_at: str | UnsetType = UNSET


class Pledges(Struct, frozen=True):
    """A page of pledges."""

    items: tuple[Pledge, ...]
    next: str | None
