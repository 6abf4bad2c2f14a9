"""Reading without a group: tails, resumptions, rebuilds."""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.contracts.topics import MESSAGE_BYTES
from shared.kafka.clients import UNHURRIED, KafkaError, Place, fetch_whole, record_of
from shared.ports import Record, Trouble


class Reader:
    """Reads partitions from given positions, in no group: for tails, resumptions and rebuilds."""

    def __init__(self, bootstrap: str, *, hurried: bool = True) -> None:
        """Prepare a client that sees committed transactions only; `hurried`: it hears of each record at once."""
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            request_timeout_ms=10_000,
            max_partition_fetch_bytes=2 * MESSAGE_BYTES,
            **({"fetch_max_wait_ms": 500} if hurried else UNHURRIED),
        )

    async def __aenter__(self) -> Self:
        """Connect; raise `Trouble` if Kafka does not answer."""
        try:
            await self._consumer.start()
        except KafkaError as error:
            await self._consumer.stop()
            raise Trouble(type(error).__name__) from error
        fetch_whole(self._consumer)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await self._consumer.stop()

    async def places(self, topics: Iterable[str]) -> list[Place]:
        """Partitions of the topics; `Trouble` if one has none."""
        found = []
        for topic in topics:
            try:
                await self._consumer._client.force_metadata_update()  # noqa: SLF001 -- no public way without a group
                await self._consumer._client._wait_on_metadata(topic)  # noqa: SLF001
            except KafkaError as error:
                raise Trouble(type(error).__name__) from error
            partitions = self._consumer.partitions_for_topic(topic)
            if not partitions:
                raise Trouble(f"no topic {topic}")
            found += [(topic, partition) for partition in sorted(partitions)]
        return found

    async def ends(self, places: Iterable[Place]) -> dict[Place, int]:
        """Next offset to be written of each partition (past the last committed record)."""
        return await self._offsets(self._consumer.end_offsets, places)

    async def beginnings(self, places: Iterable[Place]) -> dict[Place, int]:
        """Oldest offset kept of each partition."""
        return await self._offsets(self._consumer.beginning_offsets, places)

    async def since(self, place: Place, timestamp_ms: int) -> int | None:
        """First offset appended at or after a time; None if there is none yet."""
        try:
            found = await self._consumer.offsets_for_times({TopicPartition(*place): timestamp_ms})
        except KafkaError as error:
            raise Trouble(type(error).__name__) from error
        [answer] = found.values()
        return None if answer is None else int(answer.offset)

    async def _offsets(
        self, ask: Callable[..., Coroutine[Any, Any, dict[TopicPartition, int]]], places: Iterable[Place]
    ) -> dict[Place, int]:
        try:
            answer = await ask([TopicPartition(*place) for place in places])
        except KafkaError as error:
            raise Trouble(type(error).__name__) from error
        return {(place.topic, place.partition): offset for place, offset in answer.items()}

    def begin(self, positions: Mapping[Place, int]) -> None:
        """Read these partitions from these offsets."""
        self._consumer.assign([TopicPartition(*place) for place in positions])
        for place, offset in positions.items():
            self._consumer.seek(TopicPartition(*place), offset)

    async def position(self, place: Place) -> int:
        """Offset that is read next, markers passed over."""
        try:
            return int(await self._consumer.position(TopicPartition(*place)))
        except KafkaError as error:
            raise Trouble(type(error).__name__) from error

    async def read(self, *, wait_ms: int, most: int = 500) -> list[Record]:
        """Next records, or none after `wait_ms`; `Trouble` if Kafka does not answer."""
        try:
            found = await self._consumer.getmany(timeout_ms=wait_ms, max_records=most)
        except KafkaError as error:
            raise Trouble(type(error).__name__) from error
        return [record_of(record) for records in found.values() for record in records]

    async def tail(self, *, wait_ms: int = 500) -> AsyncIterator[list[Record]]:
        """Batches of records for ever; empty ones tell that nothing came for `wait_ms`."""
        while True:
            yield await self.read(wait_ms=wait_ms)
