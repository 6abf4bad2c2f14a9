"""Writes on events and registrations, and who may read registrations."""

from typing import Annotated, Any, Final

from msgspec import Struct
from pydantic import Field

from services.gateway.bodies import Body
from services.gateway.campaigns import Nothing
from services.gateway.commands import Wish, Write
from services.gateway.fields import (
    Access,
    Age,
    Category,
    Id,
    Languages,
    Line,
    LocalTime,
    LongLine,
    Principles,
    Reason,
    Text,
    TimeZone,
    Ward,
    WebAddress,
    absent,
    existing,
    sent,
)
from services.gateway.idempotency import new_id, suffix
from services.gateway.personal import Personal
from services.gateway.table import PATTERNS, Route
from shared.contracts.events import (
    CancelEvent,
    ChangeEvent,
    CreateEvent,
    EventState,
    EventType,
    LeaveEvent,
    PublishEvent,
    Register,
    RegistrationAnswer,
    Venue,
    VenueChange,
    Visibility,
)

_PLACE: Final = "/v1/events/{event_id}"

Capacity = Annotated[int, Field(ge=1, le=1_000_000)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]


class Place(Body):
    """Where an event is."""

    name: Line | None = None
    address: LongLine | None = None
    ward: Ward | None = None
    lat: Latitude | None = None
    lon: Longitude | None = None
    access: Access = ()


class NewEvent(Body):
    """An event to be; local times are those of `timezone`, no `capacity` is no limit."""

    campaign_id: Id
    title: Line
    category: Category
    starts_at: LocalTime
    ends_at: LocalTime
    timezone: TimeZone = "Europe/London"
    description: Text | None = None
    venue: Place | None = None
    online_url: WebAddress | None = None
    visibility: Visibility = "public"
    capacity: Capacity | None = None
    waiting_list: bool = True
    principles: Principles = ()
    languages: Languages = ()
    age_min: Age | None = None
    age_max: Age | None = None
    publish: bool = False
    type: EventType = "one_off"
    previous: Id | None = None


class PlaceChange(Body):
    """Fields of the venue that are to be others; null empties one."""

    name: Line | None = None
    address: LongLine | None = None
    ward: Ward | None = None
    lat: Latitude | None = None
    lon: Longitude | None = None
    access: Access | None = None


class EventChange(Body):
    """Fields that are to be others (JSON merge patch, RFC 7396); null empties one that may be empty."""

    title: Line = Field(default_factory=absent)
    category: Category = Field(default_factory=absent)
    starts_at: LocalTime = Field(default_factory=absent)
    ends_at: LocalTime = Field(default_factory=absent)
    timezone: TimeZone = Field(default_factory=absent)
    description: Text | None = None
    venue: PlaceChange | None = None
    online_url: WebAddress | None = None
    visibility: Visibility = Field(default_factory=absent)
    capacity: Capacity | None = None
    waiting_list: bool = Field(default_factory=absent)
    principles: Principles = Field(default_factory=absent)
    languages: Languages = Field(default_factory=absent)
    age_min: Age | None = None
    age_max: Age | None = None
    type: EventType = Field(default_factory=absent)
    previous: Id | None = None


class Cancelling(Body):
    """Why an event is called off; everybody reads it."""

    reason: Reason


class Party(Body):
    """How many come, the caller included.

    `ages`, one for each, are asked for where an event has an age range; they are looked at and not kept. For people
    under 18 `guardian_consent` says that a parent or guardian agrees.
    """

    party_size: Annotated[int, Field(ge=1, le=10)] = 1
    ages: Annotated[tuple[Age, ...], Field(max_length=10)] = ()
    guardian_consent: bool = False


class Registrations(Struct, frozen=True):
    """A page of registrations."""

    items: tuple[RegistrationAnswer, ...]
    next: str | None


def create(wish: Wish[NewEvent]) -> CreateEvent:
    """Make the command of a new event."""
    fields = sent(wish.body)
    campaign = existing(PATTERNS["campaign_id"], fields.pop("campaign_id"), "/campaign_id")
    _check_previous(fields)
    venue = fields.pop("venue", None)
    return CreateEvent(
        event_id=new_id("event", wish.command_id),
        campaign_id=campaign,
        venue=Venue(**venue) if venue else None,
        **fields,
    )


