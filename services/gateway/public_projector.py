"""Copies what the public may know of a service's facts to its public topic: each once, and nothing old after new.

One replica leads, and a transaction holds its records together with the positions in the source they came from.
Whoever takes over shuts the predecessor out first, then reads the public topic through: that alone says what was
told. History may skip a version (the state of a later one is whole), but a version never comes twice or late.
"""

import asyncio
import secrets
import time
from base64 import b32encode
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from services.gateway.items import EPOCH
from services.gateway.public import told
from services.gateway.public_forms import LOGS, Epoch
from shared import instants, logs, metrics
from shared.contracts import topics
from shared.contracts.message import CONTENT_TYPE, Envelope, Malformed, open_envelope
from shared.contracts.outcomes import OUTCOME_TYPES
from shared.internal_client import Internal, Unavailable
from shared.kafka.clients import Place
from shared.kafka.reader import Reader
from shared.kafka.transactions import Election, Transactions, committed
from shared.ports import Outgoing, Record, Trouble

log = logs.logger(__name__)

Missing = Callable[[str, int], Awaitable[Sequence[Envelope]]]
"""Facts of a stream that follow a version, in order, as far as they can be had."""

TICK_S: Final = 0.05
"""At most one transaction in so long."""
MOST: Final = 500
"""Facts in a transaction at the most."""
IDLE_S: Final = 5.0
"""Positions are committed this often when nothing is told."""
DAY_S: Final = 86_400.0
"""The epoch is told again when nothing else was for so long, so that a log never runs empty of it."""
PAUSE_S: Final = 1.0


class _Head(Struct):
    subject: str = ""
    streamversion: int = 0


_heads = msgspec.json.Decoder(_Head)


def asking(owner: Internal) -> Missing:
    """Ask a service for what its topic lacks; a service that does not answer leaves the gap as it is."""

    async def missing(stream: str, version: int) -> Sequence[Envelope]:
        try:
            reply = await owner.get(f"/facts/{stream}", {"after": str(version)})
            lines = reply.body.splitlines() if reply.status == 200 else []  # noqa: PLR2004
            return [open_envelope(line) for line in lines if line]
        except (Unavailable, Malformed) as error:
            log.warning("gap stays", stream=stream, reason=str(error))
            return []

    return missing


