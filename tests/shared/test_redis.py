"""The only door to Redis: answers, trouble, subscriptions."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.embedded.parts import Parts, embedded
from shared.ports import Trouble
from shared.redis import Redis, Script


@pytest.fixture
async def server(redis: str) -> AsyncIterator[Redis]:
    """The shared Redis; a few connections."""
    made = Redis(redis, connections=3)
    yield made
    await made.close()


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Parts]:
    """One that may be killed."""
    async with embedded(tmp_path, "redis") as parts:
        yield parts


async def test_answers_are_what_the_server_gives(server: Redis) -> None:
    """The driver makes dicts, sets and booleans of some; ours come through as they are."""
    key = f"t{uuid4().hex}"

    assert await server.call("HSET", key, "a", 1) == 1
    assert await server.call("HGETALL", key) == [b"a", b"1"]
    assert await server.call("GET", f"{key}x") is None


async def test_a_script_is_known_after_its_first_run(server: Redis) -> None:
    """Whether the server had it or not."""
    script = Script(f"return {{ARGV[1], '{uuid4().hex}'}}")

    first = await server.run(script, (), ("x",))

    assert first[0] == b"x"
    assert await server.run(script, (), ("x",)) == first
    assert await server.call("SCRIPT", "EXISTS", script.digest) == [1]


async def test_a_command_that_fails_once_is_not_repeated_behind_our_back(server: Redis) -> None:
    """The driver's default is up to ten attempts, which counts twice what should count once."""
    assert server._pool.connection_kwargs["retry"].get_retries() == 0


async def test_more_askers_than_connections_wait_for_their_turn(server: Redis) -> None:
    """Nobody is refused."""
    key = f"t{uuid4().hex}"

    answers = await asyncio.gather(*(server.call("INCR", key) for _ in range(200)))

    assert sorted(answers) == list(range(1, 201))


async def test_a_cancellation_is_never_lost(server: Redis) -> None:
    """`asyncio.wait_for` of Python 3.11 loses those that meet the end of a write; a shutdown would wait for ever."""
    chance = random.Random(1)

    async def ask() -> None:
        while True:
            await server.call("PING")

    for _ in range(300):
        asking = asyncio.create_task(ask())
        for _ in range(chance.randrange(12)):
            await asyncio.sleep(0)
        asking.cancel()
        done, _ = await asyncio.wait({asking}, timeout=2)
        assert done
    assert server._pool.connection_kwargs["socket_timeout"] is None


async def test_after_a_restart_the_first_command_gets_through(own: Parts) -> None:
    """Although every connection of the pool is broken."""
    server = Redis(own.redis, connections=3)
    await asyncio.gather(*(server.call("PING") for _ in range(3)))

    await own.running["redis"].kill()
    await own.running["redis"].start()

    assert await server.call("PING") in {b"PONG", True}
    await server.close()


async def test_a_server_that_is_away_or_hangs_is_trouble_in_bounded_time(own: Parts) -> None:
    """Then it is left alone for a moment, so that readers do not queue up for a time-out."""
    server = Redis(own.redis)
    await server.ping()
    process = own.running["redis"].process
    process.send_signal(19)
    loop = asyncio.get_running_loop()

    started = loop.time()
    with pytest.raises(Trouble):
        await server.ping()
    assert loop.time() - started < 5
    started = loop.time()
    with pytest.raises(Trouble):
        await server.ping()
    assert loop.time() - started < 0.1

    process.send_signal(18)
    await server.close()


async def test_a_mistake_of_ours_is_no_trouble(server: Redis) -> None:
    """It would be tried for ever."""
    with pytest.raises(Exception, match="wrong number of arguments") as caught:
        await server.call("GET")
    assert not isinstance(caught.value, Trouble)


async def test_a_subscription_that_breaks_says_so(own: Parts) -> None:
    """It never comes back by itself: what was told meanwhile would be missing unnoticed."""
    server = Redis(own.redis)
    subscription = await server.subscribe("a", "b")
    await server.call("PUBLISH", "b", b"\xff")
    assert await subscription.next() == ("b", b"\xff")
    assert await subscription.next(idle=0.05) is None

    await own.running["redis"].kill()

    with pytest.raises(Trouble):
        await subscription.next()
    await own.running["redis"].start()
    with pytest.raises(Trouble):
        await subscription.next()
    await subscription.close()
    await server.close()


async def test_a_subscription_notices_a_server_that_hangs(own: Parts) -> None:
    """A half-open connection is found within seconds."""
    server = Redis(own.redis)
    subscription = await server.subscribe("a")
    process = own.running["redis"].process
    process.send_signal(19)

    with pytest.raises(Trouble):
        await subscription.next(idle=0.1)

    process.send_signal(18)
    await subscription.close()
    await server.close()
