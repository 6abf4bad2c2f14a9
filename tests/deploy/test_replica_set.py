"""MongoDB's replica set is made where it is missing."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy import replica_set
from deploy.embedded.mongo import server
from deploy.ports import free_port
from deploy.processes import Command, spawn, stop
from deploy.trouble import TroubleError
from shared.config import Platform


@pytest.fixture
async def bare(tmp_path: Path) -> AsyncIterator[str]:
    """A mongod that just starts and belongs to no set yet; its place."""
    (tmp_path / "db").mkdir()
    place = f"127.0.0.1:{free_port()}"
    program = server(tmp_path, Platform(embedded="package"))
    words = [program, "--dbpath", str(tmp_path / "db"), "--port", place.partition(":")[2], "--nounixsocket"]
    process = await spawn(Command([*words, "--bind_ip", "127.0.0.1", "--replSet", "brum"], tmp_path / "mongo.log"))
    yield place
    await stop(process, grace=10)


async def test_the_set_is_made_once(bare: str) -> None:
    """At the first start it is made, while the server still starts; at the next it is left alone."""
    address = f"mongodb://{bare}/?replicaSet=brum"

    assert await replica_set.make(address, within=60)
    assert not await replica_set.make(address, within=60)


async def test_two_that_come_at_once_make_one_set(bare: str) -> None:
    """Two deployments brought up together do not stand in each other's way."""
    address = f"mongodb://{bare}/?replicaSet=brum"

    made = await asyncio.gather(*(replica_set.make(address, within=60) for _ in range(2)))

    assert any(made)


async def test_an_address_without_a_set_is_refused() -> None:
    """There is nothing that it could be called."""
    with pytest.raises(TroubleError, match="names no replica set"):
        await replica_set.make("mongodb://127.0.0.1:1/", within=1)


async def test_a_server_that_never_comes_is_said_to_be_away() -> None:
    """In one sentence, after the time that it was given."""
    with pytest.raises(TroubleError, match="brum has no primary after 1 s"):
        await replica_set.make(f"mongodb://127.0.0.1:{free_port()}/?replicaSet=brum", within=1)
