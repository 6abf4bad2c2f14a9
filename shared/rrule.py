"""A recurrence rule read strictly (RFC 5545, section 3.3.10), and begun anywhere in its course at no cost. Pure.

The calendar is python-dateutil's, which goes through a rule from its start. A rule repeats by whole periods (days,
weeks, months, years), so it may as well be begun a few periods before what is asked for: a page of a series of ten
years costs what a page of a new one costs.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from functools import lru_cache
from itertools import islice
from math import gcd
from typing import Any, Final, Literal

from dateutil import rrule as calendars
from msgspec import Struct
from msgspec.structs import replace

MOST_COUNT: Final = 2_000
MOST_INTERVAL: Final = 1_000
MOST_TIMES: Final = 24
"""Occurrences a day."""
MOST_PERIODS: Final = 400
"""Periods that are looked at for one occurrence, on average."""
LONGEST: Final = 500
COUNTED_YEARS: Final = 50
"""A counted rule ends within them: its end is found by going through it once."""

Freq = Literal[0, 1, 2, 3]

_FREQS: Final[dict[str, Freq]] = {
    "DAILY": calendars.DAILY,
    "WEEKLY": calendars.WEEKLY,
    "MONTHLY": calendars.MONTHLY,
    "YEARLY": calendars.YEARLY,
}
_DAYS: Final = {name: number for number, name in enumerate(("MO", "TU", "WE", "TH", "FR", "SA", "SU"))}
_BYDAY: Final = re.compile(r"([+-]?[1-9][0-9]?)?(MO|TU|WE|TH|FR|SA|SU)")
_UNTIL: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2})([0-9]{2})([0-9]{2})(Z?))?")
_LISTS: Final[dict[str, tuple[str, range, bool]]] = {
    "BYMONTH": ("bymonth", range(1, 13), False),
    "BYMONTHDAY": ("bymonthday", range(1, 32), True),
    "BYYEARDAY": ("byyearday", range(1, 367), True),
    "BYWEEKNO": ("byweekno", range(1, 54), True),
    "BYHOUR": ("byhour", range(24), False),
    "BYMINUTE": ("byminute", range(60), False),
    "BYSETPOS": ("bysetpos", range(1, 367), True),
}
"""Name for dateutil, values, whether they may be counted from the end."""
_BARRED: Final = {
    "BYWEEKNO": frozenset({calendars.DAILY, calendars.WEEKLY, calendars.MONTHLY}),
    "BYYEARDAY": frozenset({calendars.DAILY, calendars.WEEKLY, calendars.MONTHLY}),
    "BYMONTHDAY": frozenset({calendars.WEEKLY}),
}
"""Parts that the standard's table does not know for a frequency."""
_SETS: Final = frozenset({"byweekno", "byyearday", "bymonthday", "byweekday"})
_CYCLE: Final = date(9972, 1, 1)
"""The last 28 years of the calendar hold each kind of year; there dateutil stops by itself."""
_CYCLE_PERIODS: Final = {calendars.DAILY: 10_227, calendars.WEEKLY: 1_461, calendars.MONTHLY: 336, calendars.YEARLY: 28}
_SAMPLE: Final = 64


class BadRule(ValueError):  # noqa: N818 -- it is a finding about what somebody wrote
    """What is wrong with a rule, said to who wrote it."""


class Pattern(Struct, frozen=True):
    """A rule with its start: `by` are dateutil's filters, `until` is local text or, with a Z, an instant's."""

    freq: Freq
    interval: int
    start: datetime
    wkst: int
    count: int | None
    until: str
    by: dict[str, Any]


