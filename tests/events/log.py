"""A command log in memory for the real processor on the real store."""

from collections.abc import Sequence
from typing import Any

import msgspec

from services.events import rules
from services.events.rules import State
from services.events.store import EventsStore
from shared.contracts import outcomes, topics
from shared.contracts.events import COMMANDS, FACTS
from shared.contracts.message import Command, Envelope, Fact, open_envelope
from shared.instants import to_ms
from shared.ports import Outgoing, Record
from shared.processor import Processor
from tests.events.given import AT
from tests.simulation.service import Quiet

TOPIC = topics.commands("events")
Wish = tuple[Command, str, str]
"""A command, who asks, and in which roles (separated by commas)."""


class Log:
    """Appends commands and has them processed, follow-ups included."""

    def __init__(self, store: EventsStore) -> None:
        """Begin at offset 0."""
        self.observer = Quiet()
        self.processor: Processor[State] = Processor(
            "events", COMMANDS, FACTS, rules, store, self.observer, clock=lambda: 0.0
        )
        self.offset = 0
        self.facts: list[Fact] = []

    def record(self, wish: Wish, command_id: str | None = None) -> Record:
        """The next record of the log."""
        command, person, roles = wish
        self.offset += 1
        value = COMMANDS.wrap(
            command,
            id=command_id or f"c{self.offset}",
            subject=command.stream,
            time=AT,
            principal=f"{person} {roles}",
            fingerprint="f",
        )
        return self.appended(command.stream.encode(), value)

    def appended(self, key: bytes, value: bytes) -> Record:
        """A record with those bytes."""
        return Record(TOPIC, 0, self.offset, key, value, timestamp=to_ms(AT))

    async def process(self, records: Sequence[Record]) -> list[Outgoing]:
        """Process a batch, and batches of what follows from it."""
        out = await self.processor.process(records)
        self._note(out)
        follow_ups = [outgoing for outgoing in out if outgoing.topic == TOPIC]
        if follow_ups:
            batch = []
            for outgoing in follow_ups:
                self.offset += 1
                batch.append(self.appended(outgoing.key or b"", outgoing.value))
            out = [*out, *await self.process(batch)]
        return out

    async def ask(self, *wishes: Wish) -> list[tuple[int, Any]]:
        """Process commands as one batch: the status of each with its body, or with the slug of its problem."""
        records = [self.record(wish) for wish in wishes]
        mine = {f"{open_envelope(record.value).id}.outcome" for record in records}
        envelopes = [open_envelope(outgoing.value) for outgoing in await self.process(records)]
        return [told(envelope) for envelope in envelopes if envelope.id in mine]

    def _note(self, out: Sequence[Outgoing]) -> None:
        for outgoing in out:
            envelope = open_envelope(outgoing.value)
            if outgoing.topic == topics.facts("events") and envelope.type in FACTS.kinds:
                self.facts.append(FACTS.decode(envelope))


def told(envelope: Envelope) -> tuple[int, Any]:
    """What an outcome record says."""
    match outcomes.OUTCOMES["events"].decode(envelope):
        case outcomes.CommandSucceeded(status=status, body=body):
            return status, msgspec.json.decode(body)
        case outcomes.CommandRefused(status=status, problem=problem):
            return status, problem
        case outcomes.CommandFailed(reason=reason):
            return 500, reason
        case other:
            raise AssertionError(other)
