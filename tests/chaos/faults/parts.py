"""F1: `kill -9` of Kafka, MongoDB and Redis, each away for a moment, for seconds, for half a minute."""

import asyncio
from typing import Final

from tests.chaos.nemesis import Nemesis

AWAY_S: Final = (0.2, 5.0, 30.0)


async def run(nemesis: Nemesis) -> None:
    """Kill each part for each length of time."""
    for seconds in AWAY_S:
        for name in ("kafka", "mongo", "redis"):
            await away(nemesis, name, seconds)


async def away(nemesis: Nemesis, name: str, seconds: float) -> None:
    """Kill a part and start it again."""
    part = nemesis.rig.parts[name]
    async with nemesis.broken(f"{name} for {seconds} s"):
        await part.kill()
        await asyncio.sleep(seconds)
        await part.start()
