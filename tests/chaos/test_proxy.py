import asyncio
import inspect
import socket
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeAlias

import pytest
import uvloop

from tests.chaos.proxy import Mode, Proxy

Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter
Serve = Callable[[Reader, Writer], Awaitable[None]]

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


def on_both_loops(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test on both: the rig uses uvloop, whose transports differ in more than speed."""

    def run(loop: str, **given: object) -> None:
        with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
            runner.run(test(**given))

    own = inspect.signature(test).parameters.values()
    run.__name__, run.__doc__ = test.__name__, test.__doc__
    run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # what pytest looks at
        [inspect.Parameter("loop", inspect.Parameter.POSITIONAL_OR_KEYWORD), *own]
    )
    return pytest.mark.parametrize("loop", LOOPS)(run)


async def echo(reader: Reader, writer: Writer) -> None:
    """Say everything again, and end when the client ends."""
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def proxied(serve: Serve = echo) -> AsyncIterator[Proxy]:
    """A proxy in front of a server."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    proxy = await Proxy([server.sockets[0].getsockname()[:2]]).open()
    try:
        yield proxy
    finally:
        await proxy.close()
        server.close()


async def client_of(proxy: Proxy) -> tuple[Reader, Writer]:
    """A connection through the proxy."""
    return await asyncio.open_connection("127.0.0.1", proxy.port)


async def said_again(reader: Reader, writer: Writer, data: bytes = b"hello") -> bool:
    """Whether the server echoes."""
    writer.write(data)
    return await asyncio.wait_for(reader.readexactly(len(data)), 10) == data


async def first_byte(proxy: Proxy) -> bytes:
    """What the server says to a new connection."""
    reader, _ = await client_of(proxy)
    return await asyncio.wait_for(reader.read(1), 5)


async def nothing_comes(reader: Reader, seconds: float = 0.2) -> bool:
    """Whether no byte arrives for a while."""
    try:
        await asyncio.wait_for(reader.read(1), seconds)
    except TimeoutError:
        return True
    return False


@on_both_loops
async def test_all_bytes_pass_however_many_and_however_slowly_they_are_taken() -> None:
    """A client that does not read yet stops the server, and loses nothing."""
    async with proxied() as proxy:
        reader, writer = await client_of(proxy)
        sent = bytes(range(256)) * 40_000
        writer.write(sent)
        await asyncio.sleep(0.1)

        assert await asyncio.wait_for(reader.readexactly(len(sent)), 20) == sent
        writer.close()


@on_both_loops
async def test_an_end_is_passed_on_and_forgotten() -> None:
    """The server hears that its client has gone, and the proxy keeps nothing of it."""
    async with proxied() as proxy:
        reader, writer = await client_of(proxy)
        assert await said_again(reader, writer)
        assert proxy.connections == 1

        writer.write_eof()

        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
        await asyncio.sleep(0.05)
        assert proxy.connections == 0


@on_both_loops
async def test_a_reset_by_the_server_is_passed_on_as_a_reset() -> None:
    """A server that crashes does not look like one that ended."""

    async def crash(reader: Reader, writer: Writer) -> None:
        await reader.readexactly(1)
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    async with proxied(crash) as proxy:
        reader, writer = await client_of(proxy)
        writer.write(b"x")

        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(1), 5)


@on_both_loops
async def test_cut_resets_what_is_open_and_what_comes() -> None:
    """And healed, it lets new connections through."""
    async with proxied() as proxy:
        reader, writer = await client_of(proxy)
        assert await said_again(reader, writer)

        proxy.mode("cut")

        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(1), 5)
        with pytest.raises(ConnectionResetError):
            await first_byte(proxy)
        proxy.mode("pass")
        assert await said_again(*await client_of(proxy))


@on_both_loops
async def test_a_black_hole_holds_all_bytes_until_it_is_healed() -> None:
    """As TCP does, which sends again what was not acknowledged; a new connection waits, too."""
    async with proxied() as proxy:
        reader, writer = await client_of(proxy)
        assert await said_again(reader, writer)

        proxy.mode("blackhole")
        writer.write(b"held")
        late, late_writer = await client_of(proxy)
        late_writer.write(b"late")
        assert await nothing_comes(reader)
        assert await nothing_comes(late)

        proxy.mode("pass")
        assert await asyncio.wait_for(reader.readexactly(4), 5) == b"held"
        assert await asyncio.wait_for(late.readexactly(4), 5) == b"late"


@on_both_loops
async def test_an_end_in_a_black_hole_is_not_heard() -> None:
    """Who speaks into it learns nothing, not even that the other side has gone."""
    gone = asyncio.Event()

    async def notice(reader: Reader, writer: Writer) -> None:
        await reader.read()
        gone.set()
        writer.close()

    async with proxied(notice) as proxy:
        _, writer = await client_of(proxy)
        await asyncio.sleep(0.05)

        proxy.mode("blackhole")
        writer.close()
        await asyncio.sleep(0.2)
        assert not gone.is_set()

        proxy.mode("pass")
        await asyncio.wait_for(gone.wait(), 5)


