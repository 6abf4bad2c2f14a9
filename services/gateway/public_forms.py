"""What the public streams tell: the allow-list, field by field. A field that is not named here is in no stream. Pure.

People are in none of it, not even as pseudonyms: no organisers, no members, no donors, and of a pledge the
quantity and the kind alone. A log cannot take back what it told.
"""

from typing import Final

from msgspec import Struct

from shared.contracts.commitments import CommitmentStatus, EvidenceKind
from shared.contracts.events import (
    CampaignStatus,
    EventStatus,
    EventType,
    PartnerStatus,
    Sector,
    Verification,
    Visibility,
)
from shared.contracts.message import Family, Message
from shared.contracts.pledges import Kind, Limit, NeedStatus, Urgency


class Campaign(Struct, frozen=True):
    """A campaign."""

    id: str
    version: int
    revision: int
    created_at: str
    updated_at: str
    name: str
    slug: str
    summary: str
    starts_on: str | None
    ends_on: str | None
    wards: tuple[str, ...]
    principles: tuple[int, ...]
    languages: tuple[str, ...]
    successor_of: str | None
    status: CampaignStatus
    partner_count: int
    evolved_into: str | None


class Partner(Struct, frozen=True):
    """An organisation that takes part in a campaign, or did."""

    id: str
    version: int
    created_at: str
    updated_at: str
    campaign_id: str
    name: str
    sector: Sector
    url: str | None
    org_id: str | None
    status: PartnerStatus
    verification: Verification


class Venue(Struct, frozen=True, omit_defaults=True):
    """Where an event is; of a hidden location the ward alone."""

    name: str | None = None
    address: str | None = None
    ward: str | None = None
    lat: float | None = None
    lon: float | None = None
    access: tuple[str, ...] = ()


class Cancellation(Struct, frozen=True):
    """Why and when an event was cancelled."""

    reason: str
    at: str


class FigureCorrection(Struct, frozen=True):
    """A figure put right: what was said before, and why it changed."""

    before: int
    after: int
    reason: str
    at: str


class Outcome(Struct, frozen=True):
    """A figure of what an event brought about."""

    figure: str
    quantity: int
    unit: str
    at: str
    occurred_at: str
    corrections: tuple[FigureCorrection, ...]


class Completion(Struct, frozen=True):
    """When an event was written down as done, and when it was."""

    at: str
    occurred_at: str


class Attendance(Struct, frozen=True):
    """How many people came; who they are is told nowhere."""

    headcount: int | None
    attended: int
    no_show: int
    at: str
    occurred_at: str
    corrections: tuple[FigureCorrection, ...]


class Recurrence(Struct, frozen=True, omit_defaults=True):
    """How an event comes again (RFC 5545)."""

    rrule: str | None = None
    exdates: tuple[str, ...] = ()
    rdates: tuple[str, ...] = ()


class Event(Struct, frozen=True):
    """An event; `registered`, `waiting` and `left` count people."""

    id: str
    version: int
    revision: int
    created_at: str
    updated_at: str
    campaign_id: str
    title: str
    description: str | None
    category: str
    starts_at: str
    ends_at: str
    timezone: str
    starts_at_utc: str
    ends_at_utc: str
    venue: Venue | None
    online_url: str | None
    visibility: Visibility
    capacity: int | None
    waiting_list: bool
    principles: tuple[int, ...]
    languages: tuple[str, ...]
    age_min: int | None
    age_max: int | None
    status: EventStatus
    registered: int
    waiting: int
    left: int | None
    cancellation: Cancellation | None
    published_at: str | None
    completion: Completion | None = None
    attendance: Attendance | None = None
    outcomes: tuple[Outcome, ...] = ()
    type: EventType = "one_off"
    previous: str | None = None
    parent_id: str | None = None
    hosts: tuple[str, ...] = ()
    recurrence: Recurrence | None = None


class Occurrence(Struct, frozen=True, omit_defaults=True):
    """One occurrence, named by its original local start; what is null is as the series says."""

    occurrence: str
    registered: int = 0
    waiting: int = 0
    starts_at: str | None = None
    ends_at: str | None = None
    venue: Venue | None = None
    online_url: str | None = None
    capacity: int | None = None
    cancellation: Cancellation | None = None
    completion: Completion | None = None
    attendance: Attendance | None = None
    outcomes: tuple[Outcome, ...] = ()


class Need(Struct, frozen=True):
    """A need and its ledger."""

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
    held: int
    pledged: int
    delivered: int
    over: int
    written_off: int = 0
    owners: tuple[str, ...] = ()
    urgency: Urgency | None = None
    subkind: str | None = None


class Evidence(Struct, frozen=True):
    """What shows that a commitment is kept: an event, a delivery, a link or a reference."""

    kind: EvidenceKind
    ref: str
    at: str


class Commitment(Struct, frozen=True):
    """What an organisation has committed itself to."""

    id: str
    version: int
    revision: int
    created_at: str
    updated_at: str
    campaign_id: str
    partner_id: str | None
    organisation: str
    principles: tuple[int, ...]
    actions: tuple[str, ...]
    review_on: str
    renewed_at: str
    status: CommitmentStatus
    review_passed: bool
    evidence: tuple[Evidence, ...]


