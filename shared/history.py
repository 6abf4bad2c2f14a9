"""The history of a service's things: every state that its facts told, read as of any instant.

It follows the service's own fact topic, in a group of its own and after the deciding: a decision pays nothing for it.
In the service's database lie `history` (chunks of states: `t` thing, `f` from when, `n` last version, `z` the states),
`history_things` (`k` kind, `c` campaign, `b` born; `a`, `s` a state that came from the documents and not from the log),
`history_people` (when somebody first promised something to a campaign) and
`history_positions` (`next` offset, `at` of the last fact; the group's own offsets only inform).
Without positions it begins with the service's documents as they are, and then reads the log from its beginning.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from msgspec import Raw, Struct

from shared import chronicle, logs
from shared.chronicle import Promised, State, Told
from shared.contracts.message import Fact, Family, Malformed, open_envelope
from shared.contracts.outcomes import OUTCOME_TYPES
from shared.kafka.clients import Place
from shared.mongo import (
    QUERY_MS,
    Collection,
    Database,
    Document,
    aggregate,
    find,
    insert_missing,
    keep_latest,
    keep_least,
    translated,
)
from shared.ports import Outgoing, Record, Trouble

log = logs.logger(__name__)

KNOWN: Final = 50_000
"""Things, and as many people, of which a process remembers what is kept of them."""
REACH_S: Final = 2.0
"""So long a question waits for the history to come as far as it wants."""
_LOOK_S: Final = 0.05
_LINES: Final = 500


class Line(Struct, frozen=True):
    """A thing as it was."""

    kind: str
    state: Raw


class People(Struct, frozen=True, tag_field="kind", tag="people"):
    """How many different people had ever promised something."""

    count: int


class Gone(Struct, frozen=True, tag_field="kind", tag="gone"):
    """Something existed then of which nobody knows any more how it was."""


class Lagging(Trouble):
    """The history has not come so far yet."""


class HistoryStore:
    """The collections."""

    def __init__(self, database: Database) -> None:
        """Use a service's own database."""
        self.chunks: Collection = database.history
        self.things: Collection = database.history_things
        self.people: Collection = database.history_people
        self._positions: Collection = database.history_positions

    async def prepare(self) -> None:
        """Make the indexes."""
        with translated():
            await self.chunks.create_index([("t", 1), ("f", 1), ("n", 1)], name="of_thing")
            await self.things.create_index([("c", 1)], name="of_campaign")
            await self.people.create_index([("c", 1), ("a", 1)], name="of_campaign")

    async def positions(self) -> dict[int, tuple[int, str]]:
        """Of each partition the next offset, and the time of the last fact before it."""
        found = await find(self._positions, {})
        return {document["_id"]: (document["next"], document.get("at", "")) for document in found}

    async def reached(self, positions: Mapping[int, tuple[int, str]]) -> None:
        """Note how far the history goes; it never goes back."""
        documents = [
            {"_id": partition, "next": following, **({"at": at} if at else {})}
            for partition, (following, at) in positions.items()
        ]
        await keep_latest(self._positions, documents, field="next")

    async def last(self, things: Sequence[str]) -> dict[str, int]:
        """The last versions that are kept of things, 0 where there is none; who is not among them is not known."""
        if not things:
            return {}
        known = await find(self.things, {"_id": {"$in": list(things)}}, {"_id": 1})
        newest = await aggregate(self.chunks, newest_of(things, "n"))
        return {**{one["_id"]: 0 for one in known}, **{one["_id"]: one["n"] for one in newest}}

    async def keep(self, new: Sequence[Told], changes: Sequence[Told], promises: Mapping[str, Promised]) -> None:
        """Write what was told, and the things that are new; what is there already stays."""
        chunks = [
            {
                "_id": f"{some[0].thing}:{some[0].version}-{some[-1].version}",
                "t": some[0].thing,
                "f": some[0].at,
                "n": some[-1].version,
                "z": chronicle.packed(some),
            }
            for some in chronicle.chunks(changes)
        ]
        people = [{"_id": name, "c": one.campaign, "a": one.at} for name, one in promises.items()]
        things = [{"_id": one.thing, "k": one.kind, "c": one.campaign, "b": one.born} for one in new]
        await keep_least(self.people, people, field="a")
        await insert_missing((self.chunks, chunks), (self.things, things))

    async def found(self, things: Sequence[Told]) -> None:
        """Write things as their documents have them, for what no log tells any more."""
        documents = [
            {"_id": one.thing, "k": one.kind, "c": one.campaign, "b": one.born, "a": one.at, "s": one.state}
            for one in things
        ]
        await insert_missing((self.things, documents))

    async def at(self, campaign: str, at: str) -> list[Line] | None:
        """The things of a campaign as they were; None if somebody has forgotten how one of them was."""
        things = await find(self.things, {"c": campaign, "b": {"$lte": at}}, {"k": 1, "b": 1, "a": 1, "s": 1})
        chunks = await aggregate(self.chunks, newest_of([one["_id"] for one in things], "z", at)) if things else []
        return await asyncio.to_thread(_read, things, {one["_id"]: one["z"] for one in chunks}, at)

    async def promised(self, campaign: str, at: str) -> int:
        """How many different people had promised something."""
        with translated():
            return await self.people.count_documents({"c": campaign, "a": {"$lte": at}}, maxTimeMS=QUERY_MS)