@lru_cache(maxsize=4_096)
def pattern(text: str, start: str) -> Pattern:
    """Read a rule that starts at a local time; raises `BadRule`."""
    if len(text) > LONGEST:
        raise BadRule(f"is longer than {LONGEST} characters")
    parts: dict[str, str] = {}
    for part in text.removeprefix("RRULE:").upper().split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value or name in parts:
            raise BadRule("is no RRULE of RFC 5545")
        parts[name] = value
    if parts.get("BYSECOND", "0") != "0":
        raise BadRule("has seconds; starts are whole minutes")
    parts.pop("BYSECOND", None)
    freq = _FREQS.get(parts.pop("FREQ", ""))
    if freq is None:
        raise BadRule("needs FREQ=DAILY, WEEKLY, MONTHLY or YEARLY")
    if "COUNT" in parts and "UNTIL" in parts:
        raise BadRule("has COUNT and UNTIL")
    begins = datetime.fromisoformat(start)
    wkst = parts.pop("WKST", "MO")
    if wkst not in _DAYS:
        raise BadRule("has a WKST that is no day")
    interval = _number("INTERVAL", parts.pop("INTERVAL", "1"), MOST_INTERVAL)
    count = _number("COUNT", parts.pop("COUNT"), MOST_COUNT) if "COUNT" in parts else None
    until = _until(parts.pop("UNTIL")) if "UNTIL" in parts else ""
    by = _completed(_filters(parts, freq), freq, begins)
    if len(by["byhour"]) * len(by["byminute"]) > MOST_TIMES:
        raise BadRule(f"has more than {MOST_TIMES} times a day")
    return Pattern(freq, interval, begins, _DAYS[wkst], count, until, by)


