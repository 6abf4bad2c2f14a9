"""A service on a real MongoDB that knows of one live campaign with one partner."""

from collections.abc import AsyncIterator

import pytest
from msgspec import structs

from services.pledges.follower import Follower
from shared.contracts import events
from tests.pledges.records import Desk, told
from tests.pledges.test_policy import LIVE, PARTNER


@pytest.fixture
async def desk(mongo: str) -> AsyncIterator[Desk]:
    """The service, with a database of its own."""
    desk = Desk(mongo)
    await desk.store.prepare()
    joined = events.PartnerJoined(structs.replace(LIVE, version=4), PARTNER)
    await Follower(desk.store.copies.follow, desk.store.vows.may_be_shown).work([told(events.FACTS, joined)])
    yield desk
    await desk.close()
