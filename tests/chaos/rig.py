"""The platform under fire: the parts, two processes of each service, and a proxy on every road between them."""

import asyncio
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

import aiohttp

from deploy import topics
from deploy.embedded import parts as embedded
from deploy.embedded.jars import cache_of
from deploy.embedded.kafka import KafkaPart, Listener
from deploy.instance import Instance
from deploy.ports import LOOPBACK, Ports
from deploy.processes import Program
from services.gateway import development
from shared.config import Platform
from tests.chaos import vitals
from tests.chaos.child import Child
from tests.chaos.collect import collect
from tests.chaos.history import Collected, History
from tests.chaos.launch import Chaos
from tests.chaos.part import Part
from tests.chaos.proxy import Proxy
from tests.chaos.quiescence import Lags

SERVICES: Final = ("events", "pledges", "notifications")
PARTITIONS: Final = 6
TOKEN_S: Final = 6 * 3600
_PROBE_S: Final = 5.0
_GRACE_S: Final = 10.0

_ROADS: Final = {
    "events": ("kafka", "mongo"),
    "pledges": ("kafka", "mongo", "events"),
    "notifications": ("kafka", "mongo", "events", "pledges"),
    "gateway": ("kafka", "redis", "events", "pledges", "notifications"),
}
"""Whom each kind of process speaks to."""


