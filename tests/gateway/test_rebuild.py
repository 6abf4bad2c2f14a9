"""Views built anew from snapshots and facts."""

import asyncio

import msgspec
import pytest

from services.gateway.listener import EVERYTHING
from services.gateway.rebuild import Rebuild
from services.gateway.view_store import Found, ViewStore, Whole
from shared.contracts.pledges import NeedChanged
from shared.internal_client import Internal
from shared.ports import Outgoing, Trouble
from tests.gateway.given import CAMPAIGN, LATER, a_batch, a_campaign, a_need, a_partner, an_event, wrapped
from tests.gateway.owner import SECRET, Log, Owner, snapshot


def _rebuild(store: ViewStore, log: Log, *owners: Internal) -> Rebuild:
    return Rebuild(store, owners, log.bootstrap, topics=log.topics)


async def _told(log: Log, need_version: int) -> None:
    need = a_need(version=need_version, title=f"Soup {need_version}")
    value = wrapped(NeedChanged(need, ("title",)), "pledges")
    await log.appender.append([Outgoing(log.topics[1], 1, need.id.encode(), value)])


async def test_an_empty_log_needs_no_snapshot(empty: ViewStore, log: Log) -> None:
    """The first start is quick, even while the services still come up."""
    away = Internal("http://127.0.0.1:1", SECRET)

    assert await _rebuild(empty, log, away).once()

    assert set((await empty.positions()).values()) == {0}
    assert len(await empty.positions()) == 4


async def test_snapshots_and_later_facts_make_the_views(empty: ViewStore, log: Log, owner: Owner) -> None:
    """What is told while the snapshot is read is in the new set, too, and its positions go on from there."""
    await _told(log, 2)
    owner.lines = snapshot(
        campaign=[msgspec.json.encode(a_campaign())],
        partner=[msgspec.json.encode(a_partner())],
        event=[msgspec.json.encode(an_event(registered=3))],
        need=[msgspec.json.encode(a_need(version=2, title="Soup 2", pledged=5))],
    )
    owner.lines.append(b'{"kind":"volunteer","campaign_id":"%s","person":"ana"}' % CAMPAIGN.encode())
    owner.before_lines.append(lambda: _told(log, 3))

    assert await _rebuild(empty, log, await owner.start()).once()

    whole = await empty.aggregate("slug", "as-one", LATER)
    assert isinstance(whole, Whole)
    assert (whole.totals.volunteers, whole.totals.registrations, len(whole.partners)) == (1, 3, 1)
    found = await empty.view(a_need().id)
    assert isinstance(found, Found)
    assert found.version == 3
    assert (await empty.positions())[f"{log.topics[1]}:1"] == 2


async def test_a_complete_set_is_left_alone_unless_it_must_go(empty: ViewStore, log: Log) -> None:
    """Forced, a new set takes its place, everybody is told, and the old keys go."""
    rebuild = _rebuild(empty, log)
    await rebuild.once()
    before = await empty.prefix()
    await empty.apply(a_batch(a_need()))
    subscription = await empty.subscribe()

    assert not await rebuild.once()
    assert await rebuild.once(force=True)

    assert before is not None
    assert await empty.prefix() not in {None, before}
    assert await subscription.next() == (empty.channel, EVERYTHING)
    assert await empty.redis.call("KEYS", f"{before}*") == []
    await subscription.close()


async def test_operations_survive_a_rebuild(empty: ViewStore, log: Log) -> None:
    """No snapshot would bring them back."""
    rebuild = _rebuild(empty, log)
    await rebuild.once()
    await empty.redis.call("SET", f"{empty.root}operation:c1", "{}")

    await rebuild.once(force=True)

    assert await empty.operation("c1") == b"{}"


async def test_one_process_builds_at_a_time(empty: ViewStore, log: Log) -> None:
    """The others see that there is nothing left to do."""
    done = await asyncio.gather(*(_rebuild(empty, log).once() for _ in range(4)))

    assert done.count(True) == 1
    assert await empty.redis.call("EXISTS", f"{empty.root}rebuild") == 0


@pytest.mark.parametrize("lost", ["rebuild", "v1:building"])
async def test_a_set_that_was_lost_while_it_was_built_never_goes_live(
    empty: ViewStore, log: Log, owner: Owner, lost: str
) -> None:
    """Redis was emptied in the middle: what was loaded before is not there."""
    await _told(log, 2)

    async def lose() -> None:
        await empty.redis.call("DEL", f"{empty.root}{lost}")

    owner.before_lines.append(lose)

    with pytest.raises(Trouble):
        await _rebuild(empty, log, await owner.start()).once()

    assert await empty.prefix() is None


async def test_an_owner_that_is_away_or_unreadable_is_trouble(empty: ViewStore, log: Log, owner: Owner) -> None:
    """Views without a part of the truth do not go live; the lease is free for the next attempt."""
    await _told(log, 2)
    here = await owner.start()
    owner.lines = [b'{"kind":"need","state":{"id":1}}']

    for asked in (here, Internal("http://127.0.0.1:1", SECRET)):
        with pytest.raises(Trouble):
            await _rebuild(empty, log, asked).once()
    assert await empty.prefix() is None
    owner.lines = []

    assert await _rebuild(empty, log, here).once()


async def test_a_rebuild_tells_how_far_it_is(empty: ViewStore, log: Log, owner: Owner) -> None:
    """For the person at the terminal."""
    await _told(log, 2)
    owner.lines = snapshot(need=[msgspec.json.encode(a_need(n)) for n in range(1_200)])
    told: list[int] = []

    await _rebuild(empty, log, await owner.start()).once(progress=told.append)

    assert told == [500, 1_000, 1_200]
