"""What the whole platform promises to the people who use it at once."""

import asyncio
import uuid

import httpx2
import pytest

from shared import VERSION
from tests.system.platform import Person, Platform, a_campaign, a_need, an_event

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


async def test_200_people_want_50_places(platform: Platform) -> None:
    """C4: exactly 50 are registered, the others wait in the order they came."""
    async with Person(platform, "org", "organiser") as org:
        event = await an_event(org, await a_campaign(org, "Fifty places"), capacity=50)
        people = [Person(platform, f"guest{n}") for n in range(200)]

        answers = await asyncio.gather(*(one.post(f"/v1/events/{event}/registrations", {}) for one in people))

        read = await org.get(f"/v1/events/{event}")
        listed = []
        path = f"/v1/events/{event}/registrations?limit=100"
        while path:
            page = await org.get(path)
            listed += page["items"]
            path = page["next"]
        for one in people:
            await one.__aexit__()
    statuses = [answer["status"] for answer in answers]
    waiting = sorted(answer["position"] for answer in answers if answer["status"] == "waiting")
    assert (statuses.count("registered"), statuses.count("waiting")) == (50, 150)
    assert waiting == list(range(1, 151))
    assert (read["registered"], read["waiting"], read["left"]) == (50, 150, 0)
    assert sorted(one["position"] for one in listed if one["status"] == "waiting") == list(range(1, 151))


async def test_1000_pledges_on_100_needs_with_a_hard_limit(platform: Platform) -> None:
    """C3, C4: each need is filled exactly, and nobody is told otherwise than what holds."""
    async with Person(platform, "org", "organiser") as org:
        campaign = await a_campaign(org, "A hundred needs")
        needs = await asyncio.gather(*(a_need(org, campaign, 7) for _ in range(100)))
        people = [Person(platform, f"giver{n}") for n in range(20)]

        async def give(n: int) -> int:
            body = {"need_id": needs[n % 100], "quantity": 1}
            return (await people[n % 20].ask("POST", "/v1/pledges", body)).status_code

        codes = await asyncio.gather(*(give(n) for n in range(1_000)))

        views = [await org.get(f"/v1/needs/{need}") for need in needs]
        totals = (await org.get(f"/v1/campaigns/{campaign}"))["totals"]
        for one in people:
            await one.__aexit__()
    assert (codes.count(201), codes.count(409)) == (700, 300)
    assert {(view["pledged"], view["uncommitted"]) for view in views} == {(7, 0)}
    assert totals["pledged"] == {"meal": 700}


async def test_one_hundred_requests_with_one_key(platform: Platform) -> None:
    """One effect and one answer; another body is 422; another person's same key is theirs."""
    async with Person(platform, "org", "organiser") as org, Person(platform, "bo") as bo, Person(platform, "cy") as cy:
        need = await a_need(org, await a_campaign(org, "One key"), 50)
        key, body = uuid.uuid4().hex, {"need_id": need, "quantity": 2}

        answers = await asyncio.gather(*(bo.ask("POST", "/v1/pledges", body, key=key) for _ in range(100)))
        other = await bo.ask("POST", "/v1/pledges", body | {"quantity": 3}, key=key)
        theirs = await cy.ask("POST", "/v1/pledges", body, key=key)
        again = await bo.ask("POST", "/v1/pledges", body, key=key)

        view = await org.get(f"/v1/needs/{need}")
    assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
    assert sum(answer.headers.get("Idempotency-Replayed") != "true" for answer in answers) == 1
    assert (other.status_code, other.json()["type"]) == (422, "/problems/key-reused")
    assert theirs.status_code == 201
    assert (again.content, again.headers["Idempotency-Replayed"]) == (answers[0].content, "true")
    assert view["pledged"] == 4


async def test_a_write_is_seen_by_every_read_that_follows(platform: Platform) -> None:
    """C7: 1,000 writes, each followed at once by a read of every public view that shows it: none is stale."""
    async with Person(platform, "org", "organiser") as org, Person(platform, "bo") as bo:
        campaign = await a_campaign(org, "Read your writes")
        needs = [await a_need(org, campaign, 1_000_000) for _ in range(10)]
        stale: list[str] = []

        async def give_and_look(number: int) -> None:
            need = needs[number]
            for turn in range(1, 101):
                await bo.post("/v1/pledges", {"need_id": need, "quantity": 1})
                view = await bo.get(f"/v1/needs/{need}")
                if view["pledged"] != turn:
                    stale.append(f"need: {view['pledged']} after {turn}")
                listed = await bo.get(f"/v1/needs?campaign={campaign}&limit=100")
                shown = next(item for item in listed["items"] if item["id"] == need)
                if shown["pledged"] != turn:
                    stale.append(f"list: {shown['pledged']} after {turn}")
                aggregate = await bo.get(f"/v1/campaigns/{campaign}")
                if next(item for item in aggregate["needs"] if item["id"] == need)["pledged"] != turn:
                    stale.append("aggregate")
                if aggregate["totals"]["pledged"]["meal"] < turn:
                    stale.append("totals")

        await asyncio.gather(*(give_and_look(number) for number in range(10)))
    assert stale == []


async def test_a_second_replica_is_never_stale_when_told_what_to_wait_for(platform: Platform) -> None:
    """C7: `?min_version=` on another gateway waits for the change that this one answered."""
    with platform.second_gateway() as url:
        async with (
            Person(platform, "org", "organiser") as org,
            Person(platform, "bo") as bo,
            Person(platform, "bo", url=url) as elsewhere,
        ):
            campaign = await a_campaign(org, "Two replicas")
            need = await a_need(org, campaign, 1_000_000)
            for turn in range(1, 101):
                await bo.post("/v1/pledges", {"need_id": need, "quantity": 1})
                seen = f"min_version={need}:{turn + 1}"
                there = await elsewhere.get(f"/v1/needs/{need}?{seen}")
                aggregate = await elsewhere.get(f"/v1/campaigns/{campaign}?{seen}")
                assert there["pledged"] == turn
                assert aggregate["totals"]["pledged"]["meal"] == turn


def test_every_process_says_what_runs(platform: Platform) -> None:
    """`build_info`, so that an operator sees which replica is of which version."""
    for name in ("events", "pledges", "notifications", "gateway"):
        told = httpx2.get(f"{platform.program(name)['address']}/metrics", trust_env=False, verify=False).text
        assert f'build_info{{revision="unknown",service="{name}",version="{VERSION}"}} 1.0' in told
