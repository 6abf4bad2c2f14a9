"""Breaks things while people are busy, mends them, and takes note of what was expected of the platform meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from msgspec import Struct

from tests.chaos.load import Load
from tests.chaos.rig import Rig

RECOVERY_S: Final = 25.0
"""After this long at most a fresh command has its answer again, and every process is ready."""
READY_S: Final = 90.0
"""So long a process is waited for that ought to have been ready before."""
BREATH_S: Final = 2.0
"""Between two blows, so that each meets a platform at work."""


class Expectation(Struct, frozen=True):
    """What a fault asks of the platform besides the criteria, and how it went."""

    fault: str
    what: str
    held: bool
    detail: str = ""


class Fault(Struct, frozen=True):
    """A kind of fault: `run` breaks and mends."""

    name: str
    title: str
    run: "Callable[[Nemesis], Awaitable[None]]"


class Nemesis:
    """What a fault is given."""

    def __init__(self, rig: Rig, load: Load, fault: str) -> None:
        """Take the rig, the people who are busy on it, and the name under which all is noted."""
        self.rig = rig
        self.load = load
        self.fault = fault
        self.expectations: list[Expectation] = []

    def expect(self, what: str, held: bool, detail: str = "") -> None:  # noqa: FBT001 -- reads like assert
        """Take note of an expectation."""
        self.expectations.append(Expectation(self.fault, what, held, detail))

    @asynccontextmanager
    async def broken(self, target: str, **told: Any) -> AsyncIterator[None]:  # noqa: ANN401 -- JSON
        """Break something in the block and mend it; then all has to be well again in time."""
        history = self.rig.history
        history.write("fault", name=self.fault, phase="begin", target=target, **told)
        try:
            yield
        finally:
            history.write("fault", name=self.fault, phase="heal", target=target, **told)
        took, ready = await asyncio.gather(self.load.probe(f"{self.fault} {target}"), self.all_ready())
        self.expect(
            f"a fresh command to each service succeeds within {RECOVERY_S:.0f} s",
            took is not None and took <= RECOVERY_S,
            f"{target}: {'never' if took is None else f'{took:.1f} s'}",
        )
        self.expect(
            f"all processes are ready within {RECOVERY_S:.0f} s",
            ready is not None and ready <= RECOVERY_S,
            f"{target}: {'never' if ready is None else f'{ready:.1f} s'}",
        )
        await asyncio.sleep(BREATH_S)

    async def all_ready(self) -> float | None:
        """Seconds until every process is ready, None if that is too long."""
        began = time.monotonic()
        try:
            await self.rig.ready(READY_S)
        except TimeoutError:
            return None
        return time.monotonic() - began
