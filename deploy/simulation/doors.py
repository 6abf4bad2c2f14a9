"""Doors that open every week, for a year: 2,600 openings, across both changes of the clocks.

Of each series one date is called off and one moved by an hour; each place has a heartbeat. Where the clocks change is
reckoned here from the calendar alone, so that an error in the platform's time zones would show.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from msgspec import Struct

from deploy.front_door import RefusedError, together
from deploy.simulation.plan import scaled
from deploy.simulation.scene import Finding, Scene, finding, settled

DOORS: Final = 50
WEEKS: Final = 52
CLOCK_CHANGES: Final = 2

_FIRST: Final = date(2099, 1, 1)
_HOUR: Final = timedelta(hours=1)
_MINUTES: Final = "%Y-%m-%dT%H:%M"
_WEEK: Final = 7
_PAGE: Final = 100


class Door(Struct, frozen=True):
    """When one opens, first and every week from then on, and which dates are otherwise."""

    number: int
    first: datetime

    @property
    def called_off(self) -> str:
        """The date that is called off."""
        return self._named(self.number * 7 % WEEKS)

    @property
    def moved(self) -> str:
        """The date that begins an hour later; never the one that is called off."""
        return self._named((self.number * 7 + 3) % WEEKS)

    def _named(self, week: int) -> str:
        return f"{self.first + timedelta(weeks=week):{_MINUTES}}"


class DoorsReport(Struct):
    """What everybody reads of a year of openings."""

    doors: int
    openings: int = 0
    called_off: int = 0
    moved: int = 0
    confirmed: int = 0
    at_other_hours: int = 0
    clock_changes: tuple[int, ...] = ()

    def rows(self) -> list[tuple[str, str]]:
        """The figures."""
        return [
            ("weekly doors", f"{self.doors:,}"),
            ("openings in a year", f"{self.openings:,}"),
            ("of them called off", f"{self.called_off:,}"),
            ("of them an hour later", f"{self.moved:,}"),
            ("heartbeats heard", f"{self.confirmed:,}"),
        ]

    def findings(self) -> list[Finding]:
        """What must hold of them."""
        wrong = self.openings != WEEKS * self.doors or self.called_off != self.doors or self.moved != self.doors
        return [
            Finding("local hour the same all year", self.openings, self.at_other_hours),
            finding("two clock changes a year", [each == CLOCK_CHANGES for each in self.clock_changes]),
            Finding("one date called off, one moved, none lost", self.openings, int(wrong)),
            Finding("each heartbeat heard", self.doors, self.doors - self.confirmed),
        ]


def doors(scale: float) -> list[Door]:
    """The doors at a scale: on every day of the week, from nine on."""
    return [
        Door(number, datetime.combine(_FIRST + timedelta(days=number % _WEEK), datetime.min.time()) + hour)
        for number in range(min(DOORS, max(2, scaled(DOORS, scale))))
        for hour in [(9 + number % 9) * _HOUR]
    ]


def is_summer(local: datetime) -> bool:
    """Whether clocks are an hour ahead then: from the last Sunday of March until the last one of October, by day."""
    return _last_sunday(local.year, 3) <= local.date() < _last_sunday(local.year, 10)


def strays(door: Door, openings: Sequence[dict[str, Any]]) -> int:
    """How many are not at the hour that they are named for, in local time or as an instant."""
    return sum(not _is_on_time(door, opening) for opening in openings)


def clock_changes(openings: Sequence[dict[str, Any]]) -> int:
    """How often the difference between local time and UTC changes from one to the next."""
    ahead = [_local(each["starts_at"]) - _instant(each["starts_at_utc"]) for each in openings]
    return sum(one != other for one, other in pairwise(ahead))


async def open_doors(scene: Scene, plan: Sequence[Door]) -> DoorsReport:
    """Plan them, change what is to be otherwise, and read the whole year."""
    report = DoorsReport(len(plan))
    await together(_live(scene, door, report) for door in plan)
    return report


async def _live(scene: Scene, door: Door, report: DoorsReport) -> None:
    title = f"Open door {door.number + 1} (made up)"
    body = {
        "campaign_id": scene.campaign,
        "title": title,
        "category": "welcome",
        "starts_at": f"{door.first:{_MINUTES}}",
        "ends_at": f"{door.first + 2 * _HOUR:{_MINUTES}}",
        "recurrence": {"rrule": "FREQ=WEEKLY"},
        "publish": True,
    }
    event = (await scene.write(scene.organiser, "/v1/events", body, "door", door.number))["id"]
    path = f"/v1/events/{event}/occurrences"
    off = {"reason": "The boiler is being mended."}
    await scene.write(scene.organiser, f"{path}/{door.called_off}/cancel", off, "off", door.number)
    later = {"starts_at": f"{_local(door.moved) + _HOUR:{_MINUTES}}"}
    await scene.write(scene.organiser, f"{path}/{door.moved}", later, "moved", door.number, method="PATCH")
    last = door.first.date() + timedelta(weeks=WEEKS, days=-1)
    year = f"{path}?from={door.first.date()}&to={last}&limit={_PAGE}"
    openings = await settled(lambda: scene.items(year), lambda read: len(read) == WEEKS and _changed(read) == (1, 1))
    called_off, moved = _changed(openings)
    report.openings += len(openings)
    report.called_off += called_off
    report.moved += moved
    report.at_other_hours += strays(door, openings)
    report.clock_changes += (clock_changes(openings),)
    is_heard = await _heartbeat(scene, door, title)
    report.confirmed += is_heard


async def _heartbeat(scene: Scene, door: Door, name: str) -> bool:
    """Say that the next opening takes place; whether everybody reads so."""
    days = [{"day": day, "opens": "10:00", "closes": "12:00"} for day in ("MO", "TU", "WE", "TH", "FR", "SA", "SU")]
    body = {"campaign_id": scene.campaign, "name": name, "hours": days}
    made = await scene.write(scene.organiser, "/v1/venues", body, "place", door.number)
    path = f"/v1/venues/{made['id']}"

    async def shown() -> list[dict[str, Any]]:
        read = await scene.door.read(path) or {}
        return [each for each in (read.get("opening"), read.get("next_open")) if each]

    for opening in await settled(shown, bool):
        try:
            place = f"{path}/openings/{opening['occurrence']}/confirm"
            await scene.write(scene.organiser, place, {}, "heartbeat", door.number, opening["occurrence"])
        except RefusedError as refused:
            if refused.problem != "opening-not-now":  # it closed just now, or is more than a day ahead
                raise
    return any(each["status"] == "confirmed" for each in await settled(shown, _is_confirmed))


def _is_confirmed(openings: list[dict[str, Any]]) -> bool:
    return any(each["status"] == "confirmed" for each in openings)


def _changed(openings: Sequence[dict[str, Any]]) -> tuple[int, int]:
    """How many are called off, and how many are at another time than they are named for."""
    off = sum(each["status"] == "cancelled" for each in openings)
    return off, sum(each["starts_at"] != each["occurrence"] for each in openings)


def _is_on_time(door: Door, opening: dict[str, Any]) -> bool:
    named, starts = _local(opening["occurrence"]), _local(opening["starts_at"])
    wanted = named + _HOUR if opening["occurrence"] == door.moved else named
    utc = starts - _HOUR if is_summer(starts) else starts
    return named.time() == door.first.time() and starts == wanted and _instant(opening["starts_at_utc"]) == utc


def _last_sunday(year: int, month: int) -> date:
    """Of March or October, which have 31 days."""
    last = date(year, month, 31)
    return last - timedelta(days=(last.weekday() + 1) % _WEEK)


def _local(text: str) -> datetime:
    return datetime.strptime(text, _MINUTES)  # noqa: DTZ007 -- a local time has no zone


def _instant(text: str) -> datetime:
    return _local(text[:16])
