"""What a platform of before issue 5 left behind, as `record.py` wrote it down, and how it gets into real parts."""

import base64
import json
import lzma
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from bson import json_util
from pymongo import AsyncMongoClient

from deploy.embedded.parts import Parts
from deploy.topics import apply
from shared.redis import Redis
from tests.system.platform import Platform

_FILE: Final = Path(__file__).with_name("before-issue-5.json.xz")
PARTITIONS: Final = 6
"""Of the platform that was recorded, and of every platform that tests start."""


class Left:
    """The documents, the log, the views and the answers of then; `ids` are the things by the names of the script."""

    def __init__(self) -> None:
        """Read the file."""
        told = json.loads(lzma.decompress(_FILE.read_bytes()))
        self.ids: dict[str, Any] = told["ids"]
        self.answers: dict[str, dict[str, Any]] = told["answers"]
        self.records: dict[str, list[dict[str, Any]]] = told["records"]
        self._documents: dict[str, dict[str, list[Any]]] = told["documents"]
        self._views: dict[str, str] = told["views"]

    async def restore(self, parts: Parts) -> None:
        """Put everything where it was; inbox entries are as old as if they had been written just now."""
        await apply(parts.kafka, PARTITIONS, within=60)
        await self._log(parts.kafka)
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(parts.mongo)
        for database, collections in self._documents.items():
            for name, documents in collections.items():
                entries = json_util.loads(json.dumps(documents))
                for entry in entries if name == "inbox" else ():
                    entry["at"] = datetime.now(UTC)
                await client[database][name].insert_many(entries)
        await client.close()
        redis = Redis(parts.redis)
        for key, value in self._views.items():
            await redis.call("RESTORE", key, 0, base64.b64decode(value))
        await redis.close()

    async def forget_views(self, parts: Parts) -> None:
        """Leave nothing in Redis, as after a loss: views come from the services' documents."""
        redis = Redis(parts.redis)
        await redis.call("FLUSHALL")
        await redis.close()

    async def begin_views(self, parts: Parts) -> None:
        """Leave an empty set of views at the beginning of the log: all of them come from facts."""
        await self.forget_views(parts)
        redis = Redis(parts.redis)
        for topic in self.records:
            for partition in range(PARTITIONS):
                await redis.call("HSET", "v1:positions", f"{topic}:{partition}", 0)
        await redis.call("SET", "v1:complete", 1)
        await redis.call("SET", "views", "v1:")
        await redis.close()

    async def _log(self, kafka: str) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all")
        await producer.start()
        for topic, records in self.records.items():
            for record in records:
                sent = await producer.send_and_wait(
                    topic,
                    record["value"].encode(),
                    record["key"].encode(),
                    record["partition"],
                    headers=[(name, base64.b64decode(value)) for name, value in record["headers"]],
                )
                assert sent.offset == record["offset"]
        await producer.stop()


class Upgraded(Platform):
    """Today's platform on parts that hold what the older one left."""

    def __init__(self, data: Path, parts: Parts) -> None:
        """Name its folder and its parts."""
        super().__init__(data)
        self._parts = parts

    @property
    def environment(self) -> dict[str, str]:
        """What its commands read."""
        parts = {"BRUM_KAFKA": self._parts.kafka, "BRUM_MONGO": self._parts.mongo, "BRUM_REDIS": self._parts.redis}
        return super().environment | parts


def differences(then: Any, now: Any, where: str = "") -> list[str]:  # noqa: ANN401 -- JSON
    """Where an answer of today does not hold what that of then did; members may have been added."""
    if isinstance(then, dict) and isinstance(now, dict):
        return [
            found
            for name, value in then.items()
            if name != "as_of"
            for found in differences(value, now.get(name, "nothing"), f"{where}.{name}")
        ]
    if isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        return [
            found
            for n, (one, other) in enumerate(zip(then, now, strict=True))
            for found in differences(one, other, f"{where}[{n}]")
        ]
    return [] if then == now else [f"{where}: {then!r} then, {now!r} now"]
