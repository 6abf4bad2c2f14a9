"""The load: keep-alive connections that ask again as soon as they are answered. `python -m tests.bench.load`.

A process of its own, the same for every side: it reads a `Load` from stdin, prints a `Measured`. Requests are ready
bytes and answers are hardly looked at, so that what it takes itself is small; it is told like that of the others.
"""

import asyncio
import os
import statistics
import sys
import time
from collections import Counter
from typing import Final, cast

import msgspec
import uvloop
from msgspec import Struct

from tests.bench.cpu import Cpu

KEY: Final = b"__this_is_a_key_"
"""Stands in a request for what is another text every time, of the same length."""
ITSELF: Final = "load"
"""The name under which the load tells its own CPU."""


class Load(Struct, frozen=True):
    """What to ask in turn, by so many connections, for so long after a warm-up; the CPU of `pids` is told by name.

    `once`: no request is sent twice, and running out of them is an error. `cores`: run on these; on all, if empty.
    """

    port: int
    requests: list[bytes]
    clients: int
    seconds: float
    warm_s: float = 1.0
    pids: dict[str, int] = {}
    once: bool = False
    cores: list[int] = []


class Measured(Struct, frozen=True):
    """What came of it within the time; `cpu_us` is CPU a request, `answers` counts all by status, warm-up too."""

    requests: int
    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: dict[str, float]
    answers: dict[str, int]

    def all(self, status: int) -> int:
        """How many were answered; an error if one was answered otherwise."""
        if set(self.answers) != {str(status)}:
            raise AssertionError(f"answers by status: {self.answers}")
        return self.answers[str(status)]


class _Course:
    """What all connections share: the requests, the keys, and the answers that came while `open`."""

    def __init__(self, load: Load) -> None:
        self._parts = [request.split(KEY) for request in load.requests]
        self._turn = 0
        self._first_key = time.time_ns()  # so that no run uses a key of one before
        self._once = load.once
        self.open = False
        self.ending = False
        self.taken: list[float] = []
        self.answers: Counter[bytes] = Counter()

    def next(self) -> bytes:
        """The next request."""
        turn = self._turn
        self._turn += 1
        if self._once and turn >= len(self._parts):
            raise RuntimeError(f"{len(self._parts)} requests were not enough")
        parts = self._parts[turn % len(self._parts)]
        return parts[0] if len(parts) == 1 else (b"%016x" % (self._first_key + turn)).join(parts)


class _Client(asyncio.Protocol):
    """One connection in a closed loop."""

    def __init__(self, course: _Course) -> None:
        self._course = course
        self._had = b""
        self._began = 0.0
        self._transport: asyncio.WriteTransport | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first time."""
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's has another base
        self._ask(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who waits; unasked for it is a fault."""
        if not self.ended.done():
            self.ended.set_exception(exc or ConnectionError("the server closed a connection"))

    def data_received(self, data: bytes) -> None:
        """Take an answer, and ask again once it is whole."""
        course, transport = self._course, self._transport
        assert transport is not None
        self._had = self._had + data if self._had else data
        try:
            if not is_whole(self._had):
                return
            course.answers[self._had[9:12]] += 1
            if course.open:
                course.taken.append(time.perf_counter() - self._began)
            self._had = b""
            if not course.ending:
                self._ask(transport)
                return
            self.ended.set_result(None)
        except Exception as error:  # noqa: BLE001 -- the loop would only log it
            self.ended.set_exception(error)
        transport.close()

    def _ask(self, transport: asyncio.WriteTransport) -> None:
        request = self._course.next()
        self._began = time.perf_counter()
        transport.write(request)


def is_whole(answer: bytes) -> bool:
    """Whether these bytes are a whole answer; it has to tell its length, or be one that has no body."""
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    if answer[9:12] in {b"304", b"204"}:
        return True
    head = answer[: end + 2].lower()
    at = head.find(b"\r\ncontent-length:")
    if at < 0:
        raise ValueError("an answer that does not tell its length")
    return len(answer) >= end + 4 + int(head[at + 17 : head.index(b"\r\n", at + 17)])


async def run(load: Load) -> Measured:
    """Put the load on and measure."""
    loop, course = asyncio.get_running_loop(), _Course(load)
    if load.cores:
        os.sched_setaffinity(0, load.cores)
    clients = []
    for _ in range(load.clients):
        _, client = await loop.create_connection(lambda: _Client(course), "127.0.0.1", load.port)
        clients.append(client)
    ended = asyncio.gather(*(client.ended for client in clients))
    await asyncio.wait({ended}, timeout=load.warm_s)
    cpu, began = Cpu.begin({**load.pids, ITSELF: os.getpid()}), time.perf_counter()
    course.open = True
    await asyncio.wait({ended}, timeout=load.seconds)
    course.open = False
    took, taken = time.perf_counter() - began, sorted(course.taken)
    cpu_us = cpu.each(len(taken) or 1)
    course.ending = True
    async with asyncio.timeout(30):
        await ended
    return Measured(
        requests=len(taken),
        per_second=len(taken) / took,
        p50_ms=statistics.median(taken) * 1000,
        p99_ms=taken[int(len(taken) * 0.99)] * 1000,
        cpu_us=cpu_us,
        answers={status.decode(): count for status, count in course.answers.items()},
    )


async def put_on(load: Load) -> Measured:
    """Put a load on from a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.load", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate(msgspec.json.encode(load))
    if process.returncode:
        raise RuntimeError("the load ended with an error, which is above")
    return msgspec.json.decode(said, type=Measured)


def post(path: str, body: object, *, token: str) -> bytes:
    """A write as its bytes, with another Idempotency-Key every time it is sent."""
    content = msgspec.json.encode(body)
    lines = [
        f"POST {path} HTTP/1.1".encode(),
        b"host: 127.0.0.1",
        b"content-type: application/json",
        b"content-length: %d" % len(content),
        b"authorization: Bearer " + token.encode(),
        b"idempotency-key: " + KEY,
    ]
    return b"\r\n".join([*lines, b"", content])


def get(path: str, *fields: str) -> bytes:
    """A read as its bytes; `fields` are further lines of its head."""
    return "\r\n".join([f"GET {path} HTTP/1.1", "host: 127.0.0.1", *fields, "", ""]).encode()


if __name__ == "__main__":
    print(  # noqa: T201 -- its answer
        msgspec.json.encode(uvloop.run(run(msgspec.json.decode(sys.stdin.buffer.read(), type=Load)))).decode()
    )
