"""Public keys of token issuers: held in memory, fetched seldom, and never because a token asks for it."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol

import aiohttp
import jwt
import msgspec

from services.gateway.problems import ProblemError
from shared import logs

log = logs.logger(__name__)

# The type of the key decides the algorithm (RFC 8725 section 3.1), never a header.
ALGORITHMS = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}

_CURVES = frozenset({None, "P-256", "Ed25519"})
_LARGEST = 262_144
_OK = 200


class Keys(Protocol):
    """Where the keys of one issuer are looked up."""

    async def find(self, kid: str) -> jwt.PyJWK | None:
        """The key of this id, None if the issuer has none; ProblemError (503) if that cannot be known."""

    def on_change(self, tell: Callable[[], None]) -> None:
        """Call back when a key goes, so that what it signed can be forgotten."""

    async def run(self) -> None:
        """Keep the keys fresh for as long as the process lives."""


class Issuer(NamedTuple):
    """Who may sign tokens, for whom, and with which keys."""

    name: str
    audience: str
    keys: Keys


class HeldKeys:
    """Keys that are known from the start and do not change."""

    def __init__(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """Take the members of a JSON Web Key Set."""
        self._keys = usable(documents)

    async def find(self, kid: str) -> jwt.PyJWK | None:
        """The key of this id."""
        return self._keys.get(kid)

    def on_change(self, tell: Callable[[], None]) -> None:
        """Nothing to tell: they stay as they are."""

    async def run(self) -> None:
        """Nothing to do."""


class RemoteKeys:
    """Keys fetched from an issuer's JWKS address: every few minutes, and now and then for an unknown id."""

    def __init__(
        self,
        url: str,
        *,
        fresh: float = 240.0,
        pause: float = 15.0,
        timeout: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`fresh` bounds how long a withdrawn key lives on, `pause` how often unknown ids lead to a fetch."""
        self._url = url
        self._fresh = fresh
        self._pause = pause
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._clock = clock
        self._keys: dict[str, jwt.PyJWK] | None = None
        self._documents: list[Any] = []
        self._tried = float("-inf")
        self._fetching = asyncio.Lock()
        self._tell: Callable[[], None] = lambda: None

    def on_change(self, tell: Callable[[], None]) -> None:
        """Remember whom to tell."""
        self._tell = tell

    async def find(self, kid: str) -> jwt.PyJWK | None:
        """The key of this id; unknown ones cost one fetch every `pause` seconds at most, all together."""
        if self._keys is None or kid not in self._keys:
            await self._refresh()
        if self._keys is None:
            raise ProblemError("unavailable", "The issuer's keys cannot be read at the moment.")
        return self._keys.get(kid)

    async def run(self) -> None:
        """Keep the keys fresh until cancelled."""
        while True:
            await self._refresh()
            await asyncio.sleep(self._fresh if self._keys is not None else self._pause)

    async def _refresh(self) -> None:
        async with self._fetching:
            if self._clock() - self._tried < self._pause:
                return
            self._tried = self._clock()
            try:
                documents = await self._fetch()
                fetched = usable(documents)
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
                log.warning("issuer keys not fetched", error=type(error).__name__)
                return
            changed = self._documents != documents
            self._keys, self._documents = fetched, documents
            if changed:
                self._tell()

    async def _fetch(self) -> list[Any]:
        async with (
            aiohttp.ClientSession(timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.get(self._url, allow_redirects=False) as response,
        ):
            if response.status != _OK:
                raise ValueError("unexpected status")
            body = await response.content.read(_LARGEST)
            while len(body) < _LARGEST and not response.content.at_eof():
                body += await response.content.read(_LARGEST - len(body))
        document = msgspec.json.decode(body, type=dict[str, Any])
        found = document.get("keys")
        if not isinstance(found, list):
            raise ValueError("not a JSON Web Key Set")  # noqa: TRY004 to the caller it is one unusable answer of many
        return found


def usable(documents: Iterable[Any]) -> dict[str, jwt.PyJWK]:
    """The keys that may verify tokens, by id: public, for signatures, strong enough; no others."""
    keys = dict[str, jwt.PyJWK]()
    for document in documents:
        if not isinstance(document, Mapping):
            continue
        kid, algorithm = document.get("kid"), ALGORITHMS.get(str(document.get("kty")))
        if (
            not isinstance(kid, str)
            or algorithm is None
            or "d" in document
            or document.get("crv") not in _CURVES
            or document.get("use", "sig") != "sig"
            or document.get("alg", algorithm) != algorithm
        ):
            continue
        try:
            key = jwt.PyJWK(dict(document), algorithm)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError):
            continue
        if key.Algorithm.check_key_length(key.key) is None:
            keys[kid] = key
    return keys
