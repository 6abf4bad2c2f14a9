"""All streams of work of one run, what they found, and how it is told."""

import asyncio
import time
from collections.abc import Awaitable
from typing import Final, TypeVar

from msgspec import Struct
from rich.console import Console
from rich.table import Column, Table

from deploy.front_door import FrontDoor
from deploy.simulation.carnival import SHIFTS, Carnival, CarnivalReport, carnival_day
from deploy.simulation.doors import DoorsReport, doors, open_doors
from deploy.simulation.matches import MatchesReport, match, matching
from deploy.simulation.plan import Plan
from deploy.simulation.replay import Clock, Counts, Ledger, Replay, Watcher, ledger
from deploy.simulation.scene import Finding, Scene, open_scene
from deploy.simulation.sums import Sums, sums
from deploy.simulation.vows import VowsReport, commit, of_each

T = TypeVar("T")

_TOP: Final = 10


class Report(Struct):
    """A whole run, and how many seconds each stream of work took."""

    season: Plan
    counts: Counts
    ledger: Ledger
    doors: DoorsReport
    matches: MatchesReport
    vows: VowsReport
    carnival: CarnivalReport
    sums: dict[str, Sums]
    seconds: dict[str, float]

    def findings(self) -> list[Finding]:
        """All that must hold."""
        found = [*self.carnival.findings(), *self.matches.findings()]
        for name, each in self.sums.items():
            found += [Finding(f"{name}: {one.what}", one.looked_at, one.broken) for one in each.findings()]
        return [*found, *self.vows.findings(), *self.doors.findings()]


async def play(door: FrontDoor, season: Plan, run: str, pace: float | None, watcher: Watcher) -> Report:
    """Do it all; raises RefusedError and TroubleError."""
    seconds: dict[str, float] = {}

    async def timed(name: str, work: Awaitable[T]) -> T:
        began = time.monotonic()
        done = await work
        seconds[name] = time.monotonic() - began
        return done

    replay, scene, scale = Replay(door, season, run, Clock(pace), watcher), await open_scene(door, run), season.scale
    campaign, opened, matched, committed = await asyncio.gather(
        timed("deliveries", replay.play()),
        timed("doors", open_doors(scene, doors(scale))),
        timed("matching", match(scene, matching(scale))),
        timed("commitments", commit(scene, of_each(scale))),
    )
    read_back = await ledger(door, campaign, season)
    carnival = await timed("carnival", Carnival(door, campaign, replay.organiser, run, carnival_day(scale)).play())
    deliveries = Scene(door, campaign, replay.organiser, run)
    added_up = {"food": await sums(deliveries), "all else": await sums(scene)}
    return Report(season, replay.counts, read_back, opened, matched, committed, carnival, added_up, seconds)


def show(console: Console, report: Report) -> None:
    """Print it: what was planned, what was answered, what everybody reads, and whether it holds together."""
    _show_ledger(console, report)
    _show_carnival(console, report.carnival)
    for name, seconds, rows in (
        ("open doors", report.seconds["doors"], report.doors.rows()),
        ("offers and needs", report.seconds["matching"], report.matches.rows()),
        ("commitments", report.seconds["commitments"], report.vows.rows()),
    ):
        table = Table(name, _right(f"{seconds:.1f} s"), box=None, pad_edge=False)
        for row in rows:
            table.add_row(*row)
        _print(console, table)
    console.print("\nA ledger is even if quantity + over = uncommitted + held + pledged.", highlight=False)
    table = Table("what must hold", _right("looked at"), _right("broken"), box=None, pad_edge=False)
    for found in report.findings():
        colour = "green" if found.holds else "red"
        table.add_row(found.what, f"{found.looked_at:,}", f"[{colour}]{found.broken:,}[/]")
    _print(console, table)


def _show_ledger(console: Console, report: Report) -> None:
    totals, counts, seconds = report.ledger.totals, report.counts, report.seconds["deliveries"]
    kinds = Table("delivered", _right("planned"), _right("public"), box=None, pad_edge=False)
    for kind, planned in report.season.totals().items():
        public = totals["delivered"].get(kind, 0)
        colour = "green" if planned == public else "red"
        kinds.add_row(f"{kind.replace('_', ' ')}s", f"{planned:,}", f"[{colour}]{public:,}[/]")
    figures = Table("", _right(""), box=None, pad_edge=False, show_header=False)
    for figure, number in (
        ("partners", totals["partners"]),
        ("volunteers", totals["volunteers"]),
        ("deliveries", counts.deliveries),
        ("sent twice, counted once", counts.doubles),
        ("corrected", counts.corrections),
    ):
        figures.add_row(figure, f"{number:,}")
    names = {need.ward: need.ward_name for need in report.season.needs}
    wards = report.ledger.wards
    largest = Table(f"wards (the first {_TOP} of {len(wards)})", _right("delivered"), box=None, pad_edge=False)
    for ward, number in sorted(wards.items(), key=lambda each: -each[1])[:_TOP]:
        largest.add_row(names.get(ward, ward), f"{number:,}")
    for table in (kinds, figures, largest):
        _print(console, table)
    rate = counts.deliveries / seconds if seconds else 0
    console.print(f"{counts.deliveries:,} deliveries in {seconds:.1f} s ({rate:,.0f} a second).", highlight=False)


def _show_carnival(console: Console, carnival: CarnivalReport) -> None:
    """Print the day: how many wanted what, how many got it."""
    day = carnival.day
    registered, waiting, _, _ = carnival.shown
    rate = 60 * day.parties / carnival.seconds if carnival.seconds else 0
    table = Table("carnival day", _right("wanted"), _right("places"), _right("given"), box=None, pad_edge=False)
    table.add_row("registrations", f"{day.parties:,}", f"{day.places:,}", f"{carnival.registered:,}")
    table.add_row(
        "on shifts", f"{len(SHIFTS) * day.helpers:,}", f"{len(SHIFTS) * day.shift_places:,}", f"{carnival.on_shifts:,}"
    )
    table.add_row("stalls", f"{day.traders:,}", f"{day.stalls:,}", f"{carnival.stalls:,}")
    _print(console, table)
    console.print(
        f"{day.parties:,} registered in {carnival.seconds:.1f} s ({rate:,.0f} a minute); after {day.leaving:,} had "
        f"left, {registered:,} have places and {waiting:,} wait. Of those on shifts {len(SHIFTS) * day.dropping:,} "
        f"dropped out and {carnival.retaken:,} came instead; {day.dropping:,} asked for cover and {carnival.covered:,} "
        "found somebody.",
        highlight=False,
    )


def _print(console: Console, table: Table) -> None:
    console.print()
    console.print(table)


def _right(header: str) -> Column:
    return Column(header, justify="right")
