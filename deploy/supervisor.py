"""Runs the whole platform on this machine: `brum up`."""

import asyncio
import itertools
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console

from deploy import topics
from deploy.downloads import shown_on
from deploy.embedded import parts
from deploy.instance import Instance
from deploy.keeper import Keeper
from deploy.ports import LOOPBACK, Ports, free_port, is_free
from deploy.processes import Command, Program, spawn, stop
from deploy.service import ServiceProcess
from deploy.trouble import TroubleError
from shared.config import Platform

SERVICES = ("events", "pledges", "notifications")

_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_GRACE = 6.0
"""Seconds that each of three stages gets to end: the gateway, the services, the parts. 20 s is promised."""


class Supervisor:
    """Starts the parts, the topics, the services and the gateway in this order, and ends them in reverse."""

    def __init__(self, settings: Platform, console: Console) -> None:
        """Nothing is started or written before `run`."""
        self._settings = settings
        self._say = console
        self._instance = Instance(settings.data)
        self._port = settings.port or free_port()
        self._public = f"http://{'[::1]' if ':' in settings.host else LOOPBACK}:{self._port}"
        self._stages: list[list[Keeper]] = []
        self._elsewhere: dict[str, str] = {
            name: address for name in parts.NAMES if (address := getattr(settings, name))
        }
        self._since = time.time()

    async def run(self, *, season: bool = True) -> None:
        """Run until asked to end; raises TroubleError if something cannot be had."""
        with self._instance.locked(), self._until_asked():
            try:
                await self._start()
                if season and self._settings.env == "development":  # made-up people are trusted nowhere else
                    await self._load_season()
                self._introduce()
                await asyncio.Event().wait()
            finally:
                await self._stop()

    async def _start(self) -> None:
        if not is_free(self._port, self._settings.host):
            raise TroubleError(
                f"Port {self._port} is in use: stop what listens there, or choose another port: "
                f"PORT={self._port + 1} make run"
            )
        self._instance.prepare()
        self._say.print(f"[bold]BrumTogether[/] starts; its data is in {self._instance.data}")
        with shown_on(self._say) as progress:
            await self._start_stages(
                [
                    parts.make(name, self._instance.data, self._settings, progress)
                    for name in parts.NAMES
                    if name not in self._elsewhere
                ]
            )
        made = await topics.apply(self._address("kafka"), self._settings.partitions)
        self._say.print(f"  topics          {f'{len(made)} made' if made else 'all there'}")
        ports = Ports(self._instance.data)
        internal = {name: ports.take(name) for name in (*SERVICES, "gateway")}
        await self._start_stages(
            [self._process(name, internal) for name in SERVICES], [self._process("gateway", internal)]
        )

    async def _start_stages(self, *stages: Sequence[Program]) -> None:
        """Start stages at the same time, to be ended one by one; the first trouble is raised."""
        new = [[self._keeper(program) for program in stage] for stage in stages]
        self._stages += new
        try:
            async with asyncio.TaskGroup() as group:
                for keeper in itertools.chain(*new):
                    group.create_task(self._start_one(keeper))
        except ExceptionGroup as troubles:
            raise troubles.exceptions[0] from None

    async def _start_one(self, keeper: Keeper) -> None:
        began = time.monotonic()
        await keeper.start()
        took = time.monotonic() - began
        self._say.print(
            f"  {keeper.program.name:<15} ready   {took:4.1f} s   {keeper.program.address}", highlight=False
        )

    def _keeper(self, program: Program) -> Keeper:
        alive: Callable[[], Awaitable[bool]] | None = program.alive if isinstance(program, ServiceProcess) else None
        return Keeper(program, tell=self._tell, changed=self._write_state, alive=alive)

    def _process(self, name: str, internal: dict[str, int]) -> ServiceProcess:
        urls = {f"BRUM_{service.upper()}_URL": f"http://{LOOPBACK}:{internal[service]}" for service in SERVICES}
        env = {
            **urls,
            **{f"BRUM_{part.upper()}": self._address(part) for part in parts.NAMES},
            "BRUM_DATA": str(self._instance.data),
            "BRUM_INTERNAL_HOST": LOOPBACK,
            "BRUM_INTERNAL_PORT": str(internal[name]),
            "BRUM_HOST": self._settings.host,
            "PORT": str(self._port),
            "PYTHONUNBUFFERED": "1",
        }
        if self._settings.secret is None:
            env["BRUM_SECRET_FILE"] = str(self._instance.secret_file)
        return ServiceProcess(name, f"http://{LOOPBACK}:{internal[name]}", self._instance.logs, env)

    def _address(self, part: str) -> str:
        if part in self._elsewhere:
            return self._elsewhere[part]
        return next(keeper.program.address for keeper in self._keepers() if keeper.program.name == part)

    def _keepers(self) -> Iterator[Keeper]:
        return itertools.chain(*self._stages)

    async def _load_season(self) -> None:
        """Fill the store through the front door; what is there already is left, what is missing is completed."""
        load = Command(
            [sys.executable, "-m", "deploy.cli", "seed"],
            log=None,
            env={"BRUM_DATA": str(self._instance.data), "PORT": str(self._port)},
        )
        process = await spawn(load)
        try:
            loaded = await process.wait() == 0
        finally:
            await stop(process, grace=1)
        if not loaded:
            self._tell("The season was not loaded; the platform runs without it. Try again with: .venv/bin/brum seed")

    def _introduce(self) -> None:
        self._say.print(f"\n[bold green]BrumTogether runs:[/] {self._public}")
        self._say.print(f"  What is on    curl -s {self._public}/v1/campaigns")
        self._say.print(f"  Live          curl -N {self._public}/v1/streams/pledges")
        self._say.print(f"  All routes    {self._public}/docs")
        self._say.print("  .venv/bin/brum status shows every part, Ctrl-C ends everything.\n")

    async def _stop(self) -> None:
        if not self._stages:
            return
        self._say.print("BrumTogether stops …")
        for stage in reversed(self._stages):
            await asyncio.gather(*(keeper.stop(_GRACE) for keeper in stage))
        self._say.print("Everything has ended.")

    @contextmanager
    def _until_asked(self) -> Iterator[None]:
        """Let Ctrl-C, SIGTERM and a closed terminal end the block; a second one kills what is still there."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        asked = False

        def ask() -> None:
            nonlocal asked
            if asked:
                for keeper in self._keepers():
                    keeper.kill()
            elif task:
                asked = True
                task.cancel()

        for number in _ENDINGS:
            loop.add_signal_handler(number, ask)
        try:
            yield
        except asyncio.CancelledError:
            if not asked:
                raise
        finally:
            for number in _ENDINGS:
                loop.remove_signal_handler(number)

    def _tell(self, sentence: str) -> None:
        self._say.print(f"[yellow]{time.strftime('%H:%M:%S')}[/]  {sentence}")

    def _write_state(self) -> None:
        """Write what `brum status` shows."""
        kept = [
            {
                "name": keeper.program.name,
                "kind": "service" if isinstance(keeper.program, ServiceProcess) else "part",
                "pid": keeper.pid,
                "address": keeper.program.address,
                "health": keeper.health,
                "restarts": keeper.restarts,
            }
            for keeper in self._keepers()
        ]
        elsewhere = [
            {"name": name, "kind": "part", "pid": None, "address": address, "health": "elsewhere", "restarts": 0}
            for name, address in self._elsewhere.items()
        ]
        self._instance.tell(
            {"pid": os.getpid(), "address": self._public, "since": self._since, "programs": elsewhere + kept}
        )
