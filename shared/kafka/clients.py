"""What all clients have in common: the settings that have to be said, and records as the rest of us knows them."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder

from shared.contracts.topics import MESSAGE_BYTES
from shared.ports import Outgoing, Record

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

UNHURRIED: Final[Mapping[str, Any]] = {"fetch_min_bytes": MESSAGE_BYTES, "fetch_max_wait_ms": 250}
"""For readers whom nobody waits for: the broker answers four times a second, or when there is much to tell.

Each answer to a fetch costs by the number of partitions, whatever it brings.
"""


def fetch_whole(consumer: AIOKafkaConsumer) -> None:
    """Have a started consumer fetch from all of its partitions or not at all.

    By default it fetches after 0.1 s without those of which something is left to consume; the broker holds that fetch
    for up to `fetch_max_wait_ms`, and what comes for the busiest partition meanwhile waits with it.
    """
    consumer._fetcher._prefetch_backoff = POLL_MS / 1000  # noqa: SLF001 -- no public way


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


def fill(batch: BatchBuilder, records: Iterable[Outgoing]) -> int:
    """Put records into a batch, in order, until it is full; how many they were."""
    count = 0
    for record in records:
        headers = list(record.headers)
        if batch.append(key=record.key, value=record.value, timestamp=None, headers=headers) is None:
            break
        count += 1
    return count


_send = AIOKafkaConnection.send


def _send_or_lose(connection: AIOKafkaConnection, *request: Any, **settings: Any) -> Any:  # noqa: ANN401 -- aiokafka's
    """Take what uvloop says of a transport that closed meanwhile for what it is: a lost connection.

    It is a RuntimeError, where asyncio's own loop says nothing; aiokafka would let a group's coordination die of it
    for good, and its partitions would be nobody's while the process looks well.
    """
    try:
        return _send(connection, *request, **settings)
    except RuntimeError as error:
        connection.close(reason=CloseReason.CONNECTION_BROKEN)
        raise KafkaConnectionError(str(error)) from error


AIOKafkaConnection.send = _send_or_lose
