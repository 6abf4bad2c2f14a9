"""What the pledges service understands and tells: needs, pledges on them, deliveries.

A need and its pledges are one stream, numbered with `need.version`; `pledge.version` counts a pledge's own facts.
The ledger of a need always satisfies `quantity + over = uncommitted + held + pledged` and `delivered <= pledged`.
Quantities are whole numbers of the need's unit; money is in pence.
"""

from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from shared.contracts.message import Command, Fact, Family

Kind = Literal["time", "skill", "goods", "food_parcel", "meal", "money", "space", "transport", "equipment"]
Limit = Literal["hard", "soft"]
NeedStatus = Literal["open", "fulfilled", "paused", "closed"]
PledgeStatus = Literal["held", "pledged", "delivered", "withdrawn", "released", "expired"]
Quantity = Annotated[int, Meta(ge=1, le=1_000_000_000)]


class NeedState(Struct, frozen=True):
    """A need after a change; `partner_id` is the partner it was opened for."""

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


class Correction(Struct, frozen=True):
    """An error put right: what was said before, why it changed."""

    before: int
    after: int
    reason: str
    at: str


class Delivery(Struct, frozen=True):
    """One delivery on a pledge, numbered from 1; `reported` ones count only when accepted."""

    n: int
    quantity: int
    status: Literal["reported", "confirmed"]
    at: str
    corrections: tuple[Correction, ...] = ()


class PledgeState(Struct, frozen=True):
    """A pledge after a change; `donor` is a pseudonym that only the donor and the need's organisers read.

    `deliveries` is what was delivered so far, `delivered_quantity` the confirmed part of it.
    `quantity` stays what was promised when a pledge ends early; the need then counts the delivered part only.
    `held_until` is null once it is a promise.
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


# ---------------------------------------------------------------- commands


class OfNeed(Command, frozen=True):
    """A command that a need decides."""

    need_id: str

    @property
    def stream(self) -> str:
        """The need."""
        return self.need_id


class OpenNeed(OfNeed, frozen=True):
    """Ask for something on behalf of a campaign."""

    campaign_id: str
    title: str
    kind: Kind
    quantity: Quantity
    unit: str
    currency: str | None = None
    limit: Limit = "hard"
    by: str | None = None
    ward: str | None = None
    description: str | None = None
    principles: tuple[int, ...] = ()
    languages: tuple[str, ...] = ()
    related: tuple[str, ...] = ()


class ChangeNeed(OfNeed, frozen=True, omit_defaults=True):
    """Change what is set; `revision`, if given, must be the current one."""

    revision: int | None = None
    title: str | UnsetType = UNSET
    quantity: Quantity | UnsetType = UNSET
    unit: str | UnsetType = UNSET
    limit: Limit | UnsetType = UNSET
    by: str | UnsetType | None = UNSET
    ward: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    principles: tuple[int, ...] | UnsetType = UNSET
    languages: tuple[str, ...] | UnsetType = UNSET
    related: tuple[str, ...] | UnsetType = UNSET


class CloseNeed(OfNeed, frozen=True):
    """Take no more pledges; those made stay and can be delivered."""


class ReopenNeed(OfNeed, frozen=True):
    """Undo a close."""


class MakePledge(OfNeed, frozen=True):
    """Promise a quantity, at once or as a hold; the caller is the donor."""

    pledge_id: str
    quantity: Quantity
    hold_minutes: Annotated[int, Meta(ge=1, le=1_440)] | None = None
    note: str | None = None
    anonymous: bool = False


class OfPledge(OfNeed, frozen=True):
    """A command on one pledge, decided by its need."""

    pledge_id: str


class ChangePledge(OfPledge, frozen=True):
    """Set another quantity; `revision`, if given, must be the current one."""

    quantity: Quantity
    revision: int | None = None


class ConfirmPledge(OfPledge, frozen=True):
    """Make a hold a pledge."""


class DeliverPledge(OfPledge, frozen=True):
    """Tell of a delivery: by the organiser it counts at once, by the donor when accepted."""

    quantity: Quantity


class AcceptDelivery(OfPledge, frozen=True):
    """Count a reported delivery."""

    n: int


class CorrectDelivery(OfPledge, frozen=True):
    """Put the quantity of a delivery right; 0 if there was none."""

    n: int
    quantity: Annotated[int, Meta(ge=0, le=1_000_000_000)]
    reason: str


class WithdrawPledge(OfPledge, frozen=True):
    """The donor takes back what is not delivered."""

    reason: str | None = None


class ReleasePledge(OfPledge, frozen=True):
    """The organiser lets the donor off what is not delivered."""

    reason: str


class ExpireHold(OfPledge, frozen=True):
    """The service's own: the hold that was to end at `held_until` ends, if it still stands."""

    held_until: str


