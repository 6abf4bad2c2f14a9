"""Consumer groups: FastStream runs the loop, every delivery setting is said here."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from faststream.kafka import KafkaBroker
from faststream.kafka.message import FAKE_CONSUMER, KafkaMessage
from faststream.middlewares import AckPolicy

from shared.kafka.clients import CONSUMER_SETTINGS, UNHURRIED, KafkaError, Place, fetch_whole, record_of
from shared.ports import Record, Trouble

__all__ = ["KafkaBroker"]


POLL_WAIT_MS: Final = 1_000
"""A poll of an idle subscription lasts so long."""


class Handover(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """Tells of partitions that come and go; the group waits while the one that goes is awaited."""

    def __init__(
        self,
        revoked: Callable[[], Coroutine[Any, Any, None]],
        assigned: Callable[[frozenset[Place]], Coroutine[Any, Any, None]],
    ) -> None:
        """Take what to await on revocation and on assignment."""
        self._revoked = revoked
        self._assigned = assigned

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:  # noqa: ARG002 -- all of them, always
        """Wait for the batch at hand."""
        await self._revoked()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Take over."""
        await self._assigned(frozenset((place.topic, place.partition) for place in assigned))


async def _parse(records: tuple["ConsumerRecord[Any, Any]", ...]) -> KafkaMessage:
    """Wrap a batch as it is: headers and bodies of strangers are not looked at here, so nothing can raise."""
    return KafkaMessage(body=b"", headers={}, raw_message=records, consumer=FAKE_CONSUMER)


async def _decode(message: KafkaMessage) -> list[Record]:
    return [record_of(record) for record in message.raw_message]


async def _next(consumer: AIOKafkaConsumer, *, max_records: int) -> tuple["ConsumerRecord[Any, Any]", ...]:
    """Wait for records; none after a while, so that the loop sees whether it is to end."""
    fetch_whole(consumer)
    found = await consumer.getmany(timeout_ms=POLL_WAIT_MS, max_records=max_records)
    return tuple(chain.from_iterable(found.values()))


def broker_of(bootstrap: str) -> KafkaBroker:
    """FastStream broker for subscribers; it neither produces for us nor creates topics."""
    return KafkaBroker(
        bootstrap,
        acks="all",
        request_timeout_ms=40_000,
        metadata_max_age_ms=10_000,  # a group that joins before its topic is known gets partitions soon after
        allow_auto_create_topics=False,
        apply_types=False,
        ack_policy=AckPolicy.MANUAL,
        graceful_timeout=5.0,
        logger=None,
    )


class Group:
    """A member of a consumer group: batches out of FastStream, positions under our own control."""

    def __init__(
        self,
        broker: KafkaBroker,
        topics: Sequence[str],
        group: str,
        handler: Callable[[list[Record]], Coroutine[Any, Any, None]],
        handover: Handover,
        *,
        max_records: int,
        hurried: bool = True,
    ) -> None:
        """Declare the subscriber."""
        self.topics = tuple(topics)
        self.group = group
        self.subscriber = broker.subscriber(
            *topics,
            group_id=group,
            batch=True,
            max_records=max_records,
            batch_timeout_ms=10,
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
            listener=handover,
            partition_assignment_strategy=[RoundRobinPartitionAssignor],
            parser=_parse,
            decoder=_decode,
            **(CONSUMER_SETTINGS if hurried else {**CONSUMER_SETTINGS, **UNHURRIED}),
        )
        self.subscriber(handler)
        # FastStream sleeps after an empty poll, and a record that comes meanwhile waits; a poll itself wakes at once.
        self.subscriber.get_msg = partial(_next, max_records=max_records)

    @property
    def consumer(self) -> AIOKafkaConsumer:
        """The client; `Trouble` while it is not running."""
        consumer = self.subscriber.consumer
        if consumer is None:
            raise Trouble("not started")
        return consumer

    def assignment(self) -> frozenset[Place]:
        """Partitions that are ours now."""
        return frozenset((place.topic, place.partition) for place in self.consumer.assignment())

    async def commit(self, positions: Mapping[Place, int]) -> None:
        """Commit the next offset of each partition; a refusal means that it is not ours any more, and is no harm."""
        with suppress(KafkaError):
            await self.consumer.commit({TopicPartition(*place): offset for place, offset in positions.items()})

    def seek(self, place: Place, offset: int) -> None:
        """Go on from an offset."""
        self.consumer.seek(TopicPartition(*place), offset)

    async def lag(self) -> int:
        """Records appended and not yet taken by this member."""
        behind = 0
        for place in self.consumer.assignment():
            end = self.consumer.highwater(place)
            if end is not None:
                behind += max(0, end - await self.consumer.position(place))
        return behind

    def faults(self) -> list[str]:
        """What is dead in here although the connection may live: consume loop, coordinator."""
        found = []
        if not self.subscriber.tasks or any(task.done() for task in self.subscriber.tasks):
            found.append("consume loop ended")
        consumer = self.subscriber.consumer
        coordination = getattr(getattr(consumer, "_coordinator", None), "_coordination_task", None)
        if coordination is None or coordination.done():
            found.append("coordinator ended")
        return found
