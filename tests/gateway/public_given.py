"""Facts, topics and clients for the tests of the public streams."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import aiohttp
import msgspec

from services.gateway.public_projector import PublicProjector
from services.gateway.streams import Streams
from shared.contracts import pledges
from shared.contracts.message import Envelope
from shared.contracts.topics import Topic
from shared.kafka.appender import Appender
from shared.kafka.reader import Reader
from shared.kafka.topics import apply_topics
from shared.ports import Outgoing, Record
from shared.serving import Server

NOW = "2026-03-01T09:00:00.000Z"


def need(stream: str, version: int, *, campaign: str = "campaign_a", ward: str = "aston", title: str = "Soup") -> bytes:
    """A fact on a need's stream: the first opens it, each later one pledges one more."""
    state = pledges.NeedState(
        id=stream,
        version=version,
        revision=1,
        created_at=NOW,
        updated_at=NOW,
        campaign_id=campaign,
        partner_id=None,
        title=title,
        kind="meal",
        quantity=1_000_000,
        unit="meal",
        currency=None,
        limit="hard",
        by=None,
        ward=ward,
        description=None,
        principles=(),
        languages=(),
        related=(),
        status="open",
        uncommitted=1_000_000 - version + 1,
        pledged=version - 1,
    )
    fact: pledges.NeedFact
    if version == 1:
        fact = pledges.NeedOpened(state, opened_by="person-secret")
    else:
        pledge = pledges.PledgeState(
            id=f"{stream}.{version}",
            version=1,
            revision=1,
            created_at=NOW,
            updated_at=NOW,
            need_id=stream,
            campaign_id=campaign,
            kind="meal",
            unit="meal",
            donor="person-secret",
            anonymous=False,
            quantity=1,
            status="pledged",
        )
        fact = pledges.PledgeMade(state, pledge)
    return pledges.FACTS.wrap(
        fact, id=f"{stream}-{version}.1", subject=stream, time=NOW, streamversion=version, causationid=f"c{version}"
    )


def a_record(value: bytes, *, epoch: str = "e1", offset: int = 0) -> Record:
    """A record as a public topic would hold it."""
    return Record("public.pledges", 0, offset, b"k", value, (("epoch", epoch.encode()),))


@dataclass
class Log:
    """A source and a public topic of this test alone."""

    kafka: str
    prefix: str
    source: str
    appender: Appender

    @property
    def topic(self) -> str:
        """The public topic."""
        return f"{self.prefix}pledges"

    async def append(self, values: Iterable[bytes], partition: int = 0) -> None:
        """Append facts to the source."""
        await self.appender.append([Outgoing(self.source, partition, b"k", value) for value in values])

    async def public(self) -> list[Record]:
        """All that the public topic holds."""
        return await everything(self.kafka, self.topic)

    async def events(self) -> list[Envelope]:
        """All events that the public topic holds; its opening is none."""
        found = [msgspec.json.decode(record.value or b"", type=Envelope) for record in await self.public()]
        return [event for event in found if "Epoch" not in event.type]

    def projector(self, missing: Sequence[Envelope] = (), topic: str = "") -> PublicProjector:
        """A projector of this log, and what its owner still has."""

        async def ask(stream: str, version: int) -> Sequence[Envelope]:
            return [fact for fact in missing if fact.subject == stream and fact.streamversion > version]

        return PublicProjector(self.kafka, "pledges", ask, source=self.source, topic=topic or self.topic)


async def everything(kafka: str, topic: str) -> list[Record]:
    """All records of a topic of one partition."""
    place = (topic, 0)
    found: list[Record] = []
    async with Reader(kafka) as reader:
        await reader.places([topic])
        end = (await reader.ends([place]))[place]
        reader.begin({place: 0})
        while await reader.position(place) < end:
            found += await reader.read(wait_ms=100)
    return found


@asynccontextmanager
async def a_log(kafka: str) -> AsyncIterator[Log]:
    """Make topics of our own, and something to write to them with."""
    name = f"t{uuid4().hex}"
    await apply_topics(
        kafka,
        2,
        [
            Topic(f"{name}.facts", "pledges", ("gateway",), append_time=True),
            *(
                Topic(f"{name}.{part}", "gateway", (), partitions=1, append_time=True)
                for part in ("events", "pledges", "heartbeat")
            ),
        ],
    )
    appender = Appender(kafka)
    await appender.start()
    try:
        yield Log(kafka, f"{name}.", f"{name}.facts", appender)
    finally:
        await appender.stop()


@asynccontextmanager
async def running(*jobs: Awaitable[None]) -> AsyncIterator[None]:
    """Run endless jobs beside a test."""
    tasks = [asyncio.ensure_future(job) for job in jobs]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while not await holds():
            await asyncio.sleep(0.05)


@asynccontextmanager
async def serving(log: Log, **settings: Any) -> AsyncIterator[tuple[str, Streams]]:  # noqa: ANN401 -- as Streams takes them
    """Serve the streams of a log, which has a projector, by a real server."""
    streams = Streams(log.kafka, prefix=log.prefix, **settings)
    await streams.start()
    server = Server(streams, "127.0.0.1", 0, grace=1)
    await server.start()

    async def ready() -> bool:
        ring = streams.streams["pledges"].ring
        return ring.ready and bool(ring.epoch)

    try:
        await until(ready)
        yield f"http://127.0.0.1:{server.port}/v1/streams/pledges", streams
    finally:
        await streams.stop()
        await server.stop()


@dataclass
class Frame:
    """A frame of server-sent events, as a browser would take it, and its comments."""

    id: str = ""
    event: str = ""
    data: str = ""
    prev: str = ""
    head: str = ""
    retry: str = ""


async def frames(response: aiohttp.ClientResponse) -> AsyncIterator[Frame]:
    """Frames of a response as they come."""
    frame = Frame()
    async for line in response.content:
        text = line.decode().rstrip("\n")
        if not text:
            yield frame
            frame = Frame()
            continue
        name, _, value = text.removeprefix(": ").partition(" ") if text.startswith(":") else text.partition(": ")
        setattr(frame, name, getattr(frame, name) + value)


async def told(
    url: str, count: int, *, params: dict[str, Any] | None = None, last: str = "", seconds: float = 20
) -> list[Frame]:
    """The next events of a stream, and then go."""
    found: list[Frame] = []
    headers = {"Last-Event-ID": last} if last else {}
    async with (
        asyncio.timeout(seconds),
        aiohttp.ClientSession(read_bufsize=2**20) as session,
        session.get(url, params=params, headers=headers) as response,
    ):
        assert response.status == 200, await response.text()
        async for frame in frames(response):
            if frame.data:
                found.append(frame)
            if len(found) == count:
                break
    return found
