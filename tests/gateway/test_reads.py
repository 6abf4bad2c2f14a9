"""What clients read: never older than what they have seen, from memory where it can be, never a false 404."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from deploy.embedded.parts import embedded
from services.gateway import development
from services.gateway.identity import Identity
from services.gateway.lists import CAMPAIGNS, EVENTS, NEEDS
from services.gateway.view_store import Found, ViewStore
from services.gateway.views import State
from shared.contracts.events import CampaignLaunched, EventChanged, EventPublished, Venue
from shared.contracts.pledges import NeedChanged, NeedOpened, PledgeMade
from shared.redis import Redis
from tests.gateway.conftest import Log, Owner
from tests.gateway.given import (
    CAMPAIGN,
    a_batch,
    a_campaign,
    a_live_set,
    a_need,
    a_pledge,
    an_event,
    an_outcome,
    name,
)
from tests.gateway.replica import Replica, ids, until

NEED = f"/v1/needs/{a_need().id}"
AGGREGATE = f"/v1/campaigns/{CAMPAIGN}"


@pytest.fixture
async def replica(redis: str, root: str) -> AsyncIterator[Replica]:
    """A replica whose views the test writes itself; it listens, and has no log."""
    made = Replica(redis, root, Log("127.0.0.1:1", root, None), Identity([]))  # type: ignore[arg-type]
    await a_live_set(made.store)
    made.listener._regained = None
    listening = asyncio.create_task(made.listener.run())
    await until(lambda: made.memory.live)
    yield made
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await made.redis.close()


async def _settled(replica: Replica, stream: str, version: int) -> None:
    await until(lambda: replica.memory.told(stream) >= version)


async def _apply(replica: Replica, *states: State) -> None:
    """Have views written, and return when this replica has heard of it."""
    await replica.store.apply(a_batch(*states))
    await _settled(replica, states[-1].id, states[-1].version)


async def test_a_thing_is_read_with_a_strong_tag(replica: Replica) -> None:
    """The second time out of memory, unchanged for who has it, without a body for HEAD."""
    await _apply(replica, a_need())

    first = await replica.get(NEED)
    assert (first.status, first.json["id"]) == (200, a_need().id)
    tag = first.headers[b"etag"]
    assert tag.startswith(b'"')
    assert replica.memory.get(NEED) is not None

    again = await replica.get(NEED)
    same = await replica.get(NEED, (b"if-none-match", b'"other", W/%s' % tag))
    head = await replica.get(NEED, method="HEAD")

    assert again == first
    assert (same.status, same.body, same.headers[b"etag"]) == (304, b"", tag)
    assert (head.status, head.body, head.headers) == (200, b"", first.headers)
    assert {b"content-security-policy", b"x-content-type-options"} <= set(first.headers)


async def test_the_way_past_the_front_door_answers_as_the_one_through_it(replica: Replica) -> None:
    """Same fields, same bytes, for all that memory holds and for what it does not."""
    await _apply(replica, a_campaign(), a_need(), an_event())

    for target in (NEED, AGGREGATE, "/v1/needs", "/v1/events?limit=3", "/v1/campaigns/as-one"):
        through, past = await replica.get(target), await replica.get(target)

        assert past == through
        tag = (b"if-none-match", through.headers[b"etag"])
        past = await replica.get(target, tag)
        replica.memory.regained()
        assert past == await replica.get(target, tag)


async def test_what_is_not_there_is_404(replica: Replica) -> None:
    """An id that could be one, one that could not, a slug, and a draft."""
    await _apply(replica, a_campaign(status="draft"), an_event(visibility="members"))

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


@pytest.mark.parametrize(
    "query",
    [
        "/v1/needs?x=1",
        "/v1/needs?limit=0",
        "/v1/needs?limit=101",
        "/v1/needs?kind=money&kind=meal",
        "/v1/needs?kind=gold",
        "/v1/needs?ward=atlantis",
        "/v1/needs?campaign=a:b",
        "/v1/needs?cursor=%2A",
        "/v1/needs?cursor=KioqKg",
        "/v1/needs?cursor=%FF",
        "/v1/events?from=2026-02-30",
        "/v1/events?to=tomorrow",
        "/v1/events?principle=9",
        "/v1/events?accessible=maybe",
        "/v1/campaigns?status=gone",
        f"{NEED}?x=1",
        f"{NEED}?min_version=ana:1",
        f"{NEED}?min_version={a_need().id}:0",
        f"{NEED}?min_version={a_need().id}:" + "9" * 30,
        f"{AGGREGATE}?limit=1",
    ],
)
async def test_a_query_that_is_unknown_or_malformed_is_400(replica: Replica, query: str) -> None:
    """Whatever is wrong with it; nothing reaches Redis as a key."""
    assert (await replica.get(query)).status == 400


async def test_a_list_is_walked_by_its_links(replica: Replica) -> None:
    """To the end, filters kept, every item once, however the parameters are ordered."""
    needs = [a_need(n, created_at=f"2026-05-01T10:00:{n:02d}.000Z") for n in range(7)]
    await _apply(replica, *needs, a_need(50, kind="time"))
    seen: list[str] = []
    target: object = "/v1/needs?kind=meal&limit=3"
    while target:
        got = await replica.get(str(target))
        seen += ids(got)
        target = got.json["next"]

    assert seen == [need.id for need in reversed(needs)]
    assert await replica.get("/v1/needs?kind=meal&limit=3") == await replica.get("/v1/needs?limit=3&kind=meal")


async def test_every_filter_finds_what_has_the_value(replica: Replica) -> None:
    """And leaves out what has not."""
    venue = Venue(ward="aston", access=("step-free",))
    mine = an_event(principles=(3,), languages=("ur",), venue=venue, category="walk")
    await _apply(
        replica,
        a_campaign(),
        a_campaign(id=name("campaign", 1), slug="b", wards=(), status="closed"),
        mine,
        an_event(1, campaign_id=name("campaign", 1), starts_at="2098-01-01T10:00"),
        a_need(),
        a_need(1, campaign_id=name("campaign", 1), ward=None, kind="time", status="closed"),
    )

    for filters in (
        f"campaign={CAMPAIGN}",
        "ward=aston",
        "category=walk",
        "principle=3",
        "language=UR",
        "accessible=true",
        "from=2099-06-01&to=2099-06-01",
    ):
        assert ids(await replica.get(f"/v1/events?{filters}")) == [mine.id], filters
    for filters in (f"campaign={CAMPAIGN}", "ward=aston", "kind=meal", "status=open"):
        assert ids(await replica.get(f"/v1/needs?{filters}")) == [a_need().id], filters
    for filters in ("ward=aston", "status=live"):
        assert ids(await replica.get(f"/v1/campaigns?{filters}")) == [CAMPAIGN], filters
    documented = [len(of.parameters) for of in (CAMPAIGNS, EVENTS, NEEDS)]
    assert documented == [4, 10, 6]


async def test_nothing_below_what_was_told_is_answered(replica: Replica) -> None:
    """A Redis that lost what this replica has shown gets 503 for it, not an old answer and not 404."""
    await replica.store.apply(a_batch(a_campaign(), a_need(version=5)))
    await _settled(replica, a_need().id, 5)
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
    await _settled(replica, a_need().id, 1)
    await replica.redis.call("HSET", f"{replica.store.root}v1:positions", place, "6")

    assert (await replica.get("/v1/needs")).status == 503
    assert (await replica.get(AGGREGATE)).status == 503
    assert (await replica.get(f"/v1/needs/{name('need', 77)}")).status == 503
    assert (await replica.get("/v1/events")).status == 200


async def test_a_missing_sentinel_makes_misses_and_lists_503(replica: Replica) -> None:
    """What is in memory is answered all the same."""
    await replica.store.apply(a_batch(a_need()))
    await _settled(replica, a_need().id, 1)
    known = await replica.get(NEED)
    await replica.redis.call("DEL", f"{replica.store.root}v1:complete")

    assert await replica.get(NEED) == known
    for target in (f"/v1/needs/{name('need', 5)}", "/v1/needs", "/v1/campaigns/as-one"):
        got = await replica.get(target)
        assert (got.status, got.headers[b"retry-after"]) == (503, b"1")


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
    assert await replica.reads.look("c1") is None
    assert await replica.reads.look("c2") is None

    await replica.store.apply(a_batch(a_need(version=2)))

    assert await replica.reads.look("c1") == value
    assert replica.memory.told(a_need().id) == 2


async def test_an_aggregate_is_read_anew_when_its_next_event_starts(redis: str, root: str) -> None:
    """What has begun is not next any more."""
    replica = Replica(redis, root, Log("127.0.0.1:1", root, None), Identity([]))  # type: ignore[arg-type]
    await a_live_set(replica.store)
    replica.memory.regained()
    now = [1_800_000_000.0]
    replica.reads._clock = lambda: now[0]
    replica.memory.clock = lambda: now[0]
    await replica.store.apply(a_batch(a_campaign(), an_event(starts_at_utc="2027-01-15T08:00:10.000Z")))
    before = await replica.get(AGGREGATE)

    now[0] += 11
    after = await replica.get(AGGREGATE)

    assert (len(before.json["events"]), len(after.json["events"])) == (1, 0)  # type: ignore[arg-type]
    await replica.redis.close()


async def test_drafts_are_read_from_their_owner_by_those_who_may(
    redis: str, root: str, owner: Owner, tmp_path: Path
) -> None:
    """Campaigns as the same aggregate; a stranger's read is 404, an owner that is away 503; nobody keeps it."""
    keys = development.load(tmp_path)
    replica = Replica(
        redis,
        root,
        Log("127.0.0.1:1", root, None),  # type: ignore[arg-type]
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
    assert draft.json["campaign"]["status"] == "draft"  # type: ignore[index]
    assert draft.json["totals"]["partners"] == 0  # type: ignore[index]
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


async def test_while_redis_is_away_memory_answers(tmp_path: Path, root: str) -> None:
    """What it has: 200. What it has not, or was told is old: 503. Afterwards all is as it was."""
    async with embedded(tmp_path, "redis") as parts:
        replica = Replica(parts.redis, root, Log("127.0.0.1:1", root, None), Identity([]))  # type: ignore[arg-type]
        await a_live_set(replica.store)
        replica.listener._regained = None
        listening = asyncio.create_task(replica.listener.run())
        await until(lambda: replica.memory.live)
        await replica.store.apply(a_batch(a_campaign(), a_need(), a_need(1)))
        await _settled(replica, a_need(1).id, 1)
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
