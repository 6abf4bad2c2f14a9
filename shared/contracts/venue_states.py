"""What a venue's stream is about: a place of welcome, open at the same local time every week.

The state is the public representation but for `hosts`; what depends on the time of reading is added when it is read
(`shared/openings.py`). An opening is named by its original local start.
"""

from typing import Literal

from msgspec import Struct

from shared.contracts.recurrence import Hours

VenueStatus = Literal["active", "paused"]


class OneOfFive(Struct, frozen=True):
    """One of the five: whether it is there, and how."""

    met: bool = False
    text: str = ""


class FivePs(Struct, frozen=True):
    """What makes a Place of Welcome: place, people, presence, provision, participation."""

    place: OneOfFive = OneOfFive()
    people: OneOfFive = OneOfFive()
    presence: OneOfFive = OneOfFive()
    provision: OneOfFive = OneOfFive()
    participation: OneOfFive = OneOfFive()


class HoursRule(Struct, frozen=True):
    """Weekly hours as they are kept: an RRULE (RFC 5545) with the local times of each opening."""

    rrule: str
    opens: str
    closes: str


class Closure(Struct, frozen=True):
    """A local date on which the venue is closed all day, and why."""

    date: str
    reason: str


class ExtraOpening(Struct, frozen=True):
    """An opening besides the weekly hours, in local times."""

    starts_at: str
    ends_at: str


class Confirmation(Struct, frozen=True):
    """A host said that they are open."""

    occurrence: str
    ends_at_utc: str
    at: str


class Missed(Struct, frozen=True):
    """Nobody said so in time; `followers_told` when they have been told, after the hosts."""

    occurrence: str
    ends_at_utc: str
    at: str
    followers_told: bool = False


class VenueAnswer(Struct, frozen=True):
    """A venue as everybody may read it; `hours` apply from the local date `since`, and are kept as `rules`."""

    id: str
    version: int
    revision: int
    created_at: str
    updated_at: str
    campaign_id: str
    name: str
    description: str | None
    address: str | None
    ward: str | None
    lat: float | None
    lon: float | None
    access: tuple[str, ...]
    languages: tuple[str, ...]
    five_ps: FivePs
    timezone: str
    hours: tuple[Hours, ...]
    since: str
    rules: tuple[HoursRule, ...]
    closures: tuple[Closure, ...] = ()
    extra_openings: tuple[ExtraOpening, ...] = ()
    status: VenueStatus = "active"
    hidden: bool = False
    confirmed: tuple[Confirmation, ...] = ()
    missed: Missed | None = None


class VenueState(VenueAnswer, frozen=True):
    """A venue after a change; `hosts` (pseudonyms) say whether it is open and are in no public representation."""

    hosts: tuple[str, ...] = ()
