"""Requests that wait for the outcome of their command, which may be decided and projected by any process."""

import asyncio
import secrets

from msgspec import Struct

from shared import metrics


class Woken(Struct, frozen=True):
    """An outcome: type on the wire and bytes of its record.

    `replayed`: an earlier record decided it; `mismatch`: it answers this request alone and is no operation's.
    """

    type: str
    value: bytes
    replayed: bool
    mismatch: bool


class Waiters:
    """Hands outcomes to those who wait; what nobody waits for is dropped."""

    def __init__(self, root: str = "") -> None:
        """Name a channel of this replica's own, below `root`."""
        self.channel = f"{root}wake:{secrets.token_hex(8)}"
        self._waiting: dict[str, asyncio.Future[Woken | None]] = {}
        self._closed = False
        metrics.waiters.set_function(self.__len__)  # looked at when asked for, not at each change

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def expect(self, request_id: str) -> asyncio.Future[Woken | None]:
        """Await the outcome of a request; call before its command is appended, and `forget` it in the end.

        None comes when this replica is shutting down: the outcome can be asked for elsewhere.
        """
        waiting: asyncio.Future[Woken | None] = asyncio.get_running_loop().create_future()
        if self._closed:
            waiting.set_result(None)
            return waiting
        self._waiting[request_id] = waiting
        return waiting

    def forget(self, request_id: str) -> None:
        """Await it no longer; harmless if it was answered."""
        self._waiting.pop(request_id, None)

    def wake(self, request_id: str, woken: Woken) -> None:
        """Hand over an outcome. The caller has made sure that this replica serves what it tells of."""
        waiting = self._waiting.get(request_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(woken)

    def fail_all(self) -> None:
        """Let everybody go, now and from now on: the process ends."""
        self._closed = True
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_result(None)
        self._waiting.clear()
