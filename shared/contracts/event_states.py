"""What the streams of the events service are about: the state of each after a change, and what all on them share.

The states are the public representations, field by field, but for what their docstrings name.
Facts on a campaign's stream number with `campaign.version`, facts on an event's stream with `event.version`.
"""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from shared.contracts.additions import AddedCategory, AddedNeedKind
from shared.contracts.message import Command, Fact
from shared.contracts.recurrence import Recurrence
from shared.contracts.results import Attendance, Completion, Outcome

CampaignStatus = Literal["draft", "live", "paused", "closed", "evolved"]
EventStatus = Literal["draft", "published", "cancelled", "completed"]
EventType = Literal["one_off", "series", "course", "drop_in", "summit", "public_meeting", "consultation"]
Visibility = Literal["public", "members", "hidden_location"]
RegistrationStatus = Literal["registered", "waiting", "cancelled", "attended", "no_show"]
PartnerApproval = Literal["open", "approval"]
PartnerStatus = Literal["invited", "pending", "active", "left", "removed"]
Verification = Literal["provisional", "verified"]
Sector = Literal[
    "education", "faith", "local_authority", "community", "business", "health", "police", "culture", "other"
]


class CampaignState(Struct, frozen=True):
    """A campaign after a change. What led to it under a former slug goes on doing so.

    `partner_approval` says whether organisations join or ask to; `partner_count` counts active ones.
    """

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
    former_slugs: tuple[str, ...] = ()
    priorities: tuple[int, ...] = ()
    categories: tuple[AddedCategory, ...] = ()
    need_kinds: tuple[AddedNeedKind, ...] = ()
    partner_approval: PartnerApproval = "open"
    evolved_into: str | None = None


class PartnerState(Struct, frozen=True):
    """A partner of a campaign; `members` (pseudonyms) act for it and are in no public representation.

    So are `invitees`, who may accept for it while it is invited. `joined_at` is when it became active.
    """

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
    revision: int = 1
    status: PartnerStatus = "active"
    verification: Verification = "provisional"
    joined_at: str | None = None
    invitees: tuple[str, ...] = ()


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


class Part(Struct, frozen=True):
    """What a series was from the local time `since` (if any) to before `until`: it stays so for what is named there."""

    until: str
    starts_at: str
    ends_at: str
    recurrence: Recurrence
    venue: Venue | None
    online_url: str | None
    capacity: int | None
    since: str | None = None


class OccurrenceState(Struct, frozen=True, omit_defaults=True):
    """What is particular to one occurrence, named by its original local start; what is null is as the series says.

    `version` is the event's at the occurrence's last change. `registered` and `waiting` count people.
    """

    event_id: str
    occurrence: str
    version: int = 0
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


class EventState(Struct, frozen=True):
    """An event after a change; of a hidden location `venue` and `online_url` hold no more than the ward.

    `registered`, `waiting` and `left` count people; `left` is null without a capacity.
    `starts_at` and `ends_at` are local times in `timezone`. Without `published_at` it was never announced; `previous`
    is the meeting before, whose actions this one looks at.
    Of a series (`recurrence`) they are the first start and its end, `capacity` and `left` are each occurrence's own,
    so `left` is null here; the series is so for occurrences named from `since` on, and was as `earlier` tells before.
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
    completion: Completion | None = None
    attendance: Attendance | None = None
    outcomes: tuple[Outcome, ...] = ()
    hidden: bool = False
    type: EventType = "one_off"
    previous: str | None = None
    parent_id: str | None = None
    sub_events: int = 0
    hosts: tuple[str, ...] = ()
    recurrence: Recurrence | None = None
    since: str | None = None
    earlier: tuple[Part, ...] = ()


class EventAnswer(EventState, frozen=True):
    """An event as it is read by id; `next_occurrence` of a series goes on or comes next, null when it is over."""

    next_occurrence: str | None = None


class Occurrence(EventState, frozen=True):
    """One occurrence as it is read: the event, with what is particular to this time of it."""

    occurrence: str | None = None


class RegistrationState(Struct, frozen=True):
    """One party's place; `person` is a pseudonym. `position` is told in answers only.

    `occurred_at` is when it happened, where that was written down later (`updated_at`).
    """

    id: str
    version: int
    created_at: str
    updated_at: str
    event_id: str
    occurrence: str | None
    person: str
    party_size: int
    status: RegistrationStatus
    occurred_at: str | None = None


class RegistrationAnswer(Struct, frozen=True):
    """A registration as its owner reads it; `position` counts the parties up to this one, null unless waiting.

    `under_18` and `guardian_consent_at` are told in the list of those who manage the event alone.
    """

    id: str
    version: int
    created_at: str
    updated_at: str
    event_id: str
    occurrence: str | None
    party_size: int
    status: RegistrationStatus
    position: int | None
    occurred_at: str | None = None
    under_18: int | None = None
    guardian_consent_at: str | None = None


class Clash(Struct, frozen=True):
    """Something else that a person comes to at the same time: an event, a date of one, or a shift there."""

    event_id: str
    occurrence: str | None
    starts_at_utc: str
    ends_at_utc: str
    shift_id: str | None = None


class Registered(RegistrationAnswer, frozen=True):
    """A registration as who made it is answered: with what they come to at the same time, which is a warning only."""

    clashes: tuple[Clash, ...] = ()


class PartnerAnswer(Struct, frozen=True):
    """A partner as everybody reads it; `verification` is `provisional` until somebody vouched for it."""

    id: str
    version: int
    created_at: str
    updated_at: str
    campaign_id: str
    name: str
    sector: Sector
    url: str | None
    org_id: str | None
    revision: int = 1
    status: PartnerStatus = "active"
    verification: Verification = "provisional"
    joined_at: str | None = None


class OfCampaign(Command, frozen=True):
    """A command that a campaign decides."""

    campaign_id: str

    @property
    def stream(self) -> str:
        """The campaign."""
        return self.campaign_id


class OfPartner(OfCampaign, frozen=True):
    """A command about a partner, which its campaign decides."""

    partner_id: str


class OfEvent(Command, frozen=True):
    """A command that an event decides."""

    event_id: str

    @property
    def stream(self) -> str:
        """The event."""
        return self.event_id


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


class OnPartner(OnCampaign, frozen=True):
    """A fact about a partner, on its campaign's stream."""

    partner: PartnerState


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
