"""Views in a real Redis: the version guard, positions, operations, lists, the aggregate."""

import random

import msgspec
import pytest

from services.gateway import views
from services.gateway.gathering import gather
from services.gateway.view_store import Ask, Batch, Behind, Found, Incomplete, Missing, ViewStore, Wake, Whole
from services.gateway.views import State
from shared.contracts.events import PartnerState
from shared.contracts.message import Fact
from shared.contracts.pledges import COMMANDS, ExpireHold, PledgeMade
from shared.due import due
from shared.ports import Trouble
from shared.redis import Redis
from tests.gateway.given import (
    CAMPAIGN,
    LATER,
    a_batch,
    a_campaign,
    a_live_set,
    a_need,
    a_partner,
    a_pledge,
    a_record,
    a_root,
    an_event,
    an_outcome,
    name,
)

PLACE = "pledges.facts:0"


async def _found(store: ViewStore, of: str) -> Found:
    found = await store.view(of)
    assert isinstance(found, Found)
    return found


async def _contents(store: ViewStore) -> dict[bytes, object]:
    """All keys of the live views with what they hold, for comparison."""
    prefix = await store.prefix()
    assert prefix is not None
    found: dict[bytes, object] = {}
    for key in await store.redis.call("KEYS", f"{prefix}*"):
        match await store.redis.call("TYPE", key):
            case b"hash":
                flat = await store.redis.call("HGETALL", key)
                found[key.removeprefix(prefix.encode())] = dict(zip(flat[::2], flat[1::2], strict=True))
            case b"zset":
                found[key.removeprefix(prefix.encode())] = await store.redis.call("ZRANGE", key, 0, -1)
            case b"set":
                found[key.removeprefix(prefix.encode())] = set(await store.redis.call("SMEMBERS", key))
            case _:
                found[key.removeprefix(prefix.encode())] = await store.redis.call("GET", key)
    return found


async def test_a_view_reads_as_it_was_applied(store: ViewStore) -> None:
    """Version, mark and bytes."""
    await store.apply(a_batch(a_need()))

    found = await _found(store, a_need().id)

    assert (found.version, found.public, found.campaign) == (1, True, CAMPAIGN)
    assert found.body == msgspec.json.encode(a_need())


async def test_an_older_fact_changes_nothing(store: ViewStore) -> None:
    """Nor does the same one again; a gap is no obstacle."""
    newer = a_need(version=5, pledged=3)
    await store.apply(a_batch(newer))
    before = await _contents(store)

    await store.apply(a_batch(a_need(version=2, status="closed")))
    await store.apply(a_batch(newer))

    assert await _contents(store) == before


HISTORY: list[Fact | State | PartnerState] = [
    a_campaign(version=1, status="draft", slug="one"),
    a_campaign(version=2, slug="two", former_slugs=("one",)),
    a_campaign(version=3, slug="three", former_slugs=("one", "two"), wards=(), updated_at=LATER),
    a_partner(),
    a_partner(version=2, name="Other"),
    an_event(version=1, status="draft", published_at=None),
    an_event(version=2, registered=4),
    an_event(version=3, visibility="members"),
    an_event(1, version=2, status="cancelled"),
    a_need(version=1),
    PledgeMade(a_need(version=2, pledged=5), a_pledge(a_need(), "ana")),
    PledgeMade(a_need(version=3, pledged=9, status="closed"), a_pledge(a_need(), "bo")),
]


@pytest.mark.parametrize("seed", range(8))
async def test_any_order_with_any_repeats_ends_in_the_same_views(store: ViewStore, seed: int) -> None:
    """Every stream's newest state wins, key by key, its list entries and shares included."""
    chance = random.Random(seed)
    await store.apply(a_batch(*HISTORY))
    expected = await _contents(store)
    other = ViewStore(store.redis, a_root())
    await a_live_set(other)
    mixed = [*HISTORY, *chance.choices(HISTORY, k=10)]
    chance.shuffle(mixed)

    while mixed:
        size = chance.randint(1, 4)
        await other.apply(a_batch(*mixed[:size]))
        del mixed[:size]

    assert await _contents(other) == expected


