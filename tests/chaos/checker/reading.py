"""Histories and logs as the criteria read them. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from services.gateway.idempotency import fingerprint
from shared.contracts.catalogue import COMMANDS, FACTS
from shared.contracts.message import Command, Envelope, Fact, Malformed, open_envelope
from shared.contracts.outcomes import MISMATCH, OUTCOMES, CommandFailed, CommandRefused, CommandSucceeded
from shared.ports import Entry, Record

Line = Mapping[str, Any]
Outcome = CommandSucceeded | CommandRefused | CommandFailed


class Told(NamedTuple):
    """A fact with the record it came in."""

    record: Record
    envelope: Envelope
    fact: Fact


class Heard(NamedTuple):
    """An outcome with the record it came in; `mismatch`: it answers one request alone."""

    record: Record
    envelope: Envelope
    outcome: Outcome
    mismatch: bool


class Asked(NamedTuple):
    """A command with the record it came in."""

    record: Record
    envelope: Envelope
    command: Command


class Attempt(Struct, frozen=True):
    """One request of a client and how it ended; a repeat with the same key is another attempt at one command.

    `outcome` is `ok`, `fail` (the request was turned down) or `info` (nobody knows yet). `told` is None while no
    answer came.
    """

    op: str
    session: str
    command: str
    gateway: str
    verb: str
    asked: float
    told: float | None = None
    status: int | None = None
    outcome: str = "info"
    problem: str | None = None
    operation: str | None = None
    replayed: bool = False
    body: Any = None
    fingerprint: str = ""

    @property
    def is_decided(self) -> bool:
        """Whether the answer says what was decided of the command; a refusal names its operation."""
        return self.outcome == "ok" or (self.outcome == "fail" and self.operation is not None)


def attempts(history: Iterable[Line]) -> list[Attempt]:
    """The requests of a history, in the order in which they were sent."""
    invoked: dict[str, Line] = {}
    answered: dict[str, Line] = {}
    for line in history:
        if line["kind"] == "invoke":
            invoked[line["op"]] = line
        elif line["kind"] == "answer":
            answered[line["op"]] = line
    return [_attempt(line, answered.get(op, {})) for op, line in invoked.items()]


def _attempt(invoke: Line, answer: Line) -> Attempt:
    return Attempt(
        op=invoke["op"],
        session=invoke["session"],
        command=invoke["command"],
        gateway=invoke["gateway"],
        verb=invoke["verb"],
        asked=invoke["t"],
        told=answer.get("t"),
        status=answer.get("status"),
        outcome=answer.get("outcome", "info"),
        problem=answer.get("problem"),
        operation=answer.get("operation"),
        replayed=bool(answer.get("replayed")),
        body=answer.get("body"),
        fingerprint=fingerprint(invoke["method"], invoke["path"], "", msgspec.json.encode(invoke["body"])),
    )


def told(records: Iterable[Record]) -> list[Told]:
    """The facts among the records of fact topics; what nobody can read is no fact."""
    found = []
    for record in records:
        family = FACTS.get(record.topic.removesuffix(".facts"))
        try:
            envelope = open_envelope(record.value)
            if family and envelope.type in family.kinds:
                found.append(Told(record, envelope, family.decode(envelope)))
        except Malformed:
            continue
    return found


def heard(records: Iterable[Record]) -> list[Heard]:
    """The outcomes among the records of fact topics."""
    found = []
    for record in records:
        family = OUTCOMES.get(record.topic.removesuffix(".facts"))
        try:
            envelope = open_envelope(record.value)
            if family is None or envelope.type not in family.kinds:
                continue
            outcome = family.decode(envelope)
        except Malformed:
            continue
        if isinstance(outcome, CommandSucceeded | CommandRefused | CommandFailed):
            found.append(Heard(record, envelope, outcome, any(name == MISMATCH for name, _ in record.headers)))
    return found


def asked(records: Iterable[Record]) -> list[Asked]:
    """The commands among the records of command topics, as far as the contract knows them."""
    found = []
    for record in records:
        family = COMMANDS.get(record.topic.removesuffix(".commands"))
        try:
            envelope = open_envelope(record.value)
            if family is None:
                continue
            command = family.decode(envelope)
        except Malformed:
            continue
        person, _, roles = envelope.principal.partition(" ")
        keyed = record.key == envelope.subject.encode() == command.stream.encode()
        if keyed and person and roles and envelope.fingerprint:
            found.append(Asked(record, envelope, command))
    return found


def outcome_of(entry: Entry) -> Outcome:
    """The outcome that an inbox entry stores."""
    envelope = open_envelope(entry.outcome)
    outcome = OUTCOMES[envelope.source.rpartition("/")[2]].decode(envelope)
    if not isinstance(outcome, CommandSucceeded | CommandRefused | CommandFailed):
        raise TypeError(envelope.type)
    return outcome


def by_command(inbox: Mapping[str, Sequence[Entry]]) -> dict[str, list[Entry]]:
    """The entries of all services by command; one that has several was decided more than once."""
    found: dict[str, list[Entry]] = {}
    for entries in inbox.values():
        for entry in entries:
            found.setdefault(entry.command_id, []).append(entry)
    return found
