"""Redis that comes back with what it knew some time ago."""

import asyncio
import shutil
import time
from typing import Final

from services.gateway.view_store import Found, ViewStore
from shared.ports import Trouble
from shared.redis import Redis
from tests.chaos.scenarios.stage import NEIGHBOUR_S, Stage
from tests.chaos.wanting import pledge

NEEDS: Final = 4
LATER: Final = 3
WHOLE_S: Final = 60.0
NOTICED: Final = ("going back to where Redis stands", "Redis went back in time")
SYNCED_S: Final = 1.5
"""Redis writes its file once a second."""


class Looker:
    """Reads needs at both gateways over and over, and notes every answer that is older than what was known there."""

    def __init__(self, stage: Stage, known: dict[str, int]) -> None:
        """`known` are versions that every gateway has shown, or answered a write with."""
        self._stage = stage
        self._known = known
        self._over = asyncio.Event()
        self.looks = 0
        self.wrong: list[str] = []

    async def run(self) -> None:
        """Look until told to stop."""
        while not self._over.is_set():
            for gateway in self._stage.rig.gateways:
                for need, version in list(self._known.items()):
                    status, body = await self._stage.ask.read("gus", gateway, f"/v1/needs/{need}")
                    self.looks += 1
                    if status == 200 and body["version"] < version:
                        self.wrong.append(f"{need}: {body['version']} shown when {version} was known")
                    elif status not in {200, 503}:
                        self.wrong.append(f"{need}: {status}")
            await asyncio.sleep(0.05)

    def stop(self) -> None:
        """Look no more."""
        self._over.set()


async def redis_back_in_time(stage: Stage) -> str:
    """Redis is killed and started with a copy of its file from before the last pledges and needs.

    Promised: it catches up by itself within 60 s; meanwhile no gateway shows anything older than what it has shown,
    and nothing that exists is 404; a fresh pledge is answered.
    """
    redis, folder = stage.rig.parts["redis"], stage.rig.data / "redis"
    known = {await stage.need(): 1 for _ in range(NEEDS)}
    await asyncio.sleep(SYNCED_S)
    old = stage.rig.data / "redis-then"
    await asyncio.to_thread(shutil.copytree, folder, old)
    for need in known:
        for turn in range(LATER):
            await stage.must(f"hal{turn}", pledge(need, 1), first=turn)
            known[need] += 1
    known |= {await stage.need(): 1 for _ in range(NEEDS)}
    await _shown(stage, known)
    looker, noticed = Looker(stage, known), _noticed(stage)
    async with asyncio.TaskGroup() as group:
        group.create_task(looker.run())
        await redis.kill()
        await asyncio.to_thread(shutil.rmtree, folder)
        old.rename(folder)
        await redis.start()
        began = time.monotonic()
        await _held(stage, known)
        await _shown(stage, known)
        seconds = time.monotonic() - began
        looker.stop()
    assert not looker.wrong, f"{len(looker.wrong)} of {looker.looks} looks were wrong: {looker.wrong[:3]}"
    assert _noticed(stage) > noticed, "no gateway noticed: Redis was not set back"
    began = time.monotonic()
    await stage.must("ivy", pledge(next(iter(known)), 1))
    fresh = time.monotonic() - began
    assert fresh <= NEIGHBOUR_S, f"a pledge took {fresh:.1f} s when all was whole again"
    return (
        f"Redis was whole again {seconds:.1f} s after its start; {looker.looks} looks, none older than what was known"
    )


async def _held(stage: Stage, known: dict[str, int]) -> None:
    """Wait until Redis itself holds every need at its version; the gateways remember much without it."""
    redis = Redis(stage.rig.parts["redis"].address)
    store = ViewStore(redis)

    async def all_held() -> bool:
        try:
            found = [await store.view(need) for need in known]
        except Trouble:
            return False
        return all(isinstance(one, Found) and one.version >= known[one.id] for one in found)

    try:
        await stage.until(all_held, "Redis did not hold every need at its newest version", WHOLE_S)
    finally:
        await redis.close()


def _noticed(stage: Stage) -> int:
    return sum(stage.said("gateway", words) for words in NOTICED)


async def _shown(stage: Stage, known: dict[str, int]) -> None:
    """Wait until both gateways show every need at its version."""

    async def all_shown() -> bool:
        for gateway in stage.rig.gateways:
            for need, version in known.items():
                status, body = await stage.ask.read("gus", gateway, f"/v1/needs/{need}")
                if status != 200 or body["version"] < version:
                    return False
        return True

    await stage.until(all_shown, "not every gateway showed every need at its newest version", WHOLE_S)
