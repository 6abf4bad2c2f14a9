"""Parts and processes for a benchmark, on fresh data."""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from motor.motor_asyncio import AsyncIOMotorClient

from deploy.embedded.parts import Parts, embedded
from deploy.processes import Command, spawn, stop
from tests.bench.cpu import Cpu

SECRET: Final = "a secret of the benchmark, long enough for it"
PARTITIONS: Final = 24
"""As many as the platform has by default; the other side gets the same."""


def say(text: str) -> None:
    """Tell who waits how far it is."""
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)  # noqa: T201 -- a command


@asynccontextmanager
async def fresh() -> AsyncIterator[Parts]:
    """Real Kafka, MongoDB and Redis on an empty folder."""
    with tempfile.TemporaryDirectory(prefix="brum-bench-") as folder:
        async with embedded(Path(folder)) as parts:
            yield parts


@asynccontextmanager
async def process(*arguments: str, **environment: str) -> AsyncIterator[int]:
    """Run `python -m …` for the length of a block; its process id."""
    running = await spawn(Command([sys.executable, "-m", *arguments], None, environment))
    try:
        yield running.pid
    finally:
        await stop(running, grace=15)


@asynccontextmanager
async def server(port: int, *arguments: str) -> AsyncIterator[int]:
    """Run `python -m …` until it listens, and for the length of a block; its process id."""

    async def listens() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        return True

    async with process(*arguments) as pid:
        await until(listens, 30)
        yield pid


def pid_of(parts: Parts, name: str) -> int:
    """Process id of an embedded part."""
    return parts.running[name].process.pid


async def until(condition: Callable[[], Awaitable[bool]], seconds: float, *, every: float = 0.05) -> None:
    """Wait for a condition, bounded."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(every)


async def settled(pids: dict[str, int], *, share: float = 30.0, within: float = 30.0) -> float:
    """Wait until these processes use less than so much of a core together; how long that took, in seconds.

    What one side has put off until later shall not be paid for by the other.
    """
    began = time.perf_counter()

    async def quiet() -> bool:
        cpu = Cpu.begin(pids)
        await asyncio.sleep(0.5)
        return sum(cpu.shares().values()) < share

    try:
        await until(quiet, within)
    except TimeoutError:
        say(f"  still busy after {within:.0f} s")
    return time.perf_counter() - began


async def total(mongo: str, database: str, collection: str, field: str) -> int:
    """Sum of a field over a collection."""
    client: AsyncIOMotorClient[dict[str, int]] = AsyncIOMotorClient(mongo)
    try:
        rows = client[database][collection].aggregate([{"$group": {"_id": None, "sum": {"$sum": f"${field}"}}}])
        return sum([int(row["sum"]) async for row in rows])
    finally:
        client.close()
