"""The life of a service's process: what it starts, in which order, how it is seen, how it ends.

A service says what it is made of (`commands`, `facts`, `background`, `routes`); this makes a process of it.
"""

import asyncio
import re
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from starlette.routing import BaseRoute

from shared import instants, internal, logs, metrics, mongo
from shared.config import Events, Notifications, Pledges
from shared.consumer import Assigned, Consumer, Work
from shared.contracts import topics
from shared.contracts.message import Command, Fact, Family
from shared.due import Calendar, Clockwork
from shared.history import History
from shared.kafka.appender import Appender
from shared.kafka.groups import broker_of
from shared.ports import Record, Rules, Store, Trouble
from shared.processor import Processor
from shared.serving import Server

S = TypeVar("S")

STOP_S: Final = 5.0
"""A part that does not stop in this time is left behind."""
RETRY_S: Final = 0.5
PARK_REASONS: Final = ("malformed", "culprit")

_STREAM: Final = re.compile(rb"(campaign|event|need|commitment|venue)_[a-z2-7]{26}")

log = logs.logger(__name__)


class Measured:
    """The processor's observer in a process: metrics, and a log line for what was parked."""

    def __init__(self, service: str) -> None:
        """Measure for one service."""
        self._service = service
        self._topic = topics.commands(service)
        metrics.describe_consumer(self._topic, service, PARK_REASONS)

    def decided(self, count: int, seconds: float) -> None:
        """Count a batch."""
        metrics.batch_size.labels(service=self._service).observe(count)
        metrics.decide_seconds.labels(service=self._service).observe(seconds)

    def committed(self, seconds: float, appended_ms: Sequence[int]) -> None:
        """Time a transaction, and from each append to the stored outcome."""
        metrics.commit_seconds.labels(service=self._service).observe(seconds)
        now = time.time()
        latency = metrics.outcome_latency.labels(outcome="decided")
        for at in appended_ms:
            latency.observe(max(0.0, now - at / 1000))

    def repeated(self, count: int) -> None:
        """Count commands that came again."""
        if count:
            metrics.duplicates.labels(topic=self._topic, consumer_group=self._service).inc(count)

    def parked(self, record: Record, reason: str, command_id: str | None) -> None:
        """Count a dead letter and say where it was."""
        kind = "malformed" if " " in reason else "culprit"
        metrics.dead_letters.labels(topic=record.topic, consumer_group=self._service, reason=kind).inc()
        log.error(
            "record parked",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            stream=_nameable(record.key),
            reason=reason,
            command_id=command_id,
        )


def _now() -> str:
    return instants.text(datetime.now(UTC))


def _nameable(key: bytes | None) -> str | None:
    """A stream's id for the log, unless it is a person's own stream or no stream's at all."""
    found = _STREAM.fullmatch(key or b"")
    return found[0].decode() if found else None


