"""A subscription on a real Kafka: what happens to batches when things go wrong."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import FetchRequest

from shared.consumer import Consumer
from shared.kafka.appender import Appender
from shared.kafka.groups import broker_of
from shared.ports import Outgoing, Record, Trouble
from tests.shared.test_kafka import a_topic

Work = Callable[[Sequence[Record]], Awaitable[Sequence[Outgoing]]]


@asynccontextmanager
async def consuming(kafka: str, topic: str, group: str, work: Work) -> AsyncIterator[Consumer]:
    """Run a subscription for the length of a block."""
    appender, broker = Appender(kafka), broker_of(kafka)
    await appender.start()
    consumer = Consumer(broker, appender, [topic], group, work)
    await broker.start()
    try:
        yield consumer
    finally:
        await consumer.stop()
        await broker.stop()
        await appender.stop()


async def fill(kafka: str, topic: str, count: int, partitions: int = 3) -> None:
    """Append numbered records over the partitions."""
    appender = Appender(kafka)
    await appender.start()
    await appender.append([Outgoing(topic, n % partitions, b"k", str(n).encode()) for n in range(count)])
    await appender.stop()


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for a condition, bounded."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def test_a_batch_that_meets_trouble_waits_in_its_place(kafka: str) -> None:
    """C1: a failed batch over several partitions is handed to the work again, whole and in order."""
    topic = await a_topic(kafka)
    seen: list[tuple[int, int]] = []
    await fill(kafka, topic, 60)
    failures = iter([True, True, True])

    async def work(records: Sequence[Record]) -> Sequence[Outgoing]:
        if next(failures, False):
            raise Trouble("not now")
        seen.extend((record.partition, record.offset) for record in records)
        return []

    async with consuming(kafka, topic, uuid4().hex, work):
        await until(lambda: len(seen) >= 60)

    assert sorted(seen) == [(partition, offset) for partition in range(3) for offset in range(20)]


async def test_a_batch_whose_work_breaks_is_not_committed_past(kafka: str) -> None:
    """C1: neither an error nor a stray cancellation loses a record."""
    topic = await a_topic(kafka)
    seen: set[tuple[int, int]] = set()
    await fill(kafka, topic, 30)
    breaks = iter([ValueError("bug"), asyncio.CancelledError()])

    async def work(records: Sequence[Record]) -> Sequence[Outgoing]:
        problem = next(breaks, None)
        if problem is not None:
            raise problem
        seen.update((record.partition, record.offset) for record in records)
        return []

    async with consuming(kafka, topic, uuid4().hex, work) as consumer:
        await until(lambda: len(seen) == 30)
        assert consumer.faults() == []


async def test_no_fetch_leaves_out_what_is_waiting_behind_the_batch_at_hand(
    kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker would hold it for half a second, and what comes next for the busiest partition would wait with it."""
    topic = await a_topic(kafka)
    asked: list[int] = []
    seen: list[int] = []
    done = asyncio.Event()

    def request(*fields: Any) -> Any:  # noqa: ANN401 -- as aiokafka's
        asked.append(sum(len(places) for _, places in fields[4]))
        return FetchRequest(*fields[:5], rack_id="")

    async def work(records: Sequence[Record]) -> Sequence[Outgoing]:
        seen.extend(record.offset for record in records)
        await done.wait()
        return []

    monkeypatch.setattr(fetcher, "FetchRequest", lambda *fields, **_: request(*fields))
    async with consuming(kafka, topic, uuid4().hex, work):
        await fill(kafka, topic, 1)
        await until(lambda: seen == [0])
        await fill(kafka, topic, 1)
        await asyncio.sleep(0.5)
        done.set()
        await until(lambda: seen == [0, 1])

    assert set(asked) == {3}


async def test_positions_are_committed_after_the_answers(kafka: str) -> None:
    """C2: what was answered is not handed out again to a successor, what was not is."""
    topic, group = await a_topic(kafka), uuid4().hex
    await fill(kafka, topic, 30)
    first: list[int] = []
    second: list[int] = []

    async def work(records: Sequence[Record]) -> Sequence[Outgoing]:
        first.extend(record.offset for record in records)
        return []

    async with consuming(kafka, topic, group, work):
        await until(lambda: len(first) == 30)
    await fill(kafka, topic, 3)

    async def successor(records: Sequence[Record]) -> Sequence[Outgoing]:
        second.extend(record.offset for record in records)
        return []

    async with consuming(kafka, topic, group, successor):
        await until(lambda: len(second) >= 3)

    assert second == [10, 10, 10]


async def test_a_revocation_waits_for_the_batch_at_hand(kafka: str) -> None:
    """C2: a second member gets the partitions only when the first has finished what it holds."""
    topic, group = await a_topic(kafka), uuid4().hex
    await fill(kafka, topic, 3)
    begun, finish = asyncio.Event(), asyncio.Event()
    events: list[str] = []

    async def slow(records: Sequence[Record]) -> Sequence[Outgoing]:
        begun.set()
        await finish.wait()
        events.append(f"first finished {len(records)}")
        return []

    async def other(records: Sequence[Record]) -> Sequence[Outgoing]:
        events.append(f"second got {len(records)}")
        return []

    async def join() -> None:
        async with consuming(kafka, topic, group, other):
            await until(lambda: len(events) >= 2)

    async with consuming(kafka, topic, group, slow):
        async with asyncio.timeout(20):
            await begun.wait()
        second = asyncio.create_task(join())
        await asyncio.sleep(4)
        assert events == []
        finish.set()
        await until(lambda: bool(events))
        while not second.done():
            await fill(kafka, topic, 3)
            await asyncio.sleep(0.2)
        await second

    assert events[0].startswith("first finished")


async def test_the_delivery_settings_are_said_and_not_defaults(kafka: str) -> None:
    """No subscriber acknowledges first, begins at the end, waits 200 ms or takes batches without limit."""

    async def work(_: Sequence[Record]) -> Sequence[Outgoing]:
        return []

    consumer = Consumer(broker_of(kafka), Appender(kafka), ["t"], "g", work)

    subscriber = consumer.group.subscriber
    settings = subscriber._connection_args
    assert subscriber.ack_policy.name == "MANUAL"
    assert (subscriber.batch_timeout_ms, subscriber.max_records) == (10, 1_000)
    assert settings["enable_auto_commit"] is False
    assert settings["auto_offset_reset"] == "earliest"
    assert settings["session_timeout_ms"] >= 6_000
    assert settings["rebalance_timeout_ms"] == 30_000
