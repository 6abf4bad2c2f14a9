"""One process of the rig and its lives: killed, stopped, ended, and started again as a supervisor would."""

import asyncio
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from deploy.processes import Command, spawn
from tests.chaos.history import Death
from tests.chaos.launch import VARIABLE, Chaos

FIRST_DELAY_S: Final = 0.5
LONGEST_DELAY_S: Final = 30.0
STEADY_AFTER_S: Final = 60.0
"""The back-off of `brum up`: a process that ran this long is forgiven its earlier ends."""


@dataclass
class _Life:
    process: asyncio.subprocess.Process
    chaos: Chaos
    began: float = field(default_factory=time.monotonic)
    wanted: bool = False
    """Its end is our doing."""
    again: bool = True
    over: "asyncio.Task[None]" = field(init=False)
    """Done when its end is written down."""


class Child:
    """A service process. Whatever ends it, it is started again, unless we were told otherwise."""

    def __init__(self, chaos: Chaos, internal: str, log: Path, env: Mapping[str, str]) -> None:
        """Name it; `chaos` holds for all its lives, `internal` is the URL where it is asked how it does."""
        self.name = chaos.process
        self.service = self.name.rpartition("-")[0]
        self.internal = internal
        self.log = log
        self.deaths: list[Death] = []
        self.restarts = -1
        """Lives after the first."""
        self.before: dict[str, float] = {}
        """What it weighed before the faults, see vitals."""
        self._env = env
        self._chaos = chaos
        self._life: _Life | None = None
        self._revival: asyncio.Task[None] | None = None
        self._spawning = asyncio.Lock()
        self._delay = FIRST_DELAY_S

    @property
    def pid(self) -> int | None:
        """Its process id while it lives."""
        life = self._life
        return life.process.pid if life and life.process.returncode is None else None

    @property
    def died_unasked(self) -> list[Death]:
        """The ends that nobody brought about."""
        return [death for death in self.deaths if not death.wanted]

    async def start(self, *, crashpoint: str | None = None, mutant: str | None = None) -> None:
        """Start it unless it lives, without waiting until it is ready; `crashpoint` is for this life alone."""
        await self._let_rest()
        await self._begin(
            msgspec.structs.replace(self._chaos, crashpoint=crashpoint, mutant=mutant or self._chaos.mutant)
        )

    async def kill(self, *, again: bool = True) -> None:
        """End it as a power cut would; `again`: it is started again after a while, as by a supervisor."""
        await self._end(signal.SIGKILL, again=again)

    async def terminate(self, within: float = 20.0) -> int | None:
        """Ask it to end and answer its exit code; it stays away. Raises TimeoutError if it takes longer."""
        async with asyncio.timeout(within):
            return await self._end(signal.SIGTERM, again=False)

    def stop(self) -> None:
        """Let it stand still, as a paused machine does."""
        self._signal(signal.SIGSTOP)

    def cont(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    async def close(self, within: float) -> None:
        """End it for good: asked first, made after so many seconds."""
        try:
            self.cont()
            await self.terminate(within)
        except TimeoutError:
            await self.kill(again=False)

    async def _end(self, number: signal.Signals, *, again: bool) -> int | None:
        if not again:
            await self._let_rest()
        if (life := self._life) is None:
            return None
        if self.pid is None:  # and its death is written down
            await asyncio.shield(life.over)
            return None
        life.wanted, life.again = True, again
        self._signal(number)
        await asyncio.shield(life.over)
        return life.process.returncode

    def _signal(self, number: signal.Signals) -> None:
        if self._life and self._life.process.returncode is None:
            with suppress(ProcessLookupError):
                self._life.process.send_signal(number)

    async def _let_rest(self) -> None:
        """Do not start it again; one that is being started is waited for."""
        if self._revival:
            self._revival.cancel()
        async with self._spawning:
            self._revival = None

    async def _begin(self, chaos: Chaos) -> None:
        async with self._spawning:
            if self.pid is not None:
                return
            told = {VARIABLE: msgspec.json.encode(chaos).decode()}
            command = Command(
                [sys.executable, "-m", "tests.chaos.launch", self.service], self.log, {**self._env, **told}
            )
            self._life = life = _Life(await spawn(command), chaos)
            life.over = asyncio.create_task(self._see_out(life), name=f"{self.name} lives")
            self.restarts += 1

    async def _see_out(self, life: _Life) -> None:
        code = await life.process.wait()
        wanted = life.wanted or (life.chaos.crashpoint is not None and code == -signal.SIGKILL)
        now = time.monotonic()
        self.deaths.append(Death(now, code, wanted))
        if life.again:
            steady = now - life.began > STEADY_AFTER_S
            delay = FIRST_DELAY_S if steady else self._delay
            self._delay = min(2 * delay, LONGEST_DELAY_S)
            self._revival = asyncio.create_task(self._revive(delay), name=f"revive {self.name}")

    async def _revive(self, delay: float) -> None:
        await asyncio.sleep(delay)
        await asyncio.shield(self._begin(self._chaos))