# ---------------------------------------------------------------- facts


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


class NeedOpened(OnNeed, frozen=True):
    """Something is asked for; `opened_by` (a pseudonym, never public) manages it beside the organisers."""

    opened_by: str


class NeedChanged(OnNeed, frozen=True):
    """Some of its fields, named in `changed`, are new."""

    changed: tuple[str, ...]


class NeedClosed(OnNeed, frozen=True):
    """It takes no more pledges."""


class NeedReopened(OnNeed, frozen=True):
    """It takes pledges again."""


class OnPledge(OnNeed, frozen=True):
    """A fact about one pledge on the need's stream."""

    pledge: PledgeState


class PledgeHeld(OnPledge, frozen=True):
    """A quantity is set aside until `pledge.held_until`."""


class PledgeMade(OnPledge, frozen=True):
    """A quantity is promised, at once."""


class PledgeConfirmed(OnPledge, frozen=True):
    """A hold became a promise."""


class PledgeChanged(OnPledge, frozen=True):
    """The donor changed the quantity from `before`."""

    before: int


class DeliveryReported(OnPledge, frozen=True):
    """The donor tells of a delivery; nothing counts yet."""

    delivery: Delivery


class PledgeDelivered(OnPledge, frozen=True):
    """A delivery counts."""

    delivery: Delivery


class DeliveryCorrected(OnPledge, frozen=True):
    """The quantity of a delivery was put right."""

    delivery: Delivery


class PledgeWithdrawn(OnPledge, frozen=True):
    """The donor took `quantity` back."""

    quantity: int


class PledgeReleased(OnPledge, frozen=True):
    """The organiser let the donor off `quantity`."""

    quantity: int


class PledgeExpired(OnPledge, frozen=True):
    """A hold ended unconfirmed; `quantity` is free again."""

    quantity: int


NeedCommand = (
    OpenNeed
    | ChangeNeed
    | CloseNeed
    | ReopenNeed
    | MakePledge
    | ChangePledge
    | ConfirmPledge
    | DeliverPledge
    | AcceptDelivery
    | CorrectDelivery
    | WithdrawPledge
    | ReleasePledge
    | ExpireHold
)
PledgeFact = (
    PledgeHeld
    | PledgeMade
    | PledgeConfirmed
    | PledgeChanged
    | DeliveryReported
    | PledgeDelivered
    | DeliveryCorrected
    | PledgeWithdrawn
    | PledgeReleased
    | PledgeExpired
)
NeedFact = NeedOpened | NeedChanged | NeedClosed | NeedReopened | PledgeFact

COMMANDS: Final = Family[Command](
    "pledges",
    OpenNeed,
    ChangeNeed,
    CloseNeed,
    ReopenNeed,
    MakePledge,
    ChangePledge,
    ConfirmPledge,
    DeliverPledge,
    AcceptDelivery,
    CorrectDelivery,
    WithdrawPledge,
    ReleasePledge,
    ExpireHold,
)
FACTS: Final = Family[Fact](
    "pledges",
    NeedOpened,
    NeedChanged,
    NeedClosed,
    NeedReopened,
    PledgeHeld,
    PledgeMade,
    PledgeConfirmed,
    PledgeChanged,
    DeliveryReported,
    PledgeDelivered,
    DeliveryCorrected,
    PledgeWithdrawn,
    PledgeReleased,
    PledgeExpired,
)
