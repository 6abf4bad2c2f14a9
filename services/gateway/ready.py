"""Answers that are ready to be sent, and the way past everything else for those who ask for one.

Outermost of all: a look into a dict, a comparison of tags, two messages. Whatever is not in memory goes on inside.
"""

import time
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any, Final, Protocol

from msgspec import Struct
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.problems import Answer
from shared import metrics

Header = tuple[bytes, bytes]

_OK: Final = 200
_UNCHANGED: Final = 304
_LONGEST_QUERY: Final = 512
_EMPTY: Final = {"type": "http.response.body", "body": b""}

_took = metrics.request_durations.took


class Entry(Struct, frozen=True):
    """An answer, and its heads as ASGI sends them.

    `tag` is what it depends on; `expires` counts the memory's seconds; of a `personal` one there is more to tell to
    some people who are signed in.
    """

    tag: str
    route: str
    etag: bytes
    body: bytes
    headers: list[Header]
    found: dict[str, Any]
    unchanged: dict[str, Any]
    whole: dict[str, Any]
    personal: bool = False
    expires: float | None = None


def etag_of(body: bytes) -> bytes:
    """Strong validator of a representation (RFC 9110, section 8.8.3), the same in every replica."""
    return b'"%s"' % blake2b(body, digest_size=12).hexdigest().encode()


def entry(
    tag: str,
    route: str,
    body: bytes,
    added: Sequence[Header],
    *,
    personal: bool = False,
    expires: float | None = None,
) -> Entry:
    """Make a body an answer; `added` are the fields that the front door would add."""
    etag = etag_of(body)
    told = [(b"etag", etag), (b"cache-control", b"no-cache")]
    if personal:
        told.append((b"vary", b"authorization"))
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *told]
    return Entry(
        tag,
        route,
        etag,
        body,
        headers,
        {"type": "http.response.start", "status": _OK, "headers": [*headers, *added]},
        {"type": "http.response.start", "status": _UNCHANGED, "headers": [*told, *added]},
        {"type": "http.response.body", "body": body},
        personal,
        expires,
    )


def unchanged(made: Entry, headers: Iterable[Header]) -> bool:
    """Whether the caller has this very answer already (If-None-Match, RFC 9110 section 13.1.2)."""
    for name, value in headers:
        if name == b"if-none-match":
            return value in (made.etag, b"*") or made.etag in _tags(value)
    return False


def sent(made: Entry, headers: Iterable[Header]) -> Answer:
    """The answer for the way through the front door."""
    if unchanged(made, headers):
        return Answer(_UNCHANGED, [field for field in made.headers if not field[0].startswith(b"content-")], b"")
    return Answer(_OK, list(made.headers), made.body)


class Shelf(Protocol):
    """Where ready answers lie: `memory.Memory`."""

    def get(self, target: str) -> Entry | None:
        """An answer that may be given as it is."""
        ...


class Ready:
    """The outermost ASGI application."""

    def __init__(self, shelf: Shelf, inside: ASGIApp) -> None:
        """Serve what lies on the shelf, pass on the rest."""
        self._get = shelf.get
        self._inside = inside

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        made = None
        if scope["type"] == "http" and (scope["method"] == "GET" or scope["method"] == "HEAD"):
            query = scope["query_string"]
            if not query:
                made = self._get(scope["path"])
            elif len(query) < _LONGEST_QUERY:
                made = self._get(f"{scope['path']}?{query.decode('latin-1')}")
        if made is None or (made.personal and _signed(scope["headers"])):
            await self._inside(scope, receive, send)
            return
        started = time.perf_counter()
        if unchanged(made, scope["headers"]):
            await send(made.unchanged)
            await send(_EMPTY)
            status = _UNCHANGED
        else:
            await send(made.found)
            await send(_EMPTY if scope["method"] == "HEAD" else made.whole)
            status = _OK
        _took(scope["method"], made.route, status, time.perf_counter() - started)


def _tags(value: bytes) -> list[bytes]:
    """Entity tags of a list; a weak one is compared as if it were strong, as the standard has it for GET."""
    return [tag.strip().removeprefix(b"W/") for tag in value.split(b",")]


def _signed(headers: Iterable[Header]) -> bool:
    return any(name == b"authorization" for name, _ in headers)
