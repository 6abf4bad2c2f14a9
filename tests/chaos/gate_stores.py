"""What MongoDB and Redis have to keep for the platform to keep its own promises."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest
from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError
from pymongo.write_concern import WriteConcern
from redis.asyncio import Redis

from shared.mongo import LOCKS_KEPT_S

Check = Callable[[], Awaitable[str]]
Document = dict[str, Any]

_MANY: Final = 500
_EVERYSEC: Final = 1.5
"""Longer than Redis may take to write its file to the disk."""


class Database:
    """Checks of MongoDB."""

    def __init__(self, address: str) -> None:
        """Name the server."""
        self._address = address

    @property
    def before(self) -> dict[str, Check]:
        """Checks of a running server."""
        return {
            "MongoDB is a replica set that drops stale locks": self._replica_set,
            "writers of one document conflict, and are told so": self._conflict,
            "MongoDB takes majority writes to its journal": self._write,
        }

    @property
    def after(self) -> dict[str, Check]:
        """Checks of a server that was killed and came back."""
        return {"acknowledged documents survive kill -9": self._survives}

    async def _replica_set(self) -> str:
        async with self._client() as client:
            hello = await client.admin.command("hello")
            assert hello.get("setName"), hello
            name = "transactionLifetimeLimitSeconds"
            lifetime = (await client.admin.command({"getParameter": 1, name: 1}))[name]
            assert lifetime <= LOCKS_KEPT_S, f"{lifetime} s"
            version = (await client.server_info())["version"]
        return f"MongoDB {version}, locks for {lifetime} s"

    async def _conflict(self) -> str:
        async with self._client() as client:
            numbers = client.gate.numbers
            await numbers.insert_one({"_id": 1, "n": 0})
            async with client.start_session() as one, client.start_session() as other:
                await one.start_transaction()
                await other.start_transaction()
                await numbers.update_one({"_id": 1}, {"$inc": {"n": 1}}, session=one)
                with pytest.raises(PyMongoError) as refused:
                    await numbers.update_one({"_id": 1}, {"$inc": {"n": 1}}, session=other)
                assert refused.value.has_error_label("TransientTransactionError"), refused.value
                await one.commit_transaction()
            assert (await numbers.find_one({"_id": 1})) == {"_id": 1, "n": 1}
        return "TransientTransactionError"

    async def _write(self) -> str:
        async with self._client() as client:
            kept = client.gate.get_collection("kept", write_concern=WriteConcern(w="majority", j=True))
            result = await kept.insert_many([{"_id": number} for number in range(_MANY)])
            assert result.acknowledged
        return f"{_MANY} documents"

    async def _survives(self) -> str:
        async with self._client() as client:
            found = await client.gate.kept.count_documents({})
        assert found == _MANY, f"{found} of {_MANY}"
        return f"{found} documents"

    def _client(self) -> AsyncMongoClient[Document]:
        return AsyncMongoClient(self._address)


class Cache:
    """Checks of Redis."""

    def __init__(self, address: str) -> None:
        """Name the server."""
        self._address = address

    @property
    def before(self) -> dict[str, Check]:
        """Checks of a running server."""
        return {
            "Redis keeps an append-only file and evicts nothing": self._settings,
            "Redis takes a write": self._write,
        }

    @property
    def after(self) -> dict[str, Check]:
        """Checks of a server that was killed and came back."""
        return {"what Redis took a second ago survives kill -9": self._survives}

    async def _settings(self) -> str:
        wanted = {"appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction"}
        async with Redis.from_url(self._address, decode_responses=True) as client:
            found = await client.config_get(*wanted)
        assert found == wanted, found
        return ", ".join(f"{name} {value}" for name, value in found.items())

    async def _write(self) -> str:
        async with Redis.from_url(self._address) as client:
            await client.set("gate", "kept")
        await asyncio.sleep(_EVERYSEC)
        return "one key"

    async def _survives(self) -> str:
        async with Redis.from_url(self._address) as client:
            found = await client.get("gate")
        assert found == b"kept", found
        return "one key"
