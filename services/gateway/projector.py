"""Facts and outcomes out of the log, into the views: groups `gateway-<topic>`, whose true positions lie in Redis.

What Redis holds and how far it goes is written in one step, so a Redis that lost its last second, or all, says so:
the projector goes on from where Redis stands, or has the views rebuilt. The group's own offsets only inform.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from services.gateway.gathering import FACT_TOPICS, gather, name_of
from services.gateway.memory import Memory
from services.gateway.rebuild import Rebuild
from services.gateway.view_store import Behind, Incomplete, ViewStore, behind
from shared import logs, metrics
from shared.consumer import Consumer
from shared.kafka.appender import Appender
from shared.kafka.clients import Place
from shared.kafka.groups import KafkaBroker
from shared.kafka.reader import Reader
from shared.ports import Outgoing, Record, Trouble

log = logs.logger(__name__)

GROUP: Final = "gateway"
"""What their names begin with, and who is named in dead letters and metrics."""
WATCH_S: Final = 0.5
"""How often Redis is looked at for what it lost, also while nothing comes."""
_PATIENCE_S: Final = 5.0
_GAPS_BORNE: Final = 3
"""So often may a batch begin too far on, having been fetched before a seek."""


class Projector:
    """Keeps the live views up to date; `watch` runs beside the subscription."""

    def __init__(  # noqa: PLR0913 -- its ports
        self,
        broker: KafkaBroker,
        appender: Appender,
        store: ViewStore,
        memory: Memory,
        rebuild: Rebuild,
        *,
        bootstrap: str,
        topics: Sequence[str] = FACT_TOPICS,
        group: str = GROUP,
    ) -> None:
        """Declare the subscription."""
        self._appender = appender
        self._store = store
        self._memory = memory
        self._rebuild = rebuild
        self._bootstrap = bootstrap
        self._topics = tuple(topics)
        self._group = group
        self._expected: dict[Place, int] = {}
        self._gaps: dict[Place, int] = {}
        self._parked: set[tuple[tuple[str, bytes], ...]] = set()
        self._one_at_a_time = asyncio.Lock()
        self._complete = asyncio.Event()
        # One subscription a topic: an answer to a fetch costs by the partitions asked for, and most topics are quiet.
        # Each in a group of its own: in one group, each that comes or goes would have all of them stop and meet anew.
        self.consumers = {
            topic: Consumer(
                broker,
                appender,
                [topic],
                f"{group}-{topic}",
                self.take,
                max_records=1_000,
                commit_ms=5_000,
                assigned=partial(self._assigned, topic),
            )
            for topic in topics
        }
        for topic in topics:
            metrics.describe_consumer(topic, group, ())

    async def take(self, records: Sequence[Record]) -> list[Outgoing]:
        """Apply a batch; what cannot be read becomes a dead letter and its neighbours go on."""
        async with self._one_at_a_time:
            try:
                await self._project(records)
            except Incomplete:
                await self._wait_for_views()
                raise
        return []

    async def _project(self, records: Sequence[Record]) -> None:
        if any((record.topic, record.partition) not in self._expected for record in records):
            await self._resume()
        records = self._continuous(records)
        if not records:
            return
        batch, letters = gather(records, self._expected, self._store.root, self._group)
        await self._park(letters)
        try:
            await self._store.apply(batch)
        except Behind:
            log.warning("Redis went back in time", found="by a batch")
            await self._resume()
            return
        self._parked.clear()
        for record in records:
            self._expected[record.topic, record.partition] = record.offset + 1
        self._observe(records)

    async def _park(self, letters: Sequence[Outgoing]) -> None:
        """Append dead letters before their position is passed; once, also if the batch is taken again."""
        fresh = [letter for letter in letters if letter.headers not in self._parked]
        await self._appender.append(fresh)
        for letter in fresh:
            self._parked.add(letter.headers)
            told = dict(letter.headers)
            reason = told["dl-reason"].decode()
            log.error("record parked", topic=told["dl-topic"].decode(), reason=reason)
            metrics.dead_letters.labels(told["dl-topic"].decode(), self._group, reason).inc()

    async def watch(self) -> None:
        """Look at Redis twice a second until cancelled; rebuild what is missing, go back to where it stands."""
        said = ""
        while True:
            reason = await self._watched()
            if reason and reason != said:
                log.warning("views cannot be looked after", reason=reason)
            said = reason
            await asyncio.sleep(WATCH_S)

    async def _watched(self) -> str:
        """One look; what is in its way, if anything."""
        try:
            try:
                await self._look()
            except Incomplete:
                self._complete.clear()
                await self._rebuild.once()
        except Trouble as trouble:
            return str(trouble)
        return ""

    async def catch_up(self) -> None:
        """Let reads wait, bounded, for all that the log holds by now; for whoever may have missed something."""
        try:
            async with asyncio.timeout(_PATIENCE_S), Reader(self._bootstrap) as reader:
                ends = await reader.ends(await reader.places(self._topics))
        except (Trouble, TimeoutError) as error:
            log.warning("the ends of the log are not known", reason=str(error))
            return
        self._memory.need({name_of(place): end for place, end in ends.items() if end})

    async def _look(self) -> None:
        expected = {name_of(place): offset for place, offset in self._expected.items()}
        held = await self._store.positions()
        self._complete.set()
        self._memory.reached(held)
        if any(times >= _GAPS_BORNE for times in self._gaps.values()):
            log.warning("the log begins after what Redis holds")
            await self._rebuild.once(force=True)
        elif not behind(held, expected) and self.assignment() <= self._expected.keys():
            return
        async with self._one_at_a_time:
            log.warning("going back to where Redis stands")
            await self._resume()

    async def stop(self) -> None:
        """Finish what is at hand, bounded."""
        await asyncio.gather(*(consumer.stop() for consumer in self.consumers.values()))

    def faults(self) -> list[str]:
        """What makes a subscription dead."""
        return [fault for consumer in self.consumers.values() for fault in consumer.faults()]

    def assignment(self) -> frozenset[Place]:
        """Places that are ours now, of all topics."""
        try:
            return frozenset().union(*(consumer.group.assignment() for consumer in self.consumers.values()))
        except Trouble:  # not started yet
            return frozenset()

    async def _assigned(self, topic: str, places: frozenset[Place]) -> None:
        """Begin where Redis stands; if that cannot be told now, the next look asks again."""
        for kept in (self._expected, self._gaps):
            for place in [place for place in kept if place[0] == topic]:
                del kept[place]
        try:
            await self._resume(places)
        except Trouble as trouble:
            log.warning("positions not known yet", reason=str(trouble))

    async def _resume(self, places: frozenset[Place] | None = None) -> None:
        """Have places, or all of ours, handed out again from where Redis stands."""
        held = await self._store.positions()
        if places is None:
            places = self.assignment()
            self._expected.clear()
            self._gaps.clear()
        for place in places:
            self._expected[place] = held.get(name_of(place), 0)
            self._gaps.pop(place, None)
            self._seek(place)

    def _seek(self, place: Place) -> None:
        self.consumers[place[0]].group.seek(place, self._expected[place])

    async def _wait_for_views(self) -> None:
        self._complete.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                await self._complete.wait()

    def _continuous(self, records: Sequence[Record]) -> Sequence[Record]:
        """Leave out what was fetched before the last seek; it will come again, in its turn."""
        first: dict[Place, int] = {}
        for record in records:
            first.setdefault((record.topic, record.partition), record.offset)
        too_far = {place for place, offset in first.items() if offset > self._expected[place]}
        for place in first.keys() - too_far:
            self._gaps.pop(place, None)
        if not too_far:
            return records
        for place in too_far:
            self._gaps[place] = self._gaps.get(place, 0) + 1
            self._seek(place)
        return [record for record in records if (record.topic, record.partition) not in too_far]

    def _observe(self, records: Sequence[Record]) -> None:
        now = time.time() * 1000
        for record in {record.topic: record for record in records}.values():
            age = max(0.0, now - record.timestamp) / 1000
            metrics.fact_age.labels(topic=record.topic, consumer_group=self._group).observe(age)
