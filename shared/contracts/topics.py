"""The topics: who writes them, how they are keyed, cut and kept."""

from typing import Final

from msgspec import Struct

HOUR: Final = 3_600_000
DAY: Final = 24 * HOUR

SERVICES: Final = ("events", "pledges", "notifications")
MESSAGE_BYTES: Final = 1_048_576
"""Largest record of a command or fact topic; a dead letter may be 64 kB larger."""


class Topic(Struct, frozen=True):
    """A topic; `partitions` 0 stands for the deployment's number. Times in milliseconds."""

    name: str
    writer: str
    readers: tuple[str, ...]
    partitions: int = 0
    retention_ms: int = 365 * DAY
    segment_ms: int = DAY
    append_time: bool = False
    max_message_bytes: int = MESSAGE_BYTES

    @property
    def settings(self) -> dict[str, str]:
        """Topic configuration as Kafka spells it."""
        return {
            "cleanup.policy": "delete",
            "retention.ms": str(self.retention_ms),
            "segment.ms": str(self.segment_ms),
            "message.timestamp.type": "LogAppendTime" if self.append_time else "CreateTime",
            "max.message.bytes": str(self.max_message_bytes),
        }


COMMANDS_KEPT_MS: Final = 7 * DAY
INBOX_KEPT_MS: Final = 30 * DAY
"""Life of an inbox entry; no command may outlive its entry."""


def commands(service: str) -> str:
    """Name of the service's command topic."""
    return f"{service}.commands"


def facts(service: str) -> str:
    """Name of the service's fact topic."""
    return f"{service}.facts"


def dead_letters(owner: str) -> str:
    """Name of the dead-letter topic of a service or of the gateway."""
    return f"{owner}.dead-letters"


def _of(service: str, fact_readers: tuple[str, ...]) -> tuple[Topic, ...]:
    return (
        Topic(
            commands(service), "gateway", (service,), retention_ms=COMMANDS_KEPT_MS, segment_ms=DAY, append_time=True
        ),
        Topic(facts(service), service, fact_readers, append_time=True),
    )


def _dead(owner: str) -> Topic:
    return Topic(
        dead_letters(owner),
        owner,
        ("operator",),
        partitions=1,
        retention_ms=30 * DAY,
        max_message_bytes=MESSAGE_BYTES + 65_536,
    )


PUBLIC: Final = ("public.events", "public.pledges")
HEARTBEAT: Final = "public.heartbeat"

TOPICS: Final = (
    *_of("events", ("gateway", "events", "pledges", "notifications")),
    *_of("pledges", ("gateway", "pledges", "notifications")),
    *_of("notifications", ("gateway",)),
    *(Topic(name, "gateway", ("partner",), partitions=1, retention_ms=30 * DAY, append_time=True) for name in PUBLIC),
    Topic(HEARTBEAT, "gateway", ("partner",), partitions=1, retention_ms=HOUR, segment_ms=HOUR // 4, append_time=True),
    *(_dead(owner) for owner in (*SERVICES, "gateway")),
)
