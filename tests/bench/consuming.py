"""What consuming and decoding a record takes of the client's CPU: `python -m tests.bench consuming`.

Our consumer group (FastStream's batches, our delivery settings) beside raw aiokafka; both decode the envelope.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final
from uuid import uuid4

from aiokafka import AIOKafkaConsumer

from shared.contracts.message import open_envelope
from shared.contracts.topics import Topic
from shared.kafka.clients import CONSUMER_SETTINGS, Place
from shared.kafka.groups import Group, Handover, broker_of
from shared.kafka.topics import apply_topics
from shared.ports import Outgoing, Record
from tests.bench.backlog import appending, need_ids
from tests.bench.figures import Findings, Raw, Table, column, median_ratio, middle
from tests.bench.parts import PARTITIONS, fresh, say

TOPIC: Final = "bench"
COUNT: Final = 50_000
WARM: Final = 5_000
BATCH: Final = 500
VALUE: Final = (
    b'{"specversion":"1.0","id":"0b5e0cc2-4ba9-5b3b-9a54-1a0c5a3c9b11","source":"/bench","type":"bench.Done.v1",'
    b'"subject":"need_aaaaaaaaaaaaaaaaaaaaaaaaaa","time":"2026-01-01T00:00:00.000Z",'
    b'"datacontenttype":"application/json","dataschema":"/schemas/bench.json","data":{"quantity":1}}'
)


async def measure(rounds: int) -> Raw:
    """Measure both in turns."""
    found = []
    async with fresh() as parts:
        await apply_topics(parts.kafka, PARTITIONS, [Topic(TOPIC, "", ())])
        keys = [need.encode() for need in need_ids(200)]
        async with appending(parts.kafka) as appender:
            for start in range(0, COUNT, BATCH):
                some = [keys[number % len(keys)] for number in range(start, start + BATCH)]
                await appender.append([Outgoing(TOPIC, None, key, VALUE) for key in some])
        for number in range(rounds + 1):
            row = {"ours": await _ours(parts.kafka), "raw": await _raw(parts.kafka)}
            say(f"consuming: round {number} of {rounds}: us each { ({k: round(v, 2) for k, v in row.items()}) }")
            if number:
                found.append(row)
    return {"rounds": found, "records": COUNT, "bytes": len(VALUE)}


def findings(raw: Raw) -> Findings:
    """The figures of the rounds."""
    rounds = raw["rounds"]
    rows = [(name, f"{middle(rounds, side):.2f}") for side, name in (("ours", "BrumTogether"), ("raw", "raw aiokafka"))]
    return Findings(
        {"G15": median_ratio(column(rounds, "ours"), column(rounds, "raw"))},
        [Table("Consuming and decoding, 300 bytes", ("way", "client's CPU each, µs"), rows)],
    )


class _Meter:
    """CPU of this process a record, from the one at which it is warm to the last."""

    def __init__(self) -> None:
        self.done = asyncio.Event()
        self._count = 0
        self._began = 0.0
        self._from = 0
        self.us = 0.0

    def took(self, count: int) -> None:
        """Count records."""
        self._count += count
        if not self._from and self._count >= WARM:
            self._from, self._began = self._count, time.process_time()
        if self._count >= COUNT:
            self.us = (time.process_time() - self._began) / (self._count - self._from) * 1e6
            self.done.set()


async def _ours(kafka: str) -> float:
    meter, broker = _Meter(), broker_of(kafka)

    async def handle(records: list[Record]) -> None:
        for record in records:
            open_envelope(record.value)
        meter.took(len(records))

    async def nothing(*_: frozenset[Place]) -> None:
        pass

    Group(broker, [TOPIC], uuid4().hex, handle, Handover(nothing, nothing), max_records=BATCH)
    await broker.start()
    try:
        async with asyncio.timeout(120):
            await meter.done.wait()
    finally:
        await broker.stop()
    return meter.us


async def _raw(kafka: str) -> float:
    meter = _Meter()
    settings: dict[str, object] = {**CONSUMER_SETTINGS}
    make: Callable[..., AIOKafkaConsumer] = AIOKafkaConsumer
    consumer = make(TOPIC, bootstrap_servers=kafka, group_id=uuid4().hex, enable_auto_commit=False, **settings)
    await consumer.start()
    try:
        async with asyncio.timeout(120):
            while not meter.done.is_set():
                got = await consumer.getmany(timeout_ms=500, max_records=BATCH)
                for records in got.values():
                    for record in records:
                        open_envelope(record.value)
                    meter.took(len(records))
    finally:
        await consumer.stop()
    return meter.us
