"""What clients read: never older than what they have seen, from memory where it can be, never a false 404."""

import asyncio
from pathlib import Path

import msgspec

from deploy.embedded.parts import embedded
from services.gateway import development
from services.gateway.identity import Identity
from services.gateway.view_store import Found, ViewStore
from shared.contracts.events import Venue
from shared.redis import Redis
from tests.gateway.given import (
    CAMPAIGN,
    a_batch,
    a_campaign,
    a_live_set,
    a_need,
    an_event,
    name,
)
from tests.gateway.owner import Log, Owner
from tests.gateway.replica import Replica, ids, until

NEED = f"/v1/needs/{a_need().id}"
AGGREGATE = f"/v1/campaigns/{CAMPAIGN}"


async def test_what_is_not_there_is_404(replica: Replica) -> None:
    """An id that could be one, one that could not, a slug, and a draft."""
    await replica.applied(a_campaign(status="draft"), an_event(visibility="members"))

    for target in (
        NEED,
        "/v1/needs/need_x",
        "/v1/needs/v1:complete",
        "/v1/campaigns/nobody",
        "/v1/campaigns/as-one",
        "/v1/campaigns/a:b",
        AGGREGATE,
        f"/v1/events/{an_event().id}",
    ):
        assert (await replica.get(target)).status == 404
    for target in ("/v1/campaigns", "/v1/events", "/v1/needs"):
        assert ids(await replica.get(target)) == []


async def test_nothing_below_what_was_told_is_answered(replica: Replica) -> None:
    """A Redis that lost what this replica has shown gets 503 for it, not an old answer and not 404."""
    await replica.applied(a_campaign(), a_need(version=5))
    await replica.redis.call("HSET", f"{replica.store.root}v1:o:{a_need().id}", "v", "4")

    assert (await replica.get(NEED)).status == 503
    await replica.redis.call("DEL", f"{replica.store.root}v1:o:{a_need().id}")
    gone = await replica.get(NEED)

    assert gone.status == 503
    assert b"retry-after" in gone.headers


async def test_lists_and_aggregates_that_lost_something_are_not_answered(replica: Replica) -> None:
    """They look at how far the log was told of what belongs to them."""
    place = "pledges.facts:0"
    await replica.store.apply(a_batch(a_campaign(), a_need(), positions=[(place, 0, 7)]))
    await until(lambda: replica.memory.told(a_need().id) == 1)
    await replica.redis.call("HSET", f"{replica.store.root}v1:positions", place, "6")

    assert (await replica.get("/v1/needs")).status == 503
    assert (await replica.get(AGGREGATE)).status == 503
    assert (await replica.get(f"/v1/needs/{name('need', 77)}")).status == 503
    assert (await replica.get("/v1/events")).status == 200


async def test_a_missing_sentinel_makes_misses_and_lists_503(replica: Replica) -> None:
    """What is in memory is answered all the same."""
    await replica.applied(a_need())
    known = await replica.get(NEED)
    await replica.redis.call("DEL", f"{replica.store.root}v1:complete")

    assert await replica.get(NEED) == known
    for target in (f"/v1/needs/{name('need', 5)}", "/v1/needs", "/v1/campaigns/as-one"):
        got = await replica.get(target)
        assert (got.status, got.headers[b"retry-after"]) == (503, b"1")


async def test_an_aggregate_is_read_anew_when_its_next_event_starts(redis: str, root: str) -> None:
    """What has begun is not next any more."""
    replica = Replica(redis, root, Log.away(root), Identity([]))
    await a_live_set(replica.store)
    replica.memory.regained()
    now = [1_800_000_000.0]
    replica.reads._clock = lambda: now[0]
    replica.memory.clock = lambda: now[0]
    await replica.store.apply(a_batch(a_campaign(), an_event(starts_at_utc="2027-01-15T08:00:10.000Z")))
    before = await replica.get(AGGREGATE)

    now[0] += 11
    after = await replica.get(AGGREGATE)

    assert (len(before.json["events"]), len(after.json["events"])) == (1, 0)
    await replica.redis.close()