async def test_every_slug_that_a_campaign_ever_had_leads_to_it(store: ViewStore) -> None:
    """Also in views that are built of its newest state alone."""
    await store.apply(a_batch(a_campaign(version=3, slug="new", former_slugs=("old", "older"))))

    for slug in ("new", "old", "older"):
        whole = await store.aggregate("slug", slug, LATER)
        assert isinstance(whole, Whole)
        assert whole.found.id == CAMPAIGN
    assert isinstance(await store.aggregate("slug", "other", LATER), Missing)


async def test_a_batch_is_refused_where_redis_went_back(store: ViewStore) -> None:
    """It builds on what is not there any more: nothing of it is applied."""
    await store.apply(a_batch(positions=[(PLACE, 0, 5)]))

    with pytest.raises(Behind):
        await store.apply(a_batch(a_need(), positions=[(PLACE, 6, 7)]))

    assert await store.positions() == {PLACE: 5}
    assert isinstance(await store.view(a_need().id), Missing)


async def test_positions_never_go_back(store: ViewStore) -> None:
    """A batch that another replica has applied already leaves them where they are."""
    await store.apply(a_batch(positions=[(PLACE, 0, 5)]))
    await store.apply(a_batch(a_need(), positions=[(PLACE, 2, 4)]))

    assert await store.positions() == {PLACE: 5}


@pytest.mark.parametrize("lost", ["views", "v1:complete", "v1:positions"])
async def test_what_is_incomplete_takes_and_gives_nothing(store: ViewStore, lost: str) -> None:
    """Whatever part was lost: the pointer, the sentinel, the positions."""
    await store.apply(a_batch(a_need()))
    await store.redis.call("DEL", f"{store.root}{lost}")

    with pytest.raises(Incomplete):
        await store.apply(a_batch(a_need(1), positions=[(PLACE, 0, 1)]))
    with pytest.raises(Incomplete):
        await store.positions()


@pytest.mark.parametrize("lost", ["views", "v1:complete"])
async def test_a_miss_in_incomplete_views_is_no_answer(store: ViewStore, lost: str) -> None:
    """Neither of a thing nor of a campaign nor of a list."""
    await store.redis.call("DEL", f"{store.root}{lost}")

    for read in (
        store.view(a_need().id),
        store.aggregate("slug", "as-one", LATER),
        store.page(Ask(["l:need:all"], 10)),
    ):
        with pytest.raises(Incomplete):
            await read


async def test_the_first_outcome_of_a_command_stays(store: ViewStore) -> None:
    """Whatever is appended later under its id; one that answers a single request is not kept at all."""
    own = due(COMMANDS, ExpireHold(a_need().id, f"{a_need().id}.p", LATER), of=f"{a_need().id}.p", at=LATER).id
    first, second = an_outcome(a_need().id, 1), an_outcome(a_need().id, 2)
    mismatch = an_outcome(a_need().id, 3, "c2")
    records = [
        a_record(first),
        a_record(second, 1),
        a_record(mismatch, 2, headers=[("mismatch", b"1")]),
        a_record(an_outcome(a_need().id, 4, "c1~1"), 3),
        a_record(an_outcome(a_need().id, 5, own), 4),
    ]
    for record in records:
        batch, letters = gather([record], {("pledges.facts", 0): record.offset}, store.root, "g")
        await store.apply(batch)
        assert not letters

    assert await store.operation("c1") == first
    assert await store.operation("c2") is None
    assert await store.operation("c1~1") is None
    assert await store.operation(own) is None
    assert 0 < await store.redis.call("TTL", f"{store.root}operation:c1") <= 8 * 86_400


async def test_what_moved_is_told_before_who_waits_is_woken(store: ViewStore) -> None:
    """On one subscription, in this order, after all is written."""
    channel = f"{store.root}wake:{'0' * 16}"
    subscription = await store.subscribe(channel)
    wake = Wake(channel, "r1", "type", "{}", replayed=True, mismatch=False)
    batch = a_batch(a_need(), positions=[(PLACE, 0, 3)])

    await store.apply(msgspec.structs.replace(batch, wakes=[wake]))

    first, second = await subscription.next(), await subscription.next()
    assert first is not None
    assert second is not None
    moved = [[[a_need().id, "need", 1, CAMPAIGN, PLACE]], [[PLACE, 0, 3]]]
    assert (first[0], msgspec.msgpack.decode(first[1])) == (store.channel, moved)
    assert (second[0], msgspec.msgpack.decode(second[1])) == (channel, ["r1", "type", "{}", True, False])
    await subscription.close()


