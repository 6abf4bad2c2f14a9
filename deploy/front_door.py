"""Speaks to the gateway as made-up people, over HTTP as everybody does, and insists until an answer is definite."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from random import uniform
from typing import Any, Final, NamedTuple, Self

import aiohttp
import msgspec
from yarl import URL

from deploy.instance import Instance
from deploy.trouble import TroubleError, first_of
from services.gateway import development
from services.gateway.development import Development
from shared.config import Platform

PATIENCE_S: Final = 180.0
"""How long a request is repeated before we give up; a part that was killed is back in far less."""
_KNOCK_S: Final = 10.0
_REQUEST_S: Final = 20.0
_TOKEN_S: Final = 3600
_SLOWEST_S: Final = 2.0
_SERVER_FAULT: Final = 500
_INDEFINITE: Final = frozenset({202, 408, 429})
_FAILED: Final = "command-failed"


class Who(NamedTuple):
    """A made-up person."""

    sub: str
    roles: tuple[str, ...] = ("resident",)


class Reply(NamedTuple):
    """A definite answer."""

    status: int
    body: bytes
    replayed: bool

    def json(self) -> Any:  # noqa: ANN401 -- JSON
        """The body."""
        return msgspec.json.decode(self.body)

    @property
    def problem(self) -> str:
        """The slug of the problem that it is, empty if it is none."""
        try:
            return str(msgspec.json.decode(self.body)["type"]).rpartition("/")[2]
        except (msgspec.DecodeError, KeyError, TypeError):
            return ""


class RefusedError(Exception):
    """The platform said no, for good."""

    def __init__(self, what: str, reply: Reply) -> None:
        """Say what was refused, and how."""
        super().__init__(f"{what} was refused: {reply.status} {reply.problem}.")
        self.status = reply.status
        self.problem = reply.problem


class FrontDoor:
    """A gateway, with at most `at_once` requests in flight; an asynchronous context manager."""

    def __init__(self, url: str, issuer: Development, *, at_once: int = 32) -> None:
        """Take the address, and the issuer that signs people's tokens; nothing is dialled."""
        self.url = url
        self._base = URL(url)
        self._issuer = issuer
        self._tokens: dict[Who, tuple[str, float]] = {}
        self._slots = asyncio.Semaphore(at_once)
        self._at_once = at_once
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the connections as they are needed; raises TroubleError if nobody answers."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._at_once),
            timeout=aiohttp.ClientTimeout(total=_REQUEST_S),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        try:
            await self._knock()
        except BaseException:
            await self._session.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close them."""
        if self._session:
            await self._session.close()

    async def read(self, path: str, who: Who | None = None) -> Any | None:  # noqa: ANN401 -- JSON
        """What is there; None if nothing is, or nothing that the person may see. Raises RefusedError."""
        reply = await self._insist("GET", path, self._signed(who))
        if reply.status == 404:  # noqa: PLR2004 -- Not Found
            return None
        if reply.status >= 400:  # noqa: PLR2004 -- where problems begin
            raise RefusedError(f"GET {path}", reply)
        return reply.json()

    async def items(self, path: str, who: Who | None = None) -> AsyncIterator[dict[str, Any]]:
        """Every item of a list, page by page."""
        after: str | None = path
        while after:
            page = await self.read(after, who)
            if page is None:
                return
            for item in page["items"]:
                yield item
            after = page["next"]

    async def write(self, who: Who, path: str, body: Mapping[str, Any], key: str, *, method: str = "POST") -> Reply:
        """Write, repeated with its key until the answer is definite; raises RefusedError if that is no."""
        reply = await self._insist(method, path, self._signed(who), msgspec.json.encode(body), key)
        if reply.status >= 400:  # noqa: PLR2004 -- where problems begin
            raise RefusedError(f"{method} {path}", reply)
        return reply

    async def _knock(self) -> None:
        """Find somebody at home, whatever they say."""
        end = time.monotonic() + _KNOCK_S
        while True:
            try:
                await self._ask("GET", "/livez", {})
            except (aiohttp.ClientError, OSError, TimeoutError):
                if time.monotonic() > end:
                    raise TroubleError(
                        f"No gateway answers at {self.url}: start one with make run, or say with --url where it is."
                    ) from None
                await asyncio.sleep(0.2)
            else:
                return

    async def _insist(
        self, method: str, path: str, head: Mapping[str, str], body: bytes | None = None, key: str | None = None
    ) -> Reply:
        fields = dict(head)
        if body is not None:
            fields["Content-Type"] = "application/json"
        if key is not None:
            fields["Idempotency-Key"] = key
        end, pause = time.monotonic() + PATIENCE_S, 0.05
        while True:
            try:
                async with self._slots:
                    reply = await self._ask(method, path, fields, body)
                if _is_definite(reply):
                    return reply
                said = f"{reply.status} {reply.problem}".strip()
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                said = type(error).__name__
            if time.monotonic() > end:
                raise TroubleError(
                    f"{self.url} had no definite answer to {method} {path} for {PATIENCE_S:.0f} s (last: {said}); "
                    "brum status shows what is not well."
                )
            await asyncio.sleep(uniform(pause / 2, pause))  # noqa: S311 -- to spread those who were refused together
            pause = min(2 * pause, _SLOWEST_S)

    async def _ask(self, method: str, path: str, head: Mapping[str, str], body: bytes | None = None) -> Reply:
        if self._session is None:
            raise RuntimeError("not open")
        # A list's `next` is encoded already.
        url = self._base.join(URL(path, encoded=True))
        async with self._session.request(method, url, data=body, headers=head, allow_redirects=False) as answer:
            return Reply(answer.status, await answer.read(), "Idempotency-Replayed" in answer.headers)

    def _signed(self, who: Who | None) -> dict[str, str]:
        """The head of somebody's request; a token is signed again at half its life."""
        if who is None:
            return {}
        token, until = self._tokens.get(who, ("", 0.0))
        if until < time.time():
            token = self._issuer.token(who.sub, who.roles, _TOKEN_S)
            self._tokens[who] = token, time.time() + _TOKEN_S / 2
        return {"Authorization": f"Bearer {token}"}


async def together(work: Iterable[Coroutine[Any, Any, object]]) -> None:
    """Do it all at the same time; the first trouble or refusal ends the rest and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for each in work:
                group.create_task(each)
    except BaseExceptionGroup as troubles:
        raise first_of(troubles, (RefusedError, TroubleError)) from None


def open_door(settings: Platform, url: str | None, *, at_once: int = 32) -> FrontDoor:
    """The front door of the platform on BRUM_DATA, or of another that trusts the same development issuer.

    Raises TroubleError outside development, where nobody can be made up.
    """
    if settings.env != "development":
        raise TroubleError("People are made up in development only (BRUM_ENV).")
    told = Instance(settings.data).told() or {}
    address = url or told.get("address") or f"http://127.0.0.1:{settings.port}"
    return FrontDoor(address.rstrip("/"), development.load(settings.data), at_once=at_once)


def _is_definite(reply: Reply) -> bool:
    """Whether repeating would bring the same: not while it is pending, hindered, or the server's own fault."""
    if reply.status >= _SERVER_FAULT:
        return reply.problem == _FAILED
    return reply.status not in _INDEFINITE
