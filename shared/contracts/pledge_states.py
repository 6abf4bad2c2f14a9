"""What the streams of the pledges service are about: the state of each after a change, and what all on them share.

A need and its pledges are one stream, numbered with `need.version`; `pledge.version` counts a pledge's own facts.
The ledger of a need always satisfies `quantity + over = uncommitted + held + pledged` and `delivered <= pledged`.
Quantities are whole numbers of the need's unit; money is in pence.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from shared.contracts.message import Command, Fact

Kind = Literal["time", "skill", "goods", "food_parcel", "meal", "money", "space", "transport", "equipment"]
Limit = Literal["hard", "soft"]
NeedStatus = Literal["open", "fulfilled", "paused", "closed"]
PledgeStatus = Literal[
    "held", "pledged", "delivered", "withdrawn", "released", "expired", "written_off", "declined", "corrected"
]
Urgency = Literal["soon", "urgent", "overdue"]
Quantity = Annotated[int, Meta(ge=1, le=1_000_000_000)]


class Matching(Struct, frozen=True):
    """How donors of offers are asked: so many at once, each for so many minutes; `asked` counts them all."""

    minutes: int
    wave_size: int
    wave: int = 0
    asked: int = 0
    status: Literal["running", "ended"] = "running"


class NeedState(Struct, frozen=True):
    """A need after a change; `partner_id` is the partner it was opened for.

    `written_off` was promised and never came: it is no part of `pledged` any more. What is `hidden` only those see
    who manage it or gave to it. `owners` are the partners whose members manage it, `partner_id` among them;
    `urgency` is the last step that the day `by` had come to while something was uncommitted.
    """

    id: str
    version: int
    revision: int
    created_at: str
    updated_at: str
    campaign_id: str
    partner_id: str | None
    title: str
    kind: Kind
    quantity: int
    unit: str
    currency: str | None
    limit: Limit
    by: str | None
    ward: str | None
    description: str | None
    principles: tuple[int, ...]
    languages: tuple[str, ...]
    related: tuple[str, ...]
    status: NeedStatus
    uncommitted: int
    held: int = 0
    pledged: int = 0
    delivered: int = 0
    over: int = 0
    written_off: int = 0
    hidden: bool = False
    subkind: str | None = None
    matching: Matching | None = None
    owners: tuple[str, ...] = ()
    urgency: Urgency | None = None


class Correction(Struct, frozen=True):
    """An error put right: what was said before, why it changed."""

    before: int
    after: int
    reason: str
    at: str


class Returned(Struct, frozen=True):
    """Some of a delivery went back, and why."""

    quantity: int
    reason: str
    at: str


class Delivery(Struct, frozen=True):
    """One delivery on a pledge, numbered from 1; `reported` ones count only when accepted.

    `quantity` is what counts now: what went back stands in `returns`. `session` is which of the
    pledge's sessions it was.
    `at` is when it was told of, `occurred_at` when it happened, where that was said.
    """

    n: int
    quantity: int
    status: Literal["reported", "confirmed"]
    at: str
    corrections: tuple[Correction, ...] = ()
    returns: tuple[Returned, ...] = ()
    session: str | None = None
    occurred_at: str | None = None


class PledgeState(Struct, frozen=True):
    """A pledge after a change; `donor` is a pseudonym that only the donor and the need's organisers read.

    `deliveries` is what was delivered so far, `delivered_quantity` the confirmed part of it.
    `quantity` stays what was promised when a pledge ends early; the need then counts the delivered part only.
    `held_until` is null once it is a promise. `offer_id` is the offer to the campaign that it came from,
    `corrections` are of its own quantity, where that was entered by mistake.
    `sessions` are the local starts of the times that are promised, in `timezone`; the last is the end of it.
    """

    id: str
    version: int
    revision: int
    created_at: str
    updated_at: str
    need_id: str
    campaign_id: str
    kind: Kind
    unit: str
    donor: str
    anonymous: bool
    quantity: int
    status: PledgeStatus
    held_until: str | None = None
    delivered_quantity: int = 0
    deliveries: tuple[Delivery, ...] = ()
    offer_id: str | None = None
    corrections: tuple[Correction, ...] = ()
    sessions: tuple[str, ...] = ()
    timezone: str | None = None
    mentoring: bool = False


class PledgeAnswer(Struct, frozen=True):
    """An anonymous pledge as others than its donor read it: `donor` is null."""

    id: str
    version: int
    revision: int
    created_at: str
    updated_at: str
    need_id: str
    campaign_id: str
    kind: Kind
    unit: str
    donor: None
    anonymous: bool
    quantity: int
    status: PledgeStatus
    held_until: str | None
    delivered_quantity: int
    deliveries: tuple[Delivery, ...]
    offer_id: str | None = None
    corrections: tuple[Correction, ...] = ()
    sessions: tuple[str, ...] = ()
    timezone: str | None = None
    mentoring: bool = False


class OfNeed(Command, frozen=True):
    """A command that a need decides."""

    need_id: str

    @property
    def stream(self) -> str:
        """The need."""
        return self.need_id


class OfPledge(OfNeed, frozen=True):
    """A command on one pledge, decided by its need."""

    pledge_id: str


class OnNeed(Fact, frozen=True):
    """A fact on a need's stream."""

    need: NeedState

    @property
    def stream(self) -> str:
        """The need."""
        return self.need.id

    @property
    def streamversion(self) -> int:
        """The need's version."""
        return self.need.version


class OnPledge(OnNeed, frozen=True):
    """A fact about one pledge on the need's stream."""

    pledge: PledgeState
