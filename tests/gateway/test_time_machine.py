"""`?as_of=` by HTTP, out of real views and what the owners of the things tell."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import msgspec
import pytest

from services.gateway.identity import Identity
from tests.gateway.given import CAMPAIGN, a_batch, a_campaign, a_live_set, a_need, a_partner, an_event
from tests.gateway.owner import Log, Owner, snapshot
from tests.gateway.replica import Got, Replica, ids, until

THEN = "2026-05-01T10:01:00Z"
EXACT = "2026-05-01T10:01:00.000Z"
AGGREGATE = f"/v1/campaigns/{CAMPAIGN}"


@pytest.fixture
async def pledges() -> AsyncIterator[Owner]:
    """The service that owns needs."""
    made = Owner()
    yield made
    await made.stop()


@pytest.fixture
async def gateway(redis: str, root: str, owner: Owner, pledges: Owner) -> AsyncIterator[Replica]:
    """A replica with both owners."""
    owners = {"events": await owner.start(), "pledges": await pledges.start()}
    made = Replica(redis, root, Log.away(root), Identity([]), owners)
    await a_live_set(made.store, ["events.facts:1", "pledges.facts:0"])
    made.listener._regained = None
    listening = asyncio.create_task(made.listener.run())
    await until(lambda: made.memory.live)
    owner.past = snapshot(campaign=[msgspec.json.encode(a_campaign(version=2))])
    pledges.past = [b'{"kind":"people","count":3}']
    yield made
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def asked(gateway: Replica, target: str, at: str = THEN, **query: str) -> Got:
    """Ask for a past."""
    return await gateway.get(f"{target}?{urlencode({'as_of': at, **query})}")


async def test_a_campaign_as_it_was(gateway: Replica, owner: Owner, pledges: Owner) -> None:
    """By id and by slug; told by histories that go as far as the views."""
    now = a_campaign(version=9, name="As Many")
    await gateway.store.apply(
        a_batch(
            now, an_event(version=5), a_need(version=7), a_partner(version=4), positions=[("events.facts:1", 0, 12)]
        )
    )
    owner.past += snapshot(
        event=[msgspec.json.encode(an_event(title="Then"))], partner=[msgspec.json.encode(a_partner(name="Old"))]
    )
    pledges.past += snapshot(need=[msgspec.json.encode(a_need(pledged=4))])

    for target in (AGGREGATE, f"/v1/campaigns/{now.slug}"):
        got = await asked(gateway, target)
        assert got.status == 200
        assert got.headers[b"cache-control"] == b"no-cache"
        assert (got.json["as_of"], got.json["campaign"]["name"]) == (EXACT, "As One")
        assert [event["title"] for event in got.json["events"]] == ["Then"]
        assert [partner["name"] for partner in got.json["partners"]] == ["Old"]
        assert [need["pledged"] for need in got.json["needs"]] == [4]
        assert (got.json["totals"]["volunteers"], got.json["totals"]["pledged"]) == (3, {"meal": 4})
    assert owner.questions[0] == {"campaign": CAMPAIGN, "at": EXACT, "reached": "1:12"}
    assert pledges.questions[0] == {"campaign": CAMPAIGN, "at": EXACT, "reached": "0:0"}
    assert (await gateway.get(AGGREGATE)).json["campaign"]["name"] == "As Many"


async def test_what_is_no_longer_for_everybody_is_not_told_by_its_past(gateway: Replica, owner: Owner) -> None:
    """Hidden, for members, no partner any more, or with a place that has become a secret."""
    await gateway.store.apply(
        a_batch(
            a_campaign(version=9),
            an_event(0, hidden=True, version=5),
            an_event(1, visibility="members", version=5),
            an_event(2, visibility="hidden_location", version=5),
            an_event(3, version=5),
            a_partner(status="removed", version=5),
        )
    )
    owner.past += snapshot(
        event=[msgspec.json.encode(an_event(n)) for n in range(4)], partner=[msgspec.json.encode(a_partner())]
    )
    got = await asked(gateway, AGGREGATE)

    assert [event["id"] for event in got.json["events"]] == [an_event(3).id]
    assert got.json["partners"] == []


async def test_nobody_is_told_what_was_not_there(gateway: Replica, owner: Owner) -> None:
    """Before it existed, while it was a draft, or because it is one today."""
    assert (await asked(gateway, AGGREGATE)).status == 404
    await gateway.store.apply(a_batch(a_campaign(version=9)))
    owner.past = []
    assert (await asked(gateway, AGGREGATE, "2020-01-01T00:00:00Z")).status == 404
    owner.past = snapshot(campaign=[msgspec.json.encode(a_campaign(status="draft"))])
    assert (await asked(gateway, AGGREGATE)).status == 404
    owner.past = snapshot(campaign=[msgspec.json.encode(a_campaign())])
    assert (await asked(gateway, AGGREGATE)).status == 200
    await gateway.store.apply(a_batch(a_campaign(version=10, status="draft")))
    assert (await asked(gateway, AGGREGATE)).status == 404


async def test_a_board_as_it_was(gateway: Replica, pledges: Owner) -> None:
    """By every filter as it stood then, page by page; what is hidden today is left out."""
    await gateway.store.apply(a_batch(*(a_need(n, version=9, status="closed", hidden=n == 0) for n in range(6))))
    then = [a_need(n, ward="aston" if n % 2 else None, kind="meal" if n > 1 else "time") for n in range(6)]
    pledges.past += snapshot(need=[msgspec.json.encode(need) for need in then])

    async def board(**query: str) -> Got:
        return await asked(gateway, "/v1/needs", campaign=CAMPAIGN, **query)

    assert ids(await board()) == [then[n].id for n in (5, 4, 3, 2, 1)]
    assert ids(await board(ward="aston", status="open")) == [then[n].id for n in (5, 3, 1)]
    assert ids(await board(ward="aston", kind="meal")) == [then[n].id for n in (5, 3)]
    assert ids(await board(status="closed")) == []
    first = await board(limit="3")
    second = await gateway.get(first.json["next"])
    assert (ids(first), ids(second)) == ([then[n].id for n in (5, 4, 3)], [then[n].id for n in (2, 1)])
    assert second.json["next"] is None


async def test_a_past_that_cannot_be_told_is_not_made_up(gateway: Replica, owner: Owner, pledges: Owner) -> None:
    """503 while an owner is away or its history lags, 410 where nobody knows any more."""
    await gateway.store.apply(a_batch(a_campaign(version=9), a_need(version=2)))
    pledges.past_status = 503
    for target in (AGGREGATE, "/v1/needs"):
        query = {} if target == AGGREGATE else {"campaign": CAMPAIGN}
        got = await asked(gateway, target, **query)
        assert (got.status, b"retry-after" in got.headers) == (503, True)
    pledges.past_status = 200
    pledges.past = [b'{"kind":"gone"}']
    got = await asked(gateway, AGGREGATE)
    assert (got.status, got.json["type"]) == (410, "/problems/history-gone")
    await owner.stop()
    assert (await asked(gateway, AGGREGATE)).status == 503


@pytest.mark.parametrize(
    ("target", "parameter"),
    [
        (f"{AGGREGATE}?as_of=yesterday", "as_of"),
        (f"{AGGREGATE}?as_of=2026-05-01T10:00:00Z&as_of=2026-05-01T10:00:00Z", "as_of"),
        ("/v1/needs?as_of=2026-05-01T10:00:00Z", "as_of"),
        (f"/v1/needs?campaign={CAMPAIGN}&as_of=2026-05-01", "as_of"),
        (f"/v1/needs?campaign={CAMPAIGN}&as_of=2026-05-01T10:00:00Z&status=gone", "status"),
        ("/v1/events?as_of=2026-05-01T10:00:00Z", "as_of"),
        (f"/v1/needs/{a_need().id}?as_of=2026-05-01T10:00:00Z", "as_of"),
    ],
)
async def test_what_makes_no_sense_is_said(gateway: Replica, target: str, parameter: str) -> None:
    """By the parameter that makes none."""
    await gateway.store.apply(a_batch(a_campaign(version=9), a_need()))
    got = await gateway.get(target)

    assert (got.status, got.json["type"]) == (400, "/problems/invalid-parameter")
    assert parameter in msgspec.json.encode(got.json).decode()
