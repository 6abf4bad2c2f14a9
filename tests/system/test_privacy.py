"""What must not be seen by others, looked for in everything that others can see."""

import json
import uuid

import httpx2
import pytest

from shared.kafka.reader import Reader
from tests.system.platform import Person, Platform, a_campaign, a_need, an_event

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]


async def test_sec_12_streams_tell_only_what_everybody_may_read(platform: Platform) -> None:
    """sec_12, S16: two campaigns, one gateway; drafts, members' events, hidden places and people are in no stream."""
    mark = uuid.uuid4().hex
    async with (
        Person(platform, f"org-{mark}", "organiser") as org,
        Person(platform, f"other-{mark}", "organiser") as other,
        Person(platform, f"giver-{mark}") as giver,
    ):
        me = (await giver.get("/v1/me"))["id"]
        draft = await org.post("/v1/campaigns", {"name": f"draft {mark}", "summary": f"draft {mark}"})
        campaign = await a_campaign(org, f"open {mark}")
        theirs = await a_campaign(other, f"theirs {mark}")
        members = await an_event(org, campaign, title=f"members {mark}", visibility="members")
        place = {"name": f"secret hall {mark}", "address": f"1 Secret Street {mark}", "ward": "aston"}
        hidden = await an_event(org, campaign, title=f"hidden {mark}", visibility="hidden_location", venue=place)
        need = await a_need(org, campaign, 5)
        await giver.post("/v1/pledges", {"need_id": need, "quantity": 2, "note": f"note {mark}"})
        await giver.post(f"/v1/events/{hidden}/registrations", {})
        last = await a_need(other, theirs, 1, title=f"last {mark}")

        seen, page = b"", httpx2.Response(404)
        for topic in ("events", "pledges"):
            async with httpx2.AsyncClient(base_url=platform.url, trust_env=False, timeout=40, verify=False) as nobody:
                query = f"?oldest=1&limit=100&wait=5&campaign={campaign}&campaign={theirs}&campaign={draft['id']}"
                for _ in range(40):
                    page = await nobody.get(f"/v1/streams/{topic}{query}", headers={"Accept": "application/json"})
                    if topic == "events" or f"last {mark}" in page.text:
                        break
                seen += page.content
        async with Reader(platform.program("kafka")["address"]) as reader:
            places = await reader.places(["public.events", "public.pledges"])
            ends = await reader.ends(places)
            reader.begin(dict.fromkeys(places, 0))
            while any([await reader.position(at) < end for at, end in ends.items()]):
                for record in await reader.read(wait_ms=500):
                    seen += (record.key or b"") + (record.value or b"") + str(record.headers).encode()
        told = {item["event"]["subject"] for item in json.loads(page.content)["items"]}
        inside = await giver.get(f"/v1/events/{hidden}")
        outside = await other.get(f"/v1/events/{hidden}")
        closed = await other.ask("GET", f"/v1/events/{members}")

    assert {need, last} <= told
    assert hidden.encode() in seen
    for secret in (f"draft {mark}", f"members {mark}", "secret hall", "Secret Street", f"note {mark}", me):
        assert secret.encode() not in seen, secret
    assert inside["venue"]["name"] == place["name"]
    assert outside["venue"] == {"ward": "aston"}
    assert closed.status_code == 404


async def test_n16_nothing_personal_is_in_a_log_or_a_metric(platform: Platform) -> None:
    """sec_44, N16: canaries in everything that a person writes or sends are in no log line and no metric."""
    canary = f"canary{uuid.uuid4().hex}"
    async with Person(platform, canary, "organiser") as org:
        campaign = await a_campaign(org, f"{canary} campaign")
        need = await a_need(org, campaign, 5, title=f"{canary} need")
        await org.ask(
            "POST",
            "/v1/pledges",
            {"need_id": need, "quantity": 1, "note": f"{canary}@example.org"},
            key=f"{canary}-key",
            Cookie=f"session={canary}",
            X_Forwarded_For=f"{canary}\r\n".strip(),
        )
        await org.ask("POST", "/v1/pledges", {canary: canary})
        await org.ask("GET", f"/v1/{canary}?{canary}={canary}")

    logs = b"".join(path.read_bytes() for path in (platform.data / "logs").glob("*.log"))
    metrics = httpx2.get(f"{platform.program('gateway')['address']}/metrics", trust_env=False, verify=False).content
    assert b"listening" in logs
    assert canary.encode() not in logs
    assert canary.encode() not in metrics
