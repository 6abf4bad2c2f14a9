"""One public stream: its ring, what lies before that, and where a client's wish begins in it."""

import asyncio
from collections.abc import Sequence
from typing import Final
from weakref import WeakValueDictionary

from services.gateway import cursors
from services.gateway.cursors import Cursor, Place
from services.gateway.fanout import Fanout
from services.gateway.history import History, Readers
from services.gateway.items import Item
from services.gateway.ring import Ring, Tail
from services.gateway.stream_frames import Ndjson, Passed, Sse, View
from services.gateway.stream_query import Asked, Filter

AHEAD_S: Final = 2.0
"""A cursor that lies ahead of this replica's ring has so long to turn out to be true."""
BACK: Final = 2_000
"""So many items are looked through for the predecessor of a filtered view."""


class Start:
    """Where a client begins: `offset` was passed over, `passed` says so in cursors; `gap` if its position is gone."""

    __slots__ = ("gap", "offset", "passed")

    def __init__(self, offset: int, passed: Passed, *, gap: bool = False) -> None:
        """Begin after an offset."""
        self.offset = offset
        self.passed = passed
        self.gap = gap


class Stream:
    """A public topic as clients read it. Every read beyond the ring may raise `Trouble` or `TimeoutError`."""

    def __init__(self, name: str, topic: str, bootstrap: str, readers: Readers, snapshot: str) -> None:
        """Serve a topic; `snapshot` is where its things are read as they are now."""
        self.name = name
        self.snapshot = snapshot
        self.ring = Ring(topic)
        self.tail = Tail(self.ring, bootstrap)
        self.fanout = Fanout(self.ring)
        self._history = History(topic, readers)
        self._generation = 0
        self._views: WeakValueDictionary[tuple[str, Filter], View] = WeakValueDictionary()

    @property
    def _past(self) -> History:
        """What lies before the ring, of the log that the ring holds now."""
        if self._generation != self.ring.generation:
            self._generation = self.ring.generation
            self._history.forget()
        return self._history

    def view(self, asked: Asked) -> View:
        """What a client sees; the same object for the same view, so that it is written once."""
        view = self._views.get((asked.form, asked.filter))
        if view is None:
            view = View(asked.filter, Sse() if asked.form == "sse" else Ndjson())
            self._views[asked.form, asked.filter] = view
        return view

    async def start(self, asked: Asked) -> Start:
        """Where a wish begins; at the live end if it names no position, or one that is gone."""
        if asked.after is not None:
            found = await self._resume(asked.after, asked.filter)
            return found or self._live(asked.filter, gap=True)
        if asked.oldest:
            return Start(await self._past.beginning() - 1, Passed())
        if asked.since_ms is not None and (offset := await self._past.since(asked.since_ms)) is not None:
            return Start(offset - 1, Passed())
        return self._live(asked.filter)

    async def after(self, offset: int) -> tuple[Sequence[Item], int]:
        """Items after an offset, from memory if they are there, and up to where that was looked at."""
        ring = self.ring
        oldest, last = ring.oldest, ring.last
        if oldest is None or last is None or offset >= last.offset:
            return (), offset
        if offset >= oldest.offset:
            items = ring.items(ring.number(offset + 1))
            return items, items[-1].offset
        return await self._past.after(offset)

    async def where(self) -> dict[str, str | None]:
        """What a client needs to know whose position is gone."""
        head = self.ring.head
        oldest: Item | None = None
        offset = await self._past.beginning() - 1
        while oldest is None and self.ring.last is not None and offset < self.ring.last.offset:
            items, offset = await self.after(offset)
            oldest = next((item for item in items if item.told), None)
        return {
            "oldest": oldest.cursor if oldest else None,
            "head": head.cursor if head else None,
            "snapshot": self.snapshot,
        }

    def _live(self, wanted: Filter, *, gap: bool = False) -> Start:
        last = self.ring.last
        if last is None:
            return Start(-1, Passed(), gap=gap)
        return Start(last.offset, Passed(last.place, self._told(wanted, self.ring.end)), gap=gap)

    def _told(self, wanted: Filter, number: int) -> Place | None:
        """The last event of a view before an item of the ring, if it is not too far back."""
        for before in range(number - 1, max(self.ring.first, number - BACK) - 1, -1):
            item = self.ring.item(before)
            if wanted.admits(item):
                return item.place
        return None

    async def _resume(self, text: str, wanted: Filter) -> Start | None:
        """Where a cursor stands; None if it is of another log, or of a part of it that is not kept."""
        cursor = cursors.read(text)
        if cursor is None or not await self._known(cursor):
            return None
        item = await self._at(cursor.place.offset)
        if item is None or item.mark != cursor.place.mark:
            return None
        told = cursor.told
        if told is None:
            oldest = self.ring.oldest
            if wanted.admits(item):
                told = item.place
            elif oldest is not None and item.offset >= oldest.offset:
                told = self._told(wanted, self.ring.number(item.offset))
        return Start(item.offset, Passed(item.place, told))

    async def _known(self, cursor: Cursor) -> bool:
        """Whether a cursor is of this log; one ahead of us may come from a replica that is ahead of us."""
        try:
            async with asyncio.timeout(AHEAD_S):
                while cursor.epoch == self.ring.epoch:
                    last = self.ring.last
                    if last is not None and cursor.place.offset <= last.offset:
                        return True
                    await self.ring.moved.wait()
        except TimeoutError:
            pass
        return False

    async def _at(self, offset: int) -> Item | None:
        oldest = self.ring.oldest
        if oldest is None or offset < oldest.offset:
            return await self._past.at(offset)
        number = self.ring.number(offset)
        if number >= self.ring.end or (item := self.ring.item(number)).offset != offset:
            return None
        return item