def starts(rule: Pattern, first: str) -> Iterator[str]:
    """Local starts from a local time (or its beginning, such as a date) on, without regard to the rule's end."""
    first = max(first, rule.start.isoformat(timespec="minutes"))
    periods = _period(rule, datetime.fromisoformat(first)) - _period(rule, rule.start)
    skipped = max(0, periods // rule.interval - 1) * rule.interval
    for moment in _run(rule, _begin(rule, skipped), rule.interval):
        start = moment.isoformat(timespec="minutes")
        if start >= first:
            yield start


@lru_cache(maxsize=4_096)
def last_counted(rule: str, start: str) -> str:
    """The start with which a counted rule ends; empty if it has no count."""
    read = pattern(rule, start)
    if read.count is None:
        return ""
    return max(islice(starts(read, ""), read.count), default=start)


def check(rule: Pattern) -> None:
    """Raise `BadRule` for a rule that never happens, or takes too long to count.

    In 28 years each kind of year comes in each place, and a rule meets those places that its interval lets it meet.
    """
    cycle = _CYCLE_PERIODS[rule.freq]
    interval = gcd(rule.interval, cycle)
    alike = (
        date(year, 1, 1).weekday() == date(rule.start.year, 1, 1).weekday() and (rule.start.year - year) % 4 == 0
        for year in range(_CYCLE.year, _CYCLE.year + 28)
    )
    year = _CYCLE.year + next((number for number, same in enumerate(alike) if same), 0)
    moved = replace(rule, start=rule.start + (date(year, 1, 1) - date(rule.start.year, 1, 1)))
    periods = _period(moved, moved.start) - _period(moved, datetime.fromordinal(_CYCLE.toordinal()))
    begin = _begin(moved, -(periods // interval) * interval)
    sample = list(islice(_run(moved, begin, interval), _SAMPLE))
    if not sample:
        raise BadRule("never happens")
    if _period(rule, sample[-1]) - _period(rule, begin) > MOST_PERIODS * interval * len(sample):
        raise BadRule("happens so rarely that a longer FREQ says it better")
    days = (sample[-1] - begin).days * rule.interval / interval / len(sample)
    if (rule.count or 0) * days > COUNTED_YEARS * 366:
        raise BadRule(f"counts for more than {COUNTED_YEARS} years")


def _run(rule: Pattern, begin: datetime, interval: int) -> Iterator[datetime]:
    """Go through a rule until the calendar ends, beyond which dateutil stumbles."""
    run = calendars.rrule(rule.freq, dtstart=begin, interval=interval, wkst=rule.wkst, **rule.by)
    with suppress(ValueError, OverflowError):
        yield from run


def _period(rule: Pattern, moment: datetime) -> int:
    """Number of the period that holds a moment."""
    match rule.freq:
        case calendars.YEARLY:
            return moment.year
        case calendars.MONTHLY:
            return moment.year * 12 + moment.month - 1
        case calendars.WEEKLY:
            return (moment.toordinal() - 1 - rule.wkst) // 7
        case _:
            return moment.toordinal()


def _begin(rule: Pattern, periods: int) -> datetime:
    """The beginning of the period that lies so many after the one in which the rule starts."""
    number = _period(rule, rule.start) + periods
    match rule.freq:
        case calendars.YEARLY:
            return datetime.fromordinal(date(number, 1, 1).toordinal())
        case calendars.MONTHLY:
            return datetime.fromordinal(date(number // 12, number % 12 + 1, 1).toordinal())
        case calendars.WEEKLY:
            return datetime.fromordinal(max(1, number * 7 + 1 + rule.wkst))
        case _:
            return datetime.fromordinal(number)


def _number(name: str, text: str, most: int) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= most:
        raise BadRule(f"has no {name} from 1 to {most}")
    return int(text)


def _until(text: str) -> str:
    found = _UNTIL.fullmatch(text)
    if found is None:
        raise BadRule("has an UNTIL that is no time")
    year, month, day, hour, minute, second, zulu = found.groups()
    local = f"{year}-{month}-{day}T{hour or '23'}:{minute or '59'}"
    try:
        datetime.fromisoformat(f"{local}:{second or '00'}")
    except ValueError:
        raise BadRule("has an UNTIL that is no time") from None
    return f"{local}:{second}.000Z" if zulu else local


def _filters(parts: dict[str, str], freq: int) -> dict[str, Any]:
    by: dict[str, Any] = {}
    for name, text in parts.items():
        if freq in _BARRED.get(name, ()):
            raise BadRule(f"has {name} with a FREQ that does not take it")
        if name == "BYDAY":
            by["byweekday"] = [_weekday(one, freq, weeks="BYWEEKNO" in parts) for one in text.split(",")]
        elif name in _LISTS:
            key, values, from_end = _LISTS[name]
            by[key] = [_value(name, one, values, from_end=from_end) for one in text.split(",")]
        else:
            raise BadRule(f"has a part that is not known here: {name[:20]}")
    if "bysetpos" in by and len(by) == 1:
        raise BadRule("has BYSETPOS alone")
    return by


def _value(name: str, text: str, values: range, *, from_end: bool) -> int:
    sign = -1 if from_end and text.startswith("-") else 1
    digits = text[1:] if from_end and text[:1] in {"+", "-"} else text
    if not digits.isascii() or not digits.isdigit() or int(digits[:9]) not in values:
        raise BadRule(f"has no {name} from {values[0]} to {values[-1]}")
    return sign * int(digits)


def _weekday(text: str, freq: int, *, weeks: bool) -> calendars.weekday:
    found = _BYDAY.fullmatch(text)
    if found is None:
        raise BadRule("has a BYDAY that is no day")
    number, day = found.groups()
    if number is None:
        return calendars.weekday(_DAYS[day])
    most = {calendars.MONTHLY: 5, calendars.YEARLY: 53}.get(freq, 0)
    if weeks or abs(int(number)) > most:
        raise BadRule("numbers a BYDAY that cannot be")
    return calendars.weekday(_DAYS[day], int(number))


def _completed(by: dict[str, Any], freq: int, start: datetime) -> dict[str, Any]:
    """The filters with what the rule takes from its start, which is then said and may be begun elsewhere."""
    whole = {"byhour": [start.hour], "byminute": [start.minute], **by, "bysecond": [0]}
    if _SETS.isdisjoint(by):
        if freq == calendars.YEARLY:
            whole.setdefault("bymonth", [start.month])
        if freq in {calendars.YEARLY, calendars.MONTHLY}:
            whole["bymonthday"] = [start.day]
        if freq == calendars.WEEKLY:
            whole["byweekday"] = [calendars.weekday(start.weekday())]
    return whole
