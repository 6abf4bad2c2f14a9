"""F12: Redis emptied, its data lost, and an older state of it put back."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from services.gateway.view_store import Missing, ViewStore
from shared.ports import Trouble
from shared.redis import Redis
from tests.chaos.nemesis import Nemesis

REBUILT_S: Final = 60.0
AGED_S: Final = 8.0
"""How much older the state is that is put back."""


async def run(nemesis: Nemesis) -> None:
    """Lose the views in every way; they come back whole, and the public streams do not notice."""
    await emptied(nemesis)
    await lost(nemesis)
    await aged(nemesis)


async def emptied(nemesis: Nemesis) -> None:
    """FLUSHALL."""
    async with _back_in_time(nemesis, "emptied") as redis:
        await redis.call("FLUSHALL")


async def lost(nemesis: Nemesis) -> None:
    """The data directory is gone."""
    async with _back_in_time(nemesis, "data lost"):
        part = nemesis.rig.parts["redis"]
        await part.kill()
        shutil.rmtree(nemesis.rig.data / "redis")
        await part.start()


async def aged(nemesis: Nemesis) -> None:
    """A copy of the data directory, some seconds old, takes its place, as a restored backup would."""
    home, copy = nemesis.rig.data / "redis", nemesis.rig.folder / "redis-of-old"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(home, copy)
    await asyncio.sleep(AGED_S)
    async with _back_in_time(nemesis, "older state"):
        part = nemesis.rig.parts["redis"]
        await part.kill()
        shutil.rmtree(home)
        copy.rename(home)
        await part.start()


@asynccontextmanager
async def _back_in_time(nemesis: Nemesis, target: str) -> AsyncIterator[Redis]:
    """Take note of what the views hold, lose them in the block, and wait until they hold at least that again."""
    redis = Redis(nemesis.rig.parts["redis"].address)
    try:
        store, wants = ViewStore(redis), nemesis.load.wants
        things = [wants.campaign, *wants.events, *(need for needs in wants.needs.values() for need in needs)]
        before = {thing: await _version(store, thing) for thing in things}
        cuts = _cuts(nemesis)
        async with nemesis.broken(target):
            yield redis
            began = time.monotonic()
            while not await _whole(store, before) and time.monotonic() < began + REBUILT_S:
                await asyncio.sleep(0.2)
        took = time.monotonic() - began
        nemesis.expect(
            f"the views are whole again within {REBUILT_S:.0f} s",
            await _whole(store, before),
            f"{target}: {took:.1f} s, {len(before)} things",
        )
        nemesis.expect("public streams go on untouched", _cuts(nemesis) == cuts, f"{target}: {cuts}, {_cuts(nemesis)}")
    finally:
        await redis.close()


async def _whole(store: ViewStore, before: dict[str, int]) -> bool:
    """Whether everything is there, and as new as it was."""
    try:
        return all([await _version(store, thing) >= version for thing, version in before.items()])
    except Trouble:
        return False


async def _version(store: ViewStore, thing: str) -> int:
    found = await store.view(thing)
    return 0 if isinstance(found, Missing) else found.version


def _cuts(nemesis: Nemesis) -> int:
    """How often followers of the public streams were cut off so far."""
    return sum(line["kind"] == "sse_state" and line["state"] != "connect" for line in nemesis.rig.history.lines())