class Service:
    """A process of the events, pledges or notifications service."""

    def __init__(self, name: str, settings: Events | Pledges | Notifications) -> None:
        """Make the clients; nothing is dialled before `run`."""
        self.name = name
        self.settings = settings
        self.mongo = mongo.Client(settings.mongo)
        self.database = self.mongo.database(name)
        self.appender = Appender(settings.kafka)
        self.broker = broker_of(settings.kafka)
        self.consumers: list[Consumer] = []
        self.watch = metrics.LoopWatch()
        self._backgrounds: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {"event loop": self.watch.run}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._routes: list[BaseRoute] = []
        self._prepare: list[Callable[[], Awaitable[None]]] = []
        self._closing: list[Callable[[], Awaitable[None]]] = []
        self._topics = {topics.facts(name), topics.dead_letters(name)}
        self._draining = False

    def commands(
        self, rules: Rules[S], store: Store[S], commands: Family[Command], facts: Family[Fact]
    ) -> Processor[S]:
        """Decide the service's commands."""
        processor = Processor(self.name, commands, facts, rules, store, Measured(self.name), clock=time.perf_counter)
        self._consume([topics.commands(self.name)], self.name, processor.process)
        self.background("lag", self._measure_lag)
        return processor

    def facts(self, names: Sequence[str], group: str, work: Work) -> None:
        """Read facts in a group; `work` returns dead letters, or nothing."""
        for topic in names:
            metrics.describe_consumer(topic, group, PARK_REASONS)
        self._consume(names, group, work, hurried=False)

    def history(self, history: History) -> None:
        """Keep the history of the service's own facts."""
        self.prepare(history.prepare)
        names = [topics.facts(self.name)]
        consumer = self._consume(names, history.group, history.work, hurried=False, assigned=history.assigned)
        history.follow(consumer.group.seek)

    def background(self, name: str, job: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a job for as long as the process lives; one that ends shows in `/livez`."""
        self._backgrounds[name] = job

    def due(self, calendar: Calendar) -> None:
        """Turn planned commands into commands when they fall due."""
        clockwork = Clockwork(self.name, calendar, self.appender.append, now=_now)
        self.background("due", clockwork.run)
        self.background("overdue", clockwork.watch)

    def routes(self, routes: Sequence[BaseRoute]) -> None:
        """Answer internal queries."""
        self._routes += routes

    def prepare(self, step: Callable[[], Awaitable[None]]) -> None:
        """Do something before the first record is taken (indexes); repeated while there is trouble."""
        self._prepare.append(step)

    def closing(self, step: Callable[[], Awaitable[None]]) -> None:
        """Do something when everything else has stopped (connections of the service's own)."""
        self._closing.append(step)

    async def run(self) -> None:
        """Live until SIGTERM or SIGINT, then hand over and end within 20 s."""
        logs.setup(self.name, self.settings.log_level)
        end = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, end.set)
        server = Server(
            internal.build(
                live=self._live,
                ready=self._ready,
                routes=self._routes,
                secret=self.settings.secret.get_secret_value(),
            ),
            self.settings.internal_host,
            self.settings.internal_port,
        )
        await server.start()
        log.info("listening", port=server.port)
        starting = asyncio.create_task(self._start())
        ending = asyncio.create_task(end.wait())
        await asyncio.wait({starting, ending}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            log.info("ready")
            await ending
        starting.cancel()
        await self._stop(server)

    async def _start(self) -> None:
        await patiently(self.appender.start)
        await patiently(self._check_parts)
        for step in self._prepare:
            await patiently(step)
        for name, job in self._backgrounds.items():
            self._tasks[name] = asyncio.create_task(job(), name=name)
        await self.broker.start()

    async def _check_parts(self) -> None:
        """Refuse parts that would break what we promise."""
        lifetime = await self.mongo.transaction_lifetime()
        if lifetime > mongo.LOCKS_KEPT_S:
            raise SystemExit(
                f"MongoDB keeps a killed process's locks for {lifetime} s: "
                f"set transactionLifetimeLimitSeconds to {mongo.LOCKS_KEPT_S}."
            )
        await required(self.appender, self._topics)
        ours = await self.appender.partitions(topics.commands(self.name))
        facts = await self.appender.partitions(topics.facts(self.name))
        if not ours == facts == self.settings.partitions:
            raise SystemExit(
                f"{self.name}: {ours} command and {facts} fact partitions, but BRUM_PARTITIONS is "
                f"{self.settings.partitions}. They must be equal, and are frozen once live."
            )

    async def _stop(self, server: Server) -> None:
        self._draining = True
        log.info("stopping")
        await asyncio.gather(*(consumer.stop() for consumer in self.consumers))
        await bounded(self.broker.stop())
        for task in self._tasks.values():
            task.cancel()
        await bounded(asyncio.gather(*self._tasks.values(), return_exceptions=True))
        await bounded(self.appender.stop())
        await server.stop()
        for step in self._closing:
            await bounded(step())
        self.mongo.close()
        log.info("stopped")

    def _consume(
        self, names: Sequence[str], group: str, work: Work, *, hurried: bool = True, assigned: Assigned | None = None
    ) -> Consumer:
        self._topics |= set(names)
        retried = metrics.retries.labels(topic=names[0], consumer_group=group)
        consumer = Consumer(
            self.broker,
            self.appender,
            names,
            group,
            work,
            hurried=hurried,
            assigned=assigned,
            on_trouble=lambda _: retried.inc(),
        )
        self.consumers.append(consumer)
        return consumer

    async def _measure_lag(self) -> None:
        pending = metrics.commands_pending.labels(service=self.name)
        while True:
            await asyncio.sleep(5)
            try:
                pending.set(await self.consumers[0].group.lag())
            except Trouble:
                continue

    async def _live(self) -> Mapping[str, internal.Health]:
        found: dict[str, internal.Health] = {"event loop": self.watch.health()}
        for consumer in self.consumers if self._tasks else ():
            found[consumer.group.group] = "; ".join(consumer.faults()) or True
        for name, task in self._tasks.items():
            if task.done():
                found[name] = "ended"
        return found

    async def _ready(self) -> Mapping[str, internal.Health]:
        found: dict[str, internal.Health] = {"draining": not self._draining or "stopping"}
        try:
            await self.mongo.ping()
            found["mongo"] = True
        except Trouble as trouble:
            found["mongo"] = str(trouble)
        try:
            await self.appender.ping()
            assigned = all(consumer.group.assignment() for consumer in self.consumers)
            found["kafka"] = assigned or "no partitions yet"
        except Trouble as trouble:
            found["kafka"] = str(trouble)
        return found


async def required(appender: Appender, names: Iterable[str]) -> None:
    """End the process with a sentence if a topic is missing: waiting would not make it."""
    try:
        await appender.require(names)
    except LookupError as error:
        raise SystemExit(str(error)) from error


async def patiently(step: Callable[[], Awaitable[None]]) -> None:
    """Repeat a step until there is no trouble."""
    while True:
        try:
            return await step()
        except Trouble as trouble:
            log.warning("waiting for infrastructure", reason=str(trouble))
            await asyncio.sleep(RETRY_S)


async def bounded(step: Awaitable[object]) -> None:
    """Wait for a part to stop, but not for ever."""
    try:
        async with asyncio.timeout(STOP_S):
            await step
    except TimeoutError:
        log.warning("a part did not stop in time")
