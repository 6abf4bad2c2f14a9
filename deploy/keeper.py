"""Keeps a program running: starts it, and starts it again with growing patience whenever it ends."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Literal, NoReturn

from deploy.processes import Program, how_it_ended, start, stop
from deploy.trouble import TroubleError

Health = Literal["starting", "ready", "restarting", "stopped"]

_FIRST_DELAY = 0.5
_LONGEST_DELAY = 30.0
_STEADY_AFTER = 60.0
"""A program that ran this long is forgiven its earlier ends."""

_LOOK_EVERY = 5.0
_PATIENCE = 6
"""So many looks in a row must find it dead before it is killed: a busy machine is slow, not dead."""


class Keeper:
    """One program and what became of it."""

    def __init__(
        self,
        program: Program,
        *,
        tell: Callable[[str], None],
        changed: Callable[[], None],
        alive: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        """Nothing is started yet; `tell` speaks to a person, `changed` follows each change of state."""
        self.program = program
        self.health: Health = "starting"
        self.restarts = 0
        self._tell = tell
        self._changed = changed
        self._alive = alive
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[NoReturn] | None = None

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> None:
        """Start it for the first time and keep it from then on; raises TroubleError if it does not get ready."""
        self._process = await start(self.program)
        self._become("ready")
        self._keeping = asyncio.create_task(self._keep(), name=f"keep {self.program.name}")

    async def stop(self, grace: float) -> None:
        """End it for good."""
        if self._keeping:
            self._keeping.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeping
        if self._process:
            await stop(self._process, grace)
        self._become("stopped")

    def kill(self) -> None:
        """End it at once, without waiting; for the impatient."""
        if self._process and self._process.returncode is None:
            self._process.kill()

    async def _keep(self) -> NoReturn:
        delay = _FIRST_DELAY
        while True:
            began = time.monotonic()
            why = await self._end()
            if time.monotonic() - began > _STEADY_AFTER:
                delay = _FIRST_DELAY
            self._become("restarting")
            self._tell(f"{self.program.name} {why}; it is started again in {delay:g} s.")
            while True:
                await asyncio.sleep(delay)
                delay = min(delay * 2, _LONGEST_DELAY)
                self.restarts += 1
                try:
                    self._process = await start(self.program)
                    break
                except (TroubleError, OSError) as error:
                    self._tell(f"{error}\nIt is tried again in {delay:g} s.")
            self._become("ready")
            self._tell(f"{self.program.name} is ready again.")

    async def _end(self) -> str:
        """Wait until it ended, or make it when it only seems to live; answer why."""
        process = self._process
        if process is None:
            return "was not started"
        dead = 0
        while True:
            try:
                async with asyncio.timeout(_LOOK_EVERY):
                    await process.wait()
                return how_it_ended(process)
            except TimeoutError:
                dead = 0 if self._alive is None or await self._alive() else dead + 1
            if dead >= _PATIENCE:
                process.kill()
                await process.wait()
                return "did not answer any more and was killed"

    def _become(self, health: Health) -> None:
        self.health = health
        self._changed()