def change(wish: Wish[EventChange]) -> ChangeEvent:
    """Make the command of a change; a venue is merged by the service, which knows it."""
    fields = sent(wish.body)
    _check_previous(fields)
    if isinstance(fields.get("venue"), dict):
        fields["venue"] = VenueChange(**fields["venue"])
    return ChangeEvent(wish.id, revision=wish.revision, **fields)


def _check_previous(fields: dict[str, Any]) -> None:
    """What names no event is not found; whether the caller may see that event is asked when it is looked at."""
    if fields.get("previous") is not None:
        existing(PATTERNS["event_id"], fields["previous"], "/previous")


def own_place(body: NewEvent, answer: dict[str, Any]) -> dict[str, Any]:
    """The hidden place that the caller named just now, which facts and outcomes keep to themselves."""
    if answer.get("visibility") != "hidden_location":
        return {}
    return {name: value for name, value in sent(body).items() if name in {"venue", "online_url"}}


def registration_id(event: str, person: str) -> str:
    """One registration a person and event, the same whenever they register."""
    return f"{event}.{suffix('registration', event, person)}"


def _register(wish: Wish[Party]) -> Register:
    return Register(
        wish.id, registration_id(wish.id, wish.person), wish.body.party_size, wish.body.ages, wish.body.guardian_consent
    )


def _leave(wish: Wish[Nothing]) -> LeaveEvent:
    return LeaveEvent(wish.id, registration_id(wish.id, wish.person))


WRITES: Final = (
    Write(
        method="POST",
        path="/v1/events",
        summary="Plan an event of a campaign",
        service="events",
        body=NewEvent,
        command=CreateEvent,
        build=create,
        answers={201: EventState},
        tag="events",
        problems=("campaign-not-live",),
        echo=own_place,
    ),
    Write(
        method="PATCH",
        path=_PLACE,
        summary="Change an event",
        service="events",
        body=EventChange,
        command=ChangeEvent,
        build=change,
        answers={200: EventState},
        tag="events",
        problems=("event-wrong-state", "less-than-committed", "revision-mismatch"),
    ),
    Write(
        method="POST",
        path=f"{_PLACE}/publish",
        summary="Announce a draft",
        service="events",
        body=Nothing,
        command=PublishEvent,
        build=lambda wish: PublishEvent(wish.id),
        answers={200: EventState},
        tag="events",
        problems=("event-wrong-state", "campaign-not-live"),
    ),
    Write(
        method="POST",
        path=f"{_PLACE}/cancel",
        summary="Call an event off",
        service="events",
        body=Cancelling,
        command=CancelEvent,
        build=lambda wish: CancelEvent(wish.id, wish.body.reason),
        answers={200: EventState},
        tag="events",
        problems=("event-wrong-state",),
    ),
    Write(
        method="POST",
        path=f"{_PLACE}/registrations",
        summary="Register a party; one that does not fit waits",
        service="events",
        body=Party,
        command=Register,
        build=_register,
        answers={201: RegistrationAnswer},
        tag="registrations",
        problems=(
            "event-full",
            "event-not-open",
            "no-booking-needed",
            "outside-age-range",
            "guardian-consent-required",
        ),
    ),
    Write(
        method="DELETE",
        path=f"{_PLACE}/registrations/me",
        summary="Give the places back",
        service="events",
        body=Nothing,
        command=LeaveEvent,
        build=_leave,
        answers={200: RegistrationAnswer},
        tag="registrations",
        problems=("event-not-open",),
    ),
)


def reads(personal: Personal) -> list[Route]:
    """Lists that the events service answers to who may read them."""
    return [
        personal.list(
            path=f"{_PLACE}/registrations",
            summary="Registrations of an event, to its organisers",
            service="events",
            ask=lambda ids: f"/events/{ids[0]}/registrations",
            answers=Registrations,
            tag="registrations",
        )
    ]
