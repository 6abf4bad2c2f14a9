"""Records what a platform of an older version leaves behind: its documents, its log, its views and its answers.

It was run once, with the code of the last commit before events and pledges were done in full, in a tree of its own:

    git archive 36fc438 | tar x -C OLD; cp tests/upgrade/record.py OLD; cd OLD
    PYTHONPATH=. python record.py WHERE/before-issue-5.json.xz

Nobody in it is real. The days lie far ahead, but for a need whose day had passed and a hold that ends in a minute,
so that what is read from it is the same whenever it is read.
"""

import asyncio
import base64
import json
import lzma
import sys
import tempfile
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from bson import json_util
from pymongo import MongoClient

from shared.redis import Redis
from tests.system.platform import Person, Platform, a_campaign, a_need, an_event

DATABASES = ("brum_events", "brum_pledges", "brum_notifications")
TOPICS = ("events.facts", "pledges.facts", "notifications.facts")


class People:
    """Who lives there."""

    def __init__(self, platform: Platform) -> None:
        """Sign everybody in."""
        self.org = Person(platform, "olu", "organiser")
        self.ana, self.bo = Person(platform, "ana"), Person(platform, "bo")
        self.cy = Person(platform, "cy", "partner")


async def live(platform: Platform) -> tuple[dict[str, Any], list[str]]:
    """Do what people could do then; give the ids by name, and the addresses to ask."""
    people = People(platform)
    ids = await _campaigns(people)
    await _events(people, ids)
    await _needs(people, ids)
    return ids, _addresses(ids)


async def _campaigns(people: People) -> dict[str, Any]:
    org = people.org
    ids: dict[str, Any] = {}
    me = {person.sub: (await person.get("/v1/me"))["id"] for person in (org, people.ana, people.bo, people.cy)}
    ids["people"] = me

    ids["green"] = green = await a_campaign(org, "Old green")
    await org.post(f"/v1/campaigns/{green}/organisers", {"person": me["bo"]})
    partner = await org.post(
        f"/v1/campaigns/{green}/partners", {"name": "Hall of the green", "sector": "community"}, key="partner"
    )
    ids["partner"] = partner["id"]
    await org.post(f"/v1/campaigns/{green}/partners/{partner['id']}/members", {"person": me["cy"]})
    ids["closed"] = closed = await a_campaign(org, "Old and closed")
    await org.post(f"/v1/campaigns/{closed}/close")
    ids["reopened"] = reopened = await a_campaign(org, "Old and open again")
    await org.post(f"/v1/campaigns/{reopened}/close")
    await org.post(f"/v1/campaigns/{reopened}/reopen")
    draft = await org.post("/v1/campaigns", {"name": "Old draft", "summary": "Not yet."})
    ids["draft"] = draft["id"]
    return ids


async def _events(people: People, ids: dict[str, Any]) -> None:
    org, ana, bo, cy, green = people.org, people.ana, people.bo, people.cy, ids["green"]
    day = {"starts_at": "2090-05-01T10:00", "ends_at": "2090-05-01T12:00"}
    hall = {"name": "Hall", "address": "1 Green Lane", "ward": "moseley", "lat": 52.44, "lon": -1.88, "access": []}
    ids["full"] = full = await an_event(org, green, capacity=3, venue=hall, **day)
    await ana.post(f"/v1/events/{full}/registrations", {"party_size": 2}, key="ana-comes")
    await bo.post(f"/v1/events/{full}/registrations", {})
    await cy.post(f"/v1/events/{full}/registrations", {"party_size": 2})
    await org.post(f"/v1/events/{full}/registrations", {})
    await bo.ask("DELETE", f"/v1/events/{full}/registrations/me")
    ids["no-list"] = event = await an_event(org, green, capacity=1, waiting_list=False, **day)
    await ana.post(f"/v1/events/{event}/registrations", {})
    refused = await bo.ask("POST", f"/v1/events/{event}/registrations", {}, key="bo-is-late")
    ids["refused"] = {"status": refused.status_code, "type": refused.json()["type"]}
    ids["off"] = event = await an_event(org, green, **day)
    await ana.post(f"/v1/events/{event}/registrations", {"party_size": 4})
    await org.post(f"/v1/events/{event}/cancel", {"reason": "Rain"})
    ids["members"] = await an_event(org, green, visibility="members", **day)
    ids["hidden"] = hidden = await an_event(org, green, visibility="hidden_location", venue=hall, **day)
    await ana.post(f"/v1/events/{hidden}/registrations", {})
    planned = await org.post(
        "/v1/events",
        {"campaign_id": green, "title": "Some day", "category": "clean-up", **day},
    )
    ids["planned"] = planned["id"]
    await org.ask("PATCH", f"/v1/events/{planned['id']}", {"title": "Some fine day", "capacity": 5})


