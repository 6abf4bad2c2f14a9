import asyncio
import signal
import time

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from shared.serving import Server


async def test_it_answers_in_the_running_loop_and_leaves_signals_alone() -> None:
    """The process that hosts it decides what SIGTERM means."""
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    server = Server(Starlette(routes=[Route("/", _hello)]), "127.0.0.1", 0)

    await server.start()
    try:
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{server.port}/") as answer:
            assert await answer.text() == "hello"
            assert "server" not in answer.headers
        assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
        assert server.health() is True
    finally:
        await server.stop()
    assert server.health() is not True


async def test_a_taken_port_is_an_error_not_the_end_of_the_process() -> None:
    """The command line makes one sentence of it."""
    first = Server(Starlette(), "127.0.0.1", 0)
    await first.start()
    try:
        with pytest.raises(OSError, match="in use"):
            await Server(Starlette(), "127.0.0.1", first.port).start()
    finally:
        await first.stop()


async def test_stopping_waits_for_a_request_at_hand() -> None:
    """An answer that is nearly done still arrives."""
    server = Server(Starlette(routes=[Route("/", _slow)]), "127.0.0.1", 0)
    await server.start()
    async with aiohttp.ClientSession() as session:
        asking = asyncio.create_task(_text(session, server.port))
        await asyncio.sleep(0.1)
        await server.stop()

        assert await asking == "slowly"


async def test_stopping_is_bounded_when_a_stream_never_ends() -> None:
    """A trap: without a bound uvicorn waits for open streams for ever."""
    server = Server(_endless, "127.0.0.1", 0, grace=1.0)
    await server.start()
    async with aiohttp.ClientSession() as session:
        asking = asyncio.create_task(_text(session, server.port))
        await asyncio.sleep(0.1)
        began = time.monotonic()
        await server.stop()

        assert time.monotonic() - began < 3.0
        with pytest.raises(aiohttp.ClientError):
            await asking


async def _hello(_: Request) -> Response:
    return PlainTextResponse("hello")


async def _slow(_: Request) -> Response:
    await asyncio.sleep(0.4)
    return PlainTextResponse("slowly")


async def _endless(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 the shape of ASGI
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while True:
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        await asyncio.sleep(0.05)


async def _text(session: aiohttp.ClientSession, port: int) -> str:
    async with session.get(f"http://127.0.0.1:{port}/") as answer:
        return await answer.text()
