"""Today's platform on the documents, the log and the views that one of before issue 5 left behind."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.embedded.parts import Parts, embedded
from shared.contracts import topics
from tests.system.platform import Person
from tests.upgrade.left import Left, Upgraded, differences

pytestmark = [pytest.mark.system, pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="module")]

READERS = ("olu", "ana", "stranger")
SETTLED_S = 45.0


class World:
    """What was left, and the platform that goes on with it."""

    def __init__(self, left: Left, parts: Parts, platform: Upgraded) -> None:
        """Keep them together."""
        self.left, self.parts, self.platform = left, parts, platform

    def person(self, sub: str, *roles: str) -> Person:
        """Sign in; `olu` is the organiser."""
        return Person(self.platform, sub, *(("organiser",) if sub == "olu" else roles))

    async def wrong(self) -> list[str]:
        """What is answered otherwise than then, but for what time has brought about since."""
        found = []
        for sub in READERS:
            async with self.person(sub) as person:
                for address, then in self.left.answers[sub].items():
                    answer = await person.ask("GET", address)
                    if answer.status_code != then["status"]:
                        found.append(f"{sub} {address}: {then['status']} then, {answer.status_code} now")
                    elif answer.is_success:
                        expected = self._since(then["body"])
                        found += differences(expected, answer.json(), f"{sub} {address} ")
        return found

    async def settled(self) -> list[str]:
        """The same, when what time has brought about and a rebuild are through, or after a while."""
        end = asyncio.get_running_loop().time() + SETTLED_S
        while (wrong := await self.wrong()) and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.5)
        return wrong

    def _since(self, body: Any) -> Any:  # noqa: ANN401 -- JSON
        """An answer of then, with the end of the hold of a minute and the day of a need that had passed."""
        if isinstance(body, list):
            return [self._since(one) for one in body]
        if not isinstance(body, dict):
            return body
        told = {name: self._since(value) for name, value in body.items()}
        if told.get("id") == self.left.ids["late"]:
            told |= {"held": 0, "uncommitted": 6, "urgency": "overdue"}
            told = {name: value for name, value in told.items() if name not in {"version", "updated_at"}}
        if told.get("id") == self.left.ids["pledges"]["held"]:
            told |= {"status": "expired"}
            told = {name: value for name, value in told.items() if name not in {"version", "updated_at"}}
        return told


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Restore what was left and start on it."""
    folder = tmp_path_factory.mktemp("upgraded")
    left = Left()
    async with embedded(folder / "parts") as parts:
        await left.restore(parts)
        platform = Upgraded(folder / "data", parts).start()
        try:
            yield World(left, parts, platform)
        finally:
            platform.stop()


async def test_views_of_then_are_answered_as_then(world: World) -> None:
    """Redis kept what an older gateway wrote; what time brings about since then is made up for."""
    assert await world.settled() == []


async def test_views_are_the_same_from_documents_of_then(world: World) -> None:
    """Redis lost everything: the services tell what they have."""
    await world.left.forget_views(world.parts)

    assert await world.settled() == []


async def test_views_are_the_same_from_the_log_of_then(world: World) -> None:
    """From nothing, by every fact since the first one."""
    world.platform.stop()
    await world.left.begin_views(world.parts)
    world.platform.start()

    assert await world.settled() == []


async def test_every_reader_understood_every_record(world: World) -> None:
    """Nobody parked anything."""
    names = [topics.dead_letters(owner) for owner in (*topics.SERVICES, "gateway")]
    consumer = AIOKafkaConsumer(bootstrap_servers=world.parts.kafka)
    await consumer.start()
    ends = await consumer.end_offsets([TopicPartition(name, 0) for name in names])
    await consumer.stop()

    assert {place.topic: end for place, end in ends.items() if end} == {}


async def test_a_key_of_then_is_answered_as_then(world: World) -> None:
    """Made and refused: nothing happens a second time."""
    ids = world.left.ids
    async with world.person("ana") as ana, world.person("bo") as bo:
        body = {"need_id": ids["soup"], "quantity": 4, "note": "At the back door"}
        again = await ana.ask("POST", "/v1/pledges", body, key="ana-gives-delivered")
        refused = await bo.ask("POST", f"/v1/events/{ids['no-list']}/registrations", {}, key="bo-is-late")

    assert (again.status_code, again.json()["id"]) == (201, ids["pledges"]["delivered"])
    assert (again.json()["version"], again.headers["idempotency-replayed"]) == (1, "true")
    assert {"status": refused.status_code, "type": refused.json()["type"]} == ids["refused"]


async def test_people_go_on_with_what_they_began(world: World) -> None:
    """Commands of today on streams of then: places, promises, deliveries, ends."""
    ids = world.left.ids
    gives = ids["pledges"]
    async with world.person("olu") as olu, world.person("ana") as ana, world.person("cy", "partner") as cy:
        left = await ana.ask("DELETE", f"/v1/events/{ids['full']}/registrations/me")
        full = await olu.get(f"/v1/events/{ids['full']}")
        came = await cy.post(f"/v1/events/{ids['hidden']}/registrations", {"party_size": 2})
        changed = await olu.ask("PATCH", f"/v1/events/{ids['planned']}", {"capacity": 7})
        await olu.post(f"/v1/events/{ids['planned']}/publish")
        await olu.post(f"/v1/events/{ids['no-list']}/cancel", {"reason": "Nobody has the key"})

        before = await olu.get(f"/v1/needs/{ids['soup']}")
        new = await ana.post("/v1/pledges", {"need_id": ids["soup"], "quantity": 2})
        await olu.post(f"/v1/pledges/{gives['partly']}/deliver", {"quantity": 3})
        corrected = {"quantity": 1, "reason": "One was dropped"}
        await olu.post(f"/v1/pledges/{gives['reported']}/deliveries/1/correct", corrected)
        await ana.post(f"/v1/pledges/{gives['active']}/withdraw", {})
        await olu.post(f"/v1/pledges/{new['id']}/release", {"reason": "There is enough"})
        after = await olu.get(f"/v1/needs/{ids['soup']}")
        await olu.post(f"/v1/needs/{ids['shut']}/reopen")
        shut = await ana.post("/v1/pledges", {"need_id": ids["shut"], "quantity": 3})
        await olu.post(f"/v1/campaigns/{ids['draft']}/launch")

    assert left.is_success
    assert full["registered"] <= 3
    assert (came["status"], changed.status_code) == ("registered", 200)
    assert after["delivered"] == before["delivered"] + 3 - 1
    assert after["pledged"] == before["pledged"] - 4
    for need in (before, after):
        assert need["quantity"] + need["over"] == need["uncommitted"] + need["held"] + need["pledged"]
    assert shut["status"] == "pledged"