async def _needs(people: People, ids: dict[str, Any]) -> None:
    org, ana, bo, cy, green = people.org, people.ana, people.bo, people.cy, ids["green"]
    ids["soup"] = soup = await a_need(org, green, 20, by="2090-06-01", ward="moseley")
    pledges = {}
    gifts: dict[str, dict[str, object]] = {
        "delivered": {"quantity": 4, "note": "At the back door"},
        "partly": {"quantity": 5},
        "reported": {"quantity": 2},
        "withdrawn": {"quantity": 1},
        "released": {"quantity": 1},
        "active": {"quantity": 3, "anonymous": True},
    }
    for name, body in gifts.items():
        pledges[name] = (await ana.post("/v1/pledges", {"need_id": soup, **body}, key=f"ana-gives-{name}"))["id"]
    pledges["confirmed"] = (await bo.post("/v1/pledges", {"need_id": soup, "quantity": 1, "hold_minutes": 60}))["id"]
    await bo.post(f"/v1/pledges/{pledges['confirmed']}/confirm")
    await org.post(f"/v1/pledges/{pledges['delivered']}/deliver", {"quantity": 4})
    await org.post(
        f"/v1/pledges/{pledges['delivered']}/deliveries/1/correct", {"quantity": 3, "reason": "One was cold"}
    )
    await org.post(f"/v1/pledges/{pledges['partly']}/deliver", {"quantity": 2})
    await ana.post(f"/v1/pledges/{pledges['partly']}/deliver", {"quantity": 1})
    await ana.post(f"/v1/pledges/{pledges['reported']}/deliver", {"quantity": 2})
    await org.post(f"/v1/pledges/{pledges['reported']}/deliveries/1/accept")
    await ana.post(f"/v1/pledges/{pledges['withdrawn']}/withdraw", {})
    await org.post(f"/v1/pledges/{pledges['released']}/release", {"reason": "Enough of it"})
    await ana.ask("PATCH", f"/v1/pledges/{pledges['active']}", {"quantity": 4})
    ids["soft"] = soft = await a_need(org, green, 2, limit="soft", kind="time", unit="hours")
    pledges["over"] = (await bo.post("/v1/pledges", {"need_id": soft, "quantity": 5}))["id"]
    ids["money"] = money = await a_need(cy, green, 10_000, kind="money", unit="pence", currency="GBP")
    pledges["money"] = (await ana.post("/v1/pledges", {"need_id": money, "quantity": 2_500}))["id"]
    ids["done"] = done = await a_need(org, green, 1)
    pledges["done"] = (await ana.post("/v1/pledges", {"need_id": done, "quantity": 1}))["id"]
    await org.post(f"/v1/pledges/{pledges['done']}/deliver", {"quantity": 1})
    ids["shut"] = shut = await a_need(org, green, 3)
    await org.post(f"/v1/needs/{shut}/close")
    ids["late"] = late = await a_need(org, green, 6, by="2026-10-01")
    ids["late and full"] = helped = await a_need(org, green, 1, by="2026-10-01")
    pledges["helped"] = (await bo.post("/v1/pledges", {"need_id": helped, "quantity": 1}))["id"]
    await ana.ask("PUT", f"/v1/me/follows/campaign/{green}")
    pledges["held"] = (await bo.post("/v1/pledges", {"need_id": late, "quantity": 2, "hold_minutes": 1}))["id"]
    ids["pledges"] = pledges


