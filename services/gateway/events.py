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
from services.gateway.problems import Flaw, ProblemError
from services.gateway.table import PATTERNS, Parameter, Route
from shared import recurrence
from shared.contracts.events import (
    CancelEvent,
    ChangeEvent,
    CreateEvent,
    EventState,
    EventType,
    LeaveEvent,
    PublishEvent,
    Register,
    Registered,
    RegistrationAnswer,
    Venue,
    VenueChange,
    Visibility,
)
from shared.contracts.recurrence import Day, Hours, Recurrence, RecurrenceChange
from shared.recurrence import MOST_DATES

_PLACE: Final = "/v1/events/{event_id}"

Capacity = Annotated[int, Field(ge=1, le=1_000_000)]
PartySize = Annotated[int, Field(ge=1, le=10)]
LocalTimes = Annotated[tuple[LocalTime, ...], Field(max_length=MOST_DATES)]
TimeOfDay = Annotated[str, Field(pattern=r"^(?:[01][0-9]|2[0-3]):[0-5][0-9]$")]
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


class WeeklyHours(Body):
    """A day of the week and two local times `HH:MM`."""

    day: Day
    opens: TimeOfDay
    closes: TimeOfDay


class Again(Body):
    """How an event comes again (RFC 5545): a rule, or simple weekly hours, which are stored as a rule.

    `exdates` are original local starts that are left out, `rdates` are local starts besides.
    """

    rrule: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    exdates: LocalTimes = ()
    rdates: LocalTimes = ()
    weekly: Annotated[tuple[WeeklyHours, ...], Field(max_length=7)] | None = None


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
    recurrence: Again | None = None
    parent_id: Id | None = None


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
    recurrence: Again | None = None


class Cancelling(Body):
    """Why an event is called off; everybody reads it."""

    reason: Reason


class Party(Body):
    """How many come, the caller included; `occurrence` is required when the event recurs.

    `ages`, one for each, are asked for where an event has an age range; they are looked at and not kept. For people
    under 18 `guardian_consent` says that a parent or guardian agrees.
    """

    party_size: PartySize = 1
    ages: Annotated[tuple[Age, ...], Field(max_length=10)] = ()
    guardian_consent: bool = False
    occurrence: Annotated[LocalTime | None, Field(description="Its original local start.")] = None


class Leaving(Body):
    """Which occurrence, by its original local start; required when the event recurs."""

    occurrence: LocalTime | None = None


class Registrations(Struct, frozen=True):
    """A page of registrations."""

    items: tuple[RegistrationAnswer, ...]
    next: str | None


def create(wish: Wish[NewEvent]) -> CreateEvent:
    """Make the command of a new event."""
    fields = sent(wish.body)
    campaign = existing(PATTERNS["campaign_id"], fields.pop("campaign_id"), "/campaign_id")
    _check_others(fields)
    venue = fields.pop("venue", None)
    again = _again(fields)
    return CreateEvent(
        event_id=new_id("event", wish.command_id),
        campaign_id=campaign,
        venue=Venue(**venue) if venue else None,
        recurrence=None if again is None else Recurrence(**again),
        **fields,
    )


def change(wish: Wish[EventChange]) -> ChangeEvent:
    """Make the command of a change; a venue is merged by the service, which knows it."""
    return ChangeEvent(wish.id, revision=wish.revision, **changes(wish.body))


def changes(body: EventChange) -> dict[str, Any]:
    """The fields of a change as its command has them."""
    fields = sent(body)
    _check_others(fields)
    if isinstance(fields.get("venue"), dict):
        fields["venue"] = VenueChange(**fields["venue"])
    if "recurrence" in fields:
        again = _again(fields)
        fields["recurrence"] = None if again is None else RecurrenceChange(**again)
    return fields


def _again(fields: dict[str, Any]) -> dict[str, Any] | None:
    """Take the recurrence out of a body's fields, simple weekly hours as a rule."""
    again: dict[str, Any] | None = fields.pop("recurrence", None)
    hours = again.pop("weekly", None) if again else None
    if again is None or hours is None:
        return again
    if "rrule" in again:
        raise _flaw("/recurrence/weekly", "Say either `weekly` or `rrule`.")
    rules = recurrence.weekly(Hours(**one) for one in hours)
    times = (fields.get("starts_at", "")[11:], fields.get("ends_at", "")[11:])
    if len(rules) != 1 or (rules[0].opens, rules[0].closes) != times:
        detail = "All must be at the times of `starts_at` and `ends_at`; other hours are another event."
        raise _flaw("/recurrence/weekly", detail)
    return {**again, "rrule": rules[0].rrule}


def _flaw(pointer: str, detail: str) -> ProblemError:
    return ProblemError("invalid-body", errors=[Flaw(pointer, detail)])


def _check_others(fields: dict[str, Any]) -> None:
    """What names no event is not found; whether the caller may see that event is asked when it is looked at."""
    for name in ("previous", "parent_id"):
        if fields.get(name) is not None:
            existing(PATTERNS["event_id"], fields[name], f"/{name}")


def own_place(body: NewEvent, answer: dict[str, Any]) -> dict[str, Any]:
    """The hidden place that the caller named just now, which facts and outcomes keep to themselves."""
    if answer.get("visibility") != "hidden_location":
        return {}
    return {name: value for name, value in sent(body).items() if name in {"venue", "online_url"}}


def registration_id(event: str, person: str, occurrence: str | None = None) -> str:
    """One registration a person and event, or a person and occurrence, the same whenever they register."""
    named = () if occurrence is None else (occurrence,)
    return f"{event}.{suffix('registration', event, person, *named)}"


def ids_of(wish: Wish[Any], occurrence: str | None) -> tuple[str, str]:
    """The registration that the caller means, and what it is called if the event does not recur after all."""
    single = "" if occurrence is None else registration_id(wish.id, wish.person)
    return registration_id(wish.id, wish.person, occurrence), single


def _register(wish: Wish[Party]) -> Register:
    name, single = ids_of(wish, wish.body.occurrence)
    return Register(
        wish.id,
        name,
        wish.body.party_size,
        wish.body.ages,
        wish.body.guardian_consent,
        occurrence=wish.body.occurrence,
        single=single,
    )


def _leave(wish: Wish[Leaving]) -> LeaveEvent:
    name, single = ids_of(wish, wish.body.occurrence)
    return LeaveEvent(wish.id, name, wish.body.occurrence, single)


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
        problems=("event-wrong-state", "less-than-committed", "revision-mismatch", "series-changed-too-often"),
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
        answers={201: Registered},
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
        body=Leaving,
        command=LeaveEvent,
        build=_leave,
        answers={200: RegistrationAnswer},
        tag="registrations",
        problems=("event-not-open",),
        query=(Parameter("occurrence", "Original local start of the occurrence; required when the event recurs."),),
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
