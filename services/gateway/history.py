"""What a public topic holds beyond the ring: read from Kafka in blocks, by a few readers whom all clients share."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from msgspec import Struct

from services.gateway.items import Item, item_of
from shared.kafka.reader import Reader
from shared.ports import Trouble

BLOCK: Final = 512
"""Offsets in a block; blocks begin at the multiples of it."""
BLOCKS: Final = 32
"""Blocks that are kept."""
READERS: Final = 8
"""Readers of a process, for all its streams."""
PATIENCE_S: Final = 5.0
"""A block that takes longer is `Trouble`."""


class Block(Struct, frozen=True):
    """The records from an offset on; `passed` is the last offset that was looked at."""

    items: tuple[Item, ...]
    passed: int
    complete: bool


class Readers:
    """At most so many connections to Kafka, each used for one block at a time."""

    def __init__(self, bootstrap: str, most: int = READERS) -> None:
        """Prepare; a reader connects when it is needed and stays."""
        self._bootstrap = bootstrap
        self._free = asyncio.Semaphore(most)
        self._idle: list[Reader] = []

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[Reader]:
        """Have a reader for as long as it takes; one that failed is not used again."""
        async with self._free:
            reader = self._idle.pop() if self._idle else await Reader(self._bootstrap).__aenter__()
            try:
                yield reader
                reader.begin({})
            except BaseException:
                await reader.__aexit__()
                raise
            self._idle.append(reader)

    async def close(self) -> None:
        """Disconnect those that are idle."""
        while self._idle:
            await self._idle.pop().__aexit__()


class History:
    """One topic's past."""

    def __init__(self, topic: str, readers: Readers) -> None:
        """Read a topic by these readers."""
        self._place = (topic, 0)
        self._readers = readers
        self._blocks: OrderedDict[int, Block] = OrderedDict()
        self._reading: dict[int, asyncio.Task[Block]] = {}

    def forget(self) -> None:
        """Keep no block: the log is another one."""
        self._blocks.clear()
        self._reading.clear()

    async def beginning(self) -> int:
        """The oldest offset that is kept."""
        async with asyncio.timeout(PATIENCE_S), self._readers.reader() as reader:
            return (await reader.beginnings([self._place]))[self._place]

    async def since(self, milliseconds: int) -> int | None:
        """The first offset appended at or after a time; None if there is none yet."""
        async with asyncio.timeout(PATIENCE_S), self._readers.reader() as reader:
            await reader.places([self._place[0]])
            return await reader.since(self._place, milliseconds)

    async def at(self, offset: int) -> Item | None:
        """The item at an offset, if it is kept."""
        block = await self._block(offset // BLOCK)
        return next((item for item in block.items if item.offset == offset), None)

    async def after(self, offset: int) -> tuple[Sequence[Item], int]:
        """Items after an offset, as many as lie in one block, and the offset up to which that was looked at."""
        block = await self._block((offset + 1) // BLOCK)
        return [item for item in block.items if item.offset > offset], max(offset, block.passed)

    async def _block(self, number: int) -> Block:
        """A block, read once for all who ask for it at the same time; kept if nothing can be added to it."""
        block = self._blocks.get(number)
        if block is not None:
            self._blocks.move_to_end(number)
            return block
        reading = self._reading.get(number)
        if reading is None:
            reading = self._reading[number] = asyncio.create_task(self._read(number))
            reading.add_done_callback(lambda _: self._reading.pop(number, None))
        try:
            return await asyncio.shield(reading)
        except TimeoutError as error:
            raise Trouble("Kafka is slow") from error

    async def _read(self, number: int) -> Block:
        place, begin, stop = self._place, number * BLOCK, (number + 1) * BLOCK
        found: list[Item] = []
        async with asyncio.timeout(PATIENCE_S), self._readers.reader() as reader:
            await reader.places([place[0]])
            end = (await reader.ends([place]))[place]
            oldest = (await reader.beginnings([place]))[place]
            reader.begin({place: max(begin, oldest)})
            while await reader.position(place) < min(stop, end):
                records = await reader.read(wait_ms=250, most=BLOCK)
                found += [item for item in map(item_of, records) if item is not None and item.offset < stop]
        block = Block(tuple(found), min(stop, end) - 1, complete=end >= stop)
        if block.complete:
            self._blocks[number] = block
            if len(self._blocks) > BLOCKS:
                self._blocks.popitem(last=False)
        return block
