"""`brum seed`."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.trouble import TroubleError


class _Shown:
    """Shows how the loader gets on."""

    def __init__(self, progress: Progress) -> None:
        self.wishes = 0
        self._progress = progress
        self._task = progress.add_task("Season", total=0)

    def expect(self, wishes: int) -> None:
        """Move the goal."""
        self.wishes += wishes
        self._progress.update(self._task, total=self.wishes)

    def done(self) -> None:
        """Move the bar."""
        self._progress.advance(self._task)


def seed(
    url: Annotated[
        str | None, typer.Option(help="Where the gateway is. [default: the platform on BRUM_DATA]", show_default=False)
    ] = None,
) -> None:
    """Load the #BrumTogether season: whatever of it is missing, by the requests that people would send.

    brum up does this on every start. What is there already is left alone; openings are planned four weeks ahead.
    """
    from deploy.front_door import RefusedError, open_door
    from deploy.season.content import chapters
    from deploy.season.loader import load
    from deploy.settings import read
    from shared.config import Platform

    door = open_door(read(Platform), url)
    console = Console()
    columns = TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    began = time.monotonic()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        shown = _Shown(progress)

        async def run() -> None:
            async with door:
                await load(door, chapters(), shown, datetime.now(UTC))

        try:
            asyncio.run(run())
        except RefusedError as refused:
            raise TroubleError(f"The season was not loaded: {refused}") from refused
    took = time.monotonic() - began
    said = f"loaded {took:5.1f} s   by {shown.wishes:,} requests" if shown.wishes else "all there"
    console.print(f"  season          {said}", highlight=False)
