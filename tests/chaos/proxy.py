"""A TCP proxy that can be a bad network.

What it holds back is not lost, as in a network that is mended before TCP gives up: the bytes wait in the sender's
buffers and go on when it is healed. What is to be lost for good is `cut`.
"""

import asyncio
import random
import socket
import struct
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Literal, Self, cast

Mode = Literal["pass", "cut", "blackhole", "one_way", "latency", "slow", "limit_data"]
Direction = Literal["up", "down"]
"""`up` is from the client to the server."""

Target = tuple[str, int]

_HELD_BYTES: Final = 256 * 1024
"""No more than this is read ahead of what may be passed on."""
_STEP_S: Final = 0.05
"""A slow network brings a little at a time, not all of it late."""
_RESET: Final = struct.pack("ii", 1, 0)


class Proxy:
    """Listens for one client's connections to one server, or to the next of several that accepts."""

    def __init__(self, targets: Sequence[Target], *, seed: str = "") -> None:
        """Name the servers; `seed` decides the jitter."""
        self._targets = list(targets)
        self._next = 0
        self._chance = random.Random(seed)
        self._server: asyncio.Server | None = None
        self._links: set[_Link] = set()
        self._healed = asyncio.Event()
        self._healed.set()
        self.port = 0
        self.current: Mode = "pass"
        self.held: frozenset[Direction] = frozenset()
        self.delay = 0.0
        self.jitter = 0.0
        self.rate = 0.0
        self.limit: int | None = None

    async def open(self, port: int = 0) -> Self:
        """Listen on a port of the loopback address, any if it is 0."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Link(self).client, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def close(self) -> None:
        """Stop listening and drop everything."""
        if self._server:
            self._server.close()
        for link in list(self._links):
            link.reset()

    @property
    def connections(self) -> int:
        """Connections that are open now."""
        return len(self._links)

    def mode(
        self,
        mode: Mode,
        *,
        direction: Direction = "up",
        delay: float = 0.0,
        jitter: float = 0.0,
        rate: float = 0.0,
        limit: int = 0,
    ) -> None:
        """Behave so from now on, towards open and new connections.

        `cut` resets every connection. `blackhole` holds back all bytes, `one_way` those of a `direction`.
        `latency` delays by `delay` ± `jitter` seconds, `slow` lets through `rate` bytes a second each way, and
        `limit_data` resets a connection after `limit` more bytes of the `direction`, in the midst of a message.
        """
        self.current = mode
        both: frozenset[Direction] = frozenset({"up", "down"})
        held: dict[Mode, frozenset[Direction]] = {"blackhole": both, "one_way": frozenset({direction})}
        self.held = held.get(mode, frozenset())
        self.delay, self.jitter = (delay, jitter) if mode == "latency" else (0.0, 0.0)
        self.rate = rate if mode == "slow" else 0.0
        self.limit = limit if mode == "limit_data" else None
        if mode == "blackhole":
            self._healed.clear()
        else:
            self._healed.set()
        for link in list(self._links):
            if mode == "cut":
                link.reset()
            else:
                link.changed(direction if mode == "limit_data" else None)

    def due(self, now: float, earlier: float, size: int) -> float:
        """When bytes that came now may go on, after those that were due earlier."""
        if self.rate:
            return max(now, earlier) + size / self.rate
        if self.delay or self.jitter:
            return max(earlier, now + max(0.0, self.delay + self._chance.uniform(-self.jitter, self.jitter)))
        return max(now, earlier)

    def joined(self, link: "_Link") -> None:
        """Take note of a new connection, or refuse it."""
        if self.current == "cut":
            link.reset()
        else:
            self._links.add(link)

    def left(self, link: "_Link") -> None:
        """Forget a connection."""
        self._links.discard(link)

    async def reach(self, link: "_Link") -> None:
        """Connect a link to the next server that accepts; reset it if none does."""
        await self._healed.wait()
        loop = asyncio.get_running_loop()
        for _ in self._targets:
            target = self._targets[self._next % len(self._targets)]
            self._next += 1
            with suppress(OSError):
                await loop.create_connection(lambda: link.server, *target)
                return
        link.reset()


class _Link:
    """One connection: the side towards the client and the side towards the server."""

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        self.client = _Side(self, "up")
        self.server = _Side(self, "down")
        self.client.other, self.server.other = self.server, self.client
        self._reaching: asyncio.Task[None] | None = None
        self.dead = False

    def made(self, side: "_Side") -> None:
        """One side is connected; when both are, bytes may flow."""
        if self.dead:
            side.reset()
        elif side is self.client:
            side.pace()
            self.proxy.joined(self)
            if not self.dead:
                self._reaching = asyncio.get_running_loop().create_task(self.proxy.reach(self))
        else:
            self.changed(self.client.way if self.proxy.limit is not None else None)

    def changed(self, limited: Direction | None) -> None:
        """Follow a change of mode; from now on count what goes the limited way."""
        for side in (self.client, self.server):
            side.left = self.proxy.limit if side.way == limited else None
            side.pace()
            side.flush()

    def reset(self) -> None:
        """End both sides with RST."""
        self.dead = True
        if self._reaching:
            self._reaching.cancel()
        self.client.reset()
        self.server.reset()
        self.proxy.left(self)

    def ended(self) -> None:
        """A side is gone; the last one out closes the door."""
        if self.client.transport is None and self.server.transport is None:
            self.dead = True
            self.proxy.left(self)


class _Side(asyncio.Protocol):
    """Reads from one end and hands to the other what may go on."""

    other: "_Side"

    def __init__(self, link: _Link, way: Direction) -> None:
        self._link = link
        self.way = way
        self.transport: asyncio.Transport | None = None
        self.left: int | None = None
        self._waiting: deque[tuple[float, bytes | None]] = deque()
        self._waiting_bytes = 0
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._choked = False
        self._reading = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class
        self._link.made(self)

    def data_received(self, data: bytes) -> None:
        self._take(data)

    def eof_received(self) -> bool:
        self._take(None)
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = None
        if self._timer:
            self._timer.cancel()
        if error is not None or self._waiting or self.other.transport is None:
            self._link.reset()
        else:
            self.other.transport.close()
        self._link.ended()

    def pause_writing(self) -> None:
        self.other.choke(choked=True)

    def resume_writing(self) -> None:
        self.other.choke(choked=False)

    def choke(self, *, choked: bool) -> None:
        """Read no more than the other end takes."""
        self._choked = choked
        self.pace()

    def pace(self) -> None:
        """Read, or let the bytes wait where they are."""
        wanted = (
            not self._choked
            and self.other.transport is not None
            and self.way not in self._link.proxy.held
            and self._waiting_bytes < _HELD_BYTES
        )
        if self.transport is None or wanted is self._reading:
            return
        self._reading = wanted
        if wanted:
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

    def reset(self) -> None:
        """End with RST."""
        self._waiting.clear()
        if self.transport is not None and (raw := self.transport.get_extra_info("socket")) is not None:
            with suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.transport.abort()

    def flush(self) -> None:
        """Hand over what is due."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self.way in self._link.proxy.held or self.other.transport is None:
            return
        loop = asyncio.get_running_loop()
        while self._waiting:
            due, data = self._waiting[0]
            if due > loop.time():
                self._timer = loop.call_at(due, self.flush)
                break
            self._waiting.popleft()
            self._waiting_bytes -= len(data or b"")
            self._hand_over(data)
        self.pace()

    def _take(self, data: bytes | None) -> None:
        if not self._waiting and self._link.proxy.current in {"pass", "limit_data"} and self.other.transport:
            self._hand_over(data)
            return
        now = asyncio.get_running_loop().time()
        rate = self._link.proxy.rate
        step = max(1, int(rate * _STEP_S if rate else len(data or b"")))
        for piece in (data[start : start + step] for start in range(0, len(data), step)) if data else (None,):
            self._due = self._link.proxy.due(now, self._due, len(piece or b""))
            self._waiting.append((self._due, piece))
        self._waiting_bytes += len(data or b"")
        self.flush()

    def _hand_over(self, data: bytes | None) -> None:
        if (to := self.other.transport) is None:
            return
        if data is None:  # nobody here speaks on after having heard the end
            to.close()
        elif self.left is None:
            to.write(data)
        else:
            to.write(data[: self.left])
            self.left -= len(data)
            if self.left <= 0:
                to.close()  # after the part of a message that it was given
                self.reset()
