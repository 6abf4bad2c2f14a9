"""Appending and reading on a real Kafka."""

import asyncio
from uuid import uuid4

import pytest
from aiokafka.partitioner import DefaultPartitioner

from shared.contracts.topics import Topic
from shared.kafka.appender import Appender, partition_of
from shared.kafka.reader import Reader
from shared.kafka.topics import apply_topics
from shared.ports import Outgoing, Trouble


async def a_topic(kafka: str, partitions: int = 3, **settings: int) -> str:
    """Create a topic of its own for a test."""
    name = f"t{uuid4().hex}"
    await apply_topics(kafka, partitions, [Topic(name, "test", (), append_time=True, **settings)])
    return name


async def test_a_key_goes_where_every_kafka_client_puts_it() -> None:
    """A command appended by another client meets the same partition."""
    standard = DefaultPartitioner()

    for key in (b"need_a", b"event_" + b"x" * 26, b"campaign_7", b""):
        assert partition_of(key, 24) == standard(key, list(range(24)), list(range(24)))


async def test_records_of_a_partition_keep_their_order(kafka: str) -> None:
    """What is appended together is read in that order, headers and nulls included."""
    topic = await a_topic(kafka)
    appender = Appender(kafka)
    await appender.start()
    sent = [Outgoing(topic, 1, b"k", str(n).encode() * 400, (("n", str(n).encode()),)) for n in range(5_000)]

    await appender.append(sent)

    async with Reader(kafka) as reader:
        reader.begin({(topic, 1): 0})
        read: list[bytes | None] = []
        while len(read) < len(sent):
            read += [record.value for record in await reader.read(wait_ms=1_000)]
    await appender.stop()
    assert read == [record.value for record in sent]


async def test_what_many_append_at_once_is_acknowledged_to_each(kafka: str) -> None:
    """A waiter is told when its own record is in the log, and no earlier."""
    topic = await a_topic(kafka)
    appender = Appender(kafka)
    await appender.start()

    await asyncio.gather(
        *[await appender.append_soon(Outgoing(topic, None, str(n).encode(), b"v")) for n in range(300)]
    )

    async with Reader(kafka) as reader:
        places = await reader.places([topic])
        ends = await reader.ends(places)
    await appender.stop()
    assert sum(ends.values()) == 300


async def test_an_append_to_nowhere_is_trouble_in_bounded_time() -> None:
    """A Kafka that is not there gives no endless wait."""
    appender = Appender("127.0.0.1:1")

    with pytest.raises(Trouble):
        await appender.start()


async def test_a_topic_cut_differently_is_refused(kafka: str) -> None:
    """The partition count is frozen: a deployment that says another number does not start."""
    topic = await a_topic(kafka, partitions=3)

    with pytest.raises(ValueError, match="frozen"):
        await apply_topics(kafka, 4, [Topic(topic, "test", ())])


async def test_applying_topics_again_changes_nothing(kafka: str) -> None:
    """Each start applies them."""
    topic = await a_topic(kafka)

    assert await apply_topics(kafka, 3, [Topic(topic, "test", ())]) == []


async def test_a_dead_letter_of_the_largest_size_fits(kafka: str) -> None:
    """A record of the largest size and its dead-letter headers go into one append."""
    topic = await a_topic(kafka, partitions=1, max_message_bytes=1_048_576 + 65_536)
    appender = Appender(kafka)
    await appender.start()

    await appender.append([Outgoing(topic, 0, b"k", b"x" * 1_048_000, (("dl-reason", b"y" * 200),))])

    await appender.stop()
