"""What the broker has to keep for the platform to keep its own promises."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any, Final

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import KafkaError

from shared.kafka.clients import CONSUMER_SETTINGS

Check = Callable[[], Awaitable[str]]
"""Answers what was seen; raises whatever is wrong."""

_KEYED: Final = "gate.keyed"
_LAST_WORDS: Final = "gate.last-words"
_ODD: Final = "gate.odd"
_SHARED: Final = "gate.shared"
_GROUP: Final = "gate.members"
_PARTITIONS: Final = 6
_KEYS: Final = 40
_EACH: Final = 50
_REBALANCE_S: Final = 15.0


class Broker:
    """The checks, in two rounds: the broker is killed in between, while `writing` goes on."""

    def __init__(self, kafka: str) -> None:
        """Name the broker."""
        self._kafka = kafka
        self._acknowledged: list[bytes] = []
        self._writers: list[asyncio.Task[None]] = []
        self._committed: dict[Any, Any] = {}

    @property
    def before(self) -> dict[str, Check]:
        """Checks of a running broker."""
        return {
            "records of a key stay in order": self._order,
            "a null header comes back as it went": self._null_header,
            "read_committed shows no aborted record": self._transactions,
            "three members take two partitions each, and may commit what is revoked": self._group,
        }

    @property
    def after(self) -> dict[str, Check]:
        """Checks of a broker that was killed and came back."""
        return {
            "every acknowledged record survives kill -9": self._survives,
            "committed offsets survive kill -9": self._offsets_survive,
        }

    async def prepare(self) -> None:
        """Make the topics."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self._kafka)
        await admin.start()
        try:
            await admin.create_topics([NewTopic(name, _PARTITIONS, 1) for name in (_KEYED, _LAST_WORDS, _ODD, _SHARED)])
        finally:
            await admin.close()

    async def begin_writing(self) -> None:
        """Write and note what is acknowledged, until the broker is gone."""
        producer = self._producer()
        await producer.start()

        async def write(writer: int) -> None:
            number = 0
            with suppress(KafkaError):
                while True:
                    value = f"{writer}.{number}".encode()
                    await producer.send_and_wait(_LAST_WORDS, value, key=str(writer).encode())
                    self._acknowledged.append(value)
                    number += 1

        self._writers = [asyncio.create_task(write(writer)) for writer in range(16)]
        self._writers.append(asyncio.create_task(_stop_after(producer, self._writers[:])))

    async def end_writing(self) -> None:
        """Wait until the writers have given up."""
        await asyncio.gather(*self._writers)

    async def _order(self) -> str:
        async with self._producer() as producer:
            sent = [
                await producer.send(_KEYED, str(number).encode(), key=f"key{key}".encode())
                for number in range(_EACH)
                for key in range(_KEYS)
            ]
            await asyncio.gather(*sent)
        found: dict[tuple[bytes, int], list[int]] = {}
        for record in await self._read(_KEYED):
            found.setdefault((record.key, record.partition), []).append(int(record.value))
        assert len(found) == _KEYS, "a key was spread over partitions"
        assert all(numbers == list(range(_EACH)) for numbers in found.values()), "swapped, lost or doubled"
        return f"{_KEYS} keys with {_EACH} records each"

    async def _null_header(self) -> str:
        async with self._producer() as producer:
            await producer.send_and_wait(_ODD, None, key=b"null", headers=[("nothing", None), ("empty", b"")])
        [record] = [record for record in await self._read(_ODD) if record.key == b"null"]
        assert record.headers == (("nothing", None), ("empty", b"")), record.headers
        assert record.value is None
        return "also a null body"

    async def _transactions(self) -> str:
        producer = AIOKafkaProducer(bootstrap_servers=self._kafka, acks="all", transactional_id="gate")
        async with producer:
            async with producer.transaction():
                await producer.send_and_wait(_ODD, b"kept", key=b"told")
            await producer.begin_transaction()
            await producer.send_and_wait(_ODD, b"dropped", key=b"told")
            await producer.abort_transaction()
        values = [record.value for record in await self._read(_ODD) if record.key == b"told"]
        assert values == [b"kept"], values
        return "one kept, one dropped"

    async def _group(self) -> str:
        began = time.monotonic()
        members = [self._member() for _ in range(3)]
        first = members[0]
        listener = _Revoked(first)
        first.subscribe([_SHARED], listener=listener)
        try:
            await first.start()
            await _until(lambda: len(first.assignment()) == _PARTITIONS)
            stale = first._coordinator.generation
            for other in members[1:]:
                other.subscribe([_SHARED])
                await other.start()
            await _until(lambda: [len(member.assignment()) for member in members] == [2, 2, 2])
            assert listener.failed is None, f"commit while handing over: {listener.failed!r}"
            took = time.monotonic() - began
            assert took <= _REBALANCE_S, f"{took:.1f} s"
            await self._note_offsets()
            assert {offset.offset for offset in self._committed.values()} == {7}, self._committed
            await _refused(first, stale)
        finally:
            await asyncio.gather(*(member.stop() for member in members))
        return f"in {took:.1f} s; a commit of an older generation is refused"

    async def _survives(self) -> str:
        found = [record.value for record in await self._read(_LAST_WORDS)]
        lost = set(self._acknowledged) - set(found)
        assert self._acknowledged, "nothing was written"
        assert not lost, f"{len(lost)} of {len(self._acknowledged)} lost"
        assert len(await self._read(_KEYED)) == _KEYS * _EACH
        return f"{len(self._acknowledged)} acknowledged while it died"

    async def _offsets_survive(self) -> str:
        before = self._committed
        await self._note_offsets()
        assert self._committed == before, f"{before} became {self._committed}"
        return f"{len(before)} partitions"

    async def _note_offsets(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._kafka)
        await admin.start()
        try:
            self._committed = await admin.list_consumer_group_offsets(_GROUP)
        finally:
            await admin.close()

    async def _read(self, topic: str) -> list[Any]:
        """Everything in a topic that is committed."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._kafka, auto_offset_reset="earliest", isolation_level="read_committed"
        )
        async with consumer:
            places = [TopicPartition(topic, partition) for partition in range(_PARTITIONS)]
            consumer.assign(places)
            ends = await consumer.end_offsets(places)
            found: list[Any] = []
            while [place for place in places if await consumer.position(place) < ends[place]]:
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    found += records
        return found

    def _producer(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            bootstrap_servers=self._kafka, acks="all", enable_idempotence=False, request_timeout_ms=5_000
        )

    def _member(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            bootstrap_servers=self._kafka,
            group_id=_GROUP,
            enable_auto_commit=False,
            partition_assignment_strategy=[RoundRobinPartitionAssignor],
            **CONSUMER_SETTINGS,
        )


class _Revoked(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """Commits whatever is taken away, at 7."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self.failed: KafkaError | None = None

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        if places := list(revoked):
            try:
                await self._consumer.commit(dict.fromkeys(places, 7))
            except KafkaError as error:
                self.failed = error

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Nothing to do."""


async def _refused(member: AIOKafkaConsumer, stale: int) -> None:
    coordinator, places = member._coordinator, member.assignment()
    assert stale < coordinator.generation
    coordinator.generation = stale
    with pytest.raises(KafkaError):
        await member.commit(dict.fromkeys(places, 9))


async def _until(there: Callable[[], bool]) -> None:
    async with asyncio.timeout(_REBALANCE_S):
        while not there():
            await asyncio.sleep(0.05)


async def _stop_after(producer: AIOKafkaProducer, writers: list[asyncio.Task[None]]) -> None:
    await asyncio.gather(*writers)
    await producer.stop()
