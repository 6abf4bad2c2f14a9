"""The embedded parts are the real products, and what they acknowledged survives their death."""

from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from pymongo import AsyncMongoClient
from redis.asyncio import Redis

from deploy.embedded.parts import embedded


@pytest.fixture(autouse=True)
def _packages_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRUM_EMBEDDED", "package")


async def test_kafka_keeps_what_it_acknowledged_before_it_was_killed(tmp_path: Path) -> None:
    """Every acknowledged record is there once, in order, after `kill -9` and a start on the same port."""
    sent = [f"record {number}".encode() for number in range(500)]
    async with embedded(tmp_path, "kafka") as parts:
        await _make_topic(parts.kafka, "kept")
        async with AIOKafkaProducer(bootstrap_servers=parts.kafka, acks="all") as producer:
            for record in sent:
                await producer.send_and_wait("kept", record)
        await parts.running["kafka"].kill()
        await parts.running["kafka"].start()
        received = await _read(parts.kafka, "kept", len(sent))

    assert received == sent


async def test_mongo_keeps_what_it_acknowledged_before_it_was_killed(tmp_path: Path) -> None:
    """A committed transaction is there after `kill -9`, and after a start on another port too."""
    async with embedded(tmp_path, "mongo") as parts:
        async with AsyncMongoClient[dict[str, object]](parts.mongo) as client:
            limit = await client.admin.command("getParameter", 1, transactionLifetimeLimitSeconds=1)
            async with client.start_session() as session, await session.start_transaction():
                await client["kept"]["things"].insert_one({"_id": "soup"}, session=session)
        await parts.running["mongo"].kill()
        await parts.running["mongo"].start()
        async with AsyncMongoClient[dict[str, object]](parts.mongo) as client:
            after_kill = await client["kept"]["things"].find_one({})
        first_address = parts.mongo
    (tmp_path / "ports.json").unlink()
    async with embedded(tmp_path, "mongo") as parts:
        async with AsyncMongoClient[dict[str, object]](parts.mongo) as client:
            after_move = await client["kept"]["things"].find_one({})
        second_address = parts.mongo

    assert limit["transactionLifetimeLimitSeconds"] == 5
    assert after_kill == {"_id": "soup"}
    assert after_move == {"_id": "soup"}
    assert first_address != second_address


async def test_redis_keeps_what_it_acknowledged_before_it_was_killed(tmp_path: Path) -> None:
    """A key written before `kill -9` is there afterwards, and nothing may be evicted."""
    async with embedded(tmp_path, "redis") as parts:
        async with Redis.from_url(parts.redis) as client:
            await client.set("need", "soup")
        await parts.running["redis"].kill()
        await parts.running["redis"].start()
        async with Redis.from_url(parts.redis) as client:
            kept = await client.get("need")
            settings = await client.config_get("appendonly", "maxmemory-policy", "bind")

    assert kept == b"soup"
    assert settings == {"appendonly": "yes", "maxmemory-policy": "noeviction", "bind": "127.0.0.1"}


async def _make_topic(address: str, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    await admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1)])
    await admin.close()


async def _read(address: str, topic: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=address, auto_offset_reset="earliest")
    async with consumer:
        return [(await consumer.getone()).value for _ in range(count)]
