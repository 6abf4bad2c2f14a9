"""How far every group has come, and the moment at which there is nothing left to do."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.embedded.kafka import quiet_client
from services.gateway import gathering, projector
from services.gateway.view_store import Incomplete, ViewStore
from services.notifications import reader
from services.pledges import follower
from shared.contracts import topics
from shared.ports import Trouble
from shared.redis import Redis
from tests.chaos.history import History

CALM_S: Final = 5.0
SAMPLE_S: Final = 2.0
LOOK_S: Final = 0.5
REQUEST_MS: Final = 5_000

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    **{service: (topics.commands(service),) for service in topics.SERVICES},
    follower.GROUP: (topics.facts("events"),),
    reader.GROUP: (topics.facts("events"), topics.facts("pledges")),
    projector.GROUP: tuple(gathering.FACT_TOPICS),
    "public.events": (topics.facts("events"),),
    "public.pledges": (topics.facts("pledges"),),
}
"""Who has to read what to the end."""

Places = dict[str, tuple[int, int]]
"""By `topic/partition`: the next offset that the group will take, and the next one to be written."""


class Lags:
    """Asks Kafka itself, past all proxies, and Redis for the views: their positions lie beside them."""

    def __init__(self, kafka: str, redis: str, partitions: int) -> None:
        """Nothing is dialled before it is asked."""
        self._kafka = kafka
        self._redis = Redis(redis)
        self._views = ViewStore(self._redis)
        self._places = [
            TopicPartition(topic, partition)
            for topic in sorted({name for names in GROUPS.values() for name in names})
            for partition in range(partitions)
        ]
        self._one_at_a_time = asyncio.Lock()
        self._admin: AIOKafkaAdminClient | None = None
        self._consumer: AIOKafkaConsumer | None = None

    async def close(self) -> None:
        """Disconnect."""
        await self._drop()
        await self._redis.close()

    async def read(self) -> dict[str, Places]:
        """Where every group stands, 0 where it has committed nothing; the views are left out while Redis is away.

        Raises KafkaError.
        """
        async with self._one_at_a_time:
            try:
                admin, consumer = await self._clients()
                ends = await consumer.end_offsets(self._places)
                found = {group: await _committed(admin, group) for group in GROUPS if group != projector.GROUP}
            except (KafkaError, OSError, TimeoutError) as error:
                await self._drop()
                raise KafkaError(f"{type(error).__name__}: {error}") from error
            with suppress(Trouble):
                found[projector.GROUP] = await self._shown()
            return {group: _places(GROUPS[group], offsets, ends) for group, offsets in found.items()}

    async def watch(self, history: History) -> None:
        """Write down a group that moves or has something left to do, until cancelled; nothing while Kafka is away."""
        told: dict[str, Places] = {}
        while True:
            try:
                now = await self.read()
            except KafkaError:
                now = {}
            for group, places in now.items():
                if places != told.get(group) or behind(places):
                    history.write("lag", group=group, places=places)
            told |= now
            await asyncio.sleep(SAMPLE_S)

    async def quiescent(self, within: float) -> float:
        """Return, with the seconds it took, when nothing is left and nothing new came for 5 s.

        Raises TimeoutError with who has what left.
        """
        began = calm = time.monotonic()
        last: dict[str, Places] = {}
        while True:
            try:
                now = await self.read()
            except KafkaError:
                now = {}
            left = {group: lag for group in GROUPS if (lag := behind(now[group]) if group in now else "away")}
            if left or now != last:
                calm = time.monotonic()
            last = now
            if time.monotonic() - calm >= CALM_S:
                return time.monotonic() - began
            if time.monotonic() - began > within:
                raise TimeoutError(f"not quiescent after {within:.0f} s: {left or 'records still come'}")
            await asyncio.sleep(LOOK_S)

    async def _shown(self) -> dict[str, int]:
        """How far the views go: the group's own offsets only inform, and rest when nothing comes."""
        try:
            return {place.replace(":", "/"): offset for place, offset in (await self._views.positions()).items()}
        except Incomplete:
            return {}

    async def _clients(self) -> tuple[AIOKafkaAdminClient, AIOKafkaConsumer]:
        with quiet_client():
            if self._admin is None:
                admin = AIOKafkaAdminClient(bootstrap_servers=self._kafka, request_timeout_ms=REQUEST_MS)
                await admin.start()
                self._admin = admin
            if self._consumer is None:
                consumer = AIOKafkaConsumer(
                    bootstrap_servers=self._kafka,
                    enable_auto_commit=False,
                    isolation_level="read_committed",
                    request_timeout_ms=REQUEST_MS,
                )
                await consumer.start()
                self._consumer = consumer
        return self._admin, self._consumer

    async def _drop(self) -> None:
        admin, consumer, self._admin, self._consumer = self._admin, self._consumer, None, None
        if admin:
            await admin.close()
        if consumer:
            await consumer.stop()


def behind(places: Places) -> int:
    """Records that a group has yet to take."""
    return sum(max(0, end - committed) for committed, end in places.values())


async def _committed(admin: AIOKafkaAdminClient, group: str) -> dict[str, int]:
    found = await admin.list_consumer_group_offsets(group)
    return {f"{place.topic}/{place.partition}": found[place].offset for place in found}


def _places(names: tuple[str, ...], offsets: Mapping[str, int], ends: Mapping[TopicPartition, int]) -> Places:
    return {
        name: (offsets.get(name, 0), end)
        for place, end in ends.items()
        if place.topic in names and (name := f"{place.topic}/{place.partition}")
    }