def newest_of(things: Sequence[str], field: str, at: str = chronicle.NEVER) -> list[Document]:
    """A pipeline for a field of each thing's newest chunk that began by an instant.

    MongoDB answers it from the index, in two steps and with one document a thing (`DISTINCT_SCAN`).
    """
    return [
        {"$match": {"t": {"$in": list(things)}, "f": {"$lte": at}}},
        {"$sort": {"t": -1, "f": -1, "n": -1}},
        {"$group": {"_id": "$t", field: {"$first": f"${field}"}}},
    ]


def _read(things: Iterable[Document], chunks: Mapping[str, bytes], at: str) -> list[Line] | None:
    lines = []
    for thing in things:
        chunk = chunks.get(thing["_id"])
        state = chronicle.state_at(chunk, at) if chunk else None
        if state is None and thing.get("a", "~") <= at:
            state = thing["s"]
        if state is not None:
            lines.append(Line(thing["k"], Raw(state)))
        elif thing["b"]:
            return None
    return lines


class History:
    """Keeps the history of a service up to date, and answers out of it."""

    def __init__(
        self,
        database: Database,
        service: str,
        facts: Family[Fact],
        documents: Callable[[], AsyncIterator[tuple[State, str]]],
    ) -> None:
        """`documents` are the states that the service has now, each with its campaign."""
        self.store = HistoryStore(database)
        self.group = f"{service}.history"
        self._facts = facts
        self._documents = documents
        self._seek: Callable[[Place, int], None] = _nowhere
        self._next: dict[Place, int] = {}
        self._sought: set[Place] = set()
        self._last: OrderedDict[str, int] = OrderedDict()
        self._promised: OrderedDict[str, str] = OrderedDict()

    async def prepare(self) -> None:
        """Make the indexes; begin with the documents, if there is no history yet."""
        await self.store.prepare()
        if await self.store.positions():
            return
        some: list[Told] = []
        async for state, campaign in self._documents():
            some.append(chronicle.told(state, campaign, getattr(state, "updated_at", chronicle.NEVER)))
            if len(some) >= _LINES:
                await self.store.found(some)
                some = []
        await self.store.found(some)

    def follow(self, seek: Callable[[Place, int], None]) -> None:
        """Take what has places handed out again from an offset."""
        self._seek = seek

    async def assigned(self, places: frozenset[Place]) -> None:
        """Begin where the history stands; if that cannot be told now, the first batch asks again."""
        for place in places:
            self._next.pop(place, None)
            self._sought.discard(place)
        with suppress(Trouble):
            await self._resume(places)

    async def work(self, records: Sequence[Record]) -> list[Outgoing]:
        """Take in a batch; there is nothing to say to it."""
        unsure = {(record.topic, record.partition) for record in records} - self._next.keys()
        if unsure:
            await self._resume(unsure)
        records = [record for record in self._continuous(records) if (record.topic, record.partition) not in unsure]
        changes: list[Told] = []
        promises: dict[str, Promised] = {}
        reached: dict[Place, tuple[int, str]] = {}
        for record in records:
            place = (record.topic, record.partition)
            at = reached.get(place, (0, ""))[1]
            try:
                envelope = open_envelope(record.value)
                if envelope.type not in OUTCOME_TYPES:
                    fact, at = self._facts.decode(envelope), envelope.time
                    changes += chronicle.states(fact, at)
                    promise = chronicle.promised(fact, at)
                    if promise is not None:
                        name = f"{promise.campaign}|{promise.person}"
                        promises[name] = min(promise, promises.get(name, promise), key=_when)
            except Malformed:  # the gateway's projector parks it
                log.warning("fact left out", partition=record.partition, offset=record.offset)
            reached[place] = (record.offset + 1, at)
        await self._keep(changes, promises)
        await self.store.reached({partition: found for (_, partition), found in reached.items()})
        self._next.update((place, following) for place, (following, _) in reached.items())
        return []

    async def _keep(self, changes: Sequence[Told], promises: Mapping[str, Promised]) -> None:
        """Write what is newer than what is kept; a fact may come again, in any later batch."""
        unknown = list({one.thing for one in changes} - self._last.keys())
        stored = await self.store.last(unknown)
        last = {one.thing: stored.get(one.thing, self._last.get(one.thing, 0)) for one in changes}
        new: dict[str, Told] = {}
        fresh: list[Told] = []
        for one in changes:
            if one.version > last[one.thing]:
                last[one.thing] = one.version
                fresh.append(one)
                if one.thing in unknown and one.thing not in stored:
                    new.setdefault(one.thing, one)
        people = {name: one for name, one in promises.items() if one.at < self._promised.get(name, chronicle.NEVER)}
        await self.store.keep([*new.values()], fresh, people)
        _remember(self._last, last)
        _remember(self._promised, {name: one.at for name, one in people.items()})

    async def _resume(self, places: Iterable[Place]) -> None:
        held = await self.store.positions()
        for place in places:
            self._next[place] = held.get(place[1], (0, ""))[0]
            self._seek(place, self._next[place])

    def _continuous(self, records: Sequence[Record]) -> list[Record]:
        """Leave out what was fetched before the last seek; where the log begins later, that is where we begin."""
        first: dict[Place, int] = {}
        for record in records:
            first.setdefault((record.topic, record.partition), record.offset)
        too_far = {place for place, offset in first.items() if offset > self._next[place]} - self._sought
        for place in too_far:
            self._sought.add(place)
            self._seek(place, self._next[place])
        return [record for record in records if (record.topic, record.partition) not in too_far]

    async def at(self, campaign: str, at: str, wanted: Mapping[int, int]) -> list[Line | People | Gone]:
        """A campaign as it was, with all that the log held up to given offsets; `Lagging` if that takes too long."""
        async with _patience():
            while not _reaches(await self.store.positions(), wanted, at):  # noqa: ASYNC110 -- another process writes it
                await asyncio.sleep(_LOOK_S)
        lines, people = await asyncio.gather(self.store.at(campaign, at), self.store.promised(campaign, at))
        return [Gone()] if lines is None else [*lines, People(people)]


def _reaches(held: Mapping[int, tuple[int, str]], wanted: Mapping[int, int], at: str) -> bool:
    """Whether all up to the wanted offsets is in, or at least what was told by an instant: a partition keeps time."""
    for partition, offset in wanted.items():
        following, last = held.get(partition, (0, ""))
        if following < offset and last <= at:
            return False
    return True


@asynccontextmanager
async def _patience() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(REACH_S):
            yield
    except TimeoutError:
        raise Lagging("the history has not come so far yet") from None


def _remember(known: OrderedDict[str, Any], more: Mapping[str, Any]) -> None:
    """Keep the newest, bounded."""
    for name, value in more.items():
        known[name] = value
        known.move_to_end(name)
    while len(known) > KNOWN:
        known.popitem(last=False)


def _when(promise: Promised) -> str:
    return promise.at


def _nowhere(place: Place, offset: int) -> None:
    raise Trouble(f"nobody reads {place[0]} from {offset}")
