"""Versions that a caller has seen elsewhere are served here, too."""

import asyncio

import pytest

from services.gateway.identity import Identity
from shared.contracts.events import CampaignLaunched, EventChanged, EventPublished
from shared.contracts.outcomes import Touched
from shared.contracts.pledges import NeedChanged, NeedOpened, PledgeMade
from tests.gateway.given import (
    CAMPAIGN,
    a_batch,
    a_campaign,
    a_need,
    a_pledge,
    an_event,
    an_outcome,
)
from tests.gateway.owner import Log
from tests.gateway.replica import Replica

NEED = f"/v1/needs/{a_need().id}"
AGGREGATE = f"/v1/campaigns/{CAMPAIGN}"


async def test_min_version_waits_and_gives_up(replica: Replica) -> None:
    """It answers when the version comes, on every view that shows it; else 503 after a bounded time."""
    await replica.store.apply(a_batch(a_campaign(), a_need()))
    wanted = f"min_version={a_need().id}:2"

    async def soon() -> None:
        await asyncio.sleep(0.3)
        await replica.store.apply(a_batch(a_need(version=2, title="New")))

    writing = asyncio.create_task(soon())
    for got in await asyncio.gather(*(replica.get(f"{target}?{wanted}") for target in (NEED, AGGREGATE, "/v1/needs"))):
        assert got.status == 200
        assert b'"New"' in got.body
    await writing

    assert (await replica.get(f"{NEED}?min_version={a_need().id}:9,{CAMPAIGN}:1")).status == 503


async def test_an_outcome_is_looked_at_once_it_is_served_here(replica: Replica) -> None:
    """Whoever missed the wake-up still reads their own write."""
    value = an_outcome(a_need().id, 2)
    await replica.store.apply(a_batch(a_need()))
    await replica.redis.call("SET", f"{replica.store.root}operation:c1", value)
    assert await replica.reads.versions.look("c1") is None
    assert await replica.reads.versions.look("c2") is None

    await replica.store.apply(a_batch(a_need(version=2)))

    assert await replica.reads.versions.look("c1") == value
    assert replica.memory.told(a_need().id) == 2


@pytest.mark.timeout(240)
async def test_c7_a_thousand_writes_are_each_read_at_once(redis: str, root: str, log: Log) -> None:
    """By every public view that shows them, here without asking and on the other replica by naming the version."""
    here, there = (Replica(redis, root, log, Identity([])) for _ in range(2))
    async with here.running(), there.running():
        await here.write(CampaignLaunched(a_campaign()))

        async def writer(n: int) -> None:
            for version in range(1, 101):
                if n % 2:
                    event = an_event(n, version=version, registered=version, title=f"Walk {n}-{version}")
                    await here.write(EventPublished(event) if version == 1 else EventChanged(event, ("title",)))
                    stream, lists, title = event.id, "/v1/events", event.title
                else:
                    need = a_need(n, version=version, pledged=version, title=f"Soup {n}-{version}")
                    facts = NeedOpened(need, "ana") if version == 1 else NeedChanged(need, ("title",))
                    await here.write(facts if version % 3 else PledgeMade(need, a_pledge(need)))
                    stream, lists, title = need.id, "/v1/needs", need.title
                seen = f'"{title}"'.encode()
                for target in (f"{lists}/{stream}", f"{lists}?limit=100", AGGREGATE, "/v1/campaigns/as-one"):
                    assert seen in (await here.get(target)).body, target
                    named = f"{target}{'&' if '?' in target else '?'}min_version={stream}:{version}"
                    got = await there.get(named)
                    assert got.status == 200
                    assert seen in got.body, named

        await asyncio.gather(*(writer(n) for n in range(10)))

        totals = (await there.get(f"{AGGREGATE}?min_version={a_need(2).id}:100")).json["totals"]
        assert totals == {
            "partners": 0,
            "volunteers": 1,
            "events": 5,
            "registrations": 500,
            "needs_open": 5,
            "pledged": {"meal": 500},
            "delivered": {"meal": 0},
        }


async def test_what_an_outcome_touched_is_waited_for(replica: Replica) -> None:
    """Streams that no view shows are not."""
    await replica.store.apply(a_batch(a_need()))
    touched = [Touched("offer_x", 9), Touched(a_need().id, 2)]
    assert not await replica.reads.versions.reached(touched, 0.0)

    writing = asyncio.create_task(replica.reads.versions.reached(touched, 5.0))
    await replica.store.apply(a_batch(a_need(version=2)))

    assert await writing
    assert replica.memory.told(a_need().id) == 2
