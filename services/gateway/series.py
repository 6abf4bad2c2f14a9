"""Series in lists: what comes when, merged with events that come once, and what a page shows of it.

Nothing is made ahead. Of each series that fits the filters its rule is begun where the page begins, and a series that
has not changed since it was read last (by id and version) is not read again.
"""

import heapq
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, takewhile
from typing import Final

import msgspec
from msgspec import Struct

from services.gateway import views
from services.gateway.view_store import Ask, Positions, ViewStore
from shared import recurrence, series
from shared.contracts.events import EventState, OccurrenceState
from shared.contracts.message import encode

KEPT: Final = 5_000
"""Series that are kept decoded."""
UPCOMING: Final = 10

_events = msgspec.json.Decoder(EventState)
_occurrences = msgspec.json.Decoder(OccurrenceState)


class Series(Struct, frozen=True):
    """A series with its occurrences that were moved or called off."""

    state: EventState
    exceptions: dict[str, OccurrenceState]


class Item(Struct, frozen=True):
    """Where something stands in a list: `key` sorts; a body that comes once, or a slot of a series."""

    key: str
    body: bytes = b""
    of: Series | None = None
    slot: series.Slot | None = None

    def __lt__(self, other: "Item") -> bool:
        """By the key alone."""
        return self.key < other.key


class Listed(Struct, frozen=True):
    """A part of a list; `until` is the instant at which it is another without anything having changed, if any."""

    positions: Positions
    after: str
    bodies: list[bytes]
    until: str = ""


class _Once(Struct):
    id: str
    starts_at: str
    starts_at_utc: str


_once = msgspec.json.Decoder(_Once)


class SeriesReads:
    """Reads series and merges them into lists."""

    def __init__(self, store: ViewStore) -> None:
        """Read from the views."""
        self._store = store
        self._kept: OrderedDict[tuple[str, int], Series] = OrderedDict()

    async def page(self, ask: Ask, now: str) -> Listed:
        """A page of events: occurrences if it is asked for dates, else each series where it stands now."""
        once = await self._store.page(ask)
        _, found = await self.of([views.series_of(name) for name in ask.sets])
        dated = bool(ask.first or ask.last)
        single = (Item(_key_of(body), body) for body in once.bodies)
        until = ""
        if dated:
            coming = [_between(one, ask) for one in found]
        else:
            standing = [_standing(one, now) for one in found]
            until = min((item.slot.ends_at_utc for item in standing if item.slot), default="")
            coming = [iter(sorted(item for item in standing if item.key > ask.after))]
        merged = heapq.merge(single, *coming)
        looked_at = takewhile(lambda item: not once.after or item.key <= once.after, merged)
        taken = list(islice(looked_at, ask.limit + 1))
        shown, more = taken[: ask.limit], len(taken) > ask.limit
        after = shown[-1].key if more else once.after
        bodies = await self._bodies(shown, dated=dated)
        return Listed(once.positions, after, bodies, until if until > now else "")

    async def upcoming(self, campaign: str, bodies: Sequence[bytes], now: str) -> tuple[list[bytes], str]:
        """The next events of a campaign, each series at its next start, and the first of their starts."""
        _, found = await self.of([f"c:{campaign}:series"])
        chosen = next_of(found, bodies, now)[:UPCOMING]
        return await self._bodies(chosen, dated=False), chosen[0].key.partition("|")[0] if chosen else ""

    async def one(self, event: str) -> Series | None:
        """A series by id; None for what does not recur."""
        loaded = await self._load([event])
        return loaded.get(event)

    async def shown(self, one: Series, slots: Sequence[series.Slot]) -> list[bytes]:
        """Occurrences of a series as they are read."""
        return await self._bodies([Item("", of=one, slot=slot) for slot in slots], dated=True)

    async def of(self, sets: Sequence[str]) -> tuple[Positions, list[Series]]:
        """The series that stand in all the sets."""
        positions, found = await self._store.series(sets)
        unknown = [name for name, version in found if (name, version) not in self._kept]
        loaded = await self._load(unknown) if unknown else {}
        known = [loaded.get(name) or self._kept.get((name, version)) for name, version in found]
        return positions, [one for one in known if one is not None]

    async def _load(self, names: Sequence[str]) -> dict[str, Series]:
        loaded = {}
        for name, (version, body, exceptions) in (await self._store.load_series(names)).items():
            if not body:
                continue
            one = Series(_events.decode(body), {key: _occurrences.decode(text) for key, text in exceptions.items()})
            if one.state.recurrence is None:
                continue
            loaded[name] = self._kept[name, version] = one
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return loaded

    async def _bodies(self, items: Iterable[Item], *, dated: bool) -> list[bytes]:
        """What is shown, with the figures of those occurrences that somebody has touched."""
        items = list(items)
        wanted = [(item.of.state.id, item.slot.name) for item in items if item.of and item.slot]
        states = await self._store.figures(wanted) if wanted else []
        figures = {pair: _occurrences.decode(text) for pair, text in zip(wanted, states, strict=True) if text}
        return [body_of(item, figures, dated=dated) for item in items]


