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

from deploy.trouble import TroubleError

if TYPE_CHECKING:
    from deploy.simulation.report import Report

T = TypeVar("T")

_INTERRUPTED = 130


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

    Meanwhile fifty doors open every week of a year, over both clock changes; offers are matched, by hand and by waves
    of holds; commitments are shown to be kept, or go stale. Then a carnival day: 5,000 people register within a minute
    for 4,000 places, and there are stalls, and shifts with drop-outs and cover.

    A tenth of the deliveries is sent twice with one key, a hundredth recorded wrongly and corrected. Kill what you
    like meanwhile: the totals must come out exactly; exit 1 if they do not. Each run has a campaign of its own.
    """
    from deploy.front_door import RefusedError, open_door
    from deploy.settings import read
    from deploy.simulation.plan import plan
    from deploy.simulation.report import play, show
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

    async def run_it(shown: _Shown) -> "Report":
        async with door:
            return await play(door, season, run, pace, shown)

    console.print(f"Run {run} goes into the campaign replay-{run} at {door.url}", highlight=False)
    try:
        with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console) as progress:
            report = asyncio.run(_until_asked(run_it(_Shown(progress, len(season.deliveries())))))
    except asyncio.CancelledError:
        console.print(f"Stopped. Nothing is lost; go on with: {again}", highlight=False, soft_wrap=True)
        raise typer.Exit(_INTERRUPTED) from None
    except (TroubleError, RefusedError) as trouble:
        raise TroubleError(f"{trouble} Go on with: {again}") from trouble
    show(console, report)
    console.print(f"\n{terms.ATTRIBUTION}\n", style="dim")
    if not report.ledger.is_that_of(season):
        raise TroubleError(f"The totals are not those of the season; look into the campaign replay-{run}.")
    broken = [found.what for found in report.findings() if not found.holds]
    if broken:
        raise TroubleError(f"Does not hold: {'; '.join(broken)}. Look into the campaigns replay-{run} and rest-{run}.")
    console.print("The totals are exact, and all that must hold holds.", style="green")


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
