"""A log, views and owners of a test's own, on the shared real parts."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.gateway.identity import Identity
from services.gateway.view_store import ViewStore
from shared.contracts.topics import TOPICS, Topic, dead_letters
from shared.kafka.appender import Appender
from shared.kafka.topics import apply_topics
from shared.redis import Redis
from tests.gateway.edge import Edge, edge_of
from tests.gateway.given import a_live_set, a_root
from tests.gateway.owner import Log, Owner
from tests.gateway.replica import Replica, until


@pytest.fixture
async def edge(mongo: str, tmp_path: Path) -> AsyncIterator[Edge]:
    """The write side of a gateway, with the real events service behind it."""
    async with edge_of(mongo, tmp_path) as made:
        yield made


@pytest.fixture
def root() -> str:
    """Where the test's keys and topics lie."""
    return a_root()


@pytest.fixture
async def empty(redis: str, root: str) -> AsyncIterator[ViewStore]:
    """Views of which nothing exists yet."""
    server = Redis(redis, connections=8)
    yield ViewStore(server, root)
    await server.close()


@pytest.fixture
async def log(kafka: str, root: str) -> AsyncIterator[Log]:
    """Topics of the test's own."""
    appender = Appender(kafka)
    made = Log(kafka, root, appender)
    dead = [topic for topic in TOPICS if topic.name == dead_letters("gateway")]
    ours = [Topic(name, "test", ("gateway",), append_time=True) for name in made.topics]
    await apply_topics(kafka, 2, [*dead, *ours])
    await appender.start()
    yield made
    await appender.stop()


@pytest.fixture
async def owner() -> AsyncIterator[Owner]:
    """A service that owns campaigns, events and needs."""
    made = Owner()
    yield made
    await made.stop()


@pytest.fixture
async def store(empty: ViewStore) -> ViewStore:
    """A complete, empty set of views."""
    await a_live_set(empty)
    return empty


@pytest.fixture
async def replica(redis: str, root: str) -> AsyncIterator[Replica]:
    """A replica whose views the test writes itself; it listens, and has no log."""
    made = Replica(redis, root, Log.away(root), Identity([]))
    await a_live_set(made.store)
    made.listener._regained = None
    listening = asyncio.create_task(made.listener.run())
    await until(lambda: made.memory.live)
    yield made
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await made.redis.close()
