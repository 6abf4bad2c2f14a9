"""The season's content as the loader reads it; the words themselves are data beside this file."""

from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Final, Literal

import msgspec
from msgspec import Struct

from shared.contracts.events import Sector, Visibility
from shared.contracts.pledges import Kind, Limit

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

_FILES: Final = ("brumtogether", "as_one", "places_of_welcome")
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Strict(Struct, frozen=True, forbid_unknown_fields=True):
    """A table of a file; a word that nobody knows is an error."""


class Campaign(Strict, frozen=True):
    """A campaign; `crowd` begins the names of those who help and come, `closes` says that it is over."""

    name: str
    slug: str
    summary: str
    organiser: str
    crowd: str
    principles: tuple[int, ...]
    languages: tuple[str, ...]
    invented_partners: int = 0
    starts_on: date | None = None
    ends_on: date | None = None
    successor_of: str | None = None
    closes: bool = False


class Event(Strict, frozen=True):
    """A single event `on` a day, or on the first `weekday` that is at least `in_days` days away.

    `parties` are the sizes of those who registered.
    """

    title: str
    category: str
    starts: str
    ends: str
    on: date | None = None
    in_days: int = 0
    weekday: Weekday = "saturday"
    ward: str | None = None
    venue: str | None = None
    access: tuple[str, ...] = ()
    online_url: str | None = None
    visibility: Visibility = "public"
    capacity: int | None = None
    description: str | None = None
    principles: tuple[int, ...] = ()
    languages: tuple[str, ...] = ()
    age_min: int | None = None
    age_max: int | None = None
    parties: tuple[int, ...] = ()

    def day(self, today: date) -> date:
        """When it is."""
        return self.on or on_weekday(self.weekday, today + timedelta(days=self.in_days))


class Place(Strict, frozen=True):
    """A place that opens every week."""

    name: str
    ward: str
    weekday: Weekday
    starts: str
    ends: str
    access: tuple[str, ...]
    languages: tuple[str, ...]


class Openings(Strict, frozen=True):
    """What is said of the weekly openings, and where they are."""

    category: str
    description: str
    principles: tuple[int, ...]
    places: tuple[Place, ...]


class Need(Strict, frozen=True):
    """A need; `helpers` people pledge `pledged` of it (all, if nothing is said), and `delivered` has come.

    `holds` more people hold one each and have yet to confirm.
    """

    title: str
    kind: Kind
    quantity: int
    unit: str
    helpers: int
    currency: str | None = None
    limit: Limit = "hard"
    ward: str | None = None
    by: date | None = None
    by_days: int | None = None
    description: str | None = None
    principles: tuple[int, ...] = ()
    languages: tuple[str, ...] = ()
    pledged: int | None = None
    delivered: int | None = None
    holds: int = 0

    def until(self, today: date) -> date | None:
        """The day by which it is needed."""
        return self.by if self.by_days is None else today + timedelta(days=self.by_days)

    def shares(self) -> list[tuple[int, int]]:
        """What each helper pledged, and what of it has come: the first to pledge deliver first."""
        pledged = self.quantity if self.pledged is None else self.pledged
        arrived = pledged if self.delivered is None else self.delivered
        shares = []
        for share in split(pledged, self.helpers):
            shares.append((share, min(share, arrived)))
            arrived -= shares[-1][1]
        return shares


class Chapter(Strict, frozen=True):
    """A campaign with all that belongs to it."""

    campaign: Campaign
    partners: dict[Sector, tuple[str, ...]]
    needs: tuple[Need, ...]
    events: tuple[Event, ...] = ()
    openings: Openings | None = None


@cache
def chapters() -> tuple[Chapter, ...]:
    """All campaigns, in the order in which one may follow another."""
    return tuple(
        msgspec.toml.decode(files("deploy.season").joinpath(f"{name}.toml").read_bytes(), type=Chapter)
        for name in _FILES
    )


def on_weekday(weekday: Weekday, earliest: date) -> date:
    """The first such weekday from a day on."""
    return earliest + timedelta(days=(_WEEKDAYS.index(weekday) - earliest.weekday()) % 7)


def split(quantity: int, parts: int) -> list[int]:
    """A quantity in parts that differ by one at the most."""
    each, more = divmod(quantity, parts)
    return [each + (part < more) for part in range(parts)]
