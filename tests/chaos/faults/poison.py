"""F10: records that no reader can take, in the midst of good ones: each is set aside once by each, nobody waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from aiokafka import AIOKafkaProducer

from shared.contracts import topics
from tests.chaos.nemesis import Nemesis

Dose = tuple[bytes | None, list[tuple[str, bytes | None]]]
"""Value and headers of a record."""

MEANWHILE_S: Final = 5.0
_KEY: Final = b"poison"
_KINDS: Final = {
    "commands": {"events": "CreateCampaign", "pledges": "MakePledge", "notifications": "Follow"},
    "facts": {"events": "CampaignCreated", "pledges": "NeedOpened", "notifications": "FollowBegun"},
}


async def run(nemesis: Nemesis) -> None:
    """Put one of each kind into each command and fact topic while people are busy."""
    async with nemesis.broken("command and fact topics"), _producer(nemesis.rig.parts["kafka"].address) as producer:
        for topic in topics.TOPICS:
            if topic.name.endswith((".commands", ".facts")):
                await _put(nemesis, producer, topic.name)
        await asyncio.sleep(MEANWHILE_S)


async def _put(nemesis: Nemesis, producer: AIOKafkaProducer, topic: str) -> None:
    partitions = len(await producer.partitions_for(topic))
    for number, (kind, (value, headers)) in enumerate(doses(topic).items()):
        at = await producer.send_and_wait(topic, value, key=_KEY, partition=number % partitions, headers=headers)
        nemesis.rig.history.write("poison", topic=topic, partition=at.partition, offset=at.offset, dose=kind)


def doses(topic: str) -> dict[str, Dose]:
    """One of each kind."""
    service, _, role = topic.partition(".")
    name = f"brumtogether.{service}.{_KINDS[role][service]}"
    good = {
        "specversion": "1.0",
        "id": f"poison.{topic}",
        "source": f"/brumtogether/{service}",
        "type": f"{name}.v1",
        "subject": "need_poison",
        "time": "2030-01-01T00:00:00.000Z",
        "datacontenttype": "application/json",
        "dataschema": f"/schemas/{name}.v1.json",
        "data": {"need_id": "need_poison"},
        "streamversion": 1,
    }

    def but(**other: object) -> Dose:
        return msgspec.json.encode({**good, **other}), []

    number = b'{"id": "poison", "specversion": "1.0", "data": {"quantity": %s}}'
    return {
        "invalid UTF-8": (b'{"id": "\xff\xfe\xc3("}', []),
        "null header": (b"{}", [("traceparent", None), ("wake", None)]),
        "no bytes": (b"", []),
        "largest": (b'{"id": "' + b"x" * (topics.MESSAGE_BYTES - 2_000) + b'"}', []),
        "deep": (b"[" * 20_000 + b"]" * 20_000, []),
        "unknown type": but(type=f"brumtogether.{service}.Nonsense.v1"),
        "future version": but(type=f"{name}.v9"),
        "tombstone": (None, []),
        "NaN": (number % b"NaN", []),
        "huge integer": (number % (b"9" * 400), []),
        "wrong shape": but(data={"need_id": 7, "quantity": "many"}),
    }


@asynccontextmanager
async def _producer(bootstrap: str) -> AsyncIterator[AIOKafkaProducer]:
    """A client without manners: the house's own appender refuses to write such things."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_request_size=topics.MESSAGE_BYTES + 65_536)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()
