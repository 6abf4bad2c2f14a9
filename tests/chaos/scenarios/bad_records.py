"""Records that nobody can read, in front of those who read facts and commands."""

import asyncio
import time
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from shared.contracts import topics
from shared.contracts.pledges import FACTS
from shared.kafka.appender import partition_of
from shared.ports import Record
from tests.chaos.rig import PARTITIONS
from tests.chaos.scenarios.stage import NEIGHBOUR_S, Stage, fact_of, more
from tests.chaos.wanting import ORGANISER, pledge

FACT_TOPIC: Final = topics.facts("pledges")
OVERHEAD: Final = 200
"""Bytes of a record that are not its value, and some."""
PARKED_S: Final = 20.0
_BELIED: Final = "need_poison"

Bad = bytes | None


async def poison_facts(stage: Stage) -> str:
    """Facts that are none come before the gateway's projector and before notifications.

    Promised: each becomes exactly one dead letter of either, byte for byte; the fact behind it in its partition is
    answered within 2 s, told to who opened the need, and to the public.
    """
    need = await stage.need()
    partition = partition_of(need.encode(), PARTITIONS)
    letters = await stage.letters()
    bad = _poisons()
    slowest = told = 0.0
    async with _producer(stage) as producer:
        for turn, value in enumerate(bad.values()):
            await producer.send_and_wait(FACT_TOPIC, value, key=need.encode(), partition=partition)
            took, heard = await _neighbour(stage, need, f"jo{turn}")
            slowest, told = max(slowest, took), max(told, heard)
    owners = [topics.dead_letters("gateway"), topics.dead_letters("notifications")]
    await _parked(stage, letters, dict.fromkeys(owners, len(bad)))
    for owner in owners:
        values = [letter.value or b"" for letter in (await stage.records(owner))[-len(bad) :]]
        assert values == [value or b"" for value in bad.values()], f"{owner} does not hold the bytes that were parked"
    return f"{len(bad)} poisons parked once each by both; neighbours answered in {slowest:.2f} s, told in {told:.2f} s"


async def largest_dead_letter(stage: Stage) -> str:
    """A record of the largest size that Kafka takes, and that nobody can read, among commands and among facts.

    Promised: it becomes one dead letter with all its bytes, headers added, for each who reads the topic; the
    command behind it is answered within 2 s.
    """
    need = await stage.need()
    partition = partition_of(need.encode(), PARTITIONS)
    letters = await stage.letters()
    async with _producer(stage) as producer:
        size = await _largest(producer, topics.commands("pledges"), partition, need.encode())
        commands, _ = await _neighbour(stage, need, "kay")
        await _largest(producer, FACT_TOPIC, partition, need.encode())
        facts, _ = await _neighbour(stage, need, "lou")
    owners = [topics.dead_letters(owner) for owner in ("pledges", "gateway", "notifications")]
    await _parked(stage, letters, dict.fromkeys(owners, 1))
    for owner in owners:
        letter = (await stage.records(owner))[-1]
        assert len(letter.value or b"") == size, f"{owner} holds {len(letter.value or b'')} of {size} bytes"
        assert _came_from(letter) == partition, f"{owner} does not say where the letter came from"
    return (
        f"{size} bytes parked once each by {len(owners)} readers; neighbours answered in {commands:.2f} s "
        f"(commands) and {facts:.2f} s (facts)"
    )


def _poisons() -> dict[str, Bad]:
    """What is no fact, each in another way."""
    belied: dict[str, Any] = {
        "specversion": "1.0",
        "id": "poison",
        "source": FACTS.source,
        "type": f"brumtogether.{FACTS.owner}.NeedClosed.v1",
        "subject": _BELIED,
        "time": "2026-03-23T09:00:00.000Z",
        "datacontenttype": "application/json",
        "dataschema": "",
        "data": {},
    }
    whole = msgspec.json.encode(belied)
    return {
        "no bytes": b"",
        "tombstone": None,
        "not UTF-8": b'{"id": "\xff\xfe"}',
        "cut short": whole[:-1],
        "deep": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        "NaN": b'{"streamversion": NaN}',
        "data of another shape": whole,
        "unknown type": msgspec.json.encode({**belied, "type": "brumtogether.pledges.NeedSold.v1"}),
        "future version": msgspec.json.encode({**belied, "type": "brumtogether.pledges.NeedClosed.v9"}),
        "huge integer": msgspec.json.encode(belied).replace(
            b'"data":{}', b'"data":{"need":{"version":' + b"9" * 99 + b"}}"
        ),
    }


async def _neighbour(stage: Stage, need: str, session: str) -> tuple[float, float]:
    """Pledge on the need behind which the bad record lies; seconds until the answer, and until its opener is told."""
    wish = pledge(need, 1)
    began = time.monotonic()
    done = await stage.must(session, wish)
    took = time.monotonic() - began
    assert took <= NEIGHBOUR_S, f"the neighbour of a bad record was answered after {took:.1f} s"
    fact = fact_of(session, wish, done)
    notifications = stage.mongo.database("notifications").notifications

    async def told() -> bool:
        return await notifications.find_one({"event_id": fact}) is not None

    await stage.until(told, f"{ORGANISER} was not told of the pledge behind a bad record", PARKED_S)
    return took, time.monotonic() - began


async def _largest(producer: AIOKafkaProducer, topic: str, partition: int, key: bytes) -> int:
    """Append a record of the largest size that the topic takes; the size of its value."""
    low, high = topics.MESSAGE_BYTES - OVERHEAD, topics.MESSAGE_BYTES
    sizes = range(high, low, -1)
    for size in sizes:
        try:
            await producer.send_and_wait(topic, b"\xfe" * size, key=key, partition=partition)
        except MessageSizeTooLargeError:
            continue
        return size
    raise AssertionError(f"{topic} takes no record of {low} bytes")


async def _parked(stage: Stage, before: dict[str, int], wanted: dict[str, int]) -> None:
    """Wait until so many dead letters have come, and make sure that no more do."""

    async def all_there() -> bool:
        came = more(before, await stage.letters())
        return all(came.get(name, 0) >= count for name, count in wanted.items())

    await stage.until(all_there, f"not every bad record became a dead letter ({wanted} were due)", PARKED_S)
    await asyncio.sleep(1)
    assert (came := more(before, await stage.letters())) == wanted, f"dead letters: {came}, not {wanted}"


def _came_from(letter: Record) -> int:
    return int(dict(letter.headers).get("dl-partition") or b"-1")


def _producer(stage: Stage) -> AIOKafkaProducer:
    """A client that writes whatever it is given."""
    return AIOKafkaProducer(bootstrap_servers=stage.kafka, acks="all", max_request_size=2 * topics.MESSAGE_BYTES)
