"""`brum simulate`."""

import asyncio
import re
import secrets
import signal
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Column, Table

from deploy.trouble import TroubleError

if TYPE_CHECKING:
    from deploy.simulation.carnival import CarnivalReport
    from deploy.simulation.plan import Plan
    from deploy.simulation.replay import Counts, Ledger

T = TypeVar("T")

_INTERRUPTED = 130
_TOP = 10


class _Shown:
    """Shows how the replay gets on."""

    def __init__(self, progress: Progress, deliveries: int) -> None:
        self._progress = progress
        self._task = progress.add_task("Deliveries", total=deliveries)

    def delivered(self) -> None:
        """Move the bar."""
        self._progress.advance(self._task)


def _speed(given: str) -> float | None:
    """How many seconds of the season go by in one of ours; None is as fast as can be."""
    if given == "max":
        return None
    try:
        speed = float(given)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise typer.BadParameter(
            "must be max or a number above 0, such as 86400 for a day a second", param_hint="--speed"
        )
    return speed


def simulate(
    speed: Annotated[
        str, typer.Option(help="Seconds of 2020 in a second of ours, 86400 for a day a second; max for no waiting.")
    ] = "max",
    seed: Annotated[int, typer.Option(help="Chance's first word; the same makes the same season.")] = 2020,
    scale: Annotated[float, typer.Option(min=0.01, max=10.0, help="How large, as a part or a multiple of 2020.")] = 1.0,
    at_once: Annotated[int, typer.Option(min=1, max=512, help="Requests in flight at the most.")] = 64,
    run: Annotated[
        str, typer.Option(help="Take up this run where it was stopped. [default: a new one]", show_default=False)
    ] = "",
    url: Annotated[
        str | None, typer.Option(help="Where the gateway is. [default: the platform on BRUM_DATA]", show_default=False)
    ] = None,
) -> None:
    """Replay 2020: 80 partners, 845 volunteers, 84,000 deliveries, and check the public totals to the last parcel.

    Then a carnival day: 5,000 people register within a minute for 4,000 places, and there are shifts and stalls.

    A tenth of the deliveries is sent twice with one key, a hundredth recorded wrongly and corrected. Kill what you
    like meanwhile: the totals must come out exactly; exit 1 if they do not. Each run has a campaign of its own.
    """
    from deploy.front_door import RefusedError, open_door
    from deploy.settings import read
    from deploy.simulation.carnival import Carnival, carnival_day
    from deploy.simulation.plan import plan
    from deploy.simulation.replay import Clock, Replay, ledger
    from shared.config import Platform
    from shared.vocabulary import terms

    run = run or secrets.token_hex(4)
    pace = _speed(speed)
    if not re.fullmatch("[a-z0-9]{1,32}", run):
        raise typer.BadParameter("must be at most 32 lower-case letters and digits", param_hint="--run")
    console = Console()
    again = f"brum simulate --run {run} --seed {seed} --scale {scale:g}"
    season = plan(seed, scale, terms.wards())
    door = open_door(read(Platform), url, at_once=at_once)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()

    async def play(shown: _Shown) -> "tuple[Counts, Ledger, CarnivalReport]":
        async with door:
            replay = Replay(door, season, run, Clock(pace), shown)
            campaign = await replay.play()
            carnival = Carnival(door, campaign, replay.organiser, run, carnival_day(scale))
            return replay.counts, await ledger(door, campaign, season), await carnival.play()

    console.print(f"Run {run} goes into the campaign replay-{run} at {door.url}", highlight=False)
    try:
        with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console) as progress:
            counts, read_back, carnival = asyncio.run(_until_asked(play(_Shown(progress, len(season.deliveries())))))
    except asyncio.CancelledError:
        console.print(f"Stopped. Nothing is lost; go on with: {again}", highlight=False, soft_wrap=True)
        raise typer.Exit(_INTERRUPTED) from None
    except (TroubleError, RefusedError) as trouble:
        raise TroubleError(f"{trouble} Go on with: {again}") from trouble
    _show(console, season, counts, read_back)
    _show_carnival(console, carnival)
    console.print(f"\n{terms.ATTRIBUTION}\n", style="dim")
    if not read_back.is_that_of(season):
        raise TroubleError(f"The totals are not those of the season; look into the campaign replay-{run}.")
    if not carnival.is_exact():
        raise TroubleError("The carnival day does not come out even; look at its event in the campaign.")
    console.print("The totals are exact.", style="green")


async def _until_asked(work: Coroutine[Any, Any, T]) -> T:
    """Do it, unless Ctrl-C comes: then it is cancelled until it has ended.

    Once might not do: some versions of Python lose a cancellation that meets the end of a time-out.
    """
    task = asyncio.create_task(work)
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, asked.set)
    asking = asyncio.create_task(asked.wait())
    await asyncio.wait({task, asking}, return_when=asyncio.FIRST_COMPLETED)
    while asked.is_set() and not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=0.5)
    asking.cancel()
    return await task


def _show(console: Console, season: "Plan", counts: "Counts", ledger: "Ledger") -> None:
    """Print the ledger: what was planned, what we were answered, what everybody reads."""
    totals = ledger.totals
    kinds = Table("delivered", _right("planned"), _right("public"), box=None, pad_edge=False)
    for kind, planned in season.totals().items():
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
    names = {need.ward: need.ward_name for need in season.needs}
    wards = Table(f"wards (the first {_TOP} of {len(ledger.wards)})", _right("delivered"), box=None, pad_edge=False)
    for ward, number in sorted(ledger.wards.items(), key=lambda each: -each[1])[:_TOP]:
        wards.add_row(names.get(ward, ward), f"{number:,}")
    for table in (kinds, figures, wards):
        console.print()
        console.print(table)


def _show_carnival(console: Console, carnival: "CarnivalReport") -> None:
    """Print the day: how many wanted what, how many got it."""
    from deploy.simulation.carnival import SHIFTS

    day = carnival.day
    registered, waiting, _, _ = carnival.shown
    rate = 60 * day.parties / carnival.seconds if carnival.seconds else 0
    table = Table("carnival day", _right("wanted"), _right("places"), _right("given"), box=None, pad_edge=False)
    table.add_row("registrations", f"{day.parties:,}", f"{day.places:,}", f"{carnival.registered:,}")
    table.add_row(
        "on shifts", f"{len(SHIFTS) * day.helpers:,}", f"{len(SHIFTS) * day.shift_places:,}", f"{carnival.on_shifts:,}"
    )
    table.add_row("stalls", f"{day.traders:,}", f"{day.stalls:,}", f"{carnival.stalls:,}")
    console.print()
    console.print(table)
    console.print(
        f"{day.parties:,} registered in {carnival.seconds:.1f} s ({rate:,.0f} a minute); after {day.leaving:,} had "
        f"left, {registered:,} have places and {waiting:,} wait.",
        highlight=False,
    )


def _right(header: str) -> Column:
    return Column(header, justify="right")