class Pledge(Struct, frozen=True):
    """What a change to a pledge is about: `quantity` was promised, delivered or taken back."""

    kind: Kind
    unit: str
    quantity: int


class Gone(Struct, frozen=True):
    """What is not public any more; its id alone."""

    id: str


# ---------------------------------------------------------------- the data of each type


class OfCampaign(Message, frozen=True):
    """`change`: launched, reopened, resumed; paused, closed, evolved; changed, which it may be in any status."""

    campaign: Campaign
    change: str


class CampaignLaunched(OfCampaign, frozen=True):
    """The campaign is live, for the first time, again, or in another form."""


class CampaignClosed(OfCampaign, frozen=True):
    """The campaign takes nothing new: it rests or has ended. One that was so already may be told in another form."""


class OfPartner(Message, frozen=True):
    """`change`: joined; changed, verified; left, removed."""

    partner: Partner
    campaign: Campaign
    change: str


class PartnerJoined(OfPartner, frozen=True):
    """An organisation takes part."""


class PartnerChanged(OfPartner, frozen=True):
    """It is not what it was, or somebody vouched for it."""


class PartnerLeft(OfPartner, frozen=True):
    """It takes part no longer."""


class OfEvent(Message, frozen=True):
    """`change`: published, changed, cancelled; of registrations: registered, waitlisted, promoted, changed, left.

    `occurrence` is the one that this is about, if it is about one of a series alone.
    """

    event: Event
    change: str
    occurrence: Occurrence | None = None


class EventPublished(OfEvent, frozen=True):
    """An event is announced. `change`: published; unhidden, when it comes back after `EventHidden`."""


class EventChanged(OfEvent, frozen=True):
    """An event is not what it was. `change`: changed; occurrence_changed, occurrence_cancelled: one of a series."""


class EventCancelled(OfEvent, frozen=True):
    """An event is called off."""


class EventCompleted(OfEvent, frozen=True):
    """An event is done. `change`: completed; added or corrected, when its figures changed afterwards."""


class RegistrationsChanged(OfEvent, frozen=True):
    """Other numbers of people are registered or wait; who they are is told nowhere."""


class EventHidden(Message, frozen=True):
    """An event is not public any more: forget it. `change`: hidden."""

    event: Gone
    change: str


class OfNeed(Message, frozen=True):
    """`change`: opened, changed, closed or written_off, reopened, and what is in `public.STANDINGS`."""

    need: Need
    change: str


class NeedOpened(OfNeed, frozen=True):
    """Something is asked for."""


class NeedChanged(OfNeed, frozen=True):
    """It is asked for in another way, or again."""


class NeedClosed(OfNeed, frozen=True):
    """It takes no more pledges."""


class NeedHidden(Message, frozen=True):
    """A need is not public any more: forget it. `change`: hidden."""

    need: Gone
    change: str


class OfPledge(Message, frozen=True):
    """A pledge on a need, and the need after it."""

    need: Need
    pledge: Pledge
    change: str


class PledgeMade(OfPledge, frozen=True):
    """One for each pledge. `change`: pledged, or held (set aside until confirmed)."""


class PledgeChanged(OfPledge, frozen=True):
    """`change`: changed (another quantity), or confirmed (a hold became a promise)."""


class PledgeDelivered(OfPledge, frozen=True):
    """A delivery counts. `change`: delivered, or corrected (`quantity` is then the right one)."""


class PledgeWithdrawn(OfPledge, frozen=True):
    """`change`: withdrawn (by the donor), released (by the organiser), expired (a hold), written_off (did not come)."""


class OfCommitment(Message, frozen=True):
    """A commitment to the shared vision."""

    commitment: Commitment
    change: str


class CommitmentMade(OfCommitment, frozen=True):
    """An organisation commits itself. `change`: made."""


class CommitmentChanged(OfCommitment, frozen=True):
    """`change`: changed, evidence-attached, evidence-taken-back, reviewed (see `status`), renewed, ended."""


class Epoch(Message, frozen=True):
    """The first record of a public topic, told again when it is silent: which log it is. No event of the stream."""

    epoch: str


class Heartbeat(Message, frozen=True):
    """One a second: the public topics are written. `heads` holds the cursor of the last event of each."""

    heads: dict[str, str]


EVENTS: Final = Family[Message](
    "events",
    CampaignLaunched,
    CampaignClosed,
    PartnerJoined,
    PartnerChanged,
    PartnerLeft,
    EventPublished,
    EventChanged,
    EventCancelled,
    EventCompleted,
    RegistrationsChanged,
    EventHidden,
)
PLEDGES: Final = Family[Message](
    "pledges",
    NeedOpened,
    NeedChanged,
    NeedClosed,
    NeedHidden,
    PledgeMade,
    PledgeChanged,
    PledgeDelivered,
    PledgeWithdrawn,
    CommitmentMade,
    CommitmentChanged,
)
LOGS: Final = Family[Message]("public", Epoch)
"""What any public topic holds besides."""
HEARTBEATS: Final = Family[Message]("public", Heartbeat)

FAMILIES: Final = {"public.events": EVENTS, "public.pledges": PLEDGES, "public.heartbeat": HEARTBEATS}
"""What each public topic holds."""
