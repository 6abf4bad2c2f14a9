import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from shared import internal
from shared.internal import Health
from shared.internal_client import Breaker, Internal, Reply, Unavailable
from shared.serving import Server

SECRET = "made up for this test"


@pytest.fixture
async def service() -> AsyncIterator[str]:
    """A service with routes that behave well and badly."""

    async def well() -> Mapping[str, Health]:
        return {}

    routes = [
        Route("/echo", _echo),
        Route("/missing", _missing),
        Route("/broken", _broken),
        Route("/hangs", _hangs),
        Route("/huge", _huge),
        Route("/snapshot", _snapshot),
    ]
    server = Server(internal.build(live=well, ready=well, routes=routes, secret=SECRET), "127.0.0.1", 0, grace=1.0)
    await server.start()
    yield f"http://127.0.0.1:{server.port}"
    await server.stop()


@pytest.fixture
async def client(service: str) -> AsyncIterator[Internal]:
    """A client of that service, patient for a quarter of a second."""
    made = Internal(service, SECRET, timeout=0.25, concurrency=4, largest=1000)
    yield made
    await made.close()


async def test_a_question_is_answered(client: Internal) -> None:
    """With parameters, in the same trace but a span of its own."""
    given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    reply = await client.get("/echo", {"q": "a&b"}, traceparent=given)

    assert reply.status == 200
    assert b'"q":"a&b"' in reply.body
    assert b"4bf92f3577b34da6a3ce929d0e0e4736" in reply.body
    assert b"00f067aa0ba902b7" not in reply.body


async def test_not_found_is_an_answer(client: Internal) -> None:
    """What it means is for the caller to say."""
    assert await client.get("/missing") == Reply(404, b"{}")


@pytest.mark.parametrize("path", ["/broken", "/hangs", "/huge"])
async def test_trouble_is_unavailable(client: Internal, path: str) -> None:
    """Server errors, silence and answers beyond all bounds alike."""
    with pytest.raises(Unavailable):
        await client.get(path)


async def test_a_wrong_secret_and_a_service_that_is_gone_are_unavailable(service: str) -> None:
    """The caller answers 503 either way."""
    for url, secret in ((service, "another"), ("http://127.0.0.1:9", SECRET)):
        client = Internal(url, secret)
        with pytest.raises(Unavailable):
            await client.get("/echo")
        await client.close()


async def test_waiting_for_a_slot_is_bounded(client: Internal) -> None:
    """Ten questions to a service that hangs, four at a time, end together."""
    async with asyncio.timeout(0.6):
        answers = await asyncio.gather(*(client.get("/hangs") for _ in range(10)), return_exceptions=True)

    assert all(isinstance(answer, Unavailable) for answer in answers)


async def test_after_five_failures_a_service_is_left_alone(client: Internal) -> None:
    """The sixth question is not even asked."""
    for _ in range(5):
        with pytest.raises(Unavailable):
            await client.get("/broken")

    with pytest.raises(Unavailable, match="left alone"):
        await client.get("/echo")


async def test_a_snapshot_is_read_line_by_line(client: Internal) -> None:
    """However long it is."""
    lines = [line async for line in client.lines("/snapshot")]

    assert lines == [b'{"n":%d}' % n for n in range(5000)]
    with pytest.raises(Unavailable):
        _ = [line async for line in client.lines("/missing")]


def test_a_breaker_lets_one_trial_through_at_a_time() -> None:
    """A service that comes back is not met by everybody at once."""
    now = [0.0]
    breaker = Breaker(failures=2, pause=1.0, longest=3.0, clock=lambda: now[0])
    _fail(breaker)
    _fail(breaker)
    assert not _passes(breaker)

    now[0] = 1.0
    with breaker.attempt():
        assert not _passes(breaker)

    assert _passes(breaker)


def test_a_breaker_waits_longer_after_every_failed_trial() -> None:
    """Doubling up to a bound, and starting over once it works again."""
    now = [0.0]
    breaker = Breaker(failures=1, pause=1.0, longest=3.0, clock=lambda: now[0])
    _fail(breaker)
    pauses = []
    for _ in range(3):
        began = now[0]
        while not _would_pass(breaker):
            now[0] += 0.5
        pauses.append(now[0] - began)
        _fail(breaker)

    assert pauses == [1.0, 2.0, 3.0]


def test_a_trial_that_is_cancelled_says_nothing() -> None:
    """The client hung up: the next one tries."""
    now = [0.0]
    breaker = Breaker(failures=1, pause=1.0, clock=lambda: now[0])
    _fail(breaker)
    now[0] = 1.0
    with pytest.raises(asyncio.CancelledError), breaker.attempt():
        raise asyncio.CancelledError

    assert _passes(breaker)


def _fail(breaker: Breaker) -> None:
    with pytest.raises(Unavailable), breaker.attempt():
        raise Unavailable("made to fail")


def _passes(breaker: Breaker) -> bool:
    try:
        with breaker.attempt():
            return True
    except Unavailable:
        return False


def _would_pass(breaker: Breaker) -> bool:
    return breaker._clock() >= breaker._open_until


async def _echo(request: Request) -> Response:
    return JSONResponse({"q": request.query_params.get("q"), "trace": request.headers.get("traceparent")})


async def _missing(_: Request) -> Response:
    return JSONResponse({}, 404)


async def _broken(_: Request) -> Response:
    return JSONResponse({}, 500)


async def _hangs(_: Request) -> Response:
    await asyncio.sleep(5)
    return JSONResponse({})


async def _huge(_: Request) -> Response:
    return Response(b"x" * 2000)


async def _snapshot(_: Request) -> Response:
    def made() -> Iterator[bytes]:
        for n in range(5000):
            yield b'{"n":%d}\n' % n

    return StreamingResponse(made())
