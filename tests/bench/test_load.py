import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.bench.cpu import Cpu, cpu_seconds, resident_mb
from tests.bench.load import ITSELF, KEY, Load, get, is_whole, post, put_on, run

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nx: y\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "whole"),
    [
        (HEAD + b"abcd", True),
        (HEAD + b"abc", False),
        (HEAD[:-1], False),
        (b"HTTP/1.1 304 Not Modified\r\netag: x\r\n\r\n", True),
        (b"HTTP/1.1 201 Created\r\ncontent-length:0\r\n\r\n", True),
    ],
)
def test_an_answer_is_whole_when_its_body_is(answer: bytes, *, whole: bool) -> None:
    """Answers come in pieces of any size."""
    assert is_whole(answer) is whole


def test_an_answer_of_unknown_length_is_an_error() -> None:
    """Guessing would count halves."""
    with pytest.raises(ValueError, match="length"):
        is_whole(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n")


@asynccontextmanager
async def counting(heads: list[bytes], answer: bytes) -> AsyncIterator[int]:
    """A server that notes the head of every request; its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with_end = b"\r\n\r\n"
        while True:
            try:
                head = await reader.readuntil(with_end)
            except asyncio.IncompleteReadError:
                break
            length = [line for line in head.split(b"\r\n") if line.startswith(b"content-length: ")]
            await reader.readexactly(int(length[0][16:]) if length else 0)
            heads.append(head)
            writer.write(answer[:20])
            await asyncio.sleep(0)
            writer.write(answer[20:])
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()


async def test_every_answer_is_counted_and_every_key_is_another() -> None:
    """As many requests arrive as answers are told; those before the time began are told, too, and not timed."""
    heads: list[bytes] = []
    async with counting(heads, HEAD + b"abcd") as port:
        request = post("/v1/pledges", {"quantity": 1}, token="t")
        measured = await put_on(Load(port, [request], 8, 0.3, 0.2, {"server": os.getpid()}))

    assert measured.all(200) == len(heads)
    assert 0 < measured.requests < len(heads)
    keys = [line for head in heads for line in head.split(b"\r\n") if line.startswith(b"idempotency-key: ")]
    assert len(set(keys)) == len(heads)
    assert KEY not in b"".join(heads)
    assert set(measured.cpu_us) == {"server", ITSELF}
    assert all(us > 0 for us in measured.cpu_us.values())


async def test_requests_are_sent_in_turn() -> None:
    """All connections together go through the list."""
    heads: list[bytes] = []
    async with counting(heads, HEAD + b"abcd") as port:
        await run(Load(port, [get("/a"), get("/b", "if-none-match: x")], 2, 0.1, 0.0))

    paths = [head.split()[1] for head in heads]
    assert abs(paths.count(b"/a") - paths.count(b"/b")) <= 1


async def test_running_out_of_requests_is_an_error() -> None:
    """What must be asked once only is never asked twice."""
    heads: list[bytes] = []
    async with counting(heads, HEAD + b"abcd") as port:
        with pytest.raises(RuntimeError, match="not enough"):
            await run(Load(port, [get("/a")] * 5, 2, 0.3, 0.0, once=True))

    assert len(heads) == 5


async def test_an_answer_of_another_kind_is_not_passed_over() -> None:
    """A side that refuses quickly has not won."""
    heads: list[bytes] = []
    async with counting(heads, b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n") as port:
        measured = await run(Load(port, [get("/a")], 1, 0.1, 0.0))

    with pytest.raises(AssertionError, match="503"):
        measured.all(201)


def test_the_cpu_of_a_process_is_that_of_all_its_work() -> None:
    """What is burnt between two looks is told, as seconds, for each of so many things, and as a share."""
    pid = os.getpid()
    cpu, before = Cpu.begin({"we": pid}), cpu_seconds(pid)
    while cpu_seconds(pid) - before < 0.2:
        sum(range(10_000))

    used = cpu.used()["we"]

    assert 0.2 <= used < 2
    assert cpu.each(100)["we"] >= 2_000
    assert 0 < cpu.shares()["we"] < 400
    assert resident_mb(pid) > 5
