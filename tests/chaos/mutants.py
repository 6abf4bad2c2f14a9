"""Ways in which the platform could be broken: each is installed in a child of the rig, and the checker has to notice.

Nothing of this lives in the product. A mutant that finds the product changed under it says so, rather than to do
nothing.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial, wraps
from typing import Any, Final

import msgspec
from pymongo import ReplaceOne

from services.gateway.gathering import Gathered
from services.gateway.view_store import Batch, Found, Missing, ViewStore
from shared import mongo
from shared.consumer import Consumer
from shared.contracts import topics
from shared.contracts.message import Fact, Malformed
from shared.contracts.pledges import PledgeDelivered
from shared.kafka.appender import Appender
from shared.mongo import Collection, Document, Inbox, Session
from shared.ports import Ask, Entry, Outgoing, Record
from shared.processor import Processor
from shared.redis import Script

GUARD: Final = "if not was[1] or tonumber(was[1]) < version then"
"""The line of `apply.lua` that drops what is old."""


def install(name: str) -> None:
    """Break this process; ValueError if there is no such mutant."""
    if name not in MUTANTS:
        raise ValueError(f"{name!r} is no mutant: {', '.join(MUTANTS)}")
    MUTANTS[name]()


def _inbox_off() -> None:
    """What was decided before is decided again."""

    async def answered(_: Inbox, __: Sequence[str]) -> dict[str, Entry]:
        return {}

    def add(self: Inbox, session: Session, entries: Sequence[Entry]) -> None:
        now = dt.datetime.now(dt.UTC)
        documents = [mongo._document(entry, now) for entry in entries]
        writes = [ReplaceOne({"_id": document["_id"]}, document, upsert=True) for document in documents]
        self._collection.delegate.bulk_write(writes, session=session)

    _replace(Inbox, "answered", answered)
    _replace(Inbox, "add", add)


def _publish_before_commit() -> None:
    """Facts are told first, and only then comes the transaction with all that guards it, the inbox too.

    The rules answer the same command on the same state alike, so that telling early alone would be no more than
    early; what is wrong of it shows when a command comes that was decided before.
    """
    make = Consumer.__init__

    @wraps(make)
    def early(self: Consumer, *ports: Any, **settings: Any) -> None:  # noqa: ANN401 -- as the product's
        broker, appender, names, group, work = ports
        processor = getattr(work, "__self__", None)
        if isinstance(processor, Processor):
            work = partial(_tell_first, processor, appender)
        make(self, broker, appender, names, group, work, **settings)

    _replace(Consumer, "__init__", early)


async def _tell_first(processor: Processor[Any], appender: Appender, batch: Sequence[Record]) -> Sequence[Outgoing]:
    asks: list[Ask] = []
    for record in batch:
        try:
            asks.append(processor._read(record))
        except Malformed:
            continue
    state = dict(await processor.store.load(asks)) if asks else {}
    early = []
    for ask in asks:
        entry, state[ask.stream] = processor._fold(state[ask.stream], ask)
        to, key = topics.facts(processor.service), ask.record.key
        early += [Outgoing(to, ask.record.partition, key, fact) for fact in entry.facts]
    await appender.append(early)
    return await processor.process(batch)


def _version_guard_off() -> None:
    """Documents are replaced and views are written whatever version is there."""
    beside = Script.beside

    def unguarded(module: str, name: str) -> Script:
        script = beside(module, name)
        if name != "apply.lua":
            return script
        if GUARD not in script.text:
            raise LookupError("apply.lua has another guard")
        return Script(script.text.replace(GUARD, "if true then"))

    def replace(
        collection: Collection, session: Session, documents: Iterable[Document], *, field: str = "version"
    ) -> None:
        writes = [
            ReplaceOne({"_id": document["_id"]}, {name: document[name] for name in document if name != "_was"})
            for document in documents
        ]
        if writes and field:
            collection.delegate.bulk_write(writes, ordered=False, session=session)

    _replace(Script, "beside", staticmethod(unguarded))
    _replace(mongo, "replace_guarded", replace)


def _unguarded_counter() -> None:
    """What was delivered is counted up with each fact that tells of a delivery, rather than taken from its state."""
    take, apply, view = Gathered.fact, ViewStore.apply, ViewStore.view
    more: Counter[str] = Counter()

    @wraps(take)
    def counting(self: Gathered, fact: Fact, place: str) -> None:
        take(self, fact, place)
        if isinstance(fact, PledgeDelivered):
            more[fact.need.id] += fact.delivery.quantity

    @wraps(apply)
    async def adding(self: ViewStore, batch: Batch, into: str = "") -> None:
        counted = dict(more)
        more.clear()
        await apply(self, batch, into)
        for need, quantity in counted.items():
            await self.redis.call("HINCRBY", f"{self.root}counted", need, quantity)

    @wraps(view)
    async def counted(self: ViewStore, id: str) -> Found | Missing:  # noqa: A002 -- as the product's
        found = await view(self, id)
        if isinstance(found, Missing) or not id.startswith("need_"):
            return found
        delivered = int(await self.redis.call("HGET", f"{self.root}counted", id) or 0)
        body = {**msgspec.json.decode(found.body), "delivered": delivered}
        return msgspec.structs.replace(found, body=msgspec.json.encode(body))

    _replace(Gathered, "fact", counting)
    _replace(ViewStore, "apply", adding)
    _replace(ViewStore, "view", counted)


def _swallow_decode_error() -> None:
    """A command that cannot be read is passed over in silence."""

    def nothing(_: Processor[Any], __: Record, ___: str) -> list[Outgoing]:
        return []

    _replace(Processor, "_dead_letter", nothing)


def _ack_first() -> None:
    """Positions are committed before the work is done."""
    take = Consumer._take

    @wraps(take)
    async def first(self: Consumer, records: list[Record]) -> None:
        await self.group.commit({(record.topic, record.partition): record.offset + 1 for record in records})
        await take(self, records)

    _replace(Consumer, "_take", first)


def _replace(owner: Any, name: str, mutated: object) -> None:  # noqa: ANN401 -- a class or a module
    """Put something in the place of what is there."""
    if name not in vars(owner):
        raise LookupError(f"{owner.__name__} has no {name} of its own any more: the mutant needs another place")
    setattr(owner, name, mutated)


MUTANTS: Final[Mapping[str, Callable[[], None]]] = {
    "inbox_off": _inbox_off,
    "publish_before_commit": _publish_before_commit,
    "version_guard_off": _version_guard_off,
    "unguarded_counter": _unguarded_counter,
    "swallow_decode_error": _swallow_decode_error,
    "ack_first": _ack_first,
}
"""Every mutant by name."""
