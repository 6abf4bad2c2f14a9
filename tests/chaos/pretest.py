"""The gate before the faults: a broker or a store that lies would make every later finding worthless."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from deploy.embedded import parts as embedded
from deploy.embedded.jars import KAFKA
from deploy.embedded.kafka import quiet_client
from shared.config import Platform
from tests.chaos.gate_kafka import Broker, Check
from tests.chaos.gate_stores import Cache, Database
from tests.chaos.part import Part

LIMIT_S: Final = 60.0
_CHECK_S: Final = 20.0
_WRITING_S: Final = 0.5


class Finding(Struct, frozen=True):
    """One check: `told` is what was seen, or what is wrong."""

    name: str
    passed: bool
    told: str
    seconds: float


async def run(folder: Path) -> list[Finding]:
    """Start the parts below a folder, ask them, kill them, ask them again; raises TimeoutError after a minute."""
    settings = Platform(embedded="package")
    parts = {name: Part(embedded.make(name, folder, settings)) for name in embedded.NAMES}
    try:
        async with asyncio.timeout(LIMIT_S):
            await _all_start(parts)
            with quiet_client():  # what it has to say of a killed broker is what we ask for
                return await _ask(parts)
    finally:
        await asyncio.gather(*(part.kill() for part in parts.values()))


async def _ask(parts: Mapping[str, Part]) -> list[Finding]:
    broker = Broker(parts["kafka"].address)
    database, cache = Database(parts["mongo"].address), Cache(parts["redis"].address)
    await broker.prepare()
    found = [Finding("broker", passed=True, told=f"Apache Kafka {KAFKA}, embedded", seconds=0.0)]
    found += await _checked(broker.before | database.before | cache.before)
    await broker.begin_writing()
    await asyncio.sleep(_WRITING_S)
    await asyncio.gather(*(part.kill() for part in parts.values()))
    await _all_start(parts)
    await broker.end_writing()
    return found + await _checked(broker.after | database.after | cache.after)


async def _all_start(parts: Mapping[str, Part]) -> None:
    async with asyncio.TaskGroup() as group:
        for part in parts.values():
            group.create_task(part.start())


async def _checked(checks: Mapping[str, Check]) -> list[Finding]:
    """Ask all at the same time: none touches what another one looks at."""
    return list(await asyncio.gather(*(_check(name, check) for name, check in checks.items())))


async def _check(name: str, check: Check) -> Finding:
    began = time.monotonic()
    try:
        async with asyncio.timeout(_CHECK_S):
            told, passed = await check(), True
    except Exception as error:  # noqa: BLE001 -- whatever is wrong is the finding
        told, passed = f"{type(error).__name__}: {error}", False
    return Finding(name, passed, told, time.monotonic() - began)
