"""Writes on venues: places of welcome, their weekly hours, days off, hosts, and the heartbeat."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Struct
from pydantic import Field

from services.gateway.bodies import Body
from services.gateway.campaigns import Nothing, Whom
from services.gateway.commands import Build, Wish, Write
from services.gateway.events import Latitude, Longitude
from services.gateway.fields import (
    Access,
    Date,
    Id,
    Languages,
    Line,
    LocalTime,
    LongLine,
    Note,
    Reason,
    Text,
    TimeZone,
    Ward,
    absent,
    existing,
    sent,
)
from services.gateway.idempotency import new_id
from services.gateway.personal import Personal
from services.gateway.table import PATTERNS, Parameter, Route
from shared.contracts.message import Command
from shared.contracts.venue_states import VenueAnswer
from shared.contracts.venues import (
    AddHost,
    AddOpening,
    ChangeVenue,
    CloseDay,
    ConfirmOpening,
    CreateVenue,
    HideVenue,
    PauseVenue,
    RemoveHost,
    RemoveOpening,
    ReopenDay,
    ResumeVenue,
    UnhideVenue,
)

_PLACE: Final = "/v1/venues/{venue_id}"

TimeOfDay = Annotated[str, Field(pattern=r"^(?:[01][0-9]|2[0-3]):[0-5][0-9]$")]


class WeeklyHours(Body):
    """Open on this day of every week; what closes by its opening time closes the day after."""

    day: Literal["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
    opens: TimeOfDay
    closes: TimeOfDay


Hours = Annotated[tuple[WeeklyHours, ...], Field(max_length=28)]


class OneOfFiveWish(Body):
    """One of the five: whether it is there, and how."""

    met: bool = Field(default_factory=absent)
    text: Note = Field(default_factory=absent)


class FivePsWish(Body):
    """What makes a Place of Welcome; null empties one."""

    place: OneOfFiveWish | None = None
    people: OneOfFiveWish | None = None
    presence: OneOfFiveWish | None = None
    provision: OneOfFiveWish | None = None
    participation: OneOfFiveWish | None = None


class NewVenue(Body):
    """A place of welcome; `hours` are local times of `timezone`."""

    campaign_id: Id
    name: Line
    description: Text | None = None
    address: LongLine | None = None
    ward: Ward | None = None
    lat: Latitude | None = None
    lon: Longitude | None = None
    access: Access = ()
    languages: Languages = ()
    five_ps: FivePsWish = Field(default_factory=FivePsWish)
    timezone: TimeZone = "Europe/London"
    hours: Hours = ()


class VenueChange(Body):
    """Fields that are to be others (JSON merge patch, RFC 7396); null empties one that may be empty."""

    name: Line = Field(default_factory=absent)
    description: Text | None = None
    address: LongLine | None = None
    ward: Ward | None = None
    lat: Latitude | None = None
    lon: Longitude | None = None
    access: Access = Field(default_factory=absent)
    languages: Languages = Field(default_factory=absent)
    five_ps: FivePsWish = Field(default_factory=absent)
    timezone: TimeZone = Field(default_factory=absent)
    hours: Hours = Field(default_factory=absent)


class DayOff(Body):
    """A local date, and why it stays closed then; everybody reads it."""

    date: Date
    reason: Reason


class Once(Body):
    """An opening besides the weekly hours, in local times."""

    starts_at: LocalTime
    ends_at: LocalTime


class Host(Struct, frozen=True):
    """A person who says whether the venue is open."""

    person: str


class Hosts(Struct, frozen=True):
    """All hosts of a venue."""

    items: tuple[Host, ...]
    next: str | None


def create(wish: Wish[NewVenue]) -> CreateVenue:
    """Make the command of a new venue."""
    fields = sent(wish.body)
    fields["campaign_id"] = existing(PATTERNS["campaign_id"], fields["campaign_id"], "/campaign_id")
    if "five_ps" in fields:
        fields["five_ps"] = {name: said for name, said in fields["five_ps"].items() if said is not None}
    return msgspec.convert({**fields, "venue_id": new_id("venue", wish.command_id)}, CreateVenue)


def _change(wish: Wish[VenueChange]) -> ChangeVenue:
    return msgspec.convert({**sent(wish.body), "venue_id": wish.id, "revision": wish.revision}, ChangeVenue)


def _write(  # noqa: PLR0913 -- what differs from one write to the next
    method: str,
    path: str,
    summary: str,
    body: type[Body],
    command: type[Command],
    build: Build,
    *problems: str,
    status: int = 200,
    query: tuple[Parameter, ...] = (),
) -> Write:
    return Write(
        method=method,
        path=path,
        summary=summary,
        service="events",
        body=body,
        command=command,
        build=build,
        answers={status: VenueAnswer},
        tag="venues",
        problems=problems,
        query=query,
    )


def _simple(name: str, summary: str, command: type[PauseVenue | ResumeVenue | HideVenue | UnhideVenue]) -> Write:
    return _write("POST", f"{_PLACE}/{name}", summary, Nothing, command, lambda wish: command(wish.id))


_WHOM: Final = (Parameter("person", "Whom, for clients that send no body with DELETE."),)

WRITES: Final = (
    _write(
        "POST",
        "/v1/venues",
        "Open a place of welcome; the caller becomes its first host",
        NewVenue,
        CreateVenue,
        create,
        "campaign-not-live",
        status=201,
    ),
    _write("PATCH", _PLACE, "Change a venue", VenueChange, ChangeVenue, _change, "revision-mismatch"),
    _simple("pause", "Open no more for now", PauseVenue),
    _simple("resume", "Undo a pause", ResumeVenue),
    _simple("hide", "Take a venue out of sight, everywhere at once", HideVenue),
    _simple("unhide", "Show a venue again", UnhideVenue),
    _write(
        "POST",
        f"{_PLACE}/hosts",
        "Let a person say whether it is open",
        Whom,
        AddHost,
        lambda wish: AddHost(wish.id, wish.body.person),
        "too-many-hosts",
    ),
    _write(
        "DELETE",
        f"{_PLACE}/hosts",
        "Take that right back",
        Whom,
        RemoveHost,
        lambda wish: RemoveHost(wish.id, wish.body.person),
        query=_WHOM,
    ),
    _write(
        "POST",
        f"{_PLACE}/closures",
        "Stay closed on a day",
        DayOff,
        CloseDay,
        lambda wish: CloseDay(wish.id, wish.body.date, wish.body.reason),
        "too-many-days",
    ),
    _write(
        "DELETE",
        f"{_PLACE}/closures/{{date}}",
        "Undo a closure",
        Nothing,
        ReopenDay,
        lambda wish: ReopenDay(*wish.ids),
    ),
    _write(
        "POST",
        f"{_PLACE}/openings",
        "Open once besides the weekly hours",
        Once,
        AddOpening,
        lambda wish: AddOpening(wish.id, wish.body.starts_at, wish.body.ends_at),
        "too-many-days",
    ),
    _write(
        "DELETE",
        f"{_PLACE}/openings/{{occurrence}}",
        "Undo an extra opening",
        Nothing,
        RemoveOpening,
        lambda wish: RemoveOpening(*wish.ids),
    ),
    _write(
        "POST",
        f"{_PLACE}/openings/{{occurrence}}/confirm",
        "The heartbeat: say that you are open",
        Nothing,
        ConfirmOpening,
        lambda wish: ConfirmOpening(*wish.ids),
        "opening-not-now",
    ),
)


def reads(personal: Personal) -> list[Route]:
    """What is for those who tend a venue."""
    return [
        personal.list(
            path=f"{_PLACE}/hosts",
            summary="Who says whether it is open, for those who tend it",
            service="events",
            ask=lambda ids: f"/venues/{ids[0]}/hosts",
            answers=Hosts,
            tag="venues",
        )
    ]
