"""Takes in the facts of others, in the order of their streams, and puts what people are told on the schedule.

It reads history: of each stream exactly the next version counts, older ones are dropped, and what is missing is
fetched from the owner. Positions are written last, so that a crash anywhere leads to reading again; everything
before them changes nothing when it is repeated.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from msgspec import Struct

from services.notifications import policy, texts
from services.notifications.deliveries import Deliveries
from services.notifications.delivery import ROADS, Letter, letter
from services.notifications.ledger import Ledger
from services.notifications.telling import (
    Acting,
    Followers,
    Message,
    Note,
    Opened,
    Opener,
    Person,
    Registered,
)
from shared import instants, logs, metrics
from shared.contracts.catalogue import FACTS
from shared.contracts.message import Envelope, Fact, Malformed, open_envelope
from shared.contracts.outcomes import OUTCOME_TYPES
from shared.ports import Outgoing, Record, dead_letter

log = logs.logger(__name__)

SERVICE: Final = "notifications"
GROUP: Final = "notifications-facts"
"""The consumer group; apart from that of the commands, so that a rebalance of one does not stop the other."""
OLD_DAYS: Final = 7
"""A fact that was met later than this is no news: nobody is told."""


class Past(Protocol):
    """Where missed facts are asked for."""

    async def after(self, owner: str, stream: str, version: int) -> list[Envelope]:
        """The first facts of a stream that follow a version; `Trouble` if the owner does not answer."""
        ...


class Heard(Struct, frozen=True):
    """A fact with the service that told it, and the record it came in (None if it was asked for)."""

    owner: str
    envelope: Envelope
    fact: Fact
    record: Record | None = None


class Sitting:
    """What was gathered of a batch and is not written yet."""

    def __init__(self, now: str, positions: dict[str, int], openers: dict[str, str]) -> None:
        """Begin at the positions of the streams that the batch touches, with what is known of its needs."""
        self.now = now
        self.positions = positions
        self.openers = openers
        self.moved: dict[str, int] = {}
        self.notes: list[Note] = []
        self.letters: dict[str, Letter] = {}
        self.addresses: list[tuple[str, str, str]] = []
        self.dead: list[Outgoing] = []

    def move(self, stream: str, version: int) -> None:
        """A stream was read up to here."""
        self.positions[stream] = self.moved[stream] = version

    def address(self, told: Letter, people: Iterable[str]) -> None:
        """Tell these people, on every road."""
        addresses = [(told.id, person, road) for person in people for road in ROADS]
        if addresses:
            self.letters[told.id] = told
            self.addresses += addresses


class Reader:
    """The handler of the fact topics; one batch at a time."""

    def __init__(
        self,
        ledger: Ledger,
        deliveries: Deliveries,
        past: Past,
        *,
        now: Callable[[], str],
        wake: Callable[[], None],
    ) -> None:
        """Wire the ports; `now` tells the instant, `wake` is called when something is due."""
        self._ledger = ledger
        self._deliveries = deliveries
        self._past = past
        self._now = now
        self._wake = wake

    async def read(self, records: Sequence[Record]) -> list[Outgoing]:
        """Take in a batch; return dead letters to append. Raises `Trouble`: then the same batch may come again."""
        dead: list[Outgoing] = []
        heard: list[Heard] = []
        for record in records:
            try:
                found = _hear(record)
            except Malformed as error:
                dead.append(_park(record, str(error), "malformed"))
            else:
                if found is not None:
                    heard.append(found)
        streams = {found.fact.stream for found in heard}
        positions = await self._ledger.positions(streams)
        openers = await self._ledger.openers({found.fact.stream for found in heard if found.owner == "pledges"})
        sitting = Sitting(self._now(), positions, openers)
        for found in heard:
            version = found.fact.streamversion
            if version > positions.get(found.fact.stream, 0) + 1:
                await self._catch_up(sitting, found.owner, found.fact.stream, version)
            if version > positions.get(found.fact.stream, 0):
                await self._take(sitting, found)
        await self._settle(sitting)
        self._measure(records)
        return dead + sitting.dead

    def _measure(self, records: Sequence[Record]) -> None:
        now = instants.to_ms(self._now())
        for record in records:
            age = metrics.fact_age.labels(topic=record.topic, consumer_group=GROUP)
            age.observe(max(0, now - record.timestamp) / 1000)

    async def _catch_up(self, sitting: Sitting, owner: str, stream: str, before: int) -> None:
        """Take in what the owner still has of a stream between its position and a version."""
        while sitting.positions.get(stream, 0) < before - 1:
            reached = sitting.positions.get(stream, 0)
            for envelope in await self._past.after(owner, stream, reached):
                if envelope.streamversion <= sitting.positions.get(stream, 0):
                    continue
                if envelope.streamversion >= before:
                    break
                await self._take_again(sitting, owner, stream, envelope)
            if sitting.positions.get(stream, 0) == reached:
                break
        complete = sitting.positions.get(stream, 0) == before - 1
        log.info("history fetched", stream=stream, owner=owner, complete=complete)

    async def _take_again(self, sitting: Sitting, owner: str, stream: str, envelope: Envelope) -> None:
        """Take in a fact from the owner's history; one that we cannot read was parked when its record came."""
        try:
            fact = FACTS[owner].decode(envelope)
        except Malformed as error:
            log.warning("unreadable fact passed over", stream=stream, reason=str(error))
            sitting.move(stream, envelope.streamversion)
        else:
            await self._take(sitting, Heard(owner, envelope, fact))

    async def _take(self, sitting: Sitting, heard: Heard) -> None:
        fact, envelope = heard.fact, heard.envelope
        notes: tuple[Note, ...] = ()
        told: tuple[Message, ...] = ()
        try:
            notes = policy.notes(fact)
            told = _in_words(policy.messages(fact))
        except Exception as error:
            log.exception("fact passed over", fact=envelope.id, stream=fact.stream)
            if heard.record is not None:
                sitting.dead.append(_park(heard.record, type(error).__name__, "culprit"))
        if envelope.time >= instants.later(sitting.now, days=-OLD_DAYS):
            for message in told:
                await self._tell(sitting, envelope.id, message)
        sitting.notes += notes
        sitting.openers.update((note.id, note.person) for note in notes if isinstance(note, Opened))
        sitting.move(fact.stream, fact.streamversion)

    async def _tell(self, sitting: Sitting, event_id: str, message: Message) -> None:
        told = letter(event_id, message)
        match message.audience:
            case Person(person):
                sitting.address(told, [person])
            case Opener(name):
                opener = sitting.openers.get(name, message.but)
                sitting.address(told, [opener] if opener != message.but else [])
            case Acting(name):
                await self._settle(sitting)
                people = await self._ledger.acting(name)
                sitting.address(told, [person for person in people if person != message.but])
            case Registered() | Followers() as group:
                # Who comes is known from the facts before this one and must not be changed by those after it.
                await self._settle(sitting)
                async for people in self._ledger.audience(group):
                    sitting.address(told, people)
                    await self._settle(sitting)

    async def _settle(self, sitting: Sitting) -> None:
        """Write what was gathered: deliveries, then notes, then positions."""
        if sitting.addresses:
            letters = [*sitting.letters.values()]
            if await self._deliveries.post(letters, sitting.addresses, now=sitting.now):
                self._wake()
            sitting.letters, sitting.addresses = {}, []
        await self._ledger.note(sitting.notes)
        sitting.notes = []
        await self._ledger.advance(sitting.moved)
        sitting.moved = {}


def _in_words(told: tuple[Message, ...]) -> tuple[Message, ...]:
    """Make sure that all can be put into words: when it is delivered, its neighbours would be held up by it."""
    for message in told:
        texts.render(message.text, message.values)
    return told


def _hear(record: Record) -> Heard | None:
    """Read a record; None for an outcome, which is nothing to us. Raises `Malformed`."""
    envelope = open_envelope(record.value)
    if envelope.type in OUTCOME_TYPES:
        return None
    owner = record.topic.partition(".")[0]
    fact = FACTS[owner].decode(envelope)
    if (fact.stream, fact.streamversion) != (envelope.subject, envelope.streamversion):
        raise Malformed("the subject is not the stream, or the version not the fact's")
    return Heard(owner, envelope, fact, record)


def _park(record: Record, reason: str, kind: str) -> Outgoing:
    metrics.dead_letters.labels(topic=record.topic, consumer_group=GROUP, reason=kind).inc()
    log.error("record parked", topic=record.topic, partition=record.partition, offset=record.offset, reason=reason)
    return dead_letter(SERVICE, record, reason, group=GROUP)
