"""What publishing a fact takes of the client's CPU: `python -m tests.bench publishing`.

Facts of 300 bytes in batches of 500, as a service has them after a transaction; our appender gets them on one
partition (a backlog) and spread over all of them.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from aiokafka import AIOKafkaProducer

from shared.contracts.topics import Topic
from shared.kafka.appender import Appender
from shared.kafka.topics import apply_topics
from shared.ports import Outgoing
from tests.bench.figures import Findings, Raw, Table, column, median_ratio, middle
from tests.bench.parts import PARTITIONS, fresh, say

TOPIC: Final = "bench"
BATCH: Final = 500
BATCHES: Final = 60
ONE_BY_ONE: Final = 1_000
KEYS: Final = [b"need_%026d" % number for number in range(200)]
VALUE: Final = b"x" * 270


async def measure(rounds: int) -> Raw:
    """Measure the ways in turns."""
    found = []
    async with fresh() as parts:
        await apply_topics(parts.kafka, PARTITIONS, [Topic(TOPIC, "", ())])
        appender = Appender(parts.kafka)
        producer = AIOKafkaProducer(bootstrap_servers=parts.kafka, acks="all", linger_ms=5)
        at_once = AIOKafkaProducer(bootstrap_servers=parts.kafka, acks="all")
        await asyncio.gather(appender.start(), producer.start(), at_once.start())
        try:
            for number in range(rounds + 1):
                row = {
                    "ours": await _cost(lambda: _append(appender, 1), BATCHES, BATCH),
                    "ours spread": await _cost(lambda: _append(appender, PARTITIONS), BATCHES, BATCH),
                    "send": await _cost(lambda: _send(producer), BATCHES // 3, BATCH),
                    "send_and_wait": await _cost(lambda: _send_and_wait(at_once), 1, ONE_BY_ONE),
                }
                say(f"publishing: round {number} of {rounds}: us each { ({k: round(v, 1) for k, v in row.items()}) }")
                if number:
                    found.append(row)
        finally:
            await asyncio.gather(appender.stop(), producer.stop(), at_once.stop())
    return {"rounds": found, "batch": BATCH, "bytes": len(KEYS[0]) + len(VALUE)}


def findings(raw: Raw) -> Findings:
    """The figures of the rounds."""
    rounds = raw["rounds"]
    ways = ("ours", "ours spread", "send", "send_and_wait")
    named = dict(zip(ways, ("appender, one partition", f"appender, {PARTITIONS} partitions", *ways[2:]), strict=True))
    return Findings(
        {
            "G14": median_ratio(column(rounds, "send"), column(rounds, "ours")),
            "G14b": median_ratio(column(rounds, "send_and_wait"), column(rounds, "ours")),
        },
        [
            Table(
                "Publishing, 300 bytes",
                ("way", "client's CPU each, µs"),
                [(named[way], f"{middle(rounds, way):.1f}") for way in ways],
            )
        ],
    )


async def _cost(once: Callable[[], Awaitable[None]], times: int, each: int) -> float:
    """CPU of this process for each record, in microseconds."""
    began = time.process_time()
    for _ in range(times):
        await once()
    return (time.process_time() - began) / (times * each) * 1e6


async def _append(appender: Appender, partitions: int) -> None:
    await appender.append(
        [Outgoing(TOPIC, number % partitions, KEYS[number % len(KEYS)], VALUE) for number in range(BATCH)]
    )


async def _send(producer: AIOKafkaProducer) -> None:
    sent = [await producer.send(TOPIC, VALUE, key=KEYS[number % len(KEYS)]) for number in range(BATCH)]
    await asyncio.gather(*sent)


async def _send_and_wait(producer: AIOKafkaProducer) -> None:
    for number in range(ONE_BY_ONE):
        await producer.send_and_wait(TOPIC, VALUE, key=KEYS[number % len(KEYS)])
