"""The end of a public topic in memory, as bytes that are ready to be sent; every replica follows the log itself."""

import asyncio
from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

from services.gateway.items import Item, item_of
from shared import logs
from shared.kafka.reader import Reader
from shared.ports import Trouble

log = logs.logger(__name__)

PAUSE_S: Final = 1.0
"""Between two attempts to reach Kafka."""


class Ring:
    """The last items of a log, numbered from 0 as they came in: `first` up to, not including, `end`.

    `generation` moves when the log turns out to be another one: whoever holds a number then has to begin anew.
    """

    def __init__(self, topic: str, *, most: int = 10_000, most_bytes: int = 32 * 1_048_576) -> None:
        """Hold so many items, of so many bytes."""
        self.topic = topic
        self.most = most
        self.epoch = ""
        self.ready = False
        self.generation = 0
        self.first = 0
        self.head: Item | None = None
        self.moved = asyncio.Event()
        self._most_bytes = most_bytes
        self._bytes = 0
        self._items: list[Item] = []

    @property
    def end(self) -> int:
        """Number of the item that comes next."""
        return self.first + len(self._items)

    @property
    def last(self) -> Item | None:
        """The newest item, even if it is no event."""
        return self._items[-1] if self._items else None

    @property
    def oldest(self) -> Item | None:
        """The oldest item that is held."""
        return self._items[0] if self._items else None

    def item(self, number: int) -> Item:
        """An item by its number."""
        return self._items[number - self.first]

    def items(self, number: int, most: int = 256) -> list[Item]:
        """Items from a number on."""
        return self._items[number - self.first : number - self.first + most]

    def number(self, offset: int) -> int:
        """Number of the first item at or after an offset."""
        return self.first + bisect_left(self._items, offset, key=_offset)

    def add(self, items: Iterable[Item]) -> None:
        """Take in what the log brought, and wake everybody once."""
        for item in items:
            epoch = item.cursor.partition("-")[0]
            last = self.last
            if (self.epoch and epoch != self.epoch) or (last is not None and item.offset <= last.offset):
                self._begin_anew()
            self.epoch = epoch
            self._items.append(item)
            self._bytes += len(item.frame)
            if item.told:
                self.head = item
        self._trim()
        self.wake()

    def wake(self) -> None:
        """Wake whoever waits for `moved`."""
        moved, self.moved = self.moved, asyncio.Event()
        moved.set()

    def _trim(self) -> None:
        """Let go of the oldest, an eighth at a time, since the front of a list is the dear end of it."""
        if len(self._items) <= self.most * 9 // 8 and self._bytes <= self._most_bytes:
            return
        gone = max(0, len(self._items) - self.most)
        size = self._bytes - sum(len(item.frame) for item in self._items[:gone])
        while size > self._most_bytes * 7 // 8 and gone < len(self._items) - 1:
            size -= len(self._items[gone].frame)
            gone += 1
        del self._items[:gone]
        self.first += gone
        self._bytes = size

    def _begin_anew(self) -> None:
        log.warning("public log is another one", topic=self.topic)
        self.first = self.end
        self._items.clear()
        self._bytes = 0
        self.head = None
        self.generation += 1


def _offset(item: Item) -> int:
    return item.offset


class Tail:
    """Follows a public topic into its ring, from a ring's length before the end, for ever."""

    def __init__(self, ring: Ring, bootstrap: str) -> None:
        """Prepare."""
        self._ring = ring
        self._bootstrap = bootstrap
        self._next: int | None = None

    async def run(self) -> None:
        """Follow until cancelled; while Kafka is away the ring stays as it is."""
        while True:
            try:
                await self._follow()
            except Trouble as trouble:
                log.warning("tail waits for Kafka", topic=self._ring.topic, reason=str(trouble))
            except Exception:
                log.exception("tail begins again", topic=self._ring.topic)
            await asyncio.sleep(PAUSE_S)

    async def _follow(self) -> None:
        place = (self._ring.topic, 0)
        async with Reader(self._bootstrap) as reader:
            await reader.places([self._ring.topic])
            end = (await reader.ends([place]))[place]
            if self._next is None:
                # Every transaction ends with a marker, which takes an offset as well.
                self._next = max((await reader.beginnings([place]))[place], end - 2 * self._ring.most)
            reader.begin({place: self._next})
            async for records in reader.tail(wait_ms=250):
                items = [item for item in map(item_of, records) if item is not None]
                if items:
                    self._ring.add(items)
                self._next = await reader.position(place)
                if not self._ring.ready and self._next >= end:
                    self._ring.ready = True
                    self._ring.wake()
