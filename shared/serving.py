"""An HTTP server inside an event loop that has other work: it steals no signals and stops in bounded time."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

TRANSPORT = "brumtogether.transport"
"""ASGI extension: its `transport` is what is written to, by which a stream sees and cuts off a stalled client."""
_WHOLE = "brumtogether.whole"


def is_whole(scope: Scope) -> bool:
    """Whether the body of a request has come in full; if this is not known, it has not."""
    return _WHOLE in scope.get("extensions", ())


_BACKLOG = 2048


class Server:
    """One ASGI application on one address.

    `start` raises OSError if the address is taken. `stop` lets requests at hand finish for `grace` seconds
    and cuts off what is still open: the application ends its endless streams itself, before.
    """

    def __init__(self, app: ASGIApp, host: str, port: int, *, grace: float = 5.0, keep_alive: int = 30) -> None:
        """Prepare, without listening; port 0 takes any free one."""
        self._host = host
        self._wanted = port
        self._grace = grace
        self._socket: socket.socket | None = None
        self._task: asyncio.Task[None] | None = None
        self._uvicorn = _Uvicorn(
            uvicorn.Config(
                app,
                http=_Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=keep_alive,
                timeout_graceful_shutdown=max(1, round(grace)),
            )
        )

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._socket.getsockname()[1]) if self._socket else self._wanted

    async def start(self) -> None:
        """Listen, and return when requests are answered."""
        self._socket = _listen(self._host, self._wanted)
        self._task = asyncio.create_task(
            self._uvicorn.serve(sockets=[self._socket]), name=f"http {self._host}:{self.port}"
        )
        while not self._uvicorn.started:
            if self._task.done():
                self._socket.close()
                await self._task
                raise RuntimeError("the HTTP server ended before it began")
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Stop listening, finish what is at hand, return after `grace` seconds at the latest."""
        if self._task is None:
            return
        self._uvicorn.should_exit = True
        done, _ = await asyncio.wait({self._task}, timeout=self._grace + 2.0)
        if not done:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=1.0)
        if self._socket:
            self._socket.close()

    def health(self) -> bool | str:
        """True while requests are accepted, else why not; for `/livez` of another port."""
        if self._task is None or not self._task.done():
            return True
        return "the HTTP server has ended"


class _Protocol(HttpToolsProtocol):
    """uvicorn's own, which does not tell the application what it writes to."""

    def on_message_begin(self) -> None:
        """Add the transport to the scope."""
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: {"transport": self.transport}}

    def on_message_complete(self) -> None:
        """Note in the scope that the body is there."""
        super().on_message_complete()
        if self.cycle is not None:
            self.cycle.scope["extensions"][_WHOLE] = {}


class _Uvicorn(uvicorn.Server):
    """uvicorn without its signal handlers: the process that hosts it decides when to stop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


def _listen(host: str, port: int) -> socket.socket:
    """Bind here rather than in uvicorn, which would end the whole process if the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
