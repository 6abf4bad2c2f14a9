"""A store on the real MongoDB, a database to each test."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from services.events.store import EventsStore
from shared.mongo import Client


@pytest.fixture
async def store(mongo: str) -> AsyncIterator[EventsStore]:
    """An empty store with its indexes."""
    client = Client(mongo)
    database = client.database(f"t{uuid4().hex}")
    store = EventsStore(client, database)
    await store.prepare()
    yield store
    await database.client.drop_database(database.name)
    client.close()
