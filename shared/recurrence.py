"""What happens again, and when: occurrences of a series in an IANA time zone, exact over clock changes. Pure.

An occurrence is named by its original local start. Its wall times stay what the series says, whatever the offset.
Where the clock skips a wall time, it stands for the instant that the offset before the change gives (RFC 5545,
section 3.3.5): 01:30 becomes 02:30 for that day. Where the clock repeats an hour, the first is meant.
"""

import heapq
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from shared import instants, rrule
from shared.contracts.recurrence import Day, Hours, Recurrence

MOST_DATES: Final = 200
"""EXDATEs of a series, and RDATEs."""
LONGEST_DAYS: Final = 31
"""From the start of an occurrence to its end."""
DAYS: Final[tuple[Day, ...]] = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
EARLIEST: Final = "1900-01-01"
LATEST: Final = "9900-01-01"

_DAY: Final = timedelta(days=1)
_LOCAL: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}")
_TIME: Final = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")

Flaw = tuple[str, str]
"""JSON Pointer below the recurrence, and what is wrong there."""


class Series(Struct, frozen=True):
    """The first start (DTSTART) and its end, local times in `timezone`, and how they come again.

    `until`, if there is one, is a local time from which on nothing more comes, whatever the rule says.
    """

    starts_at: str
    ends_at: str
    timezone: str
    recurrence: Recurrence
    until: str = ""


class Occurrence(Struct, frozen=True, order=True):
    """One time: `name` is the original local start, the others say when it is."""

    starts_at_utc: str
    name: str
    starts_at: str
    ends_at: str
    ends_at_utc: str


class WeeklyRule(Struct, frozen=True):
    """Hours of one length on some days, as a rule."""

    rrule: str
    opens: str
    closes: str


def flaws(series: Series) -> tuple[Flaw, ...]:
    """All that is wrong with a series whose own times are right."""
    again = series.recurrence
    found: list[Flaw] = []
    if again.rrule is None and not again.rdates:
        return (("", "needs an rrule or rdates"),)
    if not EARLIEST <= series.starts_at < LATEST:
        return (("", "begins too early or too late to recur"),)
    if _length(series) > LONGEST_DAYS * _DAY:
        found.append(("", f"repeats what takes more than {LONGEST_DAYS} days"))
    for name, dates in (("exdates", again.exdates), ("rdates", again.rdates)):
        if len(dates) > MOST_DATES:
            found.append((f"/{name}", f"holds more than {MOST_DATES} times"))
        found += [(f"/{name}/{number}", detail) for number, one in enumerate(dates) if (detail := _flaw(one))]
    if not found:
        found += [
            (f"/rdates/{number}", f"does not exist in {series.timezone}: a clock change skips it")
            for number, one in enumerate(again.rdates)
            if _skipped(one, series.timezone)
        ]
    if again.rrule is not None:
        try:
            rrule.check(rrule.pattern(again.rrule, series.starts_at))
        except rrule.BadRule as bad:
            found.append(("/rrule", str(bad)))
    if not found and next(occurrences(series), None) is None:
        found.append(("/rrule", "yields no occurrence"))
    return tuple(found)


def occurrences(series: Series, first: str = "", last: str = "") -> Iterator[Occurrence]:
    """Occurrences by their start, named from `first` to before `last`: local times or beginnings of them, as dates.

    The rule is gone through a day further than is taken from here, not to its end.
    """
    waiting: list[Occurrence] = []
    for name in _names(series, first, last):
        # A skipped time stands for a later instant, so what comes within a day is looked at before it is told.
        while waiting and _wall(waiting[0].name) + _DAY < _wall(name):
            yield heapq.heappop(waiting)
        heapq.heappush(waiting, occurrence(series, name))
    while waiting:
        yield heapq.heappop(waiting)


def not_over(series: Series, instant: str) -> Iterator[Occurrence]:
    """Occurrences that end after an instant, by their start: the one that goes on, and those to come."""
    begin = _wall(local(instant, series.timezone)) - _length(series) - _DAY
    return (one for one in occurrences(series, _text(begin)) if one.ends_at_utc > instant)


def find(series: Series, name: str) -> Occurrence | None:
    """The occurrence of that name, if the series has it."""
    if _flaw(name):
        return None
    return next((occurrence(series, one) for one in _names(series, name, f"{name}~")), None)


def occurrence(series: Series, name: str) -> Occurrence:
    """When an occurrence is that the series has."""
    return named(name, name, _text(_wall(name) + _length(series)), series.timezone)


