"""One client of a public stream, from its first frame to its last."""

import asyncio
import random
from collections.abc import Mapping
from typing import Final

from services.gateway.fanout import CHECKPOINT_S, Connection
from services.gateway.pace import Pace, TooSlow
from services.gateway.stream import Start, Stream
from services.gateway.stream_frames import cursor_of
from shared import logs
from shared.ports import Trouble

log = logs.logger(__name__)

LAST_S: Final = 1.0
"""A last word has so long to be written."""
PAUSE_S: Final = 1.0
"""Between two attempts to read what Kafka does not give."""


class Client:
    """Serves a client whose response has begun."""

    def __init__(self, stream: Stream, connection: Connection, start: Start, pace: Pace) -> None:
        """Begin at `start`."""
        self._stream = stream
        self._connection = connection
        self._offset = start.offset
        self._pace = pace
        self._generation = stream.ring.generation
        self._written_at = asyncio.get_running_loop().time()

    async def serve(self, where: Mapping[str, str | None]) -> None:
        """Serve until the client has gone, is too slow, or the log is another one; `where` tells of a gap first."""
        try:
            await self._greet(where)
            while self._generation == self._stream.ring.generation:
                if not await self._catch_up():
                    return
                self._pace.caught_up()
                if await self._stream.fanout.listen(self._connection, self._stream.ring.number(self._offset + 1)):
                    return
                await self._pace.through(self._connection.finish())
                self._offset = self._connection.offset(self._offset)
        except TooSlow as slow:
            log.info("stream client is too slow", stream=self._stream.name, reason=str(slow))
            if slow.stalled:
                self._pace.cut_off()
            else:
                await self._send(self._connection.view.form.slow(self._cursor()))

    async def last(self) -> None:
        """End the response: tell when to come back, not everybody at once."""
        try:
            async with asyncio.timeout(LAST_S):
                await self._connection.finish()
                retry = self._connection.view.form.retry(random.randint(500, 5_000))  # noqa: S311 -- jitter
                await self._connection.send({"type": "http.response.body", "body": retry, "more_body": False})
        except TimeoutError:
            self._pace.cut_off()

    async def _greet(self, where: Mapping[str, str | None]) -> None:
        """Tell of the gap, or where the client stands, so that it can resume before the first event has come."""
        form = self._connection.view.form
        if where:
            await self._send(form.gap(self._cursor(), where))
        elif greeting := form.greeting(self._cursor(), self._head()):
            await self._send(greeting)

    async def _catch_up(self) -> bool:
        """Write what is there, up to the end of the ring; False if the client has gone."""
        connection, ring = self._connection, self._stream.ring
        while self._generation == ring.generation:
            beyond = ring.oldest is not None and self._offset < ring.oldest.offset
            try:
                items, looked = await self._stream.after(self._offset)
            except (Trouble, TimeoutError) as trouble:
                log.warning("stream waits for Kafka", stream=self._stream.name, reason=str(trouble))
                await asyncio.sleep(PAUSE_S)
                items, looked = (), self._offset
            else:
                if not items and looked == self._offset:
                    return True
            data, count, connection.passed = connection.view.write(items, ring.epoch, connection.passed)
            self._offset = looked if count == len(items) else items[count - 1].offset
            # Many clients wait in the next line; none of them may keep a block of items alive.
            del items
            await self._send(data or self._sign_of_life())
            if beyond:
                self._pace.took(count)
            if await self._gone():
                return False
        return False

    def _sign_of_life(self) -> bytes:
        """A checkpoint where a long search finds nothing to tell."""
        if asyncio.get_running_loop().time() - self._written_at < CHECKPOINT_S - 1:
            return b""
        return self._connection.view.form.checkpoint(self._cursor(), self._head())

    async def _send(self, data: bytes) -> None:
        if data:
            message = {"type": "http.response.body", "body": data, "more_body": True}
            await self._pace.through(self._connection.write(message))
            self._written_at = asyncio.get_running_loop().time()

    async def _gone(self) -> bool:
        try:
            async with asyncio.timeout(0):
                return bool((await self._connection.receive())["type"] == "http.disconnect")
        except TimeoutError:
            return False

    def _cursor(self) -> str:
        return cursor_of(self._stream.ring.epoch, *self._connection.passed)

    def _head(self) -> str:
        head = self._stream.ring.head
        return head.cursor if head else ""
