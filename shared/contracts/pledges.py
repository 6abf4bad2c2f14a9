"""What the pledges service understands and tells: needs, pledges on them, deliveries.

This module is the door: all that the service's contracts name can be imported from here. A topic with a module of
its own builds on `pledge_states` and is added to the unions and families at the end.
"""

from typing import Annotated, Final

from msgspec import UNSET, Meta, UnsetType

from shared.contracts import commitments
from shared.contracts.befriending import (
    BefriendingChecked,
    BefriendingConsented,
    BefriendingEnded,
    BefriendingProposed,
    BefriendingStarted,
    BefriendingState,
    BefriendingStatus,
    CheckBefriending,
    ConsentToBefriending,
    EndBefriending,
    OfBefriending,
    OnBefriending,
    ProposeBefriending,
    RematchBefriending,
    Side,
)
from shared.contracts.bundles import BeginBundle, BundleBegun, BundleState, OfBundle
from shared.contracts.endings import (
    CorrectPledge,
    DeclinePledge,
    DeliveryReturned,
    EndingCommand,
    EndingFact,
    PledgeCorrected,
    PledgeDeclined,
    ReturnDelivery,
)
from shared.contracts.escalation import EscalateNeed, NeedEscalated
from shared.contracts.message import Command, Fact, Family
from shared.contracts.need_life import (
    HideNeed,
    NeedHidden,
    NeedPaused,
    NeedResumed,
    NeedUnhidden,
    NeedWrittenOff,
    PauseNeed,
    PledgeWrittenOff,
    ResumeNeed,
    UnhideNeed,
    WriteOffNeed,
    WriteOffPledge,
    WriteOffRest,
)
from shared.contracts.offers import (
    ChangeOffer,
    MakeOffer,
    Match,
    MatchOffer,
    OfferAnswer,
    OfferChanged,
    OfferCommand,
    OfferFact,
    OfferMade,
    OfferMatched,
    OfferReleased,
    OfferReturned,
    OfferSetAside,
    OfferState,
    OfferStatus,
    OfferWithdrawn,
    OfOffer,
    OnOffer,
    Refusal,
    ReleaseOffer,
    ReturnMatch,
    SettleMatch,
    TakeOffered,
    WithdrawOffer,
)
from shared.contracts.owners import AddOwner, OwnerAdded, OwnerRemoved, RemoveOwner
from shared.contracts.pledge_states import (
    Correction,
    Delivery,
    Kind,
    Limit,
    Matching,
    NeedState,
    NeedStatus,
    OfNeed,
    OfPledge,
    OnNeed,
    OnPledge,
    PledgeAnswer,
    PledgeState,
    PledgeStatus,
    Quantity,
    Returned,
    Urgency,
)
from shared.contracts.sheets import OfSheet
from shared.contracts.signals import (
    DismissSignal,
    MergeSignal,
    OfSignal,
    OnSignal,
    OpenPromoted,
    Promoted,
    PromoteSignal,
    ReportSignal,
    ReturnSignal,
    SignalAnswer,
    SignalDismissed,
    SignalMerged,
    SignalPromoted,
    SignalReported,
    SignalReturned,
    SignalState,
    SignalStatus,
)
from shared.contracts.waves import AskAround, MatchingEnded, NextWave, WaveCommand, WaveSent

# ---------------------------------------------------------------- commands


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
    subkind: str | None = None
    bundle: str | None = None


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
    """Promise a quantity, at once or as a hold; the caller is the donor. `note` and `place` are private."""

    pledge_id: str
    quantity: Quantity
    hold_minutes: Annotated[int, Meta(ge=1, le=1_440)] | None = None
    note: str | None = None
    anonymous: bool = False
    place: str | None = None
    sessions: tuple[str, ...] = ()
    timezone: str | None = None
    mentoring: bool = False


class ChangePledge(OfPledge, frozen=True):
    """Set another quantity; `revision`, if given, must be the current one."""

    quantity: Quantity
    revision: int | None = None


class ConfirmPledge(OfPledge, frozen=True):
    """Make a hold a pledge."""


class DeliverPledge(OfPledge, frozen=True):
    """Tell of a delivery: by the organiser it counts at once, by the donor when accepted. `reference` is private.

    `occurred_at`: when it was, for paper that is typed in later.
    """

    quantity: Quantity
    session: str | None = None
    reference: str | None = None
    occurred_at: str | None = None


class AcceptDelivery(OfPledge, frozen=True):
    """Count a reported delivery. `reference`, of the receipt, is private."""

    n: int
    reference: str | None = None


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


LifeCommand = PauseNeed | ResumeNeed | HideNeed | UnhideNeed | WriteOffPledge | WriteOffNeed | WriteOffRest
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
    | TakeOffered
    | EndingCommand
    | WaveCommand
    | LifeCommand
    | AddOwner
    | RemoveOwner
    | EscalateNeed
    | OpenPromoted
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
    | PledgeWrittenOff
    | EndingFact
)
NeedFact = (
    NeedOpened
    | NeedChanged
    | NeedClosed
    | NeedReopened
    | NeedPaused
    | NeedResumed
    | NeedHidden
    | NeedUnhidden
    | NeedWrittenOff
    | OwnerAdded
    | OwnerRemoved
    | NeedEscalated
    | PledgeFact
)

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
    PauseNeed,
    ResumeNeed,
    HideNeed,
    UnhideNeed,
    WriteOffPledge,
    WriteOffNeed,
    WriteOffRest,
    AddOwner,
    RemoveOwner,
    EscalateNeed,
    OpenPromoted,
    ReportSignal,
    PromoteSignal,
    ReturnSignal,
    DismissSignal,
    MergeSignal,
    BeginBundle,
    MakeOffer,
    ChangeOffer,
    WithdrawOffer,
    ReleaseOffer,
    MatchOffer,
    TakeOffered,
    SettleMatch,
    ReturnMatch,
    CorrectPledge,
    ReturnDelivery,
    DeclinePledge,
    AskAround,
    NextWave,
    *commitments.COMMANDS,
    ProposeBefriending,
    RematchBefriending,
    ConsentToBefriending,
    CheckBefriending,
    EndBefriending,
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
    NeedPaused,
    NeedResumed,
    NeedHidden,
    NeedUnhidden,
    NeedWrittenOff,
    PledgeWrittenOff,
    OwnerAdded,
    OwnerRemoved,
    NeedEscalated,
    SignalReported,
    SignalPromoted,
    SignalReturned,
    SignalDismissed,
    SignalMerged,
    BundleBegun,
    OfferMade,
    OfferChanged,
    OfferWithdrawn,
    OfferReleased,
    OfferSetAside,
    OfferMatched,
    OfferReturned,
    PledgeCorrected,
    DeliveryReturned,
    PledgeDeclined,
    WaveSent,
    MatchingEnded,
    *commitments.FACTS,
    BefriendingProposed,
    BefriendingConsented,
    BefriendingChecked,
    BefriendingStarted,
    BefriendingEnded,
)
