"""What a processor meets at its borders: records, commands as asked, inbox entries, and its ports. No Kafka in here."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from msgspec import Struct

from shared import instants
from shared.contracts import topics
from shared.contracts.message import Command, Envelope, Fact
from shared.contracts.outcomes import Root
from shared.decider import Asked, Decision

S = TypeVar("S")


class Trouble(Exception):  # noqa: N818 -- it is no error of the batch
    """Infrastructure does not do its part just now: back off and process the same batch again."""


class TooLarge(Exception):  # noqa: N818 -- a budget, not a fault
    """The transaction went over a budget (size or time): halve the batch."""


class TooSlow(TooLarge):
    """The transaction took too long. A single command that did is no culprit: something is slow just now."""


class Repeated(Exception):  # noqa: N818 -- mostly no fault
    """Something to be stored is there already: a command decided before, most likely; else it is the culprit."""


class Record(Struct, frozen=True):
    """A record as the log hands it out; `timestamp` is its append time in ms since 1970."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    timestamp: int = 0


class Outgoing(Struct, frozen=True):
    """A record to append; `partition` None leaves it to the key."""

    topic: str
    partition: int | None
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


class Due(Struct, frozen=True):
    """A command with its time: `id` is the command's, `value` its whole record."""

    id: str
    at: str
    stream: str
    value: bytes


class Entry(Struct, frozen=True):
    """Inbox entry: what a command brought about, byte for byte, and where it came from.

    `parked` says why the record became a dead letter, if it did. `outcome` is empty while it waits for those that
    follow; the one that gives it names those that wait as `settles`, and their entries then hold the same outcome
    and in `settled` the partition that it went to.
    """

    command_id: str
    fingerprint: str
    partition: int
    offset: int
    streams: tuple[str, ...]
    facts: tuple[bytes, ...]
    outcome: bytes
    then: tuple[tuple[str, bytes], ...] = ()
    parked: str = ""
    due: tuple[Due, ...] = ()
    settles: tuple[str, ...] = ()
    settled: int | None = None

    @property
    def place(self) -> int:
        """Partition of the outcome."""
        return self.partition if self.settled is None else self.settled

    @property
    def size(self) -> int:
        """Bytes to store."""
        then = sum(len(value) for _, value in self.then) + sum(len(plan.value) for plan in self.due)
        return len(self.outcome) + sum(map(len, self.facts)) + then


class Ask(Struct, frozen=True):
    """A command read from a record, ready to be decided; its answer is its root's, if it has one."""

    record: Record
    envelope: Envelope
    command: Command
    asked: Asked
    root: Root | None = None

    @property
    def stream(self) -> str:
        """The stream that decides."""
        return self.envelope.subject

    @property
    def asker(self) -> Root:
        """The command that is answered."""
        return self.root or Root(self.envelope.id, self.asked.person, self.envelope.subject, self.envelope.time)


class Store(Protocol[S]):
    """Documents of a service. Every method may raise `Trouble`."""

    async def answered(self, command_ids: Sequence[str]) -> dict[str, Entry]:
        """Inbox entries of those commands that were decided before."""
        ...

    async def load(self, asks: Sequence[Ask], *, doubted: bool = False) -> dict[str, S]:
        """State of every stream that the commands name, with all that deciding them needs.

        `doubted`: also what is there only if ids that should be new are not.
        """
        ...

    async def save(self, before: dict[str, S], after: dict[str, S], entries: Sequence[Entry]) -> None:
        """Write changed documents, guarded by version, the entries and their due commands in one transaction.

        What an entry settles gets its outcome in the same, unless it has one already.
        Raises `Repeated` if an entry, or anything else that is new, is there already.
        """
        ...


class Rules(Protocol[S]):
    """The deciders of a service, seen as one."""

    def decide(self, state: S, command: Command, asked: Asked) -> Decision:
        """Answer a command."""
        ...

    def evolve(self, state: S, fact: Fact) -> S:
        """Take a fact as given."""
        ...

    def version(self, state: S) -> int:
        """Version of the stream; 0 before it exists."""
        ...


class Observer(Protocol):
    """Who is told what the processor meets; the process puts its metrics and log here."""

    def decided(self, count: int, seconds: float) -> None:
        """A transaction's worth was decided (not yet saved)."""
        ...

    def committed(self, seconds: float, appended_ms: Sequence[int]) -> None:
        """It was saved; `appended_ms` are the append times of its commands."""
        ...

    def repeated(self, count: int) -> None:
        """Commands that had been decided before came again."""
        ...

    def parked(self, record: Record, reason: str, command_id: str | None) -> None:
        """A record became a dead letter."""
        ...


def dead_letter(owner: str, record: Record, reason: str, *, group: str) -> Outgoing:
    """The original bytes, key and headers, and where and why they were parked."""
    facts = {
        "dl-topic": record.topic,
        "dl-partition": record.partition,
        "dl-offset": record.offset,
        "dl-reason": reason,
        "dl-at": instants.from_ms(record.timestamp),
        "dl-group": group,
    }
    headers = (
        *((name, value or b"") for name, value in record.headers),
        *((name, str(value).encode()) for name, value in facts.items()),
    )
    return Outgoing(topics.dead_letters(owner), 0, record.key, record.value or b"", headers)
