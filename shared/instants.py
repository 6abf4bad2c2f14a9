"""Instants as fixed-width UTC text, `YYYY-MM-DDTHH:MM:SS.mmmZ` (RFC 3339): they compare as they read. Pure."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SkippedTime(ValueError):  # noqa: N818 -- it names the time, not our failure
    """A local time that does not exist, because a clock change skips it."""


def text(moment: datetime) -> str:
    """Instant of an aware datetime, cut to the millisecond."""
    moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def from_ms(milliseconds: int) -> str:
    """Instant of milliseconds since 1970."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{_second(seconds)}.{rest:03d}Z"


@lru_cache(maxsize=4_096)
def _second(seconds: int) -> str:
    """The instant's part up to the second, which the records of a batch share."""
    return f"{EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}"


def moment(instant: str) -> datetime:
    """Aware datetime of an instant."""
    return datetime.fromisoformat(instant)


def to_ms(instant: str) -> int:
    """Milliseconds since 1970."""
    return (moment(instant) - EPOCH) // timedelta(milliseconds=1)


def later(instant: str, *, milliseconds: int = 0, minutes: int = 0, days: int = 0) -> str:
    """Instant some time after another (before it, if negative)."""
    return text(moment(instant) + timedelta(milliseconds=milliseconds, minutes=minutes, days=days))


def to_utc(local: str, zone: str) -> str:
    """Instant of a local time `YYYY-MM-DDTHH:MM` in an IANA zone; the earlier one where the clock repeats an hour.

    Raises `SkippedTime` for a time that a clock change skips, `ZoneInfoNotFoundError` for an unknown zone.
    """
    wall = datetime.fromisoformat(local)
    there = wall.replace(tzinfo=ZoneInfo(zone))
    utc = there.astimezone(UTC)
    if utc.astimezone(there.tzinfo).replace(tzinfo=None) != wall:
        raise SkippedTime(local)
    return text(utc)


def nearest(local: str, zone: str) -> str:
    """Instant of a local time as `to_utc`; a skipped one by the offset before the change (RFC 5545, section 3.3.5)."""
    return text(datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)))


def to_local(instant: str, zone: str) -> str:
    """Local time `YYYY-MM-DDTHH:MM` of an instant in an IANA zone."""
    there = moment(instant).astimezone(ZoneInfo(zone))
    return f"{there:%Y-%m-%dT%H:%M}"