def next_of(found: Iterable[Series], bodies: Iterable[bytes], now: str) -> list[Item]:
    """What comes next: events that come once, by their bodies, and each series at its next start."""
    coming = [Item(_key_of(body), body) for body in bodies]
    for one in found:
        slots = series.upcoming(one.state, now, one.exceptions)
        slot = next((slot for slot in slots if slot.starts_at_utc > now), None)
        if slot is not None:
            coming.append(Item(_key(one, slot), of=one, slot=slot))
    return sorted(coming)


def with_next(body: bytes, one: Series | None, now: str) -> tuple[bytes, str]:
    """An event as it is read by id: a series tells its next occurrence; and until when that is so."""
    if one is None:
        return body, ""
    slot = next(series.upcoming(one.state, now, one.exceptions), None)
    return _added(body, "next_occurrence", slot.name if slot else None), slot.ends_at_utc if slot else ""


def between(one: Series, first: str, last: str) -> Iterator[series.Slot]:
    """Occurrences of a series between two local dates, both included if they are given."""
    return series.between(one.state, first, _day_after(last), one.exceptions)


def day_before(one: Series, instant: str) -> str:
    """The local date before that of an instant: whatever starts after it starts on a later one."""
    return recurrence.days_before(recurrence.local(instant, one.state.timezone), 1)


def _between(one: Series, ask: Ask) -> Iterator[Item]:
    first = ask.first
    if ask.after:
        first = max(first, day_before(one, ask.after.partition("|")[0]))
    for slot in between(one, first, ask.last):
        item = Item(_key(one, slot), of=one, slot=slot)
        if item.key > ask.after:
            yield item


def _standing(one: Series, now: str) -> Item:
    slot = series.standing(one.state, now, one.exceptions)
    return Item(_key(one, slot) if slot else f"|{one.state.id}", of=one, slot=slot)


def _key(one: Series, slot: series.Slot) -> str:
    return f"{slot.starts_at_utc}|{slot.starts_at[:10]}|{one.state.id}|{slot.name}"


def _key_of(body: bytes) -> str:
    once = _once.decode(body)
    return f"{once.starts_at_utc}|{once.starts_at[:10]}|{once.id}"


def event_of(item: Item) -> str:
    """Id of the event that stands there."""
    return item.of.state.id if item.of else _once.decode(item.body).id


def body_of(item: Item, figures: Mapping[tuple[str, str], OccurrenceState], *, dated: bool) -> bytes:
    """What is shown of it, with the figures of those occurrences that somebody has touched."""
    if item.of is None:
        return _added(item.body, "occurrence", _once.decode(item.body).starts_at) if dated else item.body
    if item.slot is None:
        return encode(item.of.state)
    touched = figures.get((item.of.state.id, item.slot.name))
    return encode(series.shown(item.of.state, item.slot, touched))


def _added(body: bytes, name: str, value: str | None) -> bytes:
    return body[:-1] + b"," + encode(name) + b":" + encode(value) + b"}"


def _day_after(last: str) -> str:
    return recurrence.days_before(f"{last}T00:00", -1) if last else ""