class PublicProjector:
    """The writer of one public topic, as one of many that stand for it."""

    def __init__(self, bootstrap: str, owner: str, missing: Missing, *, source: str = "", topic: str = "") -> None:
        """Copy the facts of `owner`; `source` and `topic` are other than the usual ones in tests alone."""
        self.topic = topic or f"public.{owner}"
        self.leading = False
        self._bootstrap = bootstrap
        self._owner = owner
        self._source = source or topics.facts(owner)
        self._missing = missing
        self._epoch = ""
        self._versions: dict[str, int] = {}
        self._outcomes = {
            outcome: metrics.public_facts.labels(topic=self.topic, outcome=outcome)
            for outcome in ("told", "private", "old", "poison", "filled")
        }

    async def run(self) -> None:
        """Stand for the topic until cancelled; after any trouble begin from what the log says."""
        while True:
            try:
                async with Election(self._bootstrap, self.topic, f"gateway-{self.topic}-writer") as election:
                    await election.serve(self._term)
            except Trouble as trouble:
                log.warning("public projector begins anew", topic=self.topic, reason=str(trouble))
            except Exception:
                log.exception("public projector begins anew", topic=self.topic)
            await asyncio.sleep(PAUSE_S)

    async def _term(self) -> None:
        async with Transactions(self._bootstrap, self.topic) as transactions:
            await self._read_through()
            if not self._epoch:
                self._epoch = b32encode(secrets.token_bytes(10)).decode().lower()
                await transactions.commit([self._opening()])
            log.info("public projector leads", topic=self.topic, streams=len(self._versions))
            try:
                self.leading = True
                await self._copy(transactions)
            finally:
                self.leading = False

    async def _read_through(self) -> None:
        """Learn from the log itself which one it is, and the last version told of every stream."""
        self._epoch, self._versions = "", {}
        place = (self.topic, 0)
        async with Reader(self._bootstrap) as reader:
            await reader.places([self.topic])
            end = (await reader.ends([place]))[place]
            reader.begin(await reader.beginnings([place]))
            while await reader.position(place) < end:
                for record in await reader.read(wait_ms=250, most=5_000):
                    self._learn(record)

    def _learn(self, record: Record) -> None:
        self._epoch = next(
            (value.decode("ascii", "replace") for name, value in record.headers if name == EPOCH and value), self._epoch
        )
        try:
            head = _heads.decode(record.value or b"")
        except (msgspec.DecodeError, ValueError, RecursionError):
            log.warning("public log holds a stranger's record", topic=self.topic, offset=record.offset)
            return
        if head.streamversion:
            if head.streamversion <= self._versions.get(head.subject, 0):
                log.error("public log is out of order", topic=self.topic, offset=record.offset)
            self._versions[head.subject] = max(head.streamversion, self._versions.get(head.subject, 0))

    async def _copy(self, transactions: Transactions) -> None:
        async with Reader(self._bootstrap, hurried=False) as reader:
            positions = await self._positions(reader)
            reader.begin(positions)
            moved: dict[Place, int] = {}
            spoke = saved = time.monotonic()
            while True:
                records = await reader.read(wait_ms=250, most=MOST)
                began = time.monotonic()
                outgoing = await self._told(records)
                moved |= {(record.topic, record.partition): record.offset + 1 for record in records}
                if not outgoing and began - spoke > DAY_S:
                    outgoing = [self._opening()]
                if outgoing or (moved and began - saved > IDLE_S):
                    await transactions.commit(outgoing, self.topic, moved)
                    moved, saved = {}, began
                    spoke = began if outgoing else spoke
                    await asyncio.sleep(began + TICK_S - time.monotonic())

    async def _positions(self, reader: Reader) -> dict[Place, int]:
        """Where to go on in the source: what was committed with the records, unless it is not kept any more."""
        places = await reader.places([self._source])
        oldest = await reader.beginnings(places)
        found = await committed(self._bootstrap, self.topic)
        return {place: max(found.get(place, 0), oldest[place]) for place in places}

    async def _told(self, records: Sequence[Record]) -> list[Outgoing]:
        """What these facts tell, what is missing before them included."""
        outgoing: list[Outgoing] = []
        for record in records:
            try:
                envelope = open_envelope(record.value)
            except Malformed as error:
                self._poison(record, error)
                continue
            if envelope.type in OUTCOME_TYPES:
                continue
            for each in (*await self._before(envelope), envelope):
                try:
                    self._take(each, outgoing)
                except Malformed as error:
                    self._poison(record, error)
        return outgoing

    async def _before(self, envelope: Envelope) -> list[Envelope]:
        """What the source lacks between the last fact of the stream and this one."""
        known = self._versions.get(envelope.subject, 0)
        if envelope.streamversion <= known + 1:
            return []
        filling = [
            found
            for found in await self._missing(envelope.subject, known)
            if found.subject == envelope.subject and found.streamversion < envelope.streamversion
        ]
        self._outcomes["filled"].inc(len(filling))
        return filling

    def _take(self, envelope: Envelope, outgoing: list[Outgoing]) -> None:
        if envelope.streamversion <= self._versions.get(envelope.subject, 0):
            self._outcomes["old"].inc()
            return
        event = told(envelope, self._owner)
        self._versions[envelope.subject] = envelope.streamversion
        if event is None:
            self._outcomes["private"].inc()
            return
        self._outcomes["told"].inc()
        outgoing.append(self._outgoing(event.stream, event.value))

    def _poison(self, record: Record, error: Malformed) -> None:
        """Pass over what is no fact: it becomes a dead letter where the views are made."""
        self._outcomes["poison"].inc()
        log.warning("poison passed over", topic=record.topic, offset=record.offset, reason=str(error))

    def _opening(self) -> Outgoing:
        now = instants.from_ms(time.time_ns() // 1_000_000)
        epoch = LOGS.wrap(Epoch(self._epoch), id=f"epoch.{self._epoch}", subject=self.topic, time=now)
        return self._outgoing(self.topic, epoch)

    def _outgoing(self, key: str, value: bytes) -> Outgoing:
        headers = ((EPOCH, self._epoch.encode()), ("content-type", CONTENT_TYPE.encode()))
        return Outgoing(self.topic, 0, key.encode(), value, headers)
