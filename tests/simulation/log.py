"""A log in memory: partitions, committed offsets, a group whose partitions move."""

from dataclasses import dataclass, field

from shared.ports import Outgoing, Record


@dataclass
class Log:
    """Topics of equal partition count; the append time is a counter of milliseconds."""

    partitions: int
    clock_ms: int = 1_700_000_000_000
    topics: dict[str, list[list[Record]]] = field(default_factory=dict)
    committed: dict[int, int] = field(default_factory=dict)
    owner: dict[int, int] = field(default_factory=dict)

    def append(self, outgoing: Outgoing) -> Record:
        """Add a record; with no partition it goes where its key says."""
        parts = self.topics.setdefault(outgoing.topic, [[] for _ in range(self.partitions)])
        key = outgoing.key or b""
        partition = sum(key) % self.partitions if outgoing.partition is None else outgoing.partition
        self.clock_ms += 1
        record = Record(
            outgoing.topic,
            partition,
            len(parts[partition]),
            outgoing.key,
            outgoing.value,
            outgoing.headers,
            self.clock_ms,
        )
        parts[partition].append(record)
        return record

    def read(self, topic: str, partition: int, offset: int, most: int) -> list[Record]:
        """Records from an offset on."""
        parts = self.topics.setdefault(topic, [[] for _ in range(self.partitions)])
        return parts[partition][offset : offset + most]

    def all(self, topic: str) -> list[Record]:
        """Every record of a topic, partition by partition."""
        return [record for part in self.topics.get(topic, []) for record in part]

    def commit(self, partition: int, offset: int, owner: int) -> None:
        """Commit, if the partition is still the committer's: a zombie's commit is refused."""
        if self.owner.get(partition) == owner:
            self.committed[partition] = max(offset, self.committed.get(partition, 0))

    def behind(self, topic: str) -> int:
        """Records not committed yet."""
        parts = self.topics.get(topic, [])
        return sum(len(part) - self.committed.get(number, 0) for number, part in enumerate(parts))
