"""A backlog of commands, and the time until it is done with."""

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Final, Self
from uuid import uuid4

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from msgspec import Struct

from services.gateway import idempotency
from shared.contracts import events, pledges
from shared.contracts.message import Command, Family
from shared.kafka.appender import Appender
from shared.ports import Outgoing
from shared.tracing import child
from tests.bench.cpu import Cpu
from tests.bench.parts import until

AT: Final = "2026-01-01T00:00:00.000Z"
CAMPAIGN: Final = idempotency.new_id("campaign", "bench")
_STEP: Final = 5_000


class Pledging(Struct, frozen=True):
    """A pledge to be made: ids as a gateway gives them."""

    command: str
    need: str
    pledge: str


def need_ids(count: int) -> list[str]:
    """Ids of so many needs, the same every time."""
    return [idempotency.new_id("need", str(number)) for number in range(count)]


def pledgings(needs: Sequence[str], count: int) -> Iterator[Pledging]:
    """Pledges on the needs in turn."""
    for number in range(count):
        need, command = needs[number % len(needs)], str(uuid4())
        yield Pledging(command, need, f"{need}.{idempotency.suffix('pledge', command)}")


def wrapped(family: Family[Command], command: Command, command_id: str, person: str) -> bytes:
    """A command in an envelope, as the gateway fills it in."""
    return family.wrap(
        command,
        id=command_id,
        subject=command.stream,
        time=AT,
        correlationid=command_id,
        traceparent=child(""),
        principal=person,
        fingerprint="0" * 64,
    )


def pledge(each: Pledging) -> tuple[str, bytes]:
    """Key and value of a pledge's command."""
    command = pledges.MakePledge(each.need, each.pledge, 1)
    return each.need, wrapped(pledges.COMMANDS, command, each.command, "0b5e0cc2-4ba9-5b3b-9a54-1a0c5a3c9b11 resident")


def opening(need: str) -> tuple[str, bytes]:
    """Key and value of the command that opens a need."""
    command = pledges.OpenNeed(need, CAMPAIGN, "Soup for the hall", "meal", 10**8, "meals")
    return need, wrapped(pledges.COMMANDS, command, str(uuid4()), "ana organiser")


def launched() -> bytes:
    """The fact that the campaign is live."""
    state = events.CampaignState(
        CAMPAIGN, 1, 1, AT, AT, "Bench", "bench", "Bench", None, None, (), (), (), None, "live", ("ana",)
    )
    return events.FACTS.wrap(events.CampaignLaunched(state), id="bench.1", subject=state.id, time=AT, streamversion=1)


@asynccontextmanager
async def appending(kafka: str) -> AsyncIterator[Appender]:
    """A connected appender."""
    appender = Appender(kafka)
    await appender.start()
    try:
        yield appender
    finally:
        await appender.stop()


async def fill(kafka: str, topic: str, commands: Sequence[tuple[str, bytes]]) -> None:
    """Append commands, each to the partition of its key."""
    async with appending(kafka) as appender:
        for start in range(0, len(commands), _STEP):
            step = commands[start : start + _STEP]
            await appender.append([Outgoing(topic, None, key.encode(), value) for key, value in step])


class Backlog:
    """The commands of a topic that a group has still to do with; `async with`."""

    def __init__(self, kafka: str, topic: str, group: str) -> None:
        """Watch a group's committed offsets."""
        self._admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
        self._topic = topic
        self._group = group

    async def __aenter__(self) -> Self:
        """Connect."""
        await self._admin.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await self._admin.close()

    async def done(self) -> int:
        """Commands that the group has done with."""
        found = await self._admin.list_consumer_group_offsets(self._group)
        return sum(at.offset for place, at in found.items() if _is_of(place, self._topic))

    async def drained(self, before: int, count: int, pids: dict[str, int]) -> dict[str, object]:
        """Wait until `count` more are done; commands a second and CPU each, from the first seen done to the last.

        `commands` says how many those were: none, if all were done before the first look.
        """
        seen = before

        async def reached(wanted: int) -> bool:
            nonlocal seen
            seen = await self.done()
            return seen >= wanted

        await until(lambda: reached(before + 1), 60)
        first, began, cpu = seen, time.perf_counter(), Cpu.begin(pids)
        await until(lambda: reached(before + count), 300)
        many, took = before + count - first, time.perf_counter() - began
        return {"per_second": many / took, "cpu_us": cpu.each(many or 1), "commands": many}


def _is_of(place: TopicPartition, topic: str) -> bool:
    return bool(place.topic == topic)
