"""F9: commands appended once more, twice more, three times more; groups set back by 1,000 records."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.contracts import topics
from shared.kafka.appender import Appender
from shared.kafka.reader import Reader
from shared.kafka.transactions import committed
from shared.ports import Outgoing, Record
from tests.chaos.nemesis import Nemesis
from tests.chaos.rig import SERVICES

BACK: Final = 1_000
MOST_COPIED: Final = 600
"""Of the newest commands, so many are appended again."""


async def run(nemesis: Nemesis) -> None:
    """Deliver everything again in both ways; the criteria show whether it had an effect."""
    await append_again(nemesis)
    for service in (*SERVICES, "gateway"):
        await set_back(nemesis, service)


async def append_again(nemesis: Nemesis) -> None:
    """Append copies of the newest commands behind the originals, headers and all."""
    bootstrap, chance = nemesis.rig.parts["kafka"].address, nemesis.load.wants.chance
    records = await _commands(bootstrap)
    async with nemesis.broken("copies of commands", records=len(records)):
        copies = [copy for record in records for copy in [_copy(record)] * chance.randint(1, 3)]
        appender = Appender(bootstrap)
        await appender.start()
        try:
            await appender.append(copies)
        finally:
            await appender.stop()


async def set_back(nemesis: Nemesis, service: str) -> None:
    """Set every group of a service back; Kafka allows that only while none of its members is there."""
    rig = nemesis.rig
    bootstrap, children = rig.parts["kafka"].address, rig.of(service)
    async with nemesis.broken(f"positions of {service}", back=BACK):
        await asyncio.gather(*(child.terminate() for child in children))
        for group in await _groups_of(bootstrap, service):
            moved = await _move(bootstrap, group)
            rig.history.write("fault", name=nemesis.fault, phase="moved", target=group, records=moved)
            nemesis.expect("a group can be set back", moved >= 0, f"{group}: {moved} records to take again")
        await asyncio.gather(*(child.start() for child in children))


async def _commands(bootstrap: str) -> list[Record]:
    """The newest commands of all services, in the order of their partitions."""
    async with Reader(bootstrap) as reader:
        places = await reader.places(topics.commands(service) for service in SERVICES)
        oldest, ends = await reader.beginnings(places), await reader.ends(places)
        share = MOST_COPIED // len(places)
        reader.begin({place: max(oldest[place], ends[place] - share) for place in places})
        found: list[Record] = []
        while any([await reader.position(place) < ends[place] for place in places]):
            found += await reader.read(wait_ms=200)
    return [record for record in found if record.value]


def _copy(record: Record) -> Outgoing:
    headers = tuple((name, value) for name, value in record.headers if value is not None)
    return Outgoing(record.topic, record.partition, record.key, record.value or b"", headers)


async def _groups_of(bootstrap: str, service: str) -> Sequence[str]:
    """The groups with positions that a service's processes are members of."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        names = sorted({name for name, _ in await admin.list_consumer_groups()})
    finally:
        await admin.close()
    own = ("gateway", "public.") if service == "gateway" else (service,)
    return [name for name in names if name.startswith(own) and await committed(bootstrap, name)]


async def _move(bootstrap: str, group: str) -> int:
    """Commit earlier positions in a group that nobody is in, and say how many records will come again."""
    held = await committed(bootstrap, group)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        places = [TopicPartition(*place) for place in held]
        consumer.assign(places)
        oldest = await consumer.beginning_offsets(places)
        earlier = {place: max(oldest[place], held[place.topic, place.partition] - BACK) for place in places}
        deadline = time.monotonic() + 15
        while True:
            try:
                await consumer.commit(earlier)
                break
            except Exception:  # members that have just left are still counted for a moment
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.5)
    finally:
        await consumer.stop()
    return sum(held[place.topic, place.partition] - offset for place, offset in earlier.items())
