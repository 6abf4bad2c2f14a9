"""The Kafka side of a service: batches in, answers appended, offsets committed after.

Infrastructure that is broken makes a batch wait in its place, with back-off. A rebalance waits for the batch at
hand, but not for broken infrastructure; what slips through is made harmless by the inbox and the version guards.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final, TypeVar

from shared import logs
from shared.kafka.appender import Appender
from shared.kafka.clients import Place
from shared.kafka.groups import Group, Handover, KafkaBroker
from shared.ports import Outgoing, Record, Trouble

log = logs.logger(__name__)

T = TypeVar("T")

Work = Callable[[Sequence[Record]], Awaitable[Sequence[Outgoing]]]
"""Does what a batch asks for and returns what to append; raises `Trouble` to be called again with the same batch."""

BACK_OFF_S: Final = (0.05, 5.0)
"""First and longest pause while infrastructure is broken."""
COMMIT_MS: Final = 250
HAND_OVER_S: Final = 20.0
"""A revocation waits so long for the batch at hand; less than the group's rebalance timeout."""


Assigned = Callable[[frozenset[Place]], Awaitable[None]]
"""Told which partitions are ours after a rebalance."""


class Abandoned(Exception):  # noqa: N818 -- it is no error
    """The batch is not ours any more, or the process stops: its records will be handed out again."""


class Consumer:
    """One subscription: hands batches to `work`, appends what comes back, commits."""

    def __init__(  # noqa: PLR0913 -- its ports
        self,
        broker: KafkaBroker,
        appender: Appender,
        topics: Sequence[str],
        group: str,
        work: Work,
        *,
        max_records: int = 1_000,
        hurried: bool = True,
        commit_ms: int = COMMIT_MS,
        assigned: Assigned | None = None,
        on_trouble: Callable[[str], None] | None = None,
    ) -> None:
        """Declare the subscription on the broker; it runs when the broker starts.

        `hurried`: somebody waits for the work; if not, more may come together first.
        `commit_ms`: commit no more often. What is handed out again after a crash is known to the inbox.
        `assigned` is told which partitions are ours after a rebalance; it must be quick.
        """
        self._appender = appender
        self._work = work
        self._assigned = assigned
        self._on_trouble = on_trouble
        self._idle = asyncio.Event()
        self._idle.set()
        self._giving_up = asyncio.Event()
        self._commit_s = commit_ms / 1000
        self._done: dict[Place, int] = {}
        self._committing: asyncio.Task[None] | None = None
        self._stopping = False
        self.busy_since: float | None = None
        self.in_trouble = False
        self.group = Group(
            broker,
            topics,
            group,
            self._handle,
            Handover(self._hand_over, self._take_over),
            max_records=max_records,
            hurried=hurried,
        )

    async def stop(self) -> None:
        """Finish the batch at hand, bounded; nothing new is begun."""
        self._stopping = True
        self._giving_up.set()
        try:
            async with asyncio.timeout(HAND_OVER_S / 2):
                await self._idle.wait()
                await self._commit()
        except TimeoutError:
            log.warning("batch not finished", group=self.group.group)

    def faults(self) -> list[str]:
        """What makes this subscription dead: an ended loop, or a batch that hangs without trouble to blame."""
        found = self.group.faults()
        if self.busy_since is not None and not self.in_trouble and time.monotonic() - self.busy_since > 60:  # noqa: PLR2004 -- seconds
            found.append("batch hangs")
        return [f"{self.group.group}: {fault}" for fault in found]

    async def _handle(self, records: list[Record]) -> None:
        """Take a batch. Never raises: FastStream would commit past it with the next batch."""
        if self._stopping or not records:
            return
        self._idle.clear()
        self._giving_up.clear()
        self.busy_since = time.monotonic()
        try:
            await self._take(records)
        except Abandoned:
            log.info("batch abandoned", group=self.group.group, records=len(records))
        except asyncio.CancelledError:
            if self._stopping:
                raise
            log.exception("stray cancellation", group=self.group.group)
            self._again(records)
        except Exception:
            log.exception("batch failed", group=self.group.group)
            self._again(records)
            await asyncio.sleep(1)
        finally:
            self.busy_since = None
            self.in_trouble = False
            self._idle.set()

    async def _take(self, records: list[Record]) -> None:
        ours = self.group.assignment()
        records = [record for record in records if (record.topic, record.partition) in ours]
        if not records:
            return
        outgoing = await self._persist(lambda: self._work(records))
        if outgoing:
            await self._persist(lambda: self._appender.append(outgoing))
        self._done.update(((record.topic, record.partition), record.offset + 1) for record in records)
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_later())

    async def _commit_later(self) -> None:
        await asyncio.sleep(self._commit_s)
        self._committing = None
        await self._commit()

    async def _commit(self) -> None:
        """Commit what is done and still ours; nothing is any more when the client has stopped."""
        done, self._done = self._done, {}
        with suppress(Trouble):
            ours = self.group.assignment()
            positions = {place: offset for place, offset in done.items() if place in ours}
            if positions:
                await self.group.commit(positions)

    async def _persist(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Try until it is through; `Abandoned` when the partitions go meanwhile."""
        pause, longest = BACK_OFF_S
        while True:
            try:
                return await attempt()
            except Trouble as trouble:
                self.in_trouble = True
                log.warning("waiting for infrastructure", group=self.group.group, reason=str(trouble), pause=pause)
                if self._on_trouble is not None:
                    self._on_trouble(str(trouble))
            try:
                async with asyncio.timeout(pause * random.uniform(0.8, 1.2)):  # noqa: S311 -- jitter
                    await self._giving_up.wait()
            except TimeoutError:
                pause = min(pause * 2, longest)
            else:
                raise Abandoned
            self.in_trouble = False

    def _again(self, records: list[Record]) -> None:
        """Have the records handed out again."""
        first: dict[Place, int] = {}
        for record in records:
            first.setdefault((record.topic, record.partition), record.offset)
        ours = self.group.assignment()
        for place, offset in first.items():
            if place in ours:
                self.group.seek(place, offset)

    async def _hand_over(self) -> None:
        self._giving_up.set()
        try:
            async with asyncio.timeout(HAND_OVER_S):
                await self._idle.wait()
                await self._commit()
        except TimeoutError:
            log.warning("handed over with a batch at hand", group=self.group.group)

    async def _take_over(self, places: frozenset[Place]) -> None:
        if self._assigned is not None:
            await self._assigned(places)
