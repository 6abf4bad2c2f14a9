"""Redis: the only file that knows the driver (redis-py over hiredis).

What lies in Redis can be built again, and every script of ours may run twice. The driver's own retries are off all
the same (it would repeat a command up to ten times): a lost connection is tried once more here, nothing else is.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha1
from pathlib import Path
from typing import Any, Final

from redis.asyncio import BlockingConnectionPool, Connection
from redis.asyncio import Redis as Driver
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    BusyLoadingError,
    MaxConnectionsError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as LostError
from redis.exceptions import TimeoutError as SlowError

from shared.ports import Trouble

Word = str | bytes | int
"""An argument of a command."""

CONNECT_S: Final = 1.0
ANSWER_S: Final = 2.0
"""A server that takes longer is away."""
CONNECTIONS: Final = 8
"""More would wait in the server, which does one thing at a time, and a pool never shrinks."""
PAUSE_S: Final = 0.2
"""After a server was found away it is left alone for so long, so that readers do not queue up for a time-out."""

_AWAY: Final = (LostError, SlowError, BusyLoadingError, ReadOnlyError, OutOfMemoryError, OSError)
_NOT_NOW: Final = ("MASTERDOWN", "LOADING", "READONLY", "OOM", "BUSY", "NOREPLICAS", "MISCONF", "UNBLOCKED")


class Script:
    """A Lua script; it lies beside the module that runs it."""

    def __init__(self, text: str) -> None:
        """Know it by its digest, as the server does."""
        self.text = text
        self.digest = sha1(text.encode(), usedforsecurity=False).hexdigest()

    @classmethod
    def beside(cls, module: str, name: str) -> "Script":
        """Read a script from the folder of a module (`__file__`)."""
        return cls(Path(module).with_name(name).read_text(encoding="utf-8"))


class Redis:
    """A server, reached through a bounded pool. Whatever keeps it from answering is `Trouble`."""

    def __init__(self, url: str, *, connections: int = CONNECTIONS) -> None:
        """Prepare; nothing is dialled before the first command."""
        self._pool = BlockingConnectionPool.from_url(
            url,
            max_connections=connections,
            timeout=ANSWER_S,
            socket_connect_timeout=CONNECT_S,
            socket_timeout=None,  # the driver would use asyncio.wait_for, which loses cancellations on Python 3.11
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            decode_responses=False,
            client_name="brumtogether",
        )
        self._driver = Driver(connection_pool=self._pool)
        self._driver.response_callbacks.clear()  # answers as the server gives them, whatever the command
        self._away_until = 0.0

    async def call(self, *words: Word) -> Any:  # noqa: ANN401 -- as many shapes as there are commands
        """Send one command. It may have been carried out even where `Trouble` is raised."""
        if time.monotonic() < self._away_until:
            raise Trouble("Redis is away")
        try:
            return await self._send(words)
        except MaxConnectionsError as error:
            raise Trouble("Redis connections are all in use") from error
        except (SlowError, TimeoutError) as error:
            self._away_until = time.monotonic() + PAUSE_S
            raise Trouble("Redis did not answer") from error
        except LostError as error:
            return await self._once_more(words, error)
        except _AWAY as error:
            raise Trouble(type(error).__name__) from error
        except NoScriptError:
            raise
        except ResponseError as error:
            if str(error).startswith(_NOT_NOW):
                raise Trouble(str(error).partition(" ")[0]) from error
            raise

    async def _send(self, words: Sequence[Word]) -> Any:  # noqa: ANN401
        async with asyncio.timeout(ANSWER_S):
            return await self._driver.execute_command(*words)  # type: ignore[no-untyped-call]

    async def _once_more(self, words: Sequence[Word], lost: Exception) -> Any:  # noqa: ANN401
        """Dial anew for a command whose connection broke: after a restart every pooled one is broken."""
        await self._pool.disconnect(inuse_connections=False)
        try:
            return await self._send(words)
        except NoScriptError:
            raise
        except (*_AWAY, ResponseError) as error:
            self._away_until = time.monotonic() + PAUSE_S
            raise Trouble(f"Redis is away: {type(error).__name__}") from lost

    async def run(self, script: Script, keys: Sequence[Word], arguments: Sequence[Word]) -> Any:  # noqa: ANN401
        """Run a script, handing it to the server first if it does not know it."""
        try:
            return await self.call("EVALSHA", script.digest, len(keys), *keys, *arguments)
        except NoScriptError:
            return await self.call("EVAL", script.text, len(keys), *keys, *arguments)

    async def ping(self) -> None:
        """Raise `Trouble` unless the server answers."""
        await self.call("PING")

    async def subscribe(self, *channels: str) -> "Subscription":
        """Listen to channels on a connection of its own; returns when the server has confirmed all of them."""
        connection = self._pool.make_connection()  # type: ignore[no-untyped-call]
        subscription = Subscription(connection)
        try:
            async with asyncio.timeout(ANSWER_S):
                await connection.connect()
                await connection.send_command("SUBSCRIBE", *channels)
                for _ in channels:
                    await connection.read_response()
        except (RedisError, OSError) as error:
            await subscription.close()
            raise Trouble(type(error).__name__) from error
        except BaseException:
            await subscription.close()
            raise
        return subscription

    async def close(self) -> None:
        """Drop the connections."""
        with suppress(RedisError, OSError):
            await self._pool.disconnect()


class Subscription:
    """Messages of a few channels, in the order in which they were published; never reconnects by itself."""

    def __init__(self, connection: Connection) -> None:
        """Take a connection that is ours alone."""
        self._connection = connection

    async def next(self, idle: float = 1.0) -> tuple[str, bytes] | None:
        """The next message, as channel and bytes; None if nothing came for `idle` seconds but the server lives.

        Raises `Trouble` when the connection is lost: whatever was published since is lost with it.
        """
        try:
            answer = await self._read(idle)
            if answer is None:
                await self._connection.send_command("PING")
                answer = await self._read(ANSWER_S)
                if answer is None:
                    raise Trouble("Redis did not answer")
        except (RedisError, OSError) as error:
            raise Trouble(type(error).__name__) from error
        if isinstance(answer, list) and answer[0] == b"message":
            return answer[1].decode(), answer[2]
        return None

    async def _read(self, patience: float) -> Any:  # noqa: ANN401
        return await self._connection.read_response(timeout=patience, disconnect_on_error=False)

    async def close(self) -> None:
        """Drop the connection."""
        with suppress(RedisError, OSError):
            await self._connection.disconnect(nowait=True)
