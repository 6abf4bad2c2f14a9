"""Pledges and offers as they are read."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from shared.contracts.pledge_states import Returned
from shared.contracts.pledges import Correction, Kind, Match, OfferStatus, PledgeStatus


class DeliveryTold(Struct, frozen=True):
    """A delivery with its words: `reference` as it was told, `receipt` as it was accepted."""

    n: int
    quantity: int
    status: Literal["reported", "confirmed"]
    at: str
    corrections: tuple[Correction, ...]
    returns: tuple[Returned, ...] = ()
    session: str | None = None
    occurred_at: str | None = None
    reference: str | None = None
    receipt: str | None = None


class Pledge(Struct, frozen=True):
    """A pledge, or an offer to a campaign, as donor and organisers read it.

    An anonymous `donor` is told to nobody else. `note` and `place` (the donor's) and `reason` (why it ended)
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
    deliveries: tuple[DeliveryTold, ...]
    corrections: tuple[Correction, ...] = ()
    offer_id: str | None = None
    note: str | None = None
    reason: str | None = None
    place: str | None = None
    sessions: tuple[str, ...] = ()
    timezone: str | None = None
    mentoring: bool = False
    currency: str | UnsetType | None = UNSET
    left: int | UnsetType = UNSET
    matched: tuple[Match, ...] | UnsetType = UNSET
    withdrawn: int | UnsetType = UNSET
    asked_at: str | UnsetType = UNSET


class Pledges(Struct, frozen=True):
    """A page of pledges."""

    items: tuple[Pledge, ...]
    next: str | None