def named(name: str, starts_at: str, ends_at: str, zone: str) -> Occurrence:
    """An occurrence that is at these local times, whatever its name."""
    starts_at_utc, ends_at_utc = instants.nearest(starts_at, zone), instants.nearest(ends_at, zone)
    if ends_at_utc <= starts_at_utc:  # a clock change lies between
        length = _wall(ends_at) - _wall(starts_at)
        ends_at_utc = instants.later(starts_at_utc, minutes=length // timedelta(minutes=1))
    return Occurrence(starts_at_utc, name, local(starts_at_utc, zone), local(ends_at_utc, zone), ends_at_utc)


def local(instant: str, zone: str) -> str:
    """Local time of an instant, `YYYY-MM-DDTHH:MM`."""
    return instants.to_local(instant, zone)


def weekly(hours: Iterable[Hours]) -> tuple[WeeklyRule, ...]:
    """Simple weekly hours as rules, one for each pair of times; raises ValueError for what is no time of day."""
    days: dict[tuple[str, str], set[Day]] = {}
    for one in hours:
        if not _TIME.fullmatch(one.opens) or not _TIME.fullmatch(one.closes):
            raise ValueError("no time of day of the form HH:MM")
        days.setdefault((one.opens, one.closes), set()).add(one.day)
    return tuple(
        WeeklyRule(f"FREQ=WEEKLY;BYDAY={','.join(sorted(on, key=DAYS.index))}", opens, closes)
        for (opens, closes), on in sorted(days.items())
    )


def days_before(moment: str, days: int) -> str:
    """The date so many days before that of a local time (after it, if negative), as far as dates go here."""
    date = _wall(min(max(moment, EARLIEST), LATEST)).date()
    return (date - min(days * _DAY, date - _wall(EARLIEST).date())).isoformat()


def minutes_between(starts_at: str, ends_at: str) -> int:
    """Minutes by the clock on the wall from one local time to another."""
    return (_wall(ends_at) - _wall(starts_at)) // timedelta(minutes=1)


def later(local_time: str, minutes: int) -> str:
    """Local time so many minutes later, by the clock on the wall."""
    return _text(_wall(local_time) + timedelta(minutes=minutes))


def days_between(starts_at: str, ends_at: str) -> int:
    """Whole days from one local time to another."""
    return (_wall(ends_at) - _wall(starts_at)) // _DAY


def _names(series: Series, first: str, last: str) -> Iterator[str]:
    """Names in order, each once, without those that are left out."""
    again = series.recurrence
    last = min(last or LATEST, series.until or LATEST)
    besides = sorted({*again.rdates, *(() if again.rrule else (series.starts_at,))})
    out, before_it = frozenset(again.exdates), ""
    for name in heapq.merge(_by_rule(series, first), besides):
        if name >= last:
            return
        if name >= first and name != before_it and name not in out:
            yield name
        before_it = name


def _by_rule(series: Series, first: str) -> Iterator[str]:
    text = series.recurrence.rrule
    if text is None:
        return
    pattern = rrule.pattern(text, series.starts_at)
    until = pattern.until or rrule.last_counted(text, series.starts_at)
    instant = until if until.endswith("Z") else ""
    if instant:  # a day of play: the instant decides, and local times near it need not be in its order
        until = _text(_wall(local(instant, series.timezone)) + _DAY)
    if len(first) < len("YYYY-MM-DD") or first < series.starts_at:
        first = series.starts_at
    if first >= LATEST:
        return
    for name in rrule.starts(pattern, first):
        if until and name > until:
            return
        if not instant or instants.nearest(name, series.timezone) <= instant:
            yield name


def _length(series: Series) -> timedelta:
    return _wall(series.ends_at) - _wall(series.starts_at)


def _wall(name: str) -> datetime:
    return datetime.fromisoformat(name)


def _text(wall: datetime) -> str:
    return wall.isoformat(timespec="minutes")


def _flaw(name: str) -> str:
    try:
        _wall(name)
    except ValueError:
        return "is no local time of the form YYYY-MM-DDTHH:MM"
    if not _LOCAL.fullmatch(name):
        return "is no local time of the form YYYY-MM-DDTHH:MM"
    return "" if EARLIEST <= name < LATEST else "is too early or too late"


def _skipped(name: str, zone: str) -> bool:
    try:
        instants.to_utc(name, zone)
    except instants.SkippedTime:
        return True
    return False
