"""Two blows at once, drawn by lot: what one fault heals by must not be what another one breaks."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final

from tests.chaos.nemesis import Nemesis
from tests.chaos.rig import Rig

PAIRS: Final = 5
AWAY_S: Final = 5.0
STILL_S: Final = 12.0

Blow = Callable[[], Awaitable[None]]


async def run(nemesis: Nemesis) -> None:
    """Strike with one pair after the other."""
    chance = nemesis.load.wants.chance
    for _ in range(PAIRS):
        one, other = chance.sample(sorted(blows(nemesis.rig, chance).items()), 2)
        async with nemesis.broken(f"{one[0]} and {other[0]}"):
            await asyncio.gather(one[1](), other[1]())


def blows(rig: Rig, chance: random.Random) -> dict[str, Blow]:
    """What can be done to a rig, and undone by itself."""

    def away(name: str) -> Blow:
        async def strike() -> None:
            await rig.parts[name].kill()
            await asyncio.sleep(AWAY_S)
            await rig.parts[name].start()

        return strike

    def still(name: str) -> Blow:
        async def strike() -> None:
            rig.processes[name].stop()
            await asyncio.sleep(STILL_S)
            rig.processes[name].cont()

        return strike

    killed, stopped = chance.sample(sorted(rig.processes), 2)
    return {f"{name} killed": away(name) for name in rig.parts} | {
        f"{killed} killed": rig.processes[killed].kill,
        f"{stopped} still": still(stopped),
    }
