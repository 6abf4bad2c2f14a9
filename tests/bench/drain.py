"""How fast a backlog of pledges is decided, beside the usual way and the limit: `python -m tests.bench drain`.

All three get commands of the same bytes on as many needs, on the same parts, in turns; each starts its process anew
every time, and the clock runs from the first command done to the last.
"""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from motor.motor_asyncio import AsyncIOMotorClient

from deploy.embedded.parts import Parts
from services.pledges.store import PledgesStore
from shared.contracts import topics
from shared.contracts.topics import Topic
from shared.kafka.appender import partition_of
from shared.kafka.topics import apply_topics
from shared.mongo import Client
from shared.ports import Outgoing
from tests.bench.backlog import (
    CAMPAIGN,
    Backlog,
    Pledging,
    appending,
    fill,
    launched,
    need_ids,
    opening,
    pledge,
    pledgings,
)
from tests.bench.copies import Sample
from tests.bench.figures import Findings, Raw, Table, column, median_ratio, middle
from tests.bench.ours import Ours
from tests.bench.parts import PARTITIONS, fresh, pid_of, process, say, total, until

NEEDS = 200
COUNT = 40_000
TEMPLATE_COUNT = 1_000
"""It is so much slower that this takes as long."""


async def measure(rounds: int, count: int = COUNT) -> Raw:
    """Measure all three in turns."""
    found: list[dict[str, Raw]] = []
    async with fresh() as parts:
        with TemporaryDirectory(prefix="brum-bench-") as folder:
            ours = OurSide(parts, Path(folder), NEEDS)
            await ours.open()
            for number in range(rounds + 1):  # the first warms everything up, and does not count
                say(f"drain: round {number} of {rounds}" + ("" if number else " (warm-up)"))
                many = count if number else count // 4
                row = {
                    "template": await template(parts, TEMPLATE_COUNT if number else 200, NEEDS),
                    "ours": await ours.drain(many),
                    "limit": await limit(parts, many, ours.sample, Path(folder) / "sample"),
                }
                if number:
                    assert all(each["commands"] > 0 for each in row.values()), "too few commands to be timed"
                    found.append(row)
                for side, each in row.items():
                    spent = ", ".join(f"{name} {us:.0f}" for name, us in each["cpu_us"].items())
                    say(f"  {side:8} {each['per_second']:7.0f}/s   us a command: {spent}")
    return {"rounds": found, "needs": NEEDS, "commands": count, "partitions": PARTITIONS}


def findings(raw: Raw) -> Findings:
    """The figures of the rounds."""
    rounds = raw["rounds"]

    def rate(side: str) -> list[float]:
        return column(rounds, side, "per_second")

    def cpu(side: str) -> list[float]:
        return [
            python + mongod
            for python, mongod in zip(
                column(rounds, side, "cpu_us", "python"), column(rounds, side, "cpu_us", "mongod"), strict=True
            )
        ]

    rows = [
        (
            name,
            f"{middle(rounds, side, 'per_second'):.0f}",
            *(f"{middle(rounds, side, 'cpu_us', part):.1f}" for part in ("python", "mongod", "kafka")),
        )
        for side, name in (("template", "one message a call"), ("ours", "BrumTogether"), ("limit", "the limit"))
    ]
    return Findings(
        {
            "G1": median_ratio(rate("ours"), rate("template")),
            "G2": 100 * median_ratio(rate("ours"), rate("limit")),
            "G3": median_ratio(cpu("template"), cpu("ours")),
        },
        [Table("Backlog of pledges", ("side", "a second", "Python µs each", "MongoDB µs each", "Kafka µs each"), rows)],
    )


async def template(parts: Parts, count: int, documents: int) -> Raw:
    """The usual way, on so many documents."""
    topic, needs = f"t{uuid4().hex}", need_ids(documents)
    await apply_topics(parts.kafka, PARTITIONS, [Topic(topic, "", ()), Topic(f"{topic}.out", "", ())])
    database = AsyncIOMotorClient[dict[str, object]](parts.mongo)[topic]
    await database.needs.insert_many([{"_id": need, "left": 10**8, "pledged": 0} for need in needs])
    await fill(parts.kafka, topic, [pledge(each) for each in pledgings(needs, count)])
    async with (
        Backlog(parts.kafka, topic, topic) as backlog,
        process("tests.bench.template", parts.kafka, parts.mongo, topic, f"{topic}.out") as pid,
    ):
        measured = await backlog.drained(0, count, pids_of(parts, pid))
    await _same(count, await total(parts.mongo, topic, "needs", "pledged"))
    await database.client.drop_database(topic)
    return measured


