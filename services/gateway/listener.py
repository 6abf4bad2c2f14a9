"""Hears from Redis what moved and who is to be woken, in the order in which it was applied."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from services.gateway.memory import Memory
from services.gateway.view_store import Moved, ViewStore
from services.gateway.waiters import Waiters, Woken
from shared import logs
from shared.ports import Trouble

log = logs.logger(__name__)

EVERYTHING: Final = msgspec.msgpack.encode(((), ()))
"""Told on the channel of what moved when a new set of views went live: read everything anew."""

_moved = msgspec.msgpack.Decoder(tuple[list[Moved], list[tuple[str, int, int]]])
_wake = msgspec.msgpack.Decoder(tuple[str, str, str, bool, bool])
_PAUSE_S: Final = (0.05, 1.0)


class Listener:
    """Keeps memory and waiters up to date for as long as it runs."""

    def __init__(
        self,
        store: ViewStore,
        memory: Memory,
        waiters: Waiters,
        *,
        regained: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`regained` is awaited whenever listening begins, also after an interruption, before memory is trusted."""
        self._store = store
        self._memory = memory
        self._waiters = waiters
        self._regained = regained
        self._heard = False

    async def run(self) -> None:
        """Listen until cancelled; an interruption makes memory look at Redis before it serves anything."""
        pause, longest = _PAUSE_S
        while True:
            try:
                await self._listen()
            except Trouble as trouble:
                log.warning("not listening", reason=str(trouble))
            finally:
                self._memory.lost()
            pause = _PAUSE_S[0] if self._heard else min(pause * 2, longest)
            await asyncio.sleep(pause)

    async def _listen(self) -> None:
        self._heard = False
        subscription = await self._store.subscribe(self._waiters.channel)
        try:
            if self._regained is not None:
                await self._regained()
            self._memory.regained()
            self._heard = True
            while True:
                message = await subscription.next()
                if message is not None:
                    self._take(*message)
        finally:
            await subscription.close()

    def _take(self, channel: str, payload: bytes) -> None:
        try:
            if channel == self._waiters.channel:
                request, kind, value, replayed, mismatch = _wake.decode(payload)
                self._waiters.wake(request, Woken(kind, value.encode(), replayed, mismatch))
            elif payload == EVERYTHING:
                self._memory.regained()
            else:
                items, positions = _moved.decode(payload)
                self._memory.moved(items, {place: offset for place, _, offset in positions})
        except msgspec.DecodeError:
            log.warning("message not understood", channel=channel)
