"""A carnival day: more people than there are places, all within a minute, with shifts and stalls beside them.

Everybody asks once, with a key of their own; what was answered is counted, and what is read afterwards has to agree.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from deploy.front_door import FrontDoor, RefusedError, Who, together
from deploy.simulation.cover import DROPPING, Shift, stand_in
from deploy.simulation.plan import scaled
from deploy.simulation.scene import Finding, Scene, finding

PARTIES: Final = 5_000
"""Who registers, each for one."""
PLACES: Final = 4_000
LEAVING: Final = 200
"""Of those with a place; as many who wait move up."""
SHIFTS: Final = (("Stewarding", "10:00", "13:00"), ("Stewarding", "13:00", "16:00"), ("First aid", "10:00", "16:00"))
SHIFT_PLACES: Final = 40
HELPERS: Final = 60
"""Who would like a place on each shift."""
STALLS: Final = 25
TRADERS: Final = 40

_DAY: Final = "2099-07-04"
_SETTLED_S: Final = 30.0
_PAUSE_S: Final = 0.5


class CarnivalDay(Struct, frozen=True):
    """How large it is."""

    parties: int
    places: int
    leaving: int
    shift_places: int
    helpers: int
    stalls: int
    traders: int
    dropping: int = 0
    """Who gives a place on each shift back; as many who found none take it. So many of the first ask for cover."""


class CarnivalReport(Struct):
    """What was answered, and what the event, its shifts and its stalls say in the end."""

    day: CarnivalDay
    seconds: float = 0.0
    registered: int = 0
    waiting: int = 0
    on_shifts: int = 0
    stalls: int = 0
    retaken: int = 0
    """Places on shifts that were given back, and taken by others."""
    covered: int = 0
    shown: tuple[int, int, int, int] = (0, 0, 0, 0)
    """People registered, people waiting, places taken on shifts, stalls taken: as everybody reads them."""

    def is_exact(self) -> bool:
        """Nobody beyond the places, no place lost, and everything read as it was answered."""
        day = self.day
        waiting = max(0, day.parties - day.places)
        return (
            (self.registered, self.waiting) == (day.parties - waiting, waiting)
            and self.on_shifts == len(SHIFTS) * min(day.shift_places, day.helpers)
            and self.stalls == min(day.stalls, day.traders)
            and (self.retaken, self.covered) == (len(SHIFTS) * day.dropping, day.dropping)
            and self.shown
            == (
                min(day.places, day.parties - day.leaving),
                max(0, waiting - day.leaving),
                self.on_shifts,
                self.stalls,
            )
        )

    def findings(self) -> list[Finding]:
        """What must hold of it."""
        day = self.day
        bounds = (day.places, day.parties, len(SHIFTS) * day.shift_places, day.stalls)
        return [
            finding("nobody beyond capacity", [seen <= most for seen, most in zip(self.shown, bounds, strict=True)]),
            finding("no place lost, everything read as it was answered", [self.is_exact()]),
        ]


def carnival_day(scale: float) -> CarnivalDay:
    """The day at a scale; shifts and stalls have their bounds."""
    shift_places = min(SHIFT_PLACES, max(2, scaled(SHIFT_PLACES, scale)))
    helpers = min(HELPERS, max(shift_places + 1, scaled(HELPERS, scale)))
    return CarnivalDay(
        scaled(PARTIES, scale),
        scaled(PLACES, scale),
        scaled(LEAVING, scale),
        shift_places,
        helpers,
        min(STALLS, scaled(STALLS, scale)),
        min(TRADERS, scaled(TRADERS, scale)),
        min(DROPPING, shift_places // 2, helpers - shift_places),
    )


class Carnival:
    """One run of the day in a campaign."""

    def __init__(self, door: FrontDoor, campaign: str, organiser: Who, run: str, day: CarnivalDay) -> None:
        """Take where and how large it is; nothing is sent."""
        self._door = door
        self._campaign = campaign
        self._organiser = organiser
        self._run = run
        self._report = CarnivalReport(day)
        self._placed: list[int] = []
        self._scene = Scene(door, campaign, organiser, run)

    async def play(self) -> CarnivalReport:
        """Do it all; raises RefusedError and TroubleError."""
        day, report = self._report.day, self._report
        path = await self._plan()
        shifts = [Shift(await self._shift(path, *shift)) for shift in SHIFTS]
        slot = await self._stalls(path)
        began = time.monotonic()
        await together(self._register(path, number) for number in range(day.parties))
        report.seconds = time.monotonic() - began
        await together(
            self._help(shift, at, number) for at, shift in enumerate(shifts) for number in range(day.helpers)
        )
        report.retaken, report.covered = await stand_in(self._scene, shifts, day.dropping)
        await together(self._trade(slot, number) for number in range(day.traders))
        report.registered = len(self._placed)
        await self._leave(path)
        end = time.monotonic() + _SETTLED_S
        while True:  # another replica than the one that wrote may answer, and who moves up comes by follow-ups
            report.shown = await self._look(path)
            if report.is_exact() or time.monotonic() > end:
                return report
            await asyncio.sleep(_PAUSE_S)

    async def _plan(self) -> str:
        body = {
            "campaign_id": self._campaign,
            "title": "Carnival (made up)",
            "category": "arts",
            "starts_at": f"{_DAY}T10:00",
            "ends_at": f"{_DAY}T16:00",
            "capacity": self._report.day.places,
            "publish": True,
        }
        return f"/v1/events/{(await self._write(self._organiser, '/v1/events', body, 'event'))['id']}"

    async def _shift(self, path: str, role: str, starts: str, ends: str) -> str:
        body = {
            "role": {"name": role},
            "starts_at": f"{_DAY}T{starts}",
            "ends_at": f"{_DAY}T{ends}",
            "places": self._report.day.shift_places,
        }
        shift = await self._write(self._organiser, f"{path}/shifts", body, "shift", starts, ends)
        return f"{path}/shifts/{shift['id']}"

    async def _stalls(self, path: str) -> str:
        body = {"kind": "stall", "title": "Stalls on the green", "places": self._report.day.stalls}
        slot = await self._write(self._organiser, f"{path}/slots", body, "stalls")
        return f"{path}/slots/{slot['id']}"

    async def _register(self, path: str, number: int) -> None:
        made = await self._write(self._visitor(number), f"{path}/registrations", {}, "visitor", number)
        if made["status"] == "registered":
            self._placed.append(number)
        else:
            self._report.waiting += 1

    async def _help(self, shift: Shift, at: int, number: int) -> None:
        who = Who(f"helper-{at}-{number:03}-of-{self._run}")
        if await self._taken(who, f"{shift.path}/assignments", "shift-full"):
            self._report.on_shifts += 1
            shift.on.append(who)
        else:
            shift.without.append(who)

    async def _trade(self, slot: str, number: int) -> None:
        if await self._taken(Who(f"trader-{number:03}-of-{self._run}"), f"{slot}/bookings", "slot-full"):
            self._report.stalls += 1

    async def _taken(self, who: Who, path: str, full: str) -> bool:
        """Take a place if there is one left."""
        try:
            await self._write(who, path, {}, who.sub)
        except RefusedError as refused:
            if refused.problem != full:
                raise
            return False
        return True

    async def _leave(self, path: str) -> None:
        """Some of those who have a place give it back."""
        leaving = sorted(self._placed)[: self._report.day.leaving]
        await together(
            self._door.write(
                self._visitor(number), f"{path}/registrations/me", {}, self._key("leaving", number), method="DELETE"
            )
            for number in leaving
        )

    async def _look(self, path: str) -> tuple[int, int, int, int]:
        """Read what everybody can read."""
        event = await self._door.read(path)
        shifts = await self._door.read(f"{path}/shifts")
        slots = await self._door.read(f"{path}/slots")
        if not (event and shifts and slots):
            return (0, 0, 0, 0)
        taken = sum(one["places"] - one["left"] for one in shifts["items"])
        return event["registered"], event["waiting"], taken, sum(one["places"] - one["left"] for one in slots["items"])

    async def _write(self, who: Who, path: str, body: Mapping[str, Any], *about: object) -> Any:  # noqa: ANN401 -- JSON
        return (await self._door.write(who, path, body, self._key(*about))).json()

    def _visitor(self, number: int) -> Who:
        return Who(f"visitor-{number:04}-of-{self._run}")

    def _key(self, *about: object) -> str:
        return "-".join(["carnival", self._run, *map(str, about)])