@pytest.mark.parametrize("direction", ["up", "down"])
@on_both_loops
async def test_a_one_way_hole_lets_the_other_way_through(direction: Any) -> None:  # noqa: ANN401 -- a literal
    """A half-open connection: one side hears, and is not heard."""
    heard = bytearray()

    async def speak(reader: Reader, writer: Writer) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(100):
                heard.extend(data)
                writer.write(b"answer")

    async with proxied(speak) as proxy:
        reader, writer = await client_of(proxy)
        writer.write(b"1")
        assert await asyncio.wait_for(reader.readexactly(6), 5) == b"answer"

        proxy.mode("one_way", direction=direction)
        writer.write(b"2")
        assert await nothing_comes(reader)
        assert bytes(heard) == (b"1" if direction == "up" else b"12")

        proxy.mode("pass")
        assert await asyncio.wait_for(reader.readexactly(6), 5) == b"answer"


@on_both_loops
async def test_latency_delays_each_way_and_keeps_the_order() -> None:
    """Jitter does not let a byte overtake another."""
    async with proxied() as proxy:
        reader, writer = await client_of(proxy)
        assert await said_again(reader, writer)

        proxy.mode("latency", delay=0.1, jitter=0.05)
        began = time.monotonic()
        for number in range(20):
            writer.write(b"%02d" % number)
            await asyncio.sleep(0.005)
        answer = await asyncio.wait_for(reader.readexactly(40), 5)

        assert answer == b"".join(b"%02d" % number for number in range(20))
        assert 0.1 <= time.monotonic() - began < 2


@on_both_loops
async def test_slow_lets_so_many_bytes_through_a_second() -> None:
    """Little by little: the first bytes do not wait for the last."""
    async with proxied() as proxy:
        reader, writer = await client_of(proxy)
        assert await said_again(reader, writer)

        proxy.mode("slow", rate=100_000)
        sent = bytes(range(250)) * 120
        began = time.monotonic()
        writer.write(sent)
        await asyncio.wait_for(reader.readexactly(100), 5)
        first = time.monotonic() - began
        await asyncio.wait_for(reader.readexactly(len(sent) - 100), 5)

        assert first < 0.2
        assert 0.3 <= time.monotonic() - began < 2


@on_both_loops
async def test_after_so_many_bytes_a_connection_ends_in_the_midst_of_a_message() -> None:
    """The server has a part of it, and nobody to give it the rest."""
    heard = asyncio.get_running_loop().create_future()

    async def notice(reader: Reader, writer: Writer) -> None:
        heard.set_result(await reader.read())
        writer.close()

    async with proxied(notice) as proxy:
        reader, writer = await client_of(proxy)
        await asyncio.sleep(0.05)

        proxy.mode("limit_data", limit=7)
        writer.write(b"0123456789")

        assert await asyncio.wait_for(heard, 5) == b"0123456"
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(1), 5)


@pytest.mark.parametrize("mode", ["latency", "slow", "blackhole"])
@on_both_loops
async def test_what_was_held_goes_on_first_when_healed(mode: Mode) -> None:
    """A change of mode swaps no bytes."""
    async with proxied() as proxy:
        reader, writer = await client_of(proxy)
        assert await said_again(reader, writer)

        proxy.mode(mode, delay=0.2, rate=1_000)
        writer.write(b"1" * 150)
        await asyncio.sleep(0.05)
        proxy.mode("pass")
        writer.write(b"2" * 150)

        assert await asyncio.wait_for(reader.readexactly(300), 5) == b"1" * 150 + b"2" * 150


@on_both_loops
async def test_servers_take_turns_and_one_that_is_away_is_passed_over() -> None:
    """As a balancer in front of two replicas does it; with none left, the client is reset."""

    def named(name: bytes) -> Serve:
        async def tell(_: Reader, writer: Writer) -> None:
            writer.write(name)
            writer.close()

        return tell

    servers = [await asyncio.start_server(named(name), "127.0.0.1", 0) for name in (b"a", b"b")]
    proxy = await Proxy([server.sockets[0].getsockname()[:2] for server in servers]).open()

    assert [await first_byte(proxy) for _ in range(4)] == [b"a", b"b", b"a", b"b"]
    servers[0].close()
    assert [await first_byte(proxy) for _ in range(3)] == [b"b", b"b", b"b"]
    servers[1].close()
    with pytest.raises(ConnectionResetError):
        await first_byte(proxy)
    await proxy.close()
