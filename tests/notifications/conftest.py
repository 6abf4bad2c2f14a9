"""A database of its own for each test that asks."""

from collections.abc import AsyncIterator

import pytest

from tests.notifications.given import Desk, desk


@pytest.fixture(name="desk")
async def a_desk(mongo: str) -> AsyncIterator[Desk]:
    """Give an empty notifications database on the real MongoDB."""
    async with desk(mongo) as found:
        yield found
