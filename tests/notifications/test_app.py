import asyncio
import os
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec import json, structs

from deploy.embedded.parts import Parts, embedded
from deploy.ports import free_port
from shared import instants, mongo
from shared.contracts import pledges, topics
from shared.contracts.message import Fact
from shared.internal_client import Internal, Unavailable
from shared.kafka.appender import Appender
from shared.kafka.topics import apply_topics
from shared.ports import Outgoing
from tests.notifications.given import need, pledge, wrapped

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

SECRET = "s" * 32
NEEDS = 12
PLEDGES = 25


class Replica:
    """A notifications process of its own."""

    def __init__(self, parts: Parts, port: int) -> None:
        """Name its address; nothing is started."""
        self._environment = {
            **os.environ,
            "BRUM_KAFKA": parts.kafka,
            "BRUM_MONGO": parts.mongo,
            "BRUM_SECRET": SECRET,
            "BRUM_PARTITIONS": "6",
            "BRUM_INTERNAL_PORT": str(port),
        }
        self._process: asyncio.subprocess.Process | None = None
        self.asking = Internal(f"http://127.0.0.1:{port}", SECRET, timeout=5)

    async def start(self) -> None:
        """Start the process; it needs some seconds to be ready."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "deploy.cli", "serve", "notifications"),
            env=self._environment,
            stderr=asyncio.subprocess.DEVNULL,
        )

    async def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> int:
        """End it in good order; give the exit status."""
        assert self._process is not None
        self._process.terminate()
        await self.asking.close()
        return await asyncio.wait_for(self._process.wait(), 20)


@asynccontextmanager
async def appending(kafka: str) -> AsyncIterator[Appender]:
    """Append facts as their owners do."""
    appender = Appender(kafka)
    await appender.start()
    yield appender
    await appender.stop()


def histories(now: str) -> list[list[Outgoing]]:
    """Give each need's facts: opened by olga, then pledges by many."""
    found = []
    for number in range(NEEDS):
        name = f"need_{number}"
        facts: list[Fact] = [pledges.NeedOpened(need(id=name), "olga")]
        for version in range(2, 2 + PLEDGES):
            given = pledge(id=f"{name}.p{version}", need_id=name, donor=f"donor{version}")
            facts.append(pledges.PledgeMade(structs.replace(need(version), id=name), given))
        found.append([Outgoing(topics.facts("pledges"), None, name.encode(), wrapped(fact, at=now)) for fact in facts])
    return found


async def until(database: mongo.Database, count: int, **query: str) -> None:
    """Wait until so many deliveries are there."""
    async with asyncio.timeout(60):
        while await database.deliveries.count_documents(query) < count:
            await asyncio.sleep(0.05)


async def test_n1_n2_killed_replicas_tell_everybody_once(tmp_path: Path) -> None:
    """N1, N2: each fact three times, two replicas killed in the middle: one delivery each, and all arrive."""
    chance = random.Random(7)
    now = instants.from_ms(int(time.time() * 1000))
    everything = NEEDS * PLEDGES * 2
    async with embedded(tmp_path, "kafka", "mongo") as parts, appending(parts.kafka) as appender:
        await apply_topics(parts.kafka, 6)
        replicas = [Replica(parts, free_port()) for _ in range(2)]
        client = mongo.Client(parts.mongo)
        database = client.database("notifications")
        for replica in replicas:
            await replica.start()
        for times in range(3):
            left = histories(now)
            while any(left):
                one = chance.choice([facts for facts in left if facts])
                await appender.append(one[:5])
                del one[:5]
            await until(database, times * everything // 3 + 1)
            victim = chance.choice(replicas)
            await victim.kill()
            await victim.start()

        await until(database, everything, state="delivered")

        rows = [row async for row in database.deliveries.find({})]
        told = Counter(row["person"] for row in rows)
        assert len(rows) == await database.notifications.count_documents({}) == everything
        assert told == {"olga": NEEDS * PLEDGES} | {f"donor{n}": NEEDS for n in range(2, 2 + PLEDGES)}
        await an_answer(replicas[0])
        assert [await replica.stop() for replica in replicas] == [0, 0]
        client.close()


async def an_answer(replica: Replica) -> None:
    """Ask for a person's notifications, as the gateway does, once the process is up again."""
    async with asyncio.timeout(30):
        while (unread := await unread_by(replica, "donor2")) is None:
            await asyncio.sleep(0.2)
    assert unread == NEEDS


async def unread_by(replica: Replica, person: str) -> int | None:
    """Count a person's unread notifications; None while the process is away."""
    try:
        reply = await replica.asking.get("/notifications", {"person": person})
    except Unavailable:
        return None
    return int(json.decode(reply.body)["unread"])
