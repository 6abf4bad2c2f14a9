"""Groups whose offsets an operator has set back."""

import asyncio
import time
from collections import Counter
from typing import Final
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition

from services.gateway import idempotency
from services.gateway.development import ISSUER
from services.notifications.reader import GROUP as FACT_READERS
from shared import instants
from shared.contracts import topics
from shared.contracts.pledges import COMMANDS, MakePledge
from shared.kafka.appender import Appender, partition_of
from shared.kafka.transactions import committed
from shared.ports import Outgoing
from tests.chaos.checker.reading import told
from tests.chaos.rig import PARTITIONS
from tests.chaos.scenarios.stage import Stage, fact_of
from tests.chaos.wanting import pledge

BACK: Final = 1_000
DONE_S: Final = 60.0
FRESH_S: Final = 25.0
GROUPS: Final = ("pledges", FACT_READERS)


async def offsets_set_back(stage: Stage) -> str:
    """The groups that decide pledges and tell of facts are set back by 1,000, as an operator does it who errs.

    Promised: all of it is read again and nothing happens again: no document, no new fact, no notification; a fresh
    pledge behind it is answered within 25 s.
    """
    need = await stage.need()
    await _pledge_in_bulk(stage, need)
    before = await _counted(stage)
    records = len(await stage.records(topics.facts("pledges")))
    readers = [*stage.rig.of("pledges"), *stage.rig.of("notifications")]
    await asyncio.gather(*(child.terminate() for child in readers))
    back = [await _set_back(stage, group) for group in GROUPS]
    began = time.monotonic()
    await asyncio.gather(*(child.start() for child in readers))
    await stage.rig.ready()
    fresh, fact = await _fresh(stage, need)
    await _all_told(stage)
    seconds = time.monotonic() - began
    after = await _counted(stage, fact)
    found = {name: after[name] - before[name] for name in before}
    assert found == {**dict.fromkeys(before, 0), "pledges": 1, "inbox": 1}, f"besides one pledge there is more: {found}"
    again = len(await stage.records(topics.facts("pledges"))) - records
    assert again >= 2 * BACK, f"only {again} records were appended again, {BACK} commands were read again"
    return (
        f"{sum(back)} records read again within {seconds:.1f} s, {again} appended again, nothing happened twice; "
        f"a fresh pledge took {fresh:.1f} s"
    )


async def _pledge_in_bulk(stage: Stage, need: str) -> None:
    """So many pledges on one need that its partition can be set back by the full number; wait until all are told."""
    partition = partition_of(need.encode(), PARTITIONS)
    now = instants.from_ms(time.time_ns() // 1_000_000)
    people = [idempotency.person(ISSUER, f"many{number}") for number in range(20)]
    appender = Appender(stage.kafka)
    await appender.start()
    await appender.append(_command(need, people[number % len(people)], partition, now) for number in range(BACK))
    await appender.stop()
    await _all_told(stage)


async def _all_told(stage: Stage) -> None:
    """Wait until all groups have read all, and every notification that was due has arrived."""
    await stage.rig.quiescent(DONE_S)
    database = stage.mongo.database("notifications")

    async def arrived() -> bool:
        return await database.notifications.count_documents({}) == await database.deliveries.count_documents({})

    await stage.until(arrived, "not every notification arrived", DONE_S)


def _command(need: str, person: str, partition: int, now: str) -> Outgoing:
    """A pledge as the gateway appends it."""
    name = str(uuid4())
    value = COMMANDS.wrap(
        MakePledge(need, f"{need}.{idempotency.suffix(name)}", 1),
        id=name,
        subject=need,
        time=now,
        correlationid=name,
        principal=f"{person} resident",
        fingerprint=name,
    )
    return Outgoing(topics.commands("pledges"), partition, need.encode(), value)


async def _counted(stage: Stage, but: str = "") -> Counter[str]:
    """What there is of everything that must not happen twice, without what came of one fact."""
    pledges, told_of = stage.mongo.database("pledges"), stage.mongo.database("notifications")
    facts = {fact.envelope.id for fact in told(await stage.records(topics.facts("pledges")))}
    return Counter(
        {
            "needs": await pledges.needs.count_documents({}),
            "pledges": await pledges.pledges.count_documents({}),
            "inbox": await pledges.inbox.count_documents({}),
            "facts": len(facts - {but}),
            "notifications": await told_of.notifications.count_documents({"event_id": {"$ne": but}}),
        }
    )


async def _set_back(stage: Stage, group: str) -> int:
    """Commit positions that lie 1,000 back, for a group without members; how many records that is."""
    found = await committed(stage.kafka, group)
    earlier = {place: max(0, offset - BACK) for place, offset in found.items()}
    consumer = AIOKafkaConsumer(bootstrap_servers=stage.kafka, group_id=group, enable_auto_commit=False)
    await consumer.start()
    places = {TopicPartition(*place): offset for place, offset in earlier.items()}
    consumer.assign(list(places))
    await consumer.commit(places)
    await consumer.stop()
    back = {place: found[place] - earlier[place] for place in found}
    assert max(back.values()) == BACK, f"{group} could be set back by {max(back.values())} only"
    return sum(back.values())


async def _fresh(stage: Stage, need: str) -> tuple[float, str]:
    """Seconds until a new pledge behind all that is read again is answered, and the id of its fact."""
    began, wish = time.monotonic(), pledge(need, 1)
    done = await stage.must("max", wish)
    seconds = time.monotonic() - began
    assert seconds <= FRESH_S, f"a fresh pledge took {seconds:.1f} s"
    return seconds, fact_of("max", wish, done)
