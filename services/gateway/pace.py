"""Tells a slow client, which is waited for, from one that stands still, which is cut off."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

STALL_S: Final = 10.0
"""Not a byte taken for so long: the client stands still."""
LEAST_RATE: Final = 5.0
"""Events a second that a client has to take while it reads what lies before the ring …"""
RATE_S: Final = 60.0
"""… measured over so long a time of waiting for it."""
BUFFER: Final = (8_192, 32_768)
"""Bytes waiting for a client at which writing goes on, and stops."""


class TooSlow(Exception):  # noqa: N818 -- it tells what the client is
    """The client does not keep up; `stalled` if nothing can be written to it any more."""

    def __init__(self, *, stalled: bool) -> None:
        """Tell which."""
        super().__init__("stalled" if stalled else "slow")
        self.stalled = stalled


class Pace:
    """Watches one connection. Without its transport any wait beyond `STALL_S` counts as standing still."""

    def __init__(self, transport: asyncio.Transport | None) -> None:
        """Watch what is written to a transport."""
        self._transport = transport
        self._events = 0
        self._waited = 0.0
        if transport is not None:
            low, high = BUFFER
            transport.set_write_buffer_limits(high=high, low=low)

    async def through(self, sending: Coroutine[Any, Any, None]) -> None:
        """Wait until it is written, as long as bytes flow; raise `TooSlow` when none does."""
        task = asyncio.ensure_future(sending)
        began = asyncio.get_running_loop().time()
        left = self._left()
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=STALL_S)
                before, left = left, self._left()
                if not task.done() and left >= before:
                    raise TooSlow(stalled=True)
            task.result()
        finally:
            self._waited += asyncio.get_running_loop().time() - began
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    def took(self, events: int) -> None:
        """Count what a client took from before the ring; raise `TooSlow` if that is too little for the time."""
        self._events += events
        if self._waited >= RATE_S:
            if self._events < LEAST_RATE * self._waited:
                raise TooSlow(stalled=False)
            self._events, self._waited = 0, 0.0

    def caught_up(self) -> None:
        """Count from new."""
        self._events, self._waited = 0, 0.0

    def cut_off(self) -> None:
        """Drop the connection with what is still to be written; closing would wait for it."""
        if self._transport is not None:
            self._transport.abort()

    def _left(self) -> int:
        return self._transport.get_write_buffer_size() if self._transport is not None else 0
