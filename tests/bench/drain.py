"""How fast a backlog of pledges is decided, beside the usual way: `python -m tests.bench.drain [COUNT]`.

Both sides get the same number of commands on as many needs, on the same parts, one after the other in one run.
"""

import asyncio
import sys
import time
from uuid import uuid4

from aiokafka.admin import AIOKafkaAdminClient

from deploy.embedded.parts import Parts
from shared.contracts import events, pledges, topics
from shared.contracts.topics import Topic
from shared.kafka.appender import Appender
from shared.kafka.topics import apply_topics
from shared.ports import Outgoing
from tests.bench.parts import SECRET, cpu_seconds, fresh, process, until

NEEDS = 200
PARTITIONS = 6
AT = "2026-01-01T00:00:00.000Z"


def command(number: int) -> tuple[str, bytes]:
    """A pledge on one of the needs."""
    need = f"need_{number % NEEDS:026d}"
    message = pledges.MakePledge(need, f"{need}.{number:026d}", 1)
    value = pledges.COMMANDS.wrap(
        message,
        id=str(uuid4()),
        subject=need,
        time=AT,
        principal="0b5e0cc2-4ba9-5b3b-9a54-1a0c5a3c9b11 resident",
        fingerprint="0" * 64,
    )
    return need, value


def opening(number: int) -> tuple[str, bytes]:
    """A need to pledge on."""
    need = f"need_{number:026d}"
    message = pledges.OpenNeed(need, "campaign_bench", "Soup", "meal", 10**8, "bowls")
    value = pledges.COMMANDS.wrap(
        message, id=str(uuid4()), subject=need, time=AT, principal="org organiser", fingerprint="0" * 64
    )
    return need, value


def campaign() -> bytes:
    """The fact that the campaign is live."""
    state = events.CampaignState(
        "campaign_bench", 1, 1, AT, AT, "Bench", "bench", "Bench", None, None, (), (), (), None, "live", ("org",)
    )
    return events.FACTS.wrap(events.CampaignLaunched(state), id="bench.1", subject=state.id, time=AT, streamversion=1)


async def committed(kafka: str, group: str) -> int:
    """Records that a group has done with."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        found = await admin.list_consumer_group_offsets(group)
        return sum(at.offset for place, at in found.items() if place.topic == group or "commands" in place.topic)
    finally:
        await admin.close()


async def drained(kafka: str, group: str, count: int, pids: dict[str, int]) -> dict[str, float]:
    """Time from the first record done to the last, per command."""

    async def begun() -> bool:
        return await committed(kafka, group) > 0

    async def done() -> bool:
        return await committed(kafka, group) >= count

    await until(begun, 60)
    first, started = await committed(kafka, group), time.perf_counter()
    used = {name: cpu_seconds(pid) for name, pid in pids.items()}
    await until(done, 600)
    took, many = time.perf_counter() - started, count - first
    return {"per_second": many / took} | {
        name: (cpu_seconds(pid) - used[name]) / many * 1e6 for name, pid in pids.items()
    }


async def template(parts: Parts, count: int) -> dict[str, float]:
    """The usual way."""
    topic = f"t{uuid4().hex}"
    await apply_topics(parts.kafka, PARTITIONS, [Topic(topic, "", ()), Topic(f"{topic}.out", "", ())])
    appender = Appender(parts.kafka)
    await appender.start()
    await appender.append([Outgoing(topic, None, need.encode(), value) for need, value in map(command, range(count))])
    await appender.stop()
    with process("tests.bench.template", parts.kafka, parts.mongo, topic, f"{topic}.out") as running:
        return await drained(parts.kafka, topic, count, {"python": running.pid, "mongod": mongod(parts)})


async def ours(parts: Parts, count: int) -> dict[str, float]:
    """The pledges service as it is deployed."""
    await apply_topics(parts.kafka, PARTITIONS)
    appender = Appender(parts.kafka)
    await appender.start()
    await appender.append([Outgoing(topics.facts("events"), None, b"campaign_bench", campaign())])
    pledging = [*map(opening, range(NEEDS)), *map(command, range(count))]
    await appender.append(
        [Outgoing(topics.commands("pledges"), None, need.encode(), value) for need, value in pledging]
    )
    await appender.stop()
    settings = {
        "BRUM_KAFKA": parts.kafka,
        "BRUM_MONGO": parts.mongo,
        "BRUM_SECRET": SECRET,
        "BRUM_PARTITIONS": str(PARTITIONS),
        "BRUM_LOG_LEVEL": "WARNING",
    }
    with process("deploy.cli", "serve", "pledges", **settings) as running:
        pids = {"python": running.pid, "mongod": mongod(parts)}
        return await drained(parts.kafka, "pledges", count + NEEDS, pids)


def mongod(parts: Parts) -> int:
    """Process id of the embedded MongoDB."""
    return parts.running["mongo"].process.pid


async def main(count: int) -> None:
    """Run both and print the ratio."""
    async with fresh() as parts:
        usual = await template(parts, max(500, count // 40))
        own = await ours(parts, count)
    for name, row in (("template", usual), ("ours", own)):
        print(name, {key: round(value, 1) for key, value in row.items()})  # noqa: T201 -- a command
    print(f"ratio {own['per_second'] / usual['per_second']:.1f}x")  # noqa: T201 -- a command


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 40_000))
