"""A service in the world: the real processor and rules over a log and a store in memory."""

from collections.abc import Sequence
from typing import Any, Protocol

from msgspec.structs import replace

from shared.contracts import topics
from shared.ports import Ask, Entry, Observer, Outgoing, Record, Repeated, Trouble
from shared.processor import Processor
from tests.simulation.log import Log
from tests.simulation.world import World, pause


class Documents(Protocol):
    """The documents of one service, as plain values."""

    def load(self, asks: Sequence[Ask]) -> dict[str, Any]:
        """State of the streams that the commands name."""
        ...

    def clash(self, before: dict[str, Any], after: dict[str, Any]) -> bool:
        """Whether a stream has moved since it was loaded."""
        ...

    def keep(self, after: dict[str, Any]) -> None:
        """Take the new states."""
        ...


class Quiet(Observer):
    """Counts what was parked; the rest is nobody's business here."""

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
        """Remember the reason."""
        self.dead.append(reason)


class MemoryStore:
    """Keeps the promises of the real store: snapshot reads, guarded writes, unknown commits."""

    def __init__(self, world: World, documents: Documents, *, inbox: bool = True) -> None:
        """Wire it; `inbox` can be switched off to see that the checker notices."""
        self.world = world
        self.documents = documents
        self.inbox: dict[str, Entry] = {}
        self.applied = 0
        self._inbox = inbox

    async def answered(self, command_ids: Sequence[str]) -> dict[str, Entry]:
        """Look commands up in the inbox."""
        await pause("before_txn")
        if not self._inbox:
            return {}
        return {command_id: self.inbox[command_id] for command_id in command_ids if command_id in self.inbox}

    async def load(self, asks: Sequence[Ask], *, doubted: bool = False) -> dict[str, Any]:  # noqa: ARG002 -- the port
        """Read states."""
        await pause("before_txn")
        return self.documents.load(asks)

    async def save(self, before: dict[str, Any], after: dict[str, Any], entries: Sequence[Entry]) -> None:
        """Commit all or nothing; sometimes the caller does not learn which."""
        if self.world.strikes("before_txn", 0.03):
            raise Trouble("before_txn")
        await pause("before_txn")
        if self._inbox and any(entry.command_id in self.inbox for entry in entries):
            raise Repeated
        if self.documents.clash(before, after):
            raise Trouble("version moved")
        self.documents.keep(after)
        self.applied += len(entries)
        keep(self.inbox, entries)
        await pause("commit_unknown")
        if self.world.strikes("commit_unknown", 0.05):
            raise Trouble("commit_unknown")


def keep(inbox: dict[str, Entry], entries: Sequence[Entry]) -> None:
    """Add entries as the real inbox does: what one settles gets its outcome, unless it has one."""
    for entry in entries:
        inbox[entry.command_id] = entry
        for name in entry.settles:
            if not inbox[name].outcome:
                inbox[name] = replace(inbox[name], outcome=entry.outcome, settled=entry.partition)


class Replica:
    """One process of the service."""

    def __init__(
        self, number: int, world: World, log: Log, processor: Processor[Any], *, commit_first: bool = False
    ) -> None:
        """Wire it; `commit_first` is the mutant that acknowledges before it works."""
        self.number = number
        self.world = world
        self.log = log
        self.processor = processor
        self._commit_first = commit_first

    async def run(self) -> None:
        """Take batches of the partitions that are ours, for ever."""
        commands = topics.commands(self.processor.service)
        while True:
            await pause("idle")
            ours = [partition for partition, owner in sorted(self.log.owner.items()) if owner == self.number]
            batch: list[Record] = []
            for partition in ours:
                position = self.log.committed.get(partition, 0)
                batch += self.log.read(commands, partition, position, self.world.chance.randint(1, 6))
            if batch:
                await self._take(batch)

    async def _take(self, batch: list[Record]) -> None:
        if self._commit_first:
            self._commit(batch)
        outgoing: list[Outgoing] | None = None
        while outgoing is None:
            try:
                outgoing = await self.processor.process(batch)
            except Trouble:
                await pause("idle")
                if any(self.log.owner.get(record.partition) != self.number for record in batch):
                    return
        await pause("after_txn_before_publish")
        for record in outgoing:
            self.log.append(record)
            await pause("between_facts")
        await pause("after_publish_before_commit")
        self._commit(batch)

    def _commit(self, batch: Sequence[Record]) -> None:
        for record in batch:
            self.log.commit(record.partition, record.offset + 1, self.number)


def command_record(family_value: bytes, service: str, stream: str, request: str) -> Outgoing:
    """A command as the gateway appends it."""
    return Outgoing(
        topics.commands(service),
        None,
        stream.encode(),
        family_value,
        (("wake", b"replica"), ("request", request.encode())),
    )