def _addresses(ids: dict[str, Any]) -> list[str]:
    campaigns = [f"/v1/campaigns/{ids[name]}" for name in ("green", "closed", "reopened", "draft")]
    events = [f"/v1/events/{ids[name]}" for name in ("full", "no-list", "off", "members", "hidden", "planned")]
    needs = [f"/v1/needs/{ids[name]}" for name in ("soup", "soft", "money", "done", "shut", "late", "late and full")]
    lists = [
        "/v1/campaigns",
        f"/v1/events?campaign={ids['green']}",
        f"/v1/events?campaign={ids['green']}&ward=moseley",
        f"/v1/needs?campaign={ids['green']}",
        f"/v1/needs?campaign={ids['green']}&status=fulfilled",
        f"/v1/needs?campaign={ids['green']}&status=closed",
        f"/v1/events/{ids['full']}/registrations",
        f"/v1/needs/{ids['soup']}/pledges",
    ]
    return [*campaigns, *events, *needs, *lists, *(f"/v1/pledges/{pledge}" for pledge in ids["pledges"].values())]


async def answers(platform: Platform, addresses: list[str]) -> dict[str, dict[str, Any]]:
    """Ask everything as organiser, as giver and as a stranger."""
    told: dict[str, dict[str, Any]] = {}
    await asyncio.sleep(3)
    for person in (Person(platform, "olu", "organiser"), Person(platform, "ana"), Person(platform, "stranger")):
        told[person.sub] = {}
        for address in [*addresses, "/v1/me", "/v1/me/pledges", "/v1/me/registrations"]:
            answer = await person.ask("GET", address)
            told[person.sub][address] = {"status": answer.status_code, "body": answer.json()}
    return told


def documents(mongo: str) -> dict[str, dict[str, list[Any]]]:
    """All documents of the services, as MongoDB's extended JSON."""
    client: MongoClient[dict[str, Any]] = MongoClient(mongo)
    return {
        database: {
            collection: json.loads(json_util.dumps(list(client[database][collection].find())))
            for collection in sorted(client[database].list_collection_names())
        }
        for database in DATABASES
    }


async def records(kafka: str) -> dict[str, list[Any]]:
    """All records of the topics of facts, in order."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    found: dict[str, list[Any]] = {}
    for topic in TOPICS:
        partitions = [TopicPartition(topic, n) for n in range(6)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        await consumer.seek_to_beginning(*partitions)
        left = {partition for partition, end in ends.items() if end}
        found[topic] = []
        while left:
            for batch in (await consumer.getmany(timeout_ms=500)).values():
                for record in batch:
                    found[topic].append(
                        {
                            "partition": record.partition,
                            "offset": record.offset,
                            "timestamp": record.timestamp,
                            "key": record.key.decode() if record.key else None,
                            "value": record.value.decode() if record.value else None,
                            "headers": [[name, base64.b64encode(value).decode()] for name, value in record.headers],
                        }
                    )
            for partition in list(left):
                if await consumer.position(partition) >= ends[partition]:
                    left.discard(partition)
        found[topic].sort(key=lambda record: (record["partition"], record["offset"]))
    await consumer.stop()
    return found


async def views(redis: str) -> dict[str, str]:
    """All keys of Redis, dumped."""
    client = Redis(redis)
    keys = await client.call("KEYS", "*")
    found = {}
    for key in sorted(keys):
        if (value := await client.call("DUMP", key)) is not None:
            found[key.decode()] = base64.b64encode(value).decode()
    await client.close()
    return found


async def main() -> bytes:
    """Start, live, ask, end; give what is to be kept."""
    with tempfile.TemporaryDirectory() as folder:
        platform = Platform(Path(folder) / "data").start()
        try:
            ids, addresses = await live(platform)
            left = {
                "ids": ids,
                "answers": await answers(platform, addresses),
                "documents": documents(platform.program("mongo")["address"]),
                "records": await records(platform.program("kafka")["address"]),
                "views": await views(platform.program("redis")["address"]),
            }
        finally:
            platform.stop()
    return lzma.compress(json.dumps(left, separators=(",", ":")).encode(), preset=9)


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(asyncio.run(main()))
