"""The embedded parts together: `async with embedded(data) as parts`, for tests and scripts."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded.jars import Progress, cache_of
from deploy.embedded.kafka import KafkaPart
from deploy.embedded.mongo import MongoPart
from deploy.embedded.redis import RedisPart
from deploy.ports import Ports
from deploy.processes import Program, start, stop
from shared.config import Platform

NAMES = ("kafka", "mongo", "redis")


@dataclass
class Running:
    """A part at work; `kill` and `start` are for tests that want to see it fail and come back."""

    part: Program
    process: asyncio.subprocess.Process

    @property
    def address(self) -> str:
        """What clients are given."""
        return self.part.address

    async def kill(self) -> None:
        """End it as a power cut would: `kill -9`."""
        self.process.kill()
        await self.process.wait()

    async def start(self) -> None:
        """Start it again where it was; return when it is ready."""
        self.process = await start(self.part)

    async def stop(self) -> None:
        """End it in good order."""
        await stop(self.process, grace=15)


@dataclass
class Parts:
    """The parts that were asked for, by name; `kafka`, `mongo` and `redis` are their addresses."""

    running: dict[str, Running]

    @property
    def kafka(self) -> str:
        """Bootstrap servers, `host:port`."""
        return self.running["kafka"].address

    @property
    def mongo(self) -> str:
        """A `mongodb://` address without a database."""
        return self.running["mongo"].address

    @property
    def redis(self) -> str:
        """A `redis://` address."""
        return self.running["redis"].address


def make(name: str, data: Path, settings: Platform, progress: Progress | None = None) -> Program:
    """Make the part of that name below a data directory."""
    ports = Ports(data)
    makers: dict[str, Callable[[], Program]] = {
        "kafka": lambda: KafkaPart(data, ports, cache_of(settings), progress),
        "mongo": lambda: MongoPart(data, ports, settings),
        "redis": lambda: RedisPart(data, ports, settings),
    }
    return makers[name]()


@asynccontextmanager
async def embedded(data: Path, *names: str) -> AsyncIterator[Parts]:
    """Run the named parts (all, if none is named) below a directory until the block ends."""
    settings = Platform()
    parts = [make(name, data, settings) for name in names or NAMES]
    async with AsyncExitStack() as stack:
        started: dict[str, Running] = {}

        async def begin(part: Program) -> None:
            started[part.name] = Running(part, await start(part))
            stack.push_async_callback(started[part.name].stop)

        async with asyncio.TaskGroup() as group:
            for part in parts:
                group.create_task(begin(part))
        yield Parts(started)