async def test_a_list_goes_on_where_it_was_whatever_is_inserted(store: ViewStore) -> None:
    """No item twice, none left out; what came meanwhile stands before the place or after it."""
    old = [a_need(n, created_at=f"2026-05-01T10:00:{n:02d}.000Z") for n in range(0, 20, 2)]
    await store.apply(a_batch(*old))
    seen: list[str] = []
    after = ""
    for n in range(1, 20, 2):
        page = await store.page(Ask(["l:need:all"], 2, down=True, after=after))
        seen += [msgspec.json.decode(body)["id"] for body in page.bodies]
        await store.apply(a_batch(a_need(n, created_at=f"2026-05-01T10:00:{n:02d}.000Z")))
        after = page.after
        if not after:
            break

    assert len(seen) == len(set(seen))
    assert {need.id for need in old} <= set(seen)
    assert seen == sorted(seen, reverse=True)


async def test_filters_narrow_together_and_dates_are_local(store: ViewStore) -> None:
    """An event at one in the morning belongs to the day on its own clock, not to that of UTC."""
    night = an_event(0, starts_at="2026-06-02T00:30", starts_at_utc="2026-06-01T23:30:00.000Z", category="walk")
    day = an_event(1, starts_at="2026-06-02T12:00", starts_at_utc="2026-06-02T11:00:00.000Z", category="walk")
    other = an_event(2, starts_at="2026-06-02T12:00", starts_at_utc="2026-06-02T11:00:00.000Z", category="talk")
    late = an_event(3, starts_at="2026-06-03T00:00", starts_at_utc="2026-06-02T23:00:00.000Z", category="walk")
    await store.apply(a_batch(night, day, other, late))
    sets = [views.facet("event", "campaign", CAMPAIGN), views.facet("event", "category", "walk")]

    page = await store.page(Ask(sets, 10, first="2026-06-02", last="2026-06-02"))

    assert [msgspec.json.decode(body)["id"] for body in page.bodies] == [night.id, day.id]
    assert page.after == ""


async def test_a_list_is_ended_exactly_where_it_ends(store: ViewStore) -> None:
    """A page that holds the last item says so, also when it is full."""
    await store.apply(a_batch(*[a_need(n) for n in range(4)]))

    first = await store.page(Ask(["l:need:all"], 2))
    second = await store.page(Ask(["l:need:all"], 2, after=first.after))

    assert (len(first.bodies), first.after != "") == (2, True)
    assert (len(second.bodies), second.after) == (2, "")


async def test_a_long_list_is_looked_through_in_steps(store: ViewStore) -> None:
    """A rare match far down is found, although one call to Redis looks at a bounded number."""
    many = [a_need(n, created_at=f"2026-05-01T10:{n // 60:02d}:{n % 60:02d}.000Z") for n in range(2_500)]
    rare = a_need(9_000, created_at="2027-01-01T00:00:00.000Z", kind="time")
    extra = [a_need(3_000 + n, campaign_id=name("campaign", 9), kind="time") for n in range(2_600)]
    await store.apply(a_batch(*many, rare, *extra))
    sets = [views.facet("need", "campaign", CAMPAIGN), views.facet("need", "kind", "time")]

    page = await store.page(Ask(sets, 10))

    assert [msgspec.json.decode(body)["id"] for body in page.bodies] == [rare.id]
    assert page.after == ""


async def test_a_redis_that_is_away_is_trouble() -> None:
    """Nothing of the driver's own comes through."""
    store = ViewStore(Redis("redis://127.0.0.1:1/0"))

    with pytest.raises(Trouble):
        await store.view(a_need().id)
    with pytest.raises(Trouble):
        await store.apply(Batch())
    with pytest.raises(Trouble):
        await store.subscribe()
