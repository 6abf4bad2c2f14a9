"""The public lists: filters, order, cursors."""

import pytest

from services.gateway.lists import CAMPAIGNS, EVENTS, NEEDS
from shared.contracts.events import Venue
from tests.gateway.given import (
    CAMPAIGN,
    a_campaign,
    a_need,
    an_event,
    name,
)
from tests.gateway.replica import Replica, ids

NEED = f"/v1/needs/{a_need().id}"
AGGREGATE = f"/v1/campaigns/{CAMPAIGN}"


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
    await replica.applied(*needs, a_need(50, kind="time"))
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
    whole = name("event", 7)
    mine = an_event(principles=(3,), languages=("ur",), venue=venue, category="walk", parent_id=whole)
    await replica.applied(
        a_campaign(),
        a_campaign(id=name("campaign", 1), slug="b", wards=(), status="closed"),
        mine,
        an_event(1, campaign_id=name("campaign", 1), starts_at="2098-01-01T10:00"),
        a_need(subkind="iftar", urgency="soon"),
        a_need(1, campaign_id=name("campaign", 1), ward=None, kind="time", status="closed"),
    )

    for filters in (
        f"campaign={CAMPAIGN}",
        "ward=aston",
        "category=walk",
        f"parent={whole}",
        "principle=3",
        "language=UR",
        "accessible=true",
        "from=2099-06-01&to=2099-06-01",
    ):
        assert ids(await replica.get(f"/v1/events?{filters}")) == [mine.id], filters
    for filters in (f"campaign={CAMPAIGN}", "ward=aston", "kind=meal", "subkind=iftar", "status=open"):
        assert ids(await replica.get(f"/v1/needs?{filters}")) == [a_need().id], filters
    for filters in ("ward=aston", "status=live"):
        assert ids(await replica.get(f"/v1/campaigns?{filters}")) == [CAMPAIGN], filters
    documented = [len(of.parameters) for of in (CAMPAIGNS, EVENTS, NEEDS)]
    assert documented == [4, 11, 9]
