"""The way of a write without Kafka and Redis: a log that has the real events service decide at once."""

import asyncio
import time
from collections.abc import Iterable
from itertools import count

from services.events import rules
from services.events.store import EventsStore
from services.gateway.waiters import Waiters, Woken
from shared.contracts import topics
from shared.contracts.events import COMMANDS, FACTS
from shared.contracts.message import open_envelope
from shared.contracts.outcomes import MISMATCH, OUTCOME_TYPES, REPLAYED, REQUEST, Touched
from shared.ports import Outgoing, Record, Trouble
from shared.processor import Processor
from shared.service import Measured


class Deciding:
    """Takes commands as `Appender` does; `away` as Kafka can be, `asleep` as the service can be."""

    def __init__(self, store: EventsStore, waiters: Waiters) -> None:
        """Join them."""
        self.away = False
        self.asleep = False
        self.deaf = False
        self.behind = False
        self.appended: list[Outgoing] = []
        self.operations: dict[str, bytes] = {}
        self._waiters = waiters
        self._offsets = count()
        self._one_at_a_time = asyncio.Lock()
        self._processor = Processor(
            "events", COMMANDS, FACTS, rules, store, Measured("events"), clock=time.perf_counter
        )

    async def append_soon(self, record: Outgoing) -> asyncio.Future[None]:
        """Append, and have it decided unless somebody is away."""
        acknowledged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.away:
            acknowledged.set_exception(Trouble("away"))
            return acknowledged
        self.appended.append(record)
        acknowledged.set_result(None)
        if not self.asleep:
            await self.decide(record)
        return acknowledged

    async def decide(self, command: Outgoing) -> None:
        """Do what service, projector and listener do, one batch after the other."""
        async with self._one_at_a_time:
            await self._decide(command)

    async def _decide(self, command: Outgoing) -> None:
        record = Record(
            topics.commands("events"),
            0,
            next(self._offsets),
            command.key,
            command.value,
            command.headers,
            time.time_ns() // 1_000_000,
        )
        for told in await self._processor.process([record]):
            envelope = open_envelope(told.value)
            if envelope.type not in OUTCOME_TYPES:
                continue
            headers = dict(told.headers)
            if MISMATCH not in headers:
                self.operations.setdefault(envelope.causationid, told.value)
            if REQUEST in headers and not self.deaf:
                woken = Woken(envelope.type, told.value, REPLAYED in headers, MISMATCH in headers)
                self._waiters.wake(headers[REQUEST].decode(), woken)

    async def reached(self, touched: Iterable[Touched], wait: float) -> bool:  # noqa: ARG002 -- the port
        """Everything is served at once, but while one is `behind`."""
        return not self.behind

    async def look(self, command_id: str) -> bytes | None:
        """Read an operation."""
        return self.operations.get(command_id)
