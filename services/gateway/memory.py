"""What this replica has ready to serve, and the floors below which it serves nothing.

An answer depends on one tag: the id of a thing, the id of a campaign (its aggregate), or a kind (its lists). When
something moves, its floors rise and what depends on it is dropped. An answer is kept only if its tag was not dropped
since its making began, so that a slow read cannot bring an old state back.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from msgspec import Struct

from services.gateway.ready import Entry
from services.gateway.view_store import Moved, Positions, behind

MOST_BYTES: Final = 64 * 1_048_576
"""Bytes of bodies that are kept."""
MOST_TAGS: Final = 50_000
"""Things whose floors are remembered."""
_OVERHEAD: Final = 1_500
_CATCH_UP_S: Final = 60.0


class Floor(Struct, frozen=True):
    """What an answer must contain that is begun now."""

    tick: int
    version: int
    places: Mapping[str, int]

    def above(self, positions: Mapping[str, int], version: int | None = None) -> bool:
        """Whether something read falls short of it."""
        return (version is not None and version < self.version) or behind(positions, self.places)


class _Tag:
    __slots__ = ("campaign", "dropped", "keys", "places", "seen", "told")

    def __init__(self) -> None:
        self.told = 0
        self.seen = 0
        self.campaign = ""
        self.places: Mapping[str, int] = {}
        self.dropped = 0
        self.keys: set[str] = set()


class _Kept(Struct):
    entry: Entry
    generation: int


class Memory:
    """Ready answers by request target, bounded, and floors by tag. No I/O."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        most_bytes: int = MOST_BYTES,
        most_tags: int = MOST_TAGS,
    ) -> None:
        """Begin empty, and not live: nothing tells yet what moves."""
        self.clock = clock
        self.live = False
        self._most_bytes = most_bytes
        self._most_tags = most_tags
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._bytes = 0
        self._tags: OrderedDict[str, _Tag] = OrderedDict()
        self._tick = 0
        self._forgotten = 0
        self._generation = 0
        self._needed: Positions = {}
        self._needed_until = 0.0
        self._risen = asyncio.Event()

    # ------------------------------------------------------------ serving

    def get(self, target: str) -> Entry | None:
        """An answer that is as new as all this replica knows of; None if it has to be read anew."""
        kept = self._kept.get(target)
        if kept is None or not self.live or kept.generation != self._generation:
            return None
        expires = kept.entry.expires
        if expires is not None and expires <= self.clock():
            return None
        self._kept.move_to_end(target)
        return kept.entry

    def last(self, target: str) -> Entry | None:
        """The newest answer at hand, for when nothing newer can be had; it is below no floor."""
        kept = self._kept.get(target)
        return kept.entry if kept is not None else None

    def floor(self, tag: str) -> Floor:
        """What an answer has to contain; take it before reading."""
        known = self._tags.get(tag)
        places: Mapping[str, int] = known.places if known is not None else {}
        if self._needed:
            places = {**places, **self._base()}
        return Floor(self._tick, max(known.told, known.seen) if known is not None else 0, places)

    def keep(self, target: str, entry: Entry, since: Floor) -> None:
        """Keep an answer whose making began at `since`, unless its tag was dropped meanwhile."""
        known = self._tags.get(entry.tag)
        if (known.dropped if known is not None else self._forgotten) > since.tick:
            return
        self._remove(target)
        self._kept[target] = _Kept(entry, self._generation)
        self._bytes += len(entry.body) + _OVERHEAD
        self._tag(entry.tag).keys.add(target)
        while self._bytes > self._most_bytes:
            self._remove(next(iter(self._kept)))

    # ------------------------------------------------------------ what moves

    def moved(self, items: Iterable[Moved], positions: Mapping[str, int]) -> None:
        """Things changed, as told by the log up to positions: raise floors, drop what shows them."""
        for item in items:
            offset = positions.get(item.place, 0)
            self._raise(item.id, item.version, item.campaign)
            for tag in {item.campaign, item.kind}:
                known = self._tag(tag)
                if known.places.get(item.place, 0) < offset:
                    known.places = {**known.places, item.place: offset}
                self._drop(known)
        self._rise()

    def raise_floor(self, stream: str, version: int, campaign: str, kind: str) -> None:
        """Serve nothing of a stream that is older than this version, nor a list or aggregate that may be."""
        if self._raise(stream, version, campaign):
            self._drop(self._tag(campaign))
            self._drop(self._tag(kind))
            self._rise()

    def learn(self, stream: str, version: int, campaign: str) -> None:
        """Note what was read of a stream; it is not read older again."""
        known = self._tag(stream)
        known.campaign = campaign
        known.seen = max(known.seen, version)

    def lost(self) -> None:
        """Nothing tells what moves any more: everything has to be looked at before it is served."""
        self.live = False

    def regained(self) -> None:
        """From now on all that moves is told; what moved before may have been missed."""
        self._generation += 1
        self.live = True

    def need(self, positions: Positions) -> None:
        """Have every read reach these positions first, for the bounded time that catching up may take."""
        self._needed = dict(positions)
        self._needed_until = self.clock() + _CATCH_UP_S

    def reached(self, positions: Mapping[str, int]) -> None:
        """The views are known to go so far."""
        if self._needed and not behind(positions, self._needed):
            self._needed = {}

    # ------------------------------------------------------------ what is known

    def told(self, stream: str) -> int:
        """Newest version of a stream that every answer from here contains; 0 if unknown."""
        known = self._tags.get(stream)
        return known.told if known is not None else 0

    def version(self, stream: str) -> int:
        """Newest version of a stream that may have been seen here; 0 if unknown."""
        known = self._tags.get(stream)
        return max(known.told, known.seen) if known is not None else 0

    def seen_for(self, stream: str) -> str:
        """`<campaign>:<version>` that who looks at something of a campaign may have seen here; empty if unknown."""
        known = self._tags.get(stream)
        version = self.version(known.campaign) if known is not None else 0
        return f"{known.campaign}:{version}" if known is not None and version else ""

    async def risen(self, seconds: float) -> None:
        """Return when a floor rose, or after some seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._risen.wait()
        except TimeoutError:
            return

    # ------------------------------------------------------------ inside

    def _raise(self, stream: str, version: int, campaign: str) -> bool:
        known = self._tag(stream)
        known.campaign = campaign
        if known.told >= version:
            return False
        known.told = version
        self._drop(known)
        return True

    def _base(self) -> Positions:
        if self.clock() >= self._needed_until:
            self._needed = {}
        return self._needed

    def _rise(self) -> None:
        self._risen.set()
        self._risen = asyncio.Event()

    def _tag(self, name: str) -> _Tag:
        known = self._tags.get(name)
        if known is None:
            known = self._tags[name] = _Tag()
            if len(self._tags) > self._most_tags:
                self._forget()
        else:
            self._tags.move_to_end(name)
        return known

    def _forget(self) -> None:
        """Let the floors of what was longest untouched go, and the answers with them."""
        _, oldest = self._tags.popitem(last=False)
        for target in tuple(oldest.keys):
            self._remove(target)
        self._forgotten = max(self._forgotten, oldest.dropped)

    def _drop(self, known: _Tag) -> None:
        self._tick += 1
        known.dropped = self._tick
        for target in tuple(known.keys):
            self._remove(target)

    def _remove(self, target: str) -> None:
        kept = self._kept.pop(target, None)
        if kept is None:
            return
        self._bytes -= len(kept.entry.body) + _OVERHEAD
        known = self._tags.get(kept.entry.tag)
        if known is not None:
            known.keys.discard(target)
