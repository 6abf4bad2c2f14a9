"""What the events service understands and tells: campaigns, partners, events, registrations.

The states are the public representations, field by field, but for what their docstrings name.
Facts on a campaign's stream number with `campaign.version`, facts on an event's stream with `event.version`.
"""

from typing import Final, Literal

from msgspec import UNSET, Struct, UnsetType

from shared.contracts.message import Command, Fact, Family

CampaignStatus = Literal["draft", "live", "paused", "closed", "evolved"]
EventStatus = Literal["draft", "published", "cancelled", "completed"]
Visibility = Literal["public", "members", "hidden_location"]
RegistrationStatus = Literal["registered", "waiting", "cancelled", "attended", "no_show"]
Sector = Literal[
    "education", "faith", "local_authority", "community", "business", "health", "police", "culture", "other"
]


class CampaignState(Struct, frozen=True):
    """A campaign after a change."""

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
    organisers: tuple[str, ...]
    partner_count: int = 0


class PartnerState(Struct, frozen=True):
    """A partner of a campaign; `members` (pseudonyms) act for it and are in no public representation."""

    id: str
    version: int
    created_at: str
    updated_at: str
    campaign_id: str
    name: str
    sector: Sector
    url: str | None
    org_id: str | None
    members: tuple[str, ...]


class Venue(Struct, frozen=True, omit_defaults=True):
    """Where an event is; of a hidden location only `ward` is told."""

    name: str | None = None
    address: str | None = None
    ward: str | None = None
    lat: float | None = None
    lon: float | None = None
    access: tuple[str, ...] = ()


class VenueChange(Struct, frozen=True, omit_defaults=True):
    """The fields of a venue that are to be others (JSON merge patch, RFC 7396); null empties one."""

    name: str | UnsetType | None = UNSET
    address: str | UnsetType | None = UNSET
    ward: str | UnsetType | None = UNSET
    lat: float | UnsetType | None = UNSET
    lon: float | UnsetType | None = UNSET
    access: tuple[str, ...] | UnsetType | None = UNSET


class Cancellation(Struct, frozen=True):
    """Why and when an event was cancelled."""

    reason: str
    at: str


class EventState(Struct, frozen=True):
    """An event after a change; of a hidden location `venue` and `online_url` hold no more than the ward.

    `registered`, `waiting` and `left` count people; `left` is null without a capacity.
    `starts_at` and `ends_at` are local times in `timezone`. Without `published_at` it was never announced.
    """

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
    registered: int = 0
    waiting: int = 0
    left: int | None = None
    cancellation: Cancellation | None = None
    published_at: str | None = None


class RegistrationState(Struct, frozen=True):
    """One party's place; `person` is a pseudonym. `position` is told in answers only."""

    id: str
    version: int
    created_at: str
    updated_at: str
    event_id: str
    occurrence: str | None
    person: str
    party_size: int
    status: RegistrationStatus


class RegistrationAnswer(Struct, frozen=True):
    """A registration as its owner reads it; `position` counts the parties up to this one, null unless waiting."""

    id: str
    version: int
    created_at: str
    updated_at: str
    event_id: str
    occurrence: str | None
    party_size: int
    status: RegistrationStatus
    position: int | None


class PartnerAnswer(Struct, frozen=True):
    """A partner as everybody reads it."""

    id: str
    version: int
    created_at: str
    updated_at: str
    campaign_id: str
    name: str
    sector: Sector
    url: str | None
    org_id: str | None


# ---------------------------------------------------------------- commands on a campaign


class OfCampaign(Command, frozen=True):
    """A command that a campaign decides."""

    campaign_id: str

    @property
    def stream(self) -> str:
        """The campaign."""
        return self.campaign_id


class CreateCampaign(OfCampaign, frozen=True):
    """Open a draft; the caller becomes its first organiser. The slug must be free."""

    name: str
    slug: str
    summary: str
    starts_on: str | None = None
    ends_on: str | None = None
    wards: tuple[str, ...] = ()
    principles: tuple[int, ...] = ()
    languages: tuple[str, ...] = ()
    successor_of: str | None = None


class LaunchCampaign(OfCampaign, frozen=True):
    """Make a draft live."""


class CloseCampaign(OfCampaign, frozen=True):
    """End a campaign: nothing new is opened in it."""


class ReopenCampaign(OfCampaign, frozen=True):
    """Undo a close."""


class AddOrganiser(OfCampaign, frozen=True):
    """Let a person organise the campaign."""

    person: str


class RemoveOrganiser(OfCampaign, frozen=True):
    """Take that right back; the last organiser stays."""

    person: str


class AddPartner(OfCampaign, frozen=True):
    """Join the campaign as an organisation; the caller becomes its first member."""

    partner_id: str
    name: str
    sector: Sector
    url: str | None = None
    org_id: str | None = None


class AddMember(OfCampaign, frozen=True):
    """Let a person act for a partner."""

    partner_id: str
    person: str


class RemoveMember(OfCampaign, frozen=True):
    """Take that right back; the last member stays."""

    partner_id: str
    person: str


# ---------------------------------------------------------------- commands on an event


class OfEvent(Command, frozen=True):
    """A command that an event decides."""

    event_id: str

    @property
    def stream(self) -> str:
        """The event."""
        return self.event_id


class CreateEvent(OfEvent, frozen=True):
    """Plan an event of a campaign, published at once if `publish`."""

    campaign_id: str
    title: str
    category: str
    starts_at: str
    ends_at: str
    timezone: str = "Europe/London"
    description: str | None = None
    venue: Venue | None = None
    online_url: str | None = None
    visibility: Visibility = "public"
    capacity: int | None = None
    waiting_list: bool = True
    principles: tuple[int, ...] = ()
    languages: tuple[str, ...] = ()
    age_min: int | None = None
    age_max: int | None = None
    publish: bool = False


