"""What all clients have in common: the settings that have to be said, and records as the rest of us knows them."""

from collections.abc import Mapping
from typing import Any, Final

from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaError

from shared.contracts.topics import MESSAGE_BYTES
from shared.ports import Record

__all__ = ["KafkaError"]

Place = tuple[str, int]
"""Topic and partition."""

REQUEST_MS: Final = 5_000
"""After this long an append has failed (and may yet have been written)."""
SESSION_MS: Final = 8_000
"""A consumer that is not heard of for so long loses its partitions."""
HEARTBEAT_MS: Final = 2_000
REBALANCE_MS: Final = 30_000
"""So long the group waits for a member to hand over."""
POLL_MS: Final = 3_600_000
"""A batch may wait this long for broken infrastructure before its member leaves the group."""
BATCH_BYTES: Final = MESSAGE_BYTES - 10_000
"""Bytes in one append; below the largest request a broker takes."""

CONSUMER_SETTINGS: Final[Mapping[str, Any]] = {
    "auto_offset_reset": "earliest",
    "isolation_level": "read_committed",
    "session_timeout_ms": SESSION_MS,
    "heartbeat_interval_ms": HEARTBEAT_MS,
    "rebalance_timeout_ms": REBALANCE_MS,
    "max_poll_interval_ms": POLL_MS,
    "max_partition_fetch_bytes": 2 * MESSAGE_BYTES,
    "fetch_max_wait_ms": 500,
}

UNHURRIED: Final[Mapping[str, Any]] = {"fetch_min_bytes": 65_536, "fetch_max_wait_ms": 200}
"""For readers whom nobody waits for: the broker answers five times a second, or when there is much to tell.

Each answer to a fetch costs by the number of partitions, whatever it brings.
"""


def record_of(record: "ConsumerRecord[bytes | None, bytes | None]") -> Record:
    """A record as the processor knows it."""
    return Record(
        record.topic,
        record.partition,
        record.offset,
        record.key,
        record.value,
        tuple(record.headers),
        record.timestamp,
    )
