"""When a venue is open: its weekly hours, extra openings and days off, at any instant. Pure.

An opening is an occurrence, named by its original local start; what closes by its opening time closes the day after.
"""

import heapq
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from msgspec import Struct

from shared import instants, recurrence
from shared.contracts.recurrence import Hours, Recurrence
from shared.contracts.venue_states import Closure, HoursRule, VenueAnswer
from shared.recurrence import Occurrence, Series

_DAY: Final = 24 * 60
_WEEK: Final = 7 * _DAY


class Now(Struct, frozen=True):
    """How a venue stands at an instant; until `until` nothing of it changes by time alone."""

    opening: Occurrence | None
    next: Occurrence | None
    closed_today: Closure | None
    until: str


def rules(hours: Iterable[Hours]) -> tuple[HoursRule, ...]:
    """Simple weekly hours as they are kept; raises ValueError for what is no time of day."""
    return tuple(HoursRule(rule.rrule, rule.opens, rule.closes) for rule in recurrence.weekly(hours))


def overlap(hours: Iterable[Hours]) -> bool:
    """Whether a week of such hours has two openings at the same time."""
    spans = sorted(_span(one) for one in hours)
    around = [*spans, *((start + _WEEK, end + _WEEK) for start, end in spans[:1])]
    return any(end > start for (_, end), (start, _) in pairwise(around))


def not_over(venue: VenueAnswer, instant: str) -> Iterator[Occurrence]:
    """Openings that end after an instant, by their start: the one that goes on, and those to come."""
    if venue.status != "active":
        return
    closed = {closure.date for closure in venue.closures}
    before = ""
    for one in heapq.merge(*(recurrence.not_over(series, instant) for series in _series(venue))):
        if one.name[:10] not in closed and one.name != before:
            yield one
        before = one.name


def find(venue: VenueAnswer, name: str) -> Occurrence | None:
    """The opening of that name, if the venue has it and is not closed then."""
    if venue.status != "active" or any(closure.date == name[:10] for closure in venue.closures):
        return None
    return next((found for series in _series(venue) if (found := recurrence.find(series, name))), None)


def now(venue: VenueAnswer, instant: str) -> Now:
    """How it stands."""
    today = recurrence.local(instant, venue.timezone)[:10]
    coming = not_over(venue, instant)
    first = next(coming, None)
    opening = first if first is not None and first.starts_at_utc <= instant else None
    following = first if opening is None else next(coming, None)
    midnight = instants.nearest(f"{date.fromisoformat(today) + timedelta(days=1)}T00:00", venue.timezone)
    changes = [midnight]
    if opening is not None:
        changes.append(opening.ends_at_utc)
    if following is not None:
        changes.append(following.starts_at_utc)
    closed = next((closure for closure in venue.closures if closure.date == today), None)
    return Now(opening, following, closed, min(changes))


def _series(venue: VenueAnswer) -> Iterator[Series]:
    for rule in venue.rules:
        starts_at, ends_at = f"{venue.since}T{rule.opens}", f"{venue.since}T{rule.closes}"
        if rule.closes <= rule.opens:
            ends_at = f"{date.fromisoformat(venue.since) + timedelta(days=1)}T{rule.closes}"
        yield Series(starts_at, ends_at, venue.timezone, Recurrence(rule.rrule))
    for extra in venue.extra_openings:
        yield Series(extra.starts_at, extra.ends_at, venue.timezone, Recurrence())


def _span(hours: Hours) -> tuple[int, int]:
    """From when to when, in minutes of the week."""
    midnight = recurrence.DAYS.index(hours.day) * _DAY
    opens, closes = _minutes(hours.opens), _minutes(hours.closes)
    return midnight + opens, midnight + closes + (_DAY if closes <= opens else 0)


def _minutes(time: str) -> int:
    hours, _, minutes = time.partition(":")
    return int(hours) * 60 + int(minutes)
