"""Kafka, MongoDB or Redis under the rig; nobody starts it again but who killed it."""

import asyncio
import signal
import time
from contextlib import suppress

from deploy.processes import Program, start
from tests.chaos.history import Death


class Part:
    """A part and its lives."""

    def __init__(self, program: Program) -> None:
        """Name it; nothing is started."""
        self.name = program.name
        self.address = program.address
        """Direct, past all proxies."""
        self.deaths: list[Death] = []
        self._program = program
        self._process: asyncio.subprocess.Process | None = None
        self._over: asyncio.Task[None] | None = None
        self._wanted = False

    @property
    def pid(self) -> int | None:
        """Its process id while it lives."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> None:
        """Start it where it was; return when it is ready. Raises TroubleError if it does not get there."""
        self._wanted = False
        self._process = await start(self._program)
        self._over = asyncio.create_task(self._see_out(self._process), name=f"{self.name} lives")

    async def kill(self) -> None:
        """End it as a power cut would."""
        await self._end(signal.SIGKILL)

    async def terminate(self) -> None:
        """End it in good order."""
        await self._end(signal.SIGTERM)

    def stop(self) -> None:
        """Let it stand still, as a paused machine does."""
        self._signal(signal.SIGSTOP)

    def cont(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    async def _end(self, number: signal.Signals) -> None:
        self._wanted = True
        self._signal(number)
        if self._over:
            await asyncio.shield(self._over)

    def _signal(self, number: signal.Signals) -> None:
        if self._process and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def _see_out(self, process: asyncio.subprocess.Process) -> None:
        code = await process.wait()
        self.deaths.append(Death(time.monotonic(), code, self._wanted))
