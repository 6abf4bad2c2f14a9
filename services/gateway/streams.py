"""`GET /v1/streams/{events|pledges}`: server-sent events, NDJSON or pages. Raw ASGI.

A client is a position in the log. It reads from Kafka what lies before the ring, then from the ring, then is written
to as things happen; at each step it may fall back to the one before.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from time import time
from typing import Any, Final

from starlette.types import Receive, Scope, Send

from services.gateway import stream_query
from services.gateway.fanout import Connection
from services.gateway.history import Readers
from services.gateway.identity import Principal
from services.gateway.pace import Pace
from services.gateway.problems import Answer, ProblemError, answer, document, send_answer
from services.gateway.stream import Stream
from services.gateway.stream_client import Client
from services.gateway.stream_pages import page
from services.gateway.stream_query import Asked
from shared import logs, metrics
from shared.ports import Trouble
from shared.serving import TRANSPORT

log = logs.logger(__name__)

Authenticate = Callable[[Iterable[tuple[bytes, bytes]]], Awaitable[Principal | None]]

MOST: Final = 10_000
"""Open streams of a process."""
MOST_A_PERSON: Final = 5
MOST_A_PARTNER: Final = 50
SNAPSHOTS: Final = {"events": "/v1/events", "pledges": "/v1/needs"}
HEAD: Final = [(b"cache-control", b"no-store"), (b"vary", b"accept"), (b"x-accel-buffering", b"no")]
STOP_S: Final = 2.0
"""Open streams have so long to end."""

Http = tuple[Scope, Receive, Send]


class Streams:
    """All public streams of this replica. Without `authenticate` everybody is anonymous."""

    def __init__(
        self, bootstrap: str, authenticate: Authenticate | None = None, *, most: int = MOST, prefix: str = "public."
    ) -> None:
        """Prepare; `start` begins to follow the topics."""
        self._readers = Readers(bootstrap)
        self.streams = {
            name: Stream(name, f"{prefix}{name}", bootstrap, self._readers, snapshot)
            for name, snapshot in SNAPSHOTS.items()
        }
        self._authenticate = authenticate
        self._most = most
        self._people: Counter[str] = Counter()
        self._lives: set[asyncio.Timeout] = set()
        self._open: set[asyncio.Task[Any]] = set()
        self._closing = False
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Follow the topics."""
        for stream in self.streams.values():
            self._tasks += [asyncio.create_task(stream.tail.run()), asyncio.create_task(stream.fanout.run())]

    async def stop(self) -> None:
        """End every open stream, and then ourselves; in about two seconds at the most."""
        self._closing = True
        now = asyncio.get_running_loop().time()
        for life in list(self._lives):
            life.reschedule(now)
        for stream in self.streams.values():
            stream.ring.wake()
        if self._open:
            await asyncio.wait(self._open, timeout=STOP_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._readers.close()

    def faults(self) -> list[str]:
        """What is dead in here."""
        return ["a stream's loop ended" for task in self._tasks if task.done()]

    @property
    def ready(self) -> bool:
        """Whether the rings are filled."""
        return all(stream.ring.ready for stream in self.streams.values())

    def heads(self) -> dict[str, str]:
        """Cursor of the last event of each stream that has one."""
        heads = {name: stream.ring.head for name, stream in self.streams.items()}
        return {name: head.cursor for name, head in heads.items() if head is not None}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a GET or HEAD; the path's last part names the stream."""
        stream = self.streams.get(scope["path"].rpartition("/")[2])
        if stream is None:
            await send_answer(send, answer(document("not-found")))
            return
        try:
            asked = stream_query.read(scope["query_string"], scope["headers"])
            principal = await self._authenticate(scope["headers"]) if self._authenticate else None
            await self._answer(stream, asked, principal, (scope, receive, send))
        except ProblemError as problem:
            await send_answer(send, problem.answer())
        except (Trouble, TimeoutError):
            await send_answer(send, answer(document("unavailable")))

    async def _answer(self, stream: Stream, asked: Asked, principal: Principal | None, http: Http) -> None:
        scope, receive, send = http
        if self._closing or not stream.ring.ready or not stream.ring.epoch:
            raise ProblemError("unavailable", "The stream is not followed here just now.")
        start = await stream.start(asked)
        where: dict[str, Any] = await stream.where() if start.gap else {}
        if start.gap and asked.gap_as_problem:
            raise ProblemError("cursor-gone", **where)
        if asked.form == "page":
            body = await page(stream, asked, start, where, lambda: self._closing)
            head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *HEAD]
            await send_answer(send, Answer(200, head, b"" if scope["method"] == "HEAD" else body))
            return
        view = stream.view(asked)
        head = [(b"content-type", view.form.media), *HEAD]
        if scope["method"] == "HEAD":
            await send_answer(send, Answer(200, head, b""))
            return
        with self._admitted(stream, principal):
            await send({"type": "http.response.start", "status": 200, "headers": head})
            pace = Pace(scope.get("extensions", {}).get(TRANSPORT, {}).get("transport"))
            client = Client(stream, Connection(view, start.passed, receive, send), start, pace)
            await self._live(client.serve(where), _end_of(principal))
            await client.last()

    async def _live(self, serving: Coroutine[Any, Any, None], until: float | None) -> None:
        """Serve until it is over, the token expires, or we stop."""
        life = asyncio.timeout_at(until)
        self._lives.add(life)
        try:
            async with life:
                await serving
        except TimeoutError:
            return
        finally:
            self._lives.discard(life)

    @contextmanager
    def _admitted(self, stream: Stream, principal: Principal | None) -> Iterator[None]:
        """Count an open stream; 429 if there are too many of them, or too many of one person."""
        person = principal.person if principal else ""
        most = MOST_A_PARTNER if principal and "partner" in principal.roles else MOST_A_PERSON
        if self._people.total() >= self._most or (person and self._people[person] >= most):
            raise ProblemError("too-many-streams", headers=[(b"retry-after", b"%d" % random.randint(5, 30))])  # noqa: S311 -- jitter
        self._people[person] += 1
        gauge = metrics.open_streams.labels(stream=stream.name)
        gauge.inc()
        task = asyncio.current_task()
        if task is not None:
            self._open.add(task)
        try:
            yield
        finally:
            self._open.discard(task)
            gauge.dec()
            self._people[person] -= 1
            if not self._people[person]:
                del self._people[person]


def _end_of(principal: Principal | None) -> float | None:
    """When the token expires, in the event loop's time."""
    return None if principal is None else asyncio.get_running_loop().time() + principal.expires_at - time()
