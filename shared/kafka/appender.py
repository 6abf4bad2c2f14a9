"""Appending records.

Idempotence is off and the inbox absorbs duplicates: the idempotent producer never gives up while Kafka is away.
An append that fails may still have been written; who reads that as "unknown" is right.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2

from shared.contracts.topics import MESSAGE_BYTES
from shared.kafka.clients import BATCH_BYTES, REQUEST_MS, KafkaError, Place, fill
from shared.ports import Outgoing, Trouble


@lru_cache(maxsize=65_536)
def partition_of(key: bytes, partitions: int) -> int:
    """Partition of a key, as every Kafka client computes it by default."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)


PING_S: Final = 2.0
"""A broker that has not answered a probe by then is away."""

_Waiting = tuple[Outgoing, "asyncio.Future[None]"]


class Appender:
    """Appends records: in order within a partition, each batch acknowledged by all replicas before the next."""

    def __init__(self, bootstrap: str) -> None:
        """Prepare; nothing is dialled before `start`."""
        self._bootstrap = bootstrap
        self._producer: AIOKafkaProducer | None = None
        self._counts: dict[str, int] = {}
        self._collected: dict[Place, list[_Waiting]] = {}
        self._in_flight: set[Place] = set()
        self._flushing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect; raise `Trouble` if Kafka does not answer."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            acks="all",
            enable_idempotence=False,
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
        count = self._counts.get(outgoing.topic) or await self.partitions(outgoing.topic)
        return outgoing.topic, partition_of(outgoing.key or b"", count)

    async def partitions(self, topic: str) -> int:
        """Number of partitions of a topic, which never changes; raise `Trouble` if it is not known yet."""
        known = self.producer.client.cluster.partitions_for_topic(topic)
        if not known:
            try:
                known = await self.producer.partitions_for(topic)
            except KafkaError as error:
                raise Trouble(type(error).__name__) from error
        self._counts[topic] = len(known)
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

    async def ping(self) -> None:
        """Raise `Trouble` unless Kafka answers, soon."""
        try:
            async with asyncio.timeout(PING_S):
                await self.producer.client.fetch_all_metadata()
        except (KafkaError, TimeoutError) as error:
            raise Trouble(type(error).__name__) from error

    async def append(self, outgoing: Iterable[Outgoing]) -> None:
        """Append and wait for the acknowledgement of all; raise `Trouble` if one is missing."""
        left: dict[Place, Sequence[Outgoing]] = {}
        by_place: dict[Place, list[Outgoing]] = {}
        for record in outgoing:
            by_place.setdefault(await self.place_of(record), []).append(record)
        left.update(by_place)
        while left:
            sent = {place: await self._send(place, records) for place, records in left.items()}
            done = await asyncio.gather(*(receipt for receipt, _ in sent.values()), return_exceptions=True)
            for error in done:
                if isinstance(error, BaseException):
                    raise _trouble(error)
            left = {place: left[place][count:] for place, (_, count) in sent.items() if count < len(left[place])}

    async def append_soon(self, record: Outgoing) -> "asyncio.Future[None]":
        """Append one record together with what others append meanwhile; what is returned is its acknowledgement.

        It fails with `Trouble`. So does this, if it is not even known where the record belongs.
        """
        place = await self.place_of(record)
        acknowledged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._collected.setdefault(place, []).append((record, acknowledged))
        self._flush_soon()
        return acknowledged

    def _flush_soon(self) -> None:
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush())

    async def _flush(self) -> None:
        """Send what has come together for each partition that waits for no acknowledgement."""
        try:
            while ready := self._collected.keys() - self._in_flight:
                for place in ready:
                    await self._launch(place, self._collected.pop(place))
        finally:
            self._flushing = None

    async def _launch(self, place: Place, waiting: "list[_Waiting]") -> None:
        self._in_flight.add(place)
        try:
            receipt, count = await self._send(place, [record for record, _ in waiting])
        except Exception as error:  # noqa: BLE001 -- every waiter has to hear of it
            self._in_flight.discard(place)
            _settle(waiting, _trouble(error))
            return
        if count < len(waiting):
            self._collected[place] = waiting[count:] + self._collected.get(place, [])
        receipt.add_done_callback(lambda done: self._landed(place, waiting[:count], done))

    def _landed(self, place: Place, waiting: "list[_Waiting]", receipt: "asyncio.Future[Any]") -> None:
        self._in_flight.discard(place)
        error = None if receipt.cancelled() else receipt.exception()
        _settle(waiting, Trouble("cancelled") if receipt.cancelled() else error and _trouble(error))
        if place in self._collected:
            self._flush_soon()

    async def _send(self, place: Place, records: Sequence[Outgoing]) -> "tuple[asyncio.Future[Any], int]":
        """Hand as many records as fit into one batch to the client; its receipt, and how many they were."""
        topic, partition = place
        batch = self.producer.create_batch()
        count = fill(batch, records)
        try:
            if count:
                return await self.producer.send_batch(batch, topic, partition=partition), count
            first = records[0]  # a dead letter of the largest size fills a batch of its own
            headers = list(first.headers)
            return await self.producer.send(topic, first.value, key=first.key, partition=partition, headers=headers), 1
        except KafkaError as error:
            raise _trouble(error) from error


def _trouble(error: BaseException) -> BaseException:
    return Trouble(type(error).__name__) if isinstance(error, KafkaError) else error


def _settle(waiting: "Sequence[_Waiting]", error: BaseException | None) -> None:
    for _, acknowledged in waiting:
        if acknowledged.done():
            continue
        if error is None:
            acknowledged.set_result(None)
        else:
            acknowledged.set_exception(error)
