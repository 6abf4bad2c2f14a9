"""F6: SIGTERM of every process, one after the other, as a release does it: behind a load balancer."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from tests.chaos.nemesis import Nemesis

END_S: Final = 20.0
_LOOK_S: Final = 0.25


async def run(nemesis: Nemesis) -> None:
    """End each and start it again; nobody repeats anything meanwhile, so what comes twice was delivered twice."""
    load, shape = nemesis.load, nemesis.load.shape
    load.shape = msgspec.structs.replace(shape, repeats=0.0, mix_ups=0.0)
    try:
        async with _balanced(nemesis):
            for name in list(nemesis.rig.processes):
                await renew(nemesis, name)
    finally:
        load.shape = shape


async def renew(nemesis: Nemesis, name: str) -> None:
    """End one in good order and start it."""
    child = nemesis.rig.processes[name]
    async with nemesis.broken(name):
        began = time.monotonic()
        try:
            code = await child.terminate(END_S)
        except TimeoutError:
            code = None
            await child.kill(again=False)
        took = time.monotonic() - began
        nemesis.rig.history.write("exit", process=name, code=code, seconds=took)
        nemesis.expect(f"SIGTERM ends it with 0 within {END_S:.0f} s", code == 0, f"{name}: {code}, {took:.1f} s")
        await child.start()


@asynccontextmanager
async def _balanced(nemesis: Nemesis) -> AsyncIterator[None]:
    """Nobody is sent to a gateway that says that it is not ready."""
    rig, ask = nemesis.rig, nemesis.load.ask
    gateways = {child.name: url for child, url in zip(rig.of("gateway"), rig.gateways, strict=True)}

    async def look() -> None:
        while True:
            health = await rig.health()
            ask.shunned = {url for name, url in gateways.items() if not health[name]}
            await asyncio.sleep(_LOOK_S)

    ask.shunned = set()
    looking = asyncio.create_task(look())
    try:
        yield
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        ask.shunned = None
