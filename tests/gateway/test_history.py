import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from services.gateway.history import BLOCK, History, Readers
from shared.kafka.reader import Reader
from shared.ports import Outgoing, Trouble
from tests.gateway.public_given import Log, a_log, need


class Counted(Readers):
    """Readers that tell how often they were used, and by how many at once."""

    uses = 0
    busy = 0
    most = 0

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[Reader]:
        """Count."""
        async with super().reader() as reader:
            self.uses += 1
            self.busy += 1
            self.most = max(self.most, self.busy)
            try:
                yield reader
            finally:
                self.busy -= 1


async def fill(log: Log, count: int) -> None:
    """Write so many records to the public topic."""
    await log.appender.append(
        [Outgoing(log.topic, 0, b"k", need("need_a", version), (("epoch", b"e1"),)) for version in range(1, count + 1)]
    )


async def test_many_who_ask_for_one_block_read_it_once(kafka: str) -> None:
    """A block is read for all of them, kept when it is complete, and handed out in parts."""
    async with a_log(kafka) as log:
        await fill(log, 2 * BLOCK)
        readers = Counted(kafka, 2)
        history = History(log.topic, readers)

        pages = await asyncio.gather(*(history.after(offset) for offset in range(-1, BLOCK - 1)))
        first, again = readers.uses, await history.after(10)
        await readers.close()

    assert (first, readers.uses) == (1, 1)
    assert [len(items) for items, _ in pages] == list(range(BLOCK, 0, -1))
    assert {looked for _, looked in pages} == {BLOCK - 1}
    assert [item.offset for item in again[0]] == list(range(11, BLOCK))


async def test_readers_are_few_however_many_ask(kafka: str) -> None:
    """Different blocks wait for a free reader; the past is whole."""
    async with a_log(kafka) as log:
        await fill(log, 5 * BLOCK + 7)
        readers = Counted(kafka, 2)
        history = History(log.topic, readers)

        blocks = await asyncio.gather(*(history.after(number * BLOCK - 1) for number in range(6)))
        await readers.close()

    assert readers.most == 2
    assert [item.offset for items, _ in blocks for item in items] == list(range(5 * BLOCK + 7))


async def test_a_block_that_grows_is_read_again(kafka: str) -> None:
    """The end of the log is not kept."""
    async with a_log(kafka) as log:
        readers = Counted(kafka)
        history = History(log.topic, readers)
        await fill(log, 3)
        before, _ = await history.after(-1)
        await fill(log, 2)
        after, _ = await history.after(-1)
        item = await history.at(4)
        await readers.close()

    assert (len(before), len(after)) == (3, 5)
    assert item is not None
    assert item.offset == 4


async def test_without_kafka_it_is_trouble() -> None:
    """A reader that cannot connect blocks nobody else's place."""
    readers = Readers("127.0.0.1:1", 1)
    history = History("nowhere", readers)
    for _ in range(3):
        with pytest.raises(Trouble):
            await history.after(0)
