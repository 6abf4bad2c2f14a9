"""`kill -9` of each process and each part under a light load: nothing acknowledged is lost or doubled."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from shared import mongo
from shared.kafka.reader import Reader
from tests.chaos.checker import commands, ledger, order, reading
from tests.system.platform import Person, Platform, a_campaign, a_need

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

PROGRAMS = ("events", "pledges", "notifications", "gateway", "kafka", "mongo", "redis")
PEOPLE = 4
CAPACITY = 60


@pytest.fixture(scope="module")
def breakable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform whose programs are killed."""
    running = Platform(tmp_path_factory.mktemp("breakable") / "data").start()
    try:
        yield running
    finally:
        running.stop()


@dataclass
class History:
    """What people asked and what they were told."""

    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)


async def give(person: Person, needs: list[str], history: History, until: asyncio.Event) -> None:
    """Pledge again and again, each time until the answer is definite."""
    turn = 0
    while not until.is_set():
        turn += 1
        key = f"{person.sub}-{turn}"
        need = random.Random(key).choice(needs)
        answer = await person.insist("POST", "/v1/pledges", {"need_id": need, "quantity": 1}, key)
        history.answers[key] = (answer.status_code, answer.content)
        if answer.status_code == 201:
            history.made[key] = answer.json()["id"]
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("name", PROGRAMS)
async def test_c1_c2_c3_c11_a_killed_program_loses_and_doubles_nothing(breakable: Platform, name: str) -> None:
    """C1, C2, C3, C11 under SIGKILL; the supervisor brings the program back."""
    restarts = breakable.program(name)["restarts"]
    history, until = History(), asyncio.Event()
    async with Person(breakable, f"org-{name}", "organiser") as org:
        campaign = await a_campaign(org, f"Killed: {name}")
        needs = [await a_need(org, campaign, CAPACITY) for _ in range(4)]
        people = [Person(breakable, f"{name}{n}") for n in range(PEOPLE)]
        load = [asyncio.create_task(give(person, needs, history, until)) for person in people]
        await asyncio.sleep(1.5)

        breakable.kill(name)

        await asyncio.sleep(4)
        until.set()
        await asyncio.gather(*load)
        await back(breakable, name, restarts)
        await asyncio.gather(*(check_needs(org, need, history) for need in needs))
        again = await asyncio.gather(
            *(
                person.insist("POST", "/v1/pledges", {"need_id": _need_of(key, needs), "quantity": 1}, key)
                for person in people
                for key in history.answers
                if key.startswith(f"{person.sub}-")
            )
        )
        for person in people:
            await person.__aexit__()
    assert Counter(answer.content for answer in again) == Counter(body for _, body in history.answers.values())
    assert {status for status, _ in history.answers.values()} <= {201, 409}
    assert await stored_violations(breakable) == []


async def back(platform: Platform, name: str, restarts: int) -> None:
    """Wait until the supervisor has started a program again and it is well."""
    async with asyncio.timeout(60):
        while platform.program(name)["restarts"] == restarts or platform.program(name)["health"] != "ready":
            await asyncio.sleep(0.1)


def _need_of(key: str, needs: list[str]) -> str:
    return random.Random(key).choice(needs)


async def check_needs(org: Person, need: str, history: History) -> None:
    """A need's view counts what people were told."""
    told = sum(pledge.startswith(f"{need}.") for pledge in history.made.values())
    async with asyncio.timeout(60):
        while True:
            answer = await org.ask("GET", f"/v1/needs/{need}")
            if answer.status_code == 200:
                break
            await asyncio.sleep(0.2)
    view = answer.json()
    assert (view["pledged"], view["uncommitted"]) == (told, CAPACITY - told)


async def stored_violations(platform: Platform) -> list[str]:
    """What the checker says of the whole log and the whole inbox."""
    client = mongo.Client(platform.program("mongo")["address"])
    found = client.database("pledges").inbox.find({})
    inbox = {document["_id"]: mongo._entry(document) async for document in found}
    client.close()
    async with Reader(platform.program("kafka")["address"]) as reader:
        places = await reader.places(["pledges.facts"])
        ends = await reader.ends(places)
        reader.begin(dict.fromkeys(places, 0))
        records = []
        while any([await reader.position(place) < end for place, end in ends.items()]):
            records += await reader.read(wait_ms=500)
    records.sort(key=lambda record: (record.partition, record.offset))
    facts, outcomes = reading.told(records), reading.heard(records)
    answers = {one.outcome.command_id: one.record.value or b"" for one in outcomes if not one.mismatch}
    return [
        *commands.c1_stored_as_heard(answers, inbox),
        *commands.c2_facts_are_those_of_the_inbox(facts, inbox),
        *commands.c11_answers_agree(outcomes, inbox),
        *ledger.c4_never_too_much(facts),
        *order.c5_versions_in_order(facts),
    ]
