"""Our side: the four services as they are deployed, one process each, on parts that are there already.

Without a supervisor, so that they can be ended while the other side is measured.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from deploy import topics
from deploy.embedded.parts import Parts
from deploy.ports import LOOPBACK, Ports, free_port
from deploy.processes import Program, spawn, start, stop
from deploy.service import ServiceProcess
from services.gateway import development
from tests.bench.parts import PARTITIONS, SECRET, pid_of

SERVICES = ("events", "pledges", "notifications", "gateway")


class Ours:
    """The services of one installation; `url` and `token` are what a client needs."""

    def __init__(self, parts: Parts, data: Path, partitions: int = PARTITIONS) -> None:
        """Name its folder and its parts; nothing is started."""
        self.parts = parts
        self.data = data
        self.partitions = partitions
        self.port = free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.internal: dict[str, str] = {}
        """Internal addresses of the services that run now."""

    def token(self, sub: str, *roles: str) -> str:
        """Sign in a made-up person."""
        return development.load(self.data).token(sub, list(roles) or ["resident"])

    @asynccontextmanager
    async def running(self, *names: str, ready: bool = True) -> AsyncIterator[dict[str, int]]:
        """Run these services (all, if none is named) until the block ends; process ids, those of the parts too.

        The block begins when they are `ready`, or at once.
        """
        await topics.apply(self.parts.kafka, self.partitions)
        ports = Ports(self.data)
        self.internal = {service: f"http://{LOOPBACK}:{ports.take(service)}" for service in SERVICES}
        processes = [self._process(name) for name in names or SERVICES]
        begin = start if ready else _spawned
        started = await asyncio.gather(*(begin(process) for process in processes))
        try:
            pids = {process.name: each.pid for process, each in zip(processes, started, strict=True)}
            yield {**pids, **{part: pid_of(self.parts, part) for part in self.parts.running}}
        finally:
            await asyncio.gather(*(stop(process, grace=15) for process in started))

    def _process(self, name: str) -> ServiceProcess:
        internal = self.internal
        environment = {
            **{f"BRUM_{service.upper()}_URL": url for service, url in internal.items() if service != "gateway"},
            **{f"BRUM_{part.upper()}": running.address for part, running in self.parts.running.items()},
            "BRUM_DATA": str(self.data),
            "BRUM_SECRET": SECRET,
            "BRUM_PARTITIONS": str(self.partitions),
            "BRUM_INTERNAL_PORT": internal[name].rpartition(":")[2],
            "PORT": str(self.port),
        }
        return ServiceProcess(name, internal[name], self.data / "logs", environment)


async def _spawned(program: Program) -> asyncio.subprocess.Process:
    return await spawn(await program.command())