class Rig:
    """A running platform that can be broken; an asynchronous context manager."""

    def __init__(self, folder: Path, *, seed: int = 1, mutant: str | None = None, replicas: int = 2) -> None:
        """Everything lies below `folder`; `mutant` changes all processes. Nothing is started."""
        self.folder = folder.resolve()
        self.data = self.folder / "brum"
        self.logs = self.folder / "logs"
        self.seed = seed
        self.mutant = mutant
        self.replicas = replicas
        self.history: History
        """Opened with the rig."""
        self.lags: Lags
        """How far the groups have come."""
        self.parts: dict[str, Part] = {}
        self.processes: dict[str, Child] = {}
        self.gateways: list[str] = []
        """Base URLs of the gateways."""
        self._proxies: dict[tuple[str, str], Proxy] = {}
        self._session: aiohttp.ClientSession | None = None
        self._watch: asyncio.Task[None] | None = None
        self._issuer: development.Development

    async def __aenter__(self) -> Self:
        """Start it; return when every process is ready."""
        self.logs.mkdir(parents=True, exist_ok=True)
        Instance(self.data).prepare()
        self._issuer = development.load(self.data)
        self.history = History(self.folder / "history.jsonl")
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True), timeout=aiohttp.ClientTimeout(_PROBE_S)
        )
        try:
            await self._prepare()
            self.lags = Lags(self.parts["kafka"].address, self.parts["redis"].address, PARTITIONS)
            self._watch = asyncio.create_task(self.lags.watch(self.history), name="watch lags")
            async with asyncio.TaskGroup() as group:
                for part in self.parts.values():
                    group.create_task(part.start())
            await topics.apply(self.parts["kafka"].address, PARTITIONS)
            for child in self.processes.values():
                await child.start()
            await self.ready()
        except BaseException:
            await self._end(grace=0.1)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End everything; the folder stays."""
        await self._end(_GRACE_S if kind is None else 0.1)

    def proxy(self, client: str, server: str) -> Proxy:
        """The road from a process (`pledges-1`) to a part (`kafka`) or to all replicas of a service (`events`)."""
        return self._proxies[client, server]

    def of(self, service: str) -> list[Child]:
        """The replicas of a service."""
        return [child for child in self.processes.values() if child.service == service]

    def token(self, sub: str, *roles: str) -> str:
        """Sign in a made-up person."""
        return self._issuer.token(sub, list(roles) or ["resident"], TOKEN_S)

    async def ready(self, within: float = 60.0) -> None:
        """Return when every process is ready; raises TimeoutError with what is not well."""
        found: dict[str, str] = {}
        try:
            async with asyncio.timeout(within):
                await asyncio.gather(*(self._until_ready(child, found) for child in self.processes.values()))
        except TimeoutError:
            told = "; ".join(f"{name}: {finding}" for name, finding in found.items() if finding)
            raise TimeoutError(f"not ready after {within:.0f} s: {told}") from None

    async def restart(self, name: str, *, crashpoint: str | None = None, within: float = 60.0) -> None:
        """End a process in good order, start it again with a crash point, return when it is ready."""
        child = self.processes[name]
        await child.close(within=20)
        await child.start(crashpoint=crashpoint)
        async with asyncio.timeout(within):
            await self._until_ready(child, {})

    async def finding(self, child: Child, page: str = "/readyz") -> str:
        """Ask a health page; nothing if all is well, else what it finds wrong."""
        try:
            async with self._open.get(f"{child.internal}{page}") as answer:
                if answer.ok:
                    return ""
                checks: dict[str, object] = (await answer.json())["checks"]
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return f"no answer ({type(error).__name__})"
        return ", ".join(f"{check}: {health}" for check, health in checks.items() if health != "ok") or "not well"

    async def health(self) -> dict[str, bool]:
        """Which processes are ready; those that do not answer within a moment are not."""
        children = list(self.processes.values())
        findings = await asyncio.gather(*(self.finding(child) for child in children))
        return {child.name: not finding for child, finding in zip(children, findings, strict=True)}

    async def vitals(self, child: Child) -> dict[str, float]:
        """What a process weighs now, see vitals.py; empty if it is not up."""
        if child.pid is None:
            return {}
        try:
            told = await self.read(f"{child.internal}/metrics")
        except (aiohttp.ClientError, TimeoutError):
            return {}
        return vitals.of_process(child.pid) | vitals.of_metrics(told)

    async def plateau(self) -> None:
        """Remember what the processes weigh before the faults."""
        for child in self.processes.values():
            child.before = await self.vitals(child)

    async def quiescent(self, within: float = 60.0) -> float:
        """Return, with the seconds it took, when no group has anything left to read for 5 s; see quiescence.py."""
        return await self.lags.quiescent(within)

    async def collect(self) -> Collected:
        """The final state, for the checker; call it after quiescence."""
        return await collect(self)

    async def read(self, url: str, **headers: str) -> str:
        """The text of a page; raises aiohttp.ClientError or TimeoutError."""
        async with self._open.get(url, headers=headers, raise_for_status=True) as answer:
            return await answer.text()

    async def _until_ready(self, child: Child, found: dict[str, str]) -> None:
        while finding := await self.finding(child):
            found[child.name] = finding
            await asyncio.sleep(0.1)
        found[child.name] = ""

    @property
    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("the rig is not running")
        return self._session

    async def _prepare(self) -> None:
        """Choose all ports, open the proxies, make parts and processes."""
        ports = Ports(self.data)
        settings = Platform(embedded="package")
        names = [f"{service}-{n + 1}" for service in (*SERVICES, "gateway") for n in range(self.replicas)]
        listeners = {name: ports.take(f"kafka {name}") for name in names}
        internal = {name: ports.take(f"{name} internal") for name in names}
        for name in names:
            self._proxies[name, "kafka"] = await self._road(name, [listeners[name]])
        told = [
            Listener(name.upper().replace("-", "_"), listeners[name], self._proxies[name, "kafka"].port)
            for name in names
        ]
        programs: list[Program] = [
            KafkaPart(self.data, ports, cache_of(settings), listeners=told),
            embedded.make("mongo", self.data, settings),
            embedded.make("redis", self.data, settings),
        ]
        self.parts = {program.name: Part(program) for program in programs}
        for name in names:
            for server in _ROADS[name.rpartition("-")[0]]:
                if server in {"mongo", "redis"}:
                    self._proxies[name, server] = await self._road(name, [_port(self.parts[server].address)])
                elif server != "kafka":
                    replicas = [internal[each] for each in names if each.startswith(f"{server}-")]
                    self._proxies[name, server] = await self._road(name, replicas)
        for name in names:
            self.processes[name] = self._child(name, internal[name], ports)

    async def _road(self, client: str, ports: list[int]) -> Proxy:
        seed = f"{self.seed} {client} {len(self._proxies)}"
        return await Proxy([(LOOPBACK, port) for port in ports], seed=seed).open()

    def _child(self, name: str, internal: int, ports: Ports) -> Child:
        roads = {server: proxy.port for (client, server), proxy in self._proxies.items() if client == name}
        env = {
            "BRUM_ENV": "development",
            "BRUM_PARTITIONS": str(PARTITIONS),
            "BRUM_DATA": str(self.data),
            "BRUM_SECRET_FILE": str(self.data / "keys" / "secret"),
            "BRUM_KAFKA": f"{LOOPBACK}:{roads['kafka']}",
            "BRUM_INTERNAL_HOST": LOOPBACK,
            "BRUM_INTERNAL_PORT": str(internal),
            "PYTHONUNBUFFERED": "1",
        }
        if "mongo" in roads:
            env["BRUM_MONGO"] = f"mongodb://{LOOPBACK}:{roads['mongo']}/?directConnection=true"
        if "redis" in roads:
            env["BRUM_REDIS"] = f"redis://{LOOPBACK}:{roads['redis']}/0"
        for service in SERVICES:
            if service in roads:
                env[f"BRUM_{service.upper()}_URL"] = f"http://{LOOPBACK}:{roads[service]}"
        if name.startswith("gateway-"):
            public = ports.take(f"{name} public")
            env |= {"BRUM_HOST": LOOPBACK, "PORT": str(public)}
            self.gateways.append(f"http://{LOOPBACK}:{public}")
        chaos = Chaos(name, str(self.folder), mutant=self.mutant)
        return Child(chaos, f"http://{LOOPBACK}:{internal}", self.logs / f"{name}.log", env)

    async def _end(self, grace: float) -> None:
        if self._watch:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
            await self.lags.close()
        await asyncio.gather(*(child.close(grace) for child in self.processes.values()))
        # What they wrote is looked at before; their data is of no more use.
        await asyncio.gather(*(part.kill() for part in self.parts.values()))
        for proxy in self._proxies.values():
            await proxy.close()
        if self._session:
            await self._session.close()
        with suppress(AttributeError):
            self.history.close()


def _port(address: str) -> int:
    port = urlsplit(address).port
    assert port is not None
    return port
