"""The asking side of the internal API: bounded in time, in number and in patience.

The breaker is thirty lines of our own. The library purgatory was weighed against it: half-open it lets every
caller through at once, it goes by the wall clock, and it brings 800 lines of message bus and unit of work.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import NamedTuple

import aiohttp

from shared import internal, tracing

_OK = 200
_UNAUTHORISED = 401
_SERVER_TROUBLE = 500


class Unavailable(Exception):  # noqa: N818 it names the state of a service, which is no error of ours
    """A service cannot answer now: gone, slow, failing, or left alone by the breaker. Try again later."""


class Reply(NamedTuple):
    """An answer below 500; the caller knows what 404 means to it."""

    status: int
    body: bytes


class Breaker:
    """Leaves a service alone after five failures in a row; then one request at a time tries it.

    The pause doubles with each failed trial, from one second up to fifteen.
    """

    def __init__(
        self,
        failures: int = 5,
        pause: float = 1.0,
        longest: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start closed: requests pass."""
        self._allowed = failures
        self._first_pause = self._pause = pause
        self._longest = longest
        self._clock = clock
        self._failed = 0
        self._open_until = 0.0
        self._trying = False

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Run one request; Unavailable at once while the breaker is open. Nothing else counts as failure."""
        trial = self._failed >= self._allowed
        if trial and (self._trying or self._clock() < self._open_until):
            raise Unavailable("left alone until it has recovered")
        self._trying = trial
        try:
            yield
        except Unavailable:
            self._failed += 1
            if self._failed >= self._allowed:
                self._pause = min(self._pause * 2, self._longest) if trial else self._first_pause
                self._open_until = self._clock() + self._pause
            raise
        else:
            self._failed = 0
        finally:
            if trial:
                self._trying = False


class Internal:
    """Asks one service. `close` ends its connections."""

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        timeout: float = 1.0,
        concurrency: int = 64,
        largest: int = 4 * 1024 * 1024,
        breaker: Breaker | None = None,
    ) -> None:
        """Know a service by its base URL; waiting for a free slot counts against `timeout`."""
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {internal.bearer(secret)}"}
        self._timeout = timeout
        self._slots = asyncio.Semaphore(concurrency)
        self._concurrency = concurrency
        self._largest = largest
        self._breaker = breaker or Breaker()
        self._session: aiohttp.ClientSession | None = None

    async def get(self, path: str, params: Mapping[str, str] | None = None, *, traceparent: str | None = None) -> Reply:
        """Ask `/internal{path}`; raises Unavailable if there is no answer below 500 in time."""
        with self._breaker.attempt(), _as_unavailable():
            async with (
                asyncio.timeout(self._timeout),
                self._slots,
                self._open(path, params, traceparent) as response,
            ):
                if response.status >= _SERVER_TROUBLE or response.status == _UNAUTHORISED:
                    raise Unavailable(f"answered {response.status}")
                body = bytearray()
                async for chunk in response.content.iter_chunked(65_536):
                    body += chunk
                    if len(body) > self._largest:
                        raise Unavailable("the answer is too large")
                return Reply(response.status, bytes(body))

    async def lines(
        self, path: str, params: Mapping[str, str] | None = None, *, idle: float = 10.0
    ) -> AsyncIterator[bytes]:
        """Read a long answer line by line (a snapshot as NDJSON), without an end in time but for silence."""
        with _as_unavailable():
            patience = aiohttp.ClientTimeout(total=None, sock_connect=idle, sock_read=idle)
            async with self._open(path, params, None, timeout=patience) as response:
                if response.status != _OK:
                    raise Unavailable(f"answered {response.status}")
                async for line in response.content:
                    yield line.rstrip(b"\n")

    async def close(self) -> None:
        """End the connections; the next question opens new ones."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(
        self,
        path: str,
        params: Mapping[str, str] | None,
        traceparent: str | None,
        timeout: aiohttp.ClientTimeout | None = None,
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers=self._headers,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=self._timeout),
                # Shorter than the server keeps idle connections, so that it never closes one we just reuse.
                connector=aiohttp.TCPConnector(limit=self._concurrency + 8, keepalive_timeout=15.0),
            )
        headers = {"traceparent": tracing.child(traceparent)} if traceparent else None
        url = f"{self._url}/internal{path}"
        if timeout is None:
            return self._session.get(url, params=params, headers=headers, allow_redirects=False)
        return self._session.get(url, params=params, headers=headers, allow_redirects=False, timeout=timeout)


@contextmanager
def _as_unavailable() -> Iterator[None]:
    """Turn every way in which a question can fail into Unavailable (ValueError: a line beyond all bounds)."""
    try:
        yield
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        raise Unavailable(type(error).__name__) from error
