"""Reads the events service's facts for the copies of campaigns, and for commitments that events show.

In a group of its own: a member that comes or goes here would make the command consumer start anew, too.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from hashlib import blake2b
from typing import Final

from services.pledges import evidence
from services.pledges.evidence import Vow
from shared import logs
from shared.contracts import topics
from shared.contracts.commitments import AttachEvidence, TakeBackEvidence
from shared.contracts.events import FACTS, OnEvent
from shared.contracts.message import Envelope, Fact, Malformed, open_envelope
from shared.contracts.outcomes import OUTCOME_TYPES
from shared.contracts.pledges import COMMANDS
from shared.decider import SYSTEM
from shared.ports import Outgoing, Record, dead_letter

log = logs.logger(__name__)

SERVICE: Final = "pledges"
GROUP: Final = "pledges.copies"


class Follower:
    """Hands on what facts tell; what cannot be read becomes a dead letter of this service."""

    def __init__(
        self,
        follow: Callable[[Sequence[Fact]], Awaitable[None]],
        vows: Callable[[Iterable[tuple[str, str | None]], Iterable[str]], Awaitable[list[Vow]]],
    ) -> None:
        """Take what to do with facts, in order, and where to find commitments of partners, or shown by something.

        Both may raise `Trouble`, and meet a fact again.
        """
        self._follow = follow
        self._vows = vows

    async def work(self, records: Sequence[Record]) -> list[Outgoing]:
        """Take in a batch and return dead letters, and commands to commitments."""
        facts: list[Fact] = []
        telling: list[tuple[Envelope, OnEvent]] = []
        dead: list[Outgoing] = []
        for record in records:
            try:
                envelope = open_envelope(record.value)
                if envelope.type in OUTCOME_TYPES:
                    continue
                fact = FACTS.decode(envelope)
                facts.append(fact)
                if isinstance(fact, OnEvent) and isinstance(fact, evidence.TELLING):
                    telling.append((envelope, fact))
            except Malformed as error:
                log.warning("fact parked", partition=record.partition, offset=record.offset, reason=str(error))
                dead.append(dead_letter(SERVICE, record, str(error), group=GROUP))
        await self._follow(facts)
        return [*dead, *(await self._shown(telling) if telling else ())]

    async def _shown(self, telling: Sequence[tuple[Envelope, OnEvent]]) -> list[Outgoing]:
        """Ask commitments to take note; met again, a fact asks under the same ids."""
        matters = [evidence.of_event(fact.event) for _, fact in telling]
        partners = {(matter.campaign_id, partner) for matter in matters for partner in matter.partners}
        vows = await self._vows(partners, {matter.ref for matter in matters})
        return [
            _asked(envelope, command)
            for (envelope, fact), matter in zip(telling, matters, strict=True)
            for command in evidence.after_event(fact, [vow for vow in vows if vow.campaign_id == matter.campaign_id])
        ]


def _asked(told: Envelope, command: AttachEvidence | TakeBackEvidence) -> Outgoing:
    digest = blake2b(f"{told.id} {command.stream}".encode(), digest_size=16).hexdigest()
    command_id = f"{type(command).__name__}/{digest}"
    value = COMMANDS.wrap(
        command,
        id=command_id,
        subject=command.stream,
        time=told.time,
        correlationid=command_id,
        causationid=told.id,
        traceparent=told.traceparent,
        principal=f"{SERVICE} {SYSTEM}",
        fingerprint=SYSTEM,
    )
    return Outgoing(topics.commands(SERVICE), None, command.stream.encode(), value)
