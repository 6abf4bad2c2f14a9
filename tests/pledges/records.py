"""Commands and facts as records of a log, and the whole service on a real MongoDB."""

import itertools
import uuid
from collections.abc import Sequence

from msgspec import Raw

from services.pledges import rules
from services.pledges.rules import State
from services.pledges.store import PledgesStore
from shared import instants
from shared.contracts import message, outcomes, topics
from shared.contracts.message import Command, Fact, open_envelope
from shared.contracts.pledges import COMMANDS, FACTS
from shared.mongo import Client
from shared.ports import Outgoing, Record
from shared.processor import Processor
from tests.pledges.given import START

_offsets = itertools.count()


class Silent:
    """An observer that nobody listens to."""

    def __init__(self) -> None:
        """Begin with nothing parked."""
        self.dead: list[str] = []

    def decided(self, count: int, seconds: float) -> None:
        """Not measured."""

    def committed(self, seconds: float, appended_ms: Sequence[int]) -> None:
        """Not measured."""

    def repeated(self, count: int) -> None:
        """Not measured."""

    def parked(self, record: Record, reason: str, command_id: str | None) -> None:  # noqa: ARG002 -- the port
        """Remember why."""
        self.dead.append(reason)


class Desk:
    """The service's processor over a database of its own; `now` can be moved."""

    def __init__(self, mongo: str) -> None:
        """Take a database that nobody else uses."""
        self.client = Client(mongo)
        self.now = START
        self.store = PledgesStore(self.client, self.client.database(f"t{uuid.uuid4().hex}"), now=lambda: self.now)
        self.observer = Silent()
        self.processor: Processor[State] = Processor(
            "pledges", COMMANDS, FACTS, rules, self.store, self.observer, clock=lambda: 0.0
        )

    async def close(self) -> None:
        """Leave nothing behind."""
        database = self.store.needs.database
        await database.client.drop_database(database.name)
        self.client.close()

    async def process(self, *records: Record) -> list[Outgoing]:
        """Decide a batch."""
        return await self.processor.process(records)

    async def outcome(self, record: Record) -> outcomes.CommandSucceeded | outcomes.CommandRefused:
        """Decide one command and read its outcome."""
        last = (await self.process(record))[-1]
        outcome = outcomes.OUTCOMES["pledges"].decode(open_envelope(last.value))
        assert isinstance(outcome, outcomes.CommandSucceeded | outcomes.CommandRefused)
        return outcome


def asked(
    person: str,
    command: Command,
    *,
    minutes: int = 0,
    seen: str = "",
    partition: int = 3,
    command_id: str = "",
    roles: str = "resident",
) -> Record:
    """A command as the gateway appends it."""
    command_id = command_id or str(uuid.uuid4())
    at = instants.later(START, minutes=minutes)
    value = COMMANDS.wrap(
        command,
        id=command_id,
        subject=command.stream,
        time=at,
        principal=f"{person} {roles}",
        fingerprint="f",
        seen=seen,
    )
    key = command.stream.encode()
    return Record(topics.commands("pledges"), partition, next(_offsets), key, value, (), instants.to_ms(at))


def told(family: message.Family[Fact], fact: Fact) -> Record:
    """A fact as its service appends it."""
    value = family.wrap(fact, id=str(uuid.uuid4()), subject=fact.stream, time=START, streamversion=fact.streamversion)
    topic = topics.facts(family.owner)
    return Record(topic, 0, next(_offsets), fact.stream.encode(), value, (), instants.to_ms(START))


def told_of(record: Outgoing, at: str, *, partition: int = 3) -> Record:
    """A record that the service appended, as it comes back from the log."""
    return Record(record.topic, partition, next(_offsets), record.key, record.value, (), instants.to_ms(at))


def body(outcome: outcomes.CommandSucceeded | outcomes.CommandRefused) -> Raw:
    """The representation that answers."""
    assert isinstance(outcome, outcomes.CommandSucceeded), outcome
    return outcome.body


async def processed_through(desk: Desk, record: Record) -> outcomes.CommandSucceeded | outcomes.CommandRefused:
    """Decide a command and all that follows from it; how it ended."""
    name, waiting = open_envelope(record.value).id, [record]
    found: message.Message | None = None
    while waiting:
        for out in await desk.process(waiting.pop(0)):
            envelope = open_envelope(out.value)
            if out.topic == topics.commands("pledges"):
                place = sum(out.key or b"") % 8
                waiting.append(Record(out.topic, place, next(_offsets), out.key, out.value, (), record.timestamp))
            elif envelope.causationid == name and envelope.type in outcomes.OUTCOME_TYPES:
                found = outcomes.OUTCOMES["pledges"].decode(envelope)
    assert isinstance(found, outcomes.CommandSucceeded | outcomes.CommandRefused)
    return found
