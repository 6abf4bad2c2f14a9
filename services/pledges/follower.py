"""Reads the events service's facts for the copies of campaigns.

In a group of its own: a member that comes or goes here would make the command consumer start anew, too.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from shared import logs
from shared.contracts.events import FACTS
from shared.contracts.message import Fact, Malformed, open_envelope
from shared.contracts.outcomes import OUTCOME_TYPES
from shared.ports import Outgoing, Record, dead_letter

log = logs.logger(__name__)

SERVICE: Final = "pledges"
GROUP: Final = "pledges.copies"


class Follower:
    """Hands on what facts tell; what cannot be read becomes a dead letter of this service."""

    def __init__(self, follow: Callable[[Sequence[Fact]], Awaitable[None]]) -> None:
        """Take what to do with facts, in order; it may raise `Trouble`, and meet a fact again."""
        self._follow = follow

    async def work(self, records: Sequence[Record]) -> list[Outgoing]:
        """Take in a batch and return dead letters."""
        facts: list[Fact] = []
        dead: list[Outgoing] = []
        for record in records:
            try:
                envelope = open_envelope(record.value)
                if envelope.type not in OUTCOME_TYPES:
                    facts.append(FACTS.decode(envelope))
            except Malformed as error:
                log.warning("fact parked", partition=record.partition, offset=record.offset, reason=str(error))
                dead.append(dead_letter(SERVICE, record, str(error), group=GROUP))
        await self._follow(facts)
        return dead