async def test_drafts_are_read_from_their_owner_by_those_who_may(
    redis: str, root: str, owner: Owner, tmp_path: Path
) -> None:
    """Campaigns as the same aggregate; a stranger's read is 404, an owner that is away 503; nobody keeps it."""
    keys = development.load(tmp_path)
    replica = Replica(
        redis,
        root,
        Log.away(root),
        Identity([keys.issuer()]),
        {"events": await owner.start()},
    )
    await a_live_set(replica.store)
    hidden = an_event(1, visibility="hidden_location", venue=Venue(ward="aston"))
    await replica.store.apply(a_batch(a_campaign(status="draft"), an_event(visibility="members"), hidden))
    ana, bo = ((b"authorization", b"Bearer " + keys.token(who).encode()) for who in ("ana", "bo"))
    person = (await replica.reads._identity.require([ana])).person
    told = msgspec.structs.replace(hidden, venue=Venue(name="The hall", ward="aston"))
    owner.shown = {
        (CAMPAIGN, person): msgspec.to_builtins(a_campaign(status="draft")),
        (an_event().id, person): msgspec.to_builtins(an_event(visibility="members")),
        (hidden.id, person): msgspec.to_builtins(told),
    }
    draft = await replica.get(AGGREGATE, ana)
    place = f"/v1/events/{hidden.id}"

    assert draft.status == 200
    assert draft.headers[b"cache-control"] == b"no-store"
    assert draft.json["campaign"]["status"] == "draft"
    assert draft.json["totals"]["partners"] == 0
    assert (await replica.get(f"/v1/events/{an_event().id}", ana)).status == 200
    for headers in ((bo,), ()):
        assert (await replica.get(AGGREGATE, *headers)).status == 404
        assert (await replica.get(f"/v1/events/{an_event().id}", *headers)).status == 404
    replica.memory.regained()
    assert b"The hall" not in (await replica.get(place)).body
    assert b"The hall" in (await replica.get(place, ana)).body
    assert b"The hall" not in (await replica.get(place)).body
    assert (await replica.get(AGGREGATE, (b"authorization", b"Bearer x"))).status == 401
    await owner.stop()
    assert (await replica.get(AGGREGATE, ana)).status == 503
    assert b"The hall" not in (await replica.get(place, ana)).body
    await replica.redis.close()


async def test_a_hidden_need_is_nowhere_at_once(redis: str, root: str, owner: Owner, tmp_path: Path) -> None:
    """MISSION row 54: in no list, aggregate, sum or by its id; its owner shows it to those it concerns."""
    keys = development.load(tmp_path)
    replica = Replica(redis, root, Log.away(root), Identity([keys.issuer()]), {"pledges": await owner.start()})
    await a_live_set(replica.store)
    await replica.store.apply(a_batch(a_campaign(), a_need(pledged=4)))
    assert (await replica.get(NEED)).status == 200
    assert ids(await replica.get("/v1/needs")) == [a_need().id]
    assert (await replica.get(AGGREGATE)).json["totals"]["needs_open"] == 1

    await replica.store.apply(a_batch(a_need(version=2, pledged=4, hidden=True)))
    replica.memory.regained()
    ana, bo = ((b"authorization", b"Bearer " + keys.token(who).encode()) for who in ("ana", "bo"))
    person = (await replica.reads._identity.require([ana])).person
    owner.shown = {(a_need().id, person): msgspec.to_builtins(a_need(version=2, hidden=True))}
    whole = (await replica.get(AGGREGATE)).json

    assert (whole["needs"], whole["totals"]["needs_open"], whole["totals"]["pledged"]) == ([], 0, {})
    assert ids(await replica.get("/v1/needs")) == []
    assert [(await replica.get(NEED, *who)).status for who in ((), (bo,), (ana,))] == [404, 404, 200]
    await replica.store.apply(a_batch(a_need(version=3, pledged=4)))
    replica.memory.regained()
    assert ids(await replica.get("/v1/needs")) == [a_need().id]
    assert (await replica.get(NEED)).status == 200
    await owner.stop()
    await replica.redis.close()


async def test_while_redis_is_away_memory_answers(tmp_path: Path, root: str) -> None:
    """What it has: 200. What it has not, or was told is old: 503. Afterwards all is as it was."""
    async with embedded(tmp_path, "redis") as parts:
        replica = Replica(parts.redis, root, Log.away(root), Identity([]))
        await a_live_set(replica.store)
        replica.listener._regained = None
        listening = asyncio.create_task(replica.listener.run())
        await until(lambda: replica.memory.live)
        await replica.applied(a_campaign(), a_need(), a_need(1))
        known = {target: await replica.get(target) for target in (NEED, AGGREGATE, "/v1/needs")}
        await asyncio.sleep(1.2)  # appendfsync everysec

        await parts.running["redis"].kill()
        await until(lambda: not replica.memory.live)

        assert {target: await replica.get(target) for target in known} == known
        assert (await replica.get(f"/v1/needs/{a_need(1).id}")).status == 503
        assert (await replica.get(f"/v1/needs/{name('need', 9)}")).status == 503

        await parts.running["redis"].start()
        await until(lambda: replica.memory.live)
        await asyncio.sleep(0.3)
        assert {target: await replica.get(target) for target in known} == known
        assert (await replica.get(f"/v1/needs/{name('need', 9)}")).status == 404
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await replica.redis.close()


async def test_a_view_of_another_store_is_no_view_of_this_one(redis: str, root: str) -> None:
    """Deployments that share a server by their roots do not meet."""
    server = Redis(redis, connections=2)
    one, other = ViewStore(server, root), ViewStore(server, f"x{root}")
    for store in (one, other):
        await a_live_set(store)
    await one.apply(a_batch(a_need()))

    assert isinstance(await one.view(a_need().id), Found)
    assert not isinstance(await other.view(a_need().id), Found)
    await server.close()