class OurSide:
    """The pledges service as it is deployed, on needs that stay from round to round."""

    def __init__(self, parts: Parts, data: Path, needs: int) -> None:
        """Nothing is there yet."""
        self._parts = parts
        self._ours = Ours(parts, data)
        self._needs = need_ids(needs)
        self._appended = 0
        self._pledged = 0
        self._sample: Sample | None = None

    @property
    def sample(self) -> Sample:
        """What it wrote for one pledge."""
        assert self._sample is not None, "nothing is drained yet"
        return self._sample

    async def open(self) -> None:
        """Open the needs, once the service knows that their campaign is live."""
        database = AsyncIOMotorClient[dict[str, object]](self._parts.mongo)["brum_pledges"]

        async def known() -> bool:
            return await database.campaigns.find_one({"_id": CAMPAIGN}) is not None

        async def opened() -> bool:
            return await database.needs.count_documents({}) == len(self._needs)

        async with self._ours.running("pledges"):
            async with appending(self._parts.kafka) as appender:
                await appender.append([Outgoing(topics.facts("events"), None, CAMPAIGN.encode(), launched())])
            await until(known, 30)
            await self._fill([opening(need) for need in self._needs])
            await until(opened, 30)
        database.client.close()

    async def drain(self, count: int) -> Raw:
        """Let it decide so many."""
        made = [*pledgings(self._needs, count)]
        before = self._appended
        await self._clear()
        await self._fill([pledge(each) for each in made])
        async with (
            Backlog(self._parts.kafka, topics.commands("pledges"), "pledges") as backlog,
            self._ours.running("pledges", ready=False) as pids,
        ):
            measured = await backlog.drained(before, count, pids_of(self._parts, pids["pledges"]))
        self._pledged += count
        await _same(self._pledged, await total(self._parts.mongo, "brum_pledges", "needs", "pledged"))
        self._sample = self._sample or await sample(self._parts, made[0])
        return measured

    async def _clear(self) -> None:
        """Take away what earlier rounds have left: the other sides begin on nothing, too."""
        client = AsyncIOMotorClient[dict[str, object]](self._parts.mongo)
        for name in ("inbox", "pledges"):
            await client["brum_pledges"].drop_collection(name)
        client.close()

    async def _fill(self, commands: list[tuple[str, bytes]]) -> None:
        await fill(self._parts.kafka, topics.commands("pledges"), commands)
        self._appended += len(commands)


async def limit(parts: Parts, count: int, sampled: Sample, file: Path) -> Raw:
    """What could be had at the most."""
    topic = f"l{uuid4().hex}"
    await apply_topics(parts.kafka, PARTITIONS, [Topic(topic, "", ()), Topic(f"{topic}.out", "", ())])
    client = Client(parts.mongo)
    store = PledgesStore(client, client.database(topic), now=lambda: "")
    await store.prepare()  # the same indexes
    client.close()
    await fill(parts.kafka, topic, [pledge(each) for each in pledgings(need_ids(NEEDS), count)])
    await asyncio.to_thread(file.write_bytes, msgspec.msgpack.encode(sampled))
    database = f"brum_{topic}"
    arguments = (parts.kafka, parts.mongo, topic, f"{topic}.out", database, str(file))
    async with (
        Backlog(parts.kafka, topic, topic) as backlog,
        process("tests.bench.limit", *arguments) as pid,
    ):
        measured = await backlog.drained(0, count, pids_of(parts, pid))
    motor = AsyncIOMotorClient[dict[str, object]](parts.mongo)
    for name in sampled.each:
        await _same(count, await motor[database][name].count_documents({}))
    await motor.drop_database(database)
    return measured


async def sample(parts: Parts, made: Pledging) -> Sample:
    """Look up what our side wrote for a pledge: whatever bears one of its ids."""
    each, touched = {}, {}
    motor = AsyncIOMotorClient[RawBSONDocument](parts.mongo, document_class=RawBSONDocument)
    database = motor.get_database("brum_pledges", codec_options=CodecOptions(document_class=RawBSONDocument))
    for name in await database.list_collection_names():
        found = await database[name].find_one({"_id": {"$in": [made.command, made.pledge]}})
        shared = await database[name].find_one({"_id": made.need})
        if found is not None:
            each[name] = bytes(found.raw)
        if shared is not None:
            touched[name] = bytes(shared.raw)
    motor.close()
    ids = {name: getattr(made, name).encode() for name in ("command", "need", "pledge")}
    return Sample(ids, each, touched, await _records(parts, made))


async def _records(parts: Parts, made: Pledging) -> list[bytes]:
    """The records that it published."""
    place = TopicPartition(topics.facts("pledges"), partition_of(made.need.encode(), PARTITIONS))
    consumer = AIOKafkaConsumer(bootstrap_servers=parts.kafka, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        records: list[bytes] = []
        end = (await consumer.end_offsets([place]))[place]
        while await consumer.position(place) < end:
            found = await consumer.getmany(place, timeout_ms=1_000)
            values = [record.value or b"" for record in found.get(place, ())]
            records += [value for value in values if made.command.encode() in value]
    finally:
        await consumer.stop()
    return records


def pids_of(parts: Parts, python: int) -> dict[str, int]:
    """Process ids by name: ours, or the other side's, and those of the parts that it makes work."""
    return {"python": python, "mongod": pid_of(parts, "mongo"), "kafka": pid_of(parts, "kafka")}


async def _same(wanted: int, there: int) -> None:
    """Each side has to have done all of the work, once."""
    assert there == wanted, f"{there} in the database instead of {wanted}"
