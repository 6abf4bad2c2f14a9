"""What the events service understands and tells: campaigns, partners, events, registrations.

This module is the door: all that the service's contracts name can be imported from here. A topic with a module of
its own builds on `event_states` and is added to the unions and families at the end.
"""

from typing import Final

from msgspec import UNSET, UnsetType

from shared.contracts import evolution, life, occurrences, partners, shifts, venues, vocabularies, voices
from shared.contracts.campaign_life import (
    CampaignChanged,
    CampaignPaused,
    CampaignResumed,
    ChangeCampaign,
    PauseCampaign,
    ResumeCampaign,
)
from shared.contracts.event_states import (
    CampaignState,
    CampaignStatus,
    Cancellation,
    Clash,
    EventAnswer,
    EventState,
    EventStatus,
    EventType,
    Occurrence,
    OccurrenceState,
    OfCampaign,
    OfEvent,
    OfPartner,
    OnCampaign,
    OnEvent,
    OnPartner,
    Part,
    PartnerAnswer,
    PartnerApproval,
    PartnerState,
    PartnerStatus,
    Registered,
    RegistrationAnswer,
    RegistrationState,
    RegistrationStatus,
    Sector,
    Venue,
    VenueChange,
    Verification,
    Visibility,
)
from shared.contracts.evolution import CampaignEvolved, EvolutionCommand, EvolutionFact, EvolveCampaign, TakeOver
from shared.contracts.hosting import CancelPart
from shared.contracts.life import LifeCommand, LifeFact
from shared.contracts.message import Command, Fact, Family
from shared.contracts.occurrences import (
    CancelOccurrence,
    ChangeOccurrence,
    ChangeRegistration,
    OccurrenceCancelled,
    OccurrenceChanged,
    OccurrenceCommand,
    OccurrenceFact,
    RegistrationChanged,
    ReviewOccurrences,
)
from shared.contracts.partners import (
    AcceptInvitation,
    ApprovePartner,
    ChangePartner,
    DeclineInvitation,
    InvitationDeclined,
    InvitePartner,
    LeavePartner,
    PartnerApplied,
    PartnerChanged,
    PartnerCommand,
    PartnerFact,
    PartnerInvited,
    PartnerLeft,
    PartnerRecord,
    PartnerRemoved,
    PartnerVerified,
    RemovePartner,
    VerifyPartner,
)
from shared.contracts.recurrence import Recurrence, RecurrenceChange
from shared.contracts.vocabularies import VocabularyCommand, VocabularyFact

# ---------------------------------------------------------------- commands on a campaign


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
    priorities: tuple[int, ...] = ()
    partner_approval: PartnerApproval = "open"


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


class AddPartner(OfPartner, frozen=True):
    """Join the campaign as an organisation; the caller becomes its first member."""

    name: str
    sector: Sector
    url: str | None = None
    org_id: str | None = None


class AddMember(OfPartner, frozen=True):
    """Let a person act for a partner."""

    person: str


class RemoveMember(OfPartner, frozen=True):
    """Take that right back; the last member stays."""

    person: str


# ---------------------------------------------------------------- commands on an event


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
    type: EventType = "one_off"
    previous: str | None = None
    recurrence: Recurrence | None = None
    parent_id: str | None = None


class PublishEvent(OfEvent, frozen=True):
    """Announce a draft."""


class ChangeEvent(OfEvent, frozen=True, omit_defaults=True):
    """Change what is set; `revision`, if given, must be the current one.

    Of a series what has begun stays as it was; `following` names the first occurrence to be otherwise.
    """

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
    type: EventType | UnsetType = UNSET
    previous: str | UnsetType | None = UNSET
    recurrence: RecurrenceChange | UnsetType | None = UNSET
    following: str | None = None


class CancelEvent(OfEvent, frozen=True):
    """Call an event off; everything that hangs on it reads as cancelled from then on."""

    reason: str


class Register(OfEvent, frozen=True):
    """Take places for a party; `registration_id` derives from the event, the occurrence if named, and the person.

    `single`, where an occurrence is named, is the id by event and person: an event that does not recur has that.
    `ages` are those of the whole party, where they matter; `guardian_consent`: a guardian agrees for who is under 18.
    """

    registration_id: str
    party_size: int = 1
    ages: tuple[int, ...] = ()
    guardian_consent: bool = False
    occurrence: str | None = None
    single: str = ""


class LeaveEvent(OfEvent, frozen=True):
    """Give the places back; ids as of `Register`."""

    registration_id: str
    occurrence: str | None = None
    single: str = ""


class PromoteWaiting(OfEvent, frozen=True):
    """The service's own: go on giving free places to those who wait (a step of at most 200)."""

    occurrence: str | None = None


# ---------------------------------------------------------------- facts


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


class PartnerJoined(OnPartner, frozen=True):
    """An organisation takes part."""


class MemberAdded(OnPartner, frozen=True):
    """A person may act for the partner."""

    person: str


class MemberRemoved(OnPartner, frozen=True):
    """A person may no longer."""

    person: str


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
    occurrence: OccurrenceState | None = None


class RegistrationWaitlisted(OnEvent, frozen=True):
    """A party waits."""

    registration: RegistrationState
    occurrence: OccurrenceState | None = None


class RegistrationPromoted(OnEvent, frozen=True):
    """A party that waited has its places now."""

    registration: RegistrationState
    occurrence: OccurrenceState | None = None


class RegistrationCancelled(OnEvent, frozen=True):
    """A party gave its places back, or stopped waiting."""

    registration: RegistrationState
    occurrence: OccurrenceState | None = None


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
    | ChangeCampaign
    | PauseCampaign
    | ResumeCampaign
    | VocabularyCommand
    | PartnerCommand
    | EvolutionCommand
)
EventCommand = (
    CreateEvent
    | PublishEvent
    | ChangeEvent
    | CancelEvent
    | Register
    | LeaveEvent
    | PromoteWaiting
    | LifeCommand
    | OccurrenceCommand
    | CancelPart
)
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
    | CampaignChanged
    | CampaignPaused
    | CampaignResumed
    | VocabularyFact
    | PartnerFact
    | EvolutionFact
)
RegistrationFact = (
    RegistrationMade | RegistrationWaitlisted | RegistrationPromoted | RegistrationCancelled | RegistrationChanged
)
EventFact = EventCreated | EventPublished | EventChanged | EventCancelled | RegistrationFact | LifeFact | OccurrenceFact

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
    ChangeCampaign,
    PauseCampaign,
    ResumeCampaign,
    CreateEvent,
    PublishEvent,
    ChangeEvent,
    CancelEvent,
    Register,
    LeaveEvent,
    PromoteWaiting,
    *life.COMMANDS,
    *vocabularies.COMMANDS,
    *shifts.COMMANDS,
    *partners.COMMANDS,
    *evolution.COMMANDS,
    *occurrences.COMMANDS,
    *venues.COMMANDS,
    *voices.COMMANDS,
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
    CampaignChanged,
    CampaignPaused,
    CampaignResumed,
    EventCreated,
    EventPublished,
    EventChanged,
    EventCancelled,
    RegistrationMade,
    RegistrationWaitlisted,
    RegistrationPromoted,
    RegistrationCancelled,
    *life.FACTS,
    *vocabularies.FACTS,
    *shifts.FACTS,
    *partners.FACTS,
    *evolution.FACTS,
    *occurrences.FACTS,
    *venues.FACTS,
    *voices.FACTS,
)
