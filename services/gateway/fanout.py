"""Writes what a ring takes in to everybody who listens: one loop for all, which waits for nobody.

Sending to a client that keeps up does not suspend, so the loop makes that step of `send` itself and needs no task
switch. Where `send` does suspend, the client's socket is full: the connection leaves the loop, its own task finishes
the step, catches up from the ring or from Kafka, and comes back.
"""

import asyncio
import random
from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any, Final

from starlette.types import Message, Receive, Send

from services.gateway.ring import Ring
from services.gateway.stream_frames import Passed, View, cursor_of
from shared import logs

log = logs.logger(__name__)

CHECKPOINT_S: Final = 15.0
LOOK_S: Final = 1.0
"""Checkpoints are looked for this often."""
TURN: Final = 256
"""Connections that are written before others may run."""


class Connection:
    """A listener: where it stands, and how to write to it."""

    __slots__ = ("checkpoint_at", "deadline", "next", "passed", "receive", "send", "suspended", "view")

    def __init__(self, view: View, passed: Passed, receive: Receive, send: Send) -> None:
        """Stand at `passed`."""
        self.view = view
        self.passed = passed
        self.receive = receive
        self.send = send
        self.next = 0
        self.checkpoint_at = 0.0
        self.deadline: asyncio.Timeout | None = None
        self.suspended: tuple[Coroutine[Any, Any, None], Any] | None = None

    def offset(self, otherwise: int) -> int:
        """Offset of the last record passed over."""
        return self.passed.place.offset if self.passed.place else otherwise

    async def write(self, message: Message) -> None:
        """Send, as a coroutine, whatever `send` returns."""
        await self.send(message)

    async def finish(self) -> None:
        """Finish the step of `send` that suspended, if there is one."""
        if self.suspended is not None:
            step, self.suspended = self.suspended, None
            await _resumed(*step)


class Fanout:
    """The live end of one stream."""

    def __init__(self, ring: Ring) -> None:
        """Write what this ring takes in."""
        self._ring = ring
        self._live: set[Connection] = set()

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            moved = self._ring.moved
            await self._round()
            try:
                async with asyncio.timeout(LOOK_S):
                    await moved.wait()
            except TimeoutError:
                continue

    async def listen(self, connection: Connection, number: int) -> bool:
        """Be written to from an item of the ring on; True if the client has gone, False if it fell behind."""
        connection.next = number
        connection.checkpoint_at = _checkpoint_at()
        try:
            async with asyncio.timeout(None) as connection.deadline:
                self._live.add(connection)
                if number < self._ring.end:
                    self._write(connection, {}, asyncio.get_running_loop().time())
                while (await connection.receive())["type"] != "http.disconnect":
                    pass
                return True
        except TimeoutError:
            return False
        finally:
            self._live.discard(connection)

    async def _round(self) -> None:
        """Write to everybody once; those who have more to come are written again in the next round."""
        while True:
            written: dict[tuple[View, int, Passed], tuple[bytes, int, Passed]] = {}
            now = asyncio.get_running_loop().time()
            more = False
            for count, connection in enumerate(list(self._live), 1):
                if connection in self._live:
                    more |= self._write(connection, written, now)
                if count % TURN == 0:
                    await asyncio.sleep(0)
            if not more:
                return
            await asyncio.sleep(0)

    def _write(
        self,
        connection: Connection,
        written: dict[tuple[View, int, Passed], tuple[bytes, int, Passed]],
        now: float,
    ) -> bool:
        """Write one chunk to a connection; whether more is to come."""
        ring = self._ring
        if connection.next < ring.first:
            self._release(connection)
            return False
        if connection.next < ring.end:
            key = (connection.view, connection.next, connection.passed)
            chunk = written.get(key)
            if chunk is None:
                items = ring.items(connection.next)
                chunk = written[key] = connection.view.write(items, ring.epoch, connection.passed)
            data, count, connection.passed = chunk
            connection.next += count
        elif now >= connection.checkpoint_at:
            place, told = connection.passed
            head = ring.head.cursor if ring.head else ""
            data = connection.view.form.checkpoint(cursor_of(ring.epoch, place, told), head)
            connection.checkpoint_at = _checkpoint_at()
        else:
            return False
        if data:
            self._step(connection, {"type": "http.response.body", "body": data, "more_body": True})
        return connection.next < ring.end

    def _step(self, connection: Connection, message: Message) -> None:
        sending = connection.send(message)
        if not isinstance(sending, Coroutine):
            raise TypeError("send is no coroutine function")
        try:
            waiting = sending.send(None)
        except StopIteration:
            return
        except Exception as error:  # noqa: BLE001 -- whatever one connection has must not end all others
            log.warning("stream failed", reason=type(error).__name__)
        else:
            connection.suspended = sending, waiting
        self._release(connection)

    def _release(self, connection: Connection) -> None:
        """Give a connection back to its own task."""
        self._live.discard(connection)
        if connection.deadline is not None:
            connection.deadline.reschedule(asyncio.get_running_loop().time())


def _checkpoint_at() -> float:
    """Within the promised time, and not for all at once."""
    return asyncio.get_running_loop().time() + (CHECKPOINT_S - LOOK_S) * random.uniform(0.8, 1)  # noqa: S311 -- jitter


@coroutine
def _resumed(sending: Coroutine[Any, Any, None], waiting: Any) -> Generator[Any, Any, None]:  # noqa: ANN401 -- what an event loop's coroutines yield is the loop's own affair
    """Go on with a coroutine of which another made the first step, and that waits for `waiting`."""
    try:
        while True:
            try:
                yield waiting
            except BaseException as error:  # noqa: BLE001 -- cancellation has to reach it
                waiting = sending.throw(error)
            else:
                waiting = sending.send(None)
    except StopIteration:
        return
