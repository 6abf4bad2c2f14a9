"""Appending records.

Idempotence is off and the inbox absorbs duplicates: the idempotent producer never gives up while Kafka is away.
An append that fails may still have been written; who reads that as "unknown" is right.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import lru_cache

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2

from shared.contracts.topics import MESSAGE_BYTES
from shared.kafka.clients import BATCH_BYTES, REQUEST_MS, KafkaError, Place
from shared.ports import Outgoing, Trouble


@lru_cache(maxsize=65_536)
def partition_of(key: bytes, partitions: int) -> int:
    """Partition of a key, as every Kafka client computes it by default."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)


class Appender:
    """Appends records: in order within a partition, each batch acknowledged by all replicas before the next."""

    def __init__(self, bootstrap: str, *, transactional_id: str | None = None) -> None:
        """Prepare; nothing is dialled before `start`."""
        self._bootstrap = bootstrap
        self._transactional_id = transactional_id
        self._producer: AIOKafkaProducer | None = None
        self._collected: dict[Place, list[tuple[Outgoing, asyncio.Future[None]]]] = {}
        self._running: dict[Place, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Connect; raise `Trouble` if Kafka does not answer."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            acks="all",
            enable_idempotence=self._transactional_id is not None,
            transactional_id=self._transactional_id,
            transaction_timeout_ms=15_000,
            request_timeout_ms=REQUEST_MS,
            max_batch_size=BATCH_BYTES,
            max_request_size=MESSAGE_BYTES + 65_536,
            linger_ms=0,
        )
        try:
            await producer.start()
        except KafkaError as error:
            await producer.stop()
            raise Trouble(type(error).__name__) from error
        self._producer = producer

    @property
    def producer(self) -> AIOKafkaProducer:
        """The client; started."""
        if self._producer is None:
            raise Trouble("not started")
        return self._producer

    async def stop(self) -> None:
        """Send what is left, bounded, and disconnect."""
        if self._producer is not None:
            with suppress(KafkaError, TimeoutError):
                async with asyncio.timeout(REQUEST_MS / 1000):
                    await self._producer.stop()
            self._producer = None

    async def place_of(self, outgoing: Outgoing) -> Place:
        """Where a record goes: its own partition, or that of its key."""
        if outgoing.partition is not None:
            return outgoing.topic, outgoing.partition
        return outgoing.topic, partition_of(outgoing.key or b"", await self.partitions(outgoing.topic))

    async def partitions(self, topic: str) -> int:
        """Number of partitions of a topic; raise `Trouble` if it is not known now."""
        known = self.producer.client.cluster.partitions_for_topic(topic)
        if not known:
            try:
                known = await self.producer.partitions_for(topic)
            except KafkaError as error:
                raise Trouble(type(error).__name__) from error
        return len(known)

    async def require(self, topics: Iterable[str]) -> None:
        """Raise `LookupError` if a topic is not there; none is ever made by the way (sec_35)."""
        try:
            there = (await self.producer.client.fetch_all_metadata()).topics()
        except KafkaError as error:
            raise Trouble(type(error).__name__) from error
        missing = sorted(set(topics) - there)
        if missing:
            raise LookupError(f"Kafka has no topic {', '.join(missing)}: make it with `brum topics apply`.")

    async def append(self, outgoing: Iterable[Outgoing]) -> None:
        """Append and wait for the acknowledgement of all; raise `Trouble` if one is missing."""
        by_place: dict[Place, list[Outgoing]] = {}
        for record in outgoing:
            by_place.setdefault(await self.place_of(record), []).append(record)
        answers = await asyncio.gather(
            *(self._append_at(place, records) for place, records in by_place.items()), return_exceptions=True
        )
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer

    async def append_soon(self, record: Outgoing) -> None:
        """Append one record together with what others append meanwhile; return when it is acknowledged."""
        place = await self.place_of(record)
        acknowledged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._collected.setdefault(place, []).append((record, acknowledged))
        if place not in self._running:
            self._running[place] = asyncio.create_task(self._drain(place))
        await acknowledged

    async def _drain(self, place: Place) -> None:
        try:
            while collected := self._collected.pop(place, None):
                try:
                    await self._append_at(place, [record for record, _ in collected])
                except Exception as error:  # noqa: BLE001 -- every waiter has to hear of it
                    _settle(collected, error if isinstance(error, Trouble) else Trouble(type(error).__name__))
                else:
                    _settle(collected, None)
        finally:
            del self._running[place]

    async def _append_at(self, place: Place, records: Sequence[Outgoing]) -> None:
        topic, partition = place
        position = 0
        try:
            while position < len(records):
                batch = self.producer.create_batch()
                while position < len(records):
                    record = records[position]
                    if (
                        batch.append(key=record.key, value=record.value, timestamp=None, headers=list(record.headers))
                        is None
                    ):
                        break
                    position += 1
                if not batch.record_count():
                    await self._append_alone(place, records[position])
                    position += 1
                    continue
                await (await self.producer.send_batch(batch, topic, partition=partition))
        except KafkaError as error:
            raise Trouble(type(error).__name__) from error

    async def _append_alone(self, place: Place, record: Outgoing) -> None:
        """Append one record that fills a batch of its own (a dead letter of the largest size)."""
        topic, partition = place
        await self.producer.send_and_wait(
            topic, record.value, key=record.key, partition=partition, headers=list(record.headers)
        )


def _settle(collected: Sequence[tuple[Outgoing, "asyncio.Future[None]"]], error: Exception | None) -> None:
    for _, acknowledged in collected:
        if acknowledged.done():
            continue
        if error is None:
            acknowledged.set_result(None)
        else:
            acknowledged.set_exception(error)
