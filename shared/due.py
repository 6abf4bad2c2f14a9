"""What is to happen at a time: documents that become commands when they fall due.

A due document is written in the transaction of what makes it necessary. Any replica claims it for a while and
appends its command; the fence tells whether the claim is still its own when it comes to taking the document away.
A command may be appended twice, with the same id; whatever is not due any more is left alone by the rules.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from shared import instants, logs, metrics
from shared.contracts import topics
from shared.contracts.message import Command, Family
from shared.decider import SYSTEM
from shared.mongo import QUERY_MS, Collection, Document, Session, insert, insert_missing, translated
from shared.ports import Due, Outgoing, Trouble

log = logs.logger(__name__)

LEASE_MS: Final = 15_000
"""A claim that is not settled by then is anybody's again; an append has failed long before."""
LONGEST_S: Final = 1.0
"""Between two looks, so a new document that falls due at once waits no longer."""
AT_ONCE: Final = 16
"""Claims at the same time."""
WATCH_S: Final = 5.0
"""Between two measurements of what is overdue."""


def due(family: Family[Command], command: Command, of: str, at: str) -> Due:
    """Plan a command; what it is, whom it concerns and its time make its id, so that planning twice is once."""
    command_id = f"{type(command).__name__}/{of}/{at}"
    value = family.wrap(
        command,
        id=command_id,
        subject=command.stream,
        time=at,
        correlationid=command_id,
        principal=f"{family.owner} {SYSTEM}",
        fingerprint=SYSTEM,
    )
    return Due(command_id, at, command.stream, value)


class Calendar:
    """The `due` collection of a service."""

    def __init__(self, collection: Collection) -> None:
        """Use the collection."""
        self._collection = collection

    async def prepare(self) -> None:
        """Make the index."""
        with translated():
            await self._collection.create_index([("at", 1)], name="at")

    def add(self, session: Session, plans: Iterable[Due]) -> None:
        """Insert plans within a transaction."""
        insert(self._collection, session, _documents(plans))

    async def add_missing(self, plans: Iterable[Due]) -> None:
        """Insert plans, and leave those alone that are there already."""
        await insert_missing((self._collection, _documents(plans)))

    async def claim(self, now: str) -> Document | None:
        """Claim the earliest plan that is due and nobody's, if there is one."""
        with translated():
            return await self._collection.find_one_and_update(
                {"at": {"$lte": now}, "lease_until": {"$lte": now}},
                {"$set": {"lease_until": instants.later(now, milliseconds=LEASE_MS)}, "$inc": {"fence": 1}},
                sort=[("at", 1)],
                return_document=True,
                maxTimeMS=QUERY_MS,
            )

    async def settle(self, claimed: Document) -> bool:
        """Take a plan away; False if somebody else has claimed it since."""
        with translated():
            result = await self._collection.delete_one({"_id": claimed["_id"], "fence": claimed["fence"]})
        return bool(result.deleted_count)

    async def next(self, now: str) -> str | None:
        """When the next plan that nobody has claimed falls due."""
        with translated():
            found = await self._collection.find_one(
                {"lease_until": {"$lte": now}}, {"at": 1}, sort=[("at", 1)], max_time_ms=QUERY_MS
            )
        return str(found["at"]) if found else None

    async def overdue(self, now: str) -> tuple[int, float]:
        """How many plans are due and not settled, claimed or not, and for how many seconds the first of them."""
        with translated():
            count = await self._collection.count_documents({"at": {"$lte": now}}, maxTimeMS=QUERY_MS)
            first = await self._collection.find_one({}, {"at": 1}, sort=[("at", 1)], max_time_ms=QUERY_MS)
        late = instants.to_ms(now) - instants.to_ms(first["at"]) if first else 0
        return count, max(0, late) / 1000


def _documents(plans: Iterable[Due]) -> list[Document]:
    return [
        {"_id": plan.id, "at": plan.at, "stream": plan.stream, "value": plan.value, "lease_until": "", "fence": 0}
        for plan in plans
    ]


class Clockwork:
    """The loop of one replica that turns due documents into commands."""

    def __init__(
        self,
        service: str,
        calendar: Calendar,
        append: Callable[[list[Outgoing]], Awaitable[None]],
        *,
        now: Callable[[], str],
    ) -> None:
        """Wire the ports; `append` returns when the records are acknowledged, `now` tells the instant."""
        self._service = service
        self._topic = topics.commands(service)
        metrics.due_appended.labels(service=service)
        self._calendar = calendar
        self._append = append
        self._now = now

    async def run(self) -> None:
        """Look for ever; a claim that is cut short is anybody's when its lease ends."""
        while True:
            try:
                pause = await self._pause()
                if pause > 0:
                    await asyncio.sleep(pause)
                else:
                    await self.turn()
            except Trouble as trouble:
                log.warning("due commands wait", reason=str(trouble))
                await asyncio.sleep(LONGEST_S)
            except Exception:
                log.exception("due commands failed")
                await asyncio.sleep(LONGEST_S)

    async def turn(self) -> int:
        """Append what is due now, up to so many at once; return how many there were. May raise `Trouble`."""
        settled = await asyncio.gather(*(self._one() for _ in range(AT_ONCE)), return_exceptions=True)
        for outcome in settled:
            if isinstance(outcome, BaseException):
                raise outcome
        return sum(bool(outcome) for outcome in settled)

    async def _one(self) -> bool:
        claimed = await self._calendar.claim(self._now())
        if claimed is None:
            return False
        record = Outgoing(self._topic, None, claimed["stream"].encode(), bytes(claimed["value"]))
        await self._append([record])
        await self._calendar.settle(claimed)
        metrics.due_appended.labels(service=self._service).inc()
        return True

    async def watch(self) -> None:
        """Measure for ever how much is overdue: a clockwork that silently does nothing shows there."""
        while True:
            try:
                await self.measure()
            except Trouble:
                log.debug("overdue commands are not known")
            await asyncio.sleep(WATCH_S)

    async def measure(self) -> None:
        """Measure once. May raise `Trouble`."""
        count, seconds = await self._calendar.overdue(self._now())
        metrics.due_overdue.labels(service=self._service).set(count)
        metrics.due_overdue_seconds.labels(service=self._service).set(seconds)

    async def _pause(self) -> float:
        """Seconds until the next plan falls due, or until the next look; 0 if one is due."""
        now = self._now()
        upcoming = await self._calendar.next(now)
        left = (instants.to_ms(upcoming) - instants.to_ms(now)) / 1000 if upcoming else LONGEST_S
        return min(left, LONGEST_S)
