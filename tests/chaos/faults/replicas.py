"""F2: `kill -9` of each process; of each pair one comes back by itself and one has to be replaced by its neighbour."""

from typing import Final

from shared.kafka.clients import SESSION_MS
from tests.chaos.nemesis import Nemesis

TAKEOVER_S: Final = SESSION_MS / 1000 + 10


async def run(nemesis: Nemesis) -> None:
    """Kill them all, one after the other."""
    for name in list(nemesis.rig.processes):
        if name.endswith("-1"):
            await back_by_itself(nemesis, name)
        else:
            await replaced(nemesis, name)


async def back_by_itself(nemesis: Nemesis, name: str) -> None:
    """Kill one that its supervisor starts again."""
    async with nemesis.broken(name):
        await nemesis.rig.processes[name].kill()


async def replaced(nemesis: Nemesis, name: str) -> None:
    """Kill one that stays away: its neighbour takes over what it had."""
    child = nemesis.rig.processes[name]
    async with nemesis.broken(name):
        await child.kill(again=False)
        if not name.startswith("gateway"):
            took = await nemesis.load.probe(f"{nemesis.fault} {name} away")
            nemesis.expect(
                f"another replica takes over within {TAKEOVER_S:.0f} s",
                took is not None and took <= TAKEOVER_S,
                f"{name}: {'never' if took is None else f'{took:.1f} s'}",
            )
        await child.start()
