"""F3: SIGSTOP of a process, for less than its session, for longer, and for longer than a rebalance."""

import asyncio
from typing import Final

from tests.chaos.nemesis import Nemesis

STILL_S: Final = (2.0, 12.0, 40.0)


async def run(nemesis: Nemesis) -> None:
    """Stop one replica of each service for each length of time; for the longest, one of each at once."""
    names = [name for name in nemesis.rig.processes if name.endswith("-1")]
    for seconds in STILL_S[:-1]:
        for name in names:
            await still(nemesis, [name], seconds)
    await still(nemesis, names, STILL_S[-1])


async def still(nemesis: Nemesis, names: list[str], seconds: float) -> None:
    """Stop processes and let them go on; what they held is others' by then, and the criteria show stale writes."""
    children = [nemesis.rig.processes[name] for name in names]
    async with nemesis.broken(" ".join(names), still=seconds):
        for child in children:
            child.stop()
        await asyncio.sleep(seconds)
        for child in children:
            child.cont()
    nemesis.expect(
        "a process that stood still goes on, or is replaced after ending by itself in order",
        all(child.pid is not None for child in children),
        " ".join(names),
    )