class PublishEvent(OfEvent, frozen=True):
    """Announce a draft."""


class ChangeEvent(OfEvent, frozen=True, omit_defaults=True):
    """Change what is set; `revision`, if given, must be the current one."""

    revision: int | None = None
    title: str | UnsetType = UNSET
    category: str | UnsetType = UNSET
    starts_at: str | UnsetType = UNSET
    ends_at: str | UnsetType = UNSET
    timezone: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    venue: VenueChange | UnsetType | None = UNSET
    online_url: str | UnsetType | None = UNSET
    visibility: Visibility | UnsetType = UNSET
    capacity: int | UnsetType | None = UNSET
    waiting_list: bool | UnsetType = UNSET
    principles: tuple[int, ...] | UnsetType = UNSET
    languages: tuple[str, ...] | UnsetType = UNSET
    age_min: int | UnsetType | None = UNSET
    age_max: int | UnsetType | None = UNSET


class CancelEvent(OfEvent, frozen=True):
    """Call an event off; everything that hangs on it reads as cancelled from then on."""

    reason: str


class Register(OfEvent, frozen=True):
    """Take places for a party; `registration_id` derives from the event and the person."""

    registration_id: str
    party_size: int = 1


class LeaveEvent(OfEvent, frozen=True):
    """Give the places back."""

    registration_id: str


class PromoteWaiting(OfEvent, frozen=True):
    """The service's own: go on giving free places to those who wait (a step of at most 200)."""


# ---------------------------------------------------------------- facts


class OnCampaign(Fact, frozen=True):
    """A fact on a campaign's stream."""

    campaign: CampaignState

    @property
    def stream(self) -> str:
        """The campaign."""
        return self.campaign.id

    @property
    def streamversion(self) -> int:
        """The campaign's version."""
        return self.campaign.version


class CampaignCreated(OnCampaign, frozen=True):
    """A draft exists."""


class CampaignLaunched(OnCampaign, frozen=True):
    """The campaign is live."""


class CampaignClosed(OnCampaign, frozen=True):
    """The campaign has ended."""


class CampaignReopened(OnCampaign, frozen=True):
    """A close was undone."""


class OrganiserAdded(OnCampaign, frozen=True):
    """A person may organise the campaign."""

    person: str


class OrganiserRemoved(OnCampaign, frozen=True):
    """A person may no longer."""

    person: str


class PartnerJoined(OnCampaign, frozen=True):
    """An organisation takes part."""

    partner: PartnerState


class MemberAdded(OnCampaign, frozen=True):
    """A person may act for the partner."""

    partner: PartnerState
    person: str


class MemberRemoved(OnCampaign, frozen=True):
    """A person may no longer."""

    partner: PartnerState
    person: str


class OnEvent(Fact, frozen=True):
    """A fact on an event's stream."""

    event: EventState

    @property
    def stream(self) -> str:
        """The event."""
        return self.event.id

    @property
    def streamversion(self) -> int:
        """The event's version."""
        return self.event.version


class EventCreated(OnEvent, frozen=True):
    """An event is planned."""


class EventPublished(OnEvent, frozen=True):
    """An event is announced."""


class EventChanged(OnEvent, frozen=True):
    """Some of its fields, named in `changed`, are new."""

    changed: tuple[str, ...]


class EventCancelled(OnEvent, frozen=True):
    """The event is called off."""


class RegistrationMade(OnEvent, frozen=True):
    """A party has its places."""

    registration: RegistrationState


class RegistrationWaitlisted(OnEvent, frozen=True):
    """A party waits."""

    registration: RegistrationState


class RegistrationPromoted(OnEvent, frozen=True):
    """A party that waited has its places now."""

    registration: RegistrationState


class RegistrationCancelled(OnEvent, frozen=True):
    """A party gave its places back, or stopped waiting."""

    registration: RegistrationState


CampaignCommand = (
    CreateCampaign
    | LaunchCampaign
    | CloseCampaign
    | ReopenCampaign
    | AddOrganiser
    | RemoveOrganiser
    | AddPartner
    | AddMember
    | RemoveMember
)
EventCommand = CreateEvent | PublishEvent | ChangeEvent | CancelEvent | Register | LeaveEvent | PromoteWaiting
CampaignFact = (
    CampaignCreated
    | CampaignLaunched
    | CampaignClosed
    | CampaignReopened
    | OrganiserAdded
    | OrganiserRemoved
    | PartnerJoined
    | MemberAdded
    | MemberRemoved
)
RegistrationFact = RegistrationMade | RegistrationWaitlisted | RegistrationPromoted | RegistrationCancelled
EventFact = EventCreated | EventPublished | EventChanged | EventCancelled | RegistrationFact

COMMANDS: Final = Family[Command](
    "events",
    CreateCampaign,
    LaunchCampaign,
    CloseCampaign,
    ReopenCampaign,
    AddOrganiser,
    RemoveOrganiser,
    AddPartner,
    AddMember,
    RemoveMember,
    CreateEvent,
    PublishEvent,
    ChangeEvent,
    CancelEvent,
    Register,
    LeaveEvent,
    PromoteWaiting,
)
FACTS: Final = Family[Fact](
    "events",
    CampaignCreated,
    CampaignLaunched,
    CampaignClosed,
    CampaignReopened,
    OrganiserAdded,
    OrganiserRemoved,
    PartnerJoined,
    MemberAdded,
    MemberRemoved,
    EventCreated,
    EventPublished,
    EventChanged,
    EventCancelled,
    RegistrationMade,
    RegistrationWaitlisted,
    RegistrationPromoted,
    RegistrationCancelled,
)
