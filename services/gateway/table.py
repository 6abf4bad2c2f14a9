"""The table of routes: what the API answers where, in a form that serving, documents and tests all walk.

Routes are raw: FastAPI's own way (path regexes, dependencies, two models a request) costs a write more CPU than
all else that the gateway does for it. FastAPI is told of every route all the same (`documents.py`).
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final, Literal

from msgspec import Struct
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from services.gateway.problems import Answer, ProblemError
from shared import tracing

Access = Literal["public", "person"]

_SUFFIX = "[a-z2-7]{26}"
CAMPAIGN_ID: Final = f"campaign_{_SUFFIX}"
EVENT_ID: Final = f"event_{_SUFFIX}"
NEED_ID: Final = f"need_{_SUFFIX}"
COMMITMENT_ID: Final = f"commitment_{_SUFFIX}"
VENUE_ID: Final = f"venue_{_SUFFIX}"
PERSON: Final = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

PATTERNS: Final[Mapping[str, "re.Pattern[str]"]] = {
    name: re.compile(pattern)
    for name, pattern in {
        "campaign_id": CAMPAIGN_ID,
        "event_id": EVENT_ID,
        "shift_id": rf"{EVENT_ID}\.{_SUFFIX}",
        "need_id": NEED_ID,
        "slot_id": rf"{EVENT_ID}\.{_SUFFIX}",
        "booking_id": rf"{EVENT_ID}\.{_SUFFIX}",
        "action_id": _SUFFIX,
        "commitment_id": COMMITMENT_ID,
        "venue_id": VENUE_ID,
        "date": "[0-9]{4}-[0-9]{2}-[0-9]{2}",
        "registration_id": rf"{EVENT_ID}\.{_SUFFIX}",
        "signal_id": f"signal_{_SUFFIX}",
        "bundle_id": f"bundle_{_SUFFIX}",
        "pledge_id": rf"{NEED_ID}\.{_SUFFIX}|offer_{_SUFFIX}",
        "offer_id": f"offer_{_SUFFIX}",
        "befriending_id": f"befriending_{_SUFFIX}",
        "partner_id": rf"{CAMPAIGN_ID}\.{_SUFFIX}",
        "occurrence": "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}",
        "endorsement_id": f"endorsement_{_SUFFIX}",
        "story_id": f"story_{_SUFFIX}",
        "person": PERSON,
        "kind": "campaign|event|need|venue",
        "target_id": f"{CAMPAIGN_ID}|{EVENT_ID}|{NEED_ID}|{VENUE_ID}",
        "figure": "[a-z0-9]+(?:[-_][a-z0-9]+)*",
        "n": "[1-9][0-9]{0,5}",
    }.items()
}
"""What a path parameter of that name looks like; another text names nothing, which is 404 without asking anybody."""


class Exchange:
    """One request, and the way to answer it."""

    __slots__ = ("_traceparent", "ids", "receive", "route", "scope", "send")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take what ASGI gives."""
        self.scope = scope
        self.receive = receive
        self.send = send
        self.ids: tuple[str, ...] = ()
        self.route: Route | None = None
        self._traceparent: str | None = None

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """Fields of the request's head, names in lower case."""
        found: list[tuple[bytes, bytes]] = self.scope["headers"]
        return found

    @property
    def traceparent(self) -> str:
        """Our span in the caller's trace, or in a new one."""
        if self._traceparent is None:
            given = next((value for name, value in self.headers if name == b"traceparent"), b"")
            self._traceparent = tracing.child(given.decode("latin-1"))
        return self._traceparent

    @property
    def trace_id(self) -> str:
        """Id of the trace, for logs and problems."""
        return tracing.trace_id(self.traceparent)


Handle = Callable[[Exchange], Awaitable[Answer | None]]
"""Answers a request; None if it has sent the answer itself. May raise `ProblemError`."""


class Parameter(Struct, frozen=True):
    """A query parameter, for the document; the handler reads and checks it."""

    name: str
    description: str
    repeatable: bool = False
    integer: bool = False


class Route(Struct, frozen=True):
    """One method on one path.

    `body` is the model of the request's JSON, `answers` the struct (or array/dict type) of each success status,
    None for an empty or other body, whose `media` type is then named. `problems` are slugs besides the usual.
    `roles`: one of them is needed; empty means everybody whom `access` admits. `upload` is the media type of a body
    that is no JSON and is read as it comes.
    """

    method: str
    path: str
    summary: str
    handle: Handle
    tag: str
    answers: Mapping[int, Any]
    access: Access = "person"
    roles: frozenset[str] = frozenset()
    body: type[BaseModel] | None = None
    query: tuple[Parameter, ...] = ()
    problems: tuple[str, ...] = ()
    command: str = ""
    media: str = "application/json"
    upload: str = ""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the path's parameters, in order."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    @property
    def key(self) -> str:
        """How tests and documents name it: `POST /v1/pledges`."""
        return f"{self.method} {self.path}"


class _Node:
    __slots__ = ("any", "methods", "named")

    def __init__(self) -> None:
        self.named: dict[str, _Node] = {}
        self.any: _Node | None = None
        self.methods: dict[str, tuple[Route, tuple[re.Pattern[str] | None, ...]]] = {}


class Table:
    """Finds the route of a request in as many look-ups as the path has parts."""

    def __init__(self, routes: Iterable[Route]) -> None:
        """Take the routes; ValueError if two claim the same place."""
        self.routes = tuple(routes)
        self._root = _Node()
        for route in self.routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        node = self._root
        for part in route.path.split("/")[1:]:
            if part.startswith("{"):
                node.any = node.any or _Node()
                node = node.any
            else:
                node = node.named.setdefault(part, _Node())
        if route.method in node.methods:
            raise ValueError(f"two routes for {route.key}")
        node.methods[route.method] = (route, tuple(PATTERNS.get(name) for name in route.parameters))

    def find(self, exchange: Exchange) -> bool:
        """Note route and ids in the exchange; False for a path that is none of ours.

        Raises `method-not-allowed` (405), and `not-found` (404) for an id that cannot be one.
        """
        found: tuple[str, ...] = ()
        node = self._root
        path: str = exchange.scope["path"]
        for part in path.split("/")[1:]:
            below = node.named.get(part)
            if below is None:
                below = node.any
                found = (*found, part)
            if below is None:
                return False
            node = below
        if not node.methods:
            return False
        method: str = exchange.scope["method"]
        entry = node.methods.get("GET" if method == "HEAD" else method)
        if entry is None:
            raise ProblemError("method-not-allowed", headers=[(b"allow", _allow(node.methods))])
        route, patterns = entry
        for text, pattern in zip(found, patterns, strict=True):
            if pattern is not None and not pattern.fullmatch(text):
                raise ProblemError("not-found")
        exchange.route, exchange.ids = route, found
        return True


def _allow(methods: Iterable[str]) -> bytes:
    allowed = set(methods)
    if "GET" in allowed:
        allowed.add("HEAD")
    return ", ".join(sorted(allowed)).encode()


def raw(app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> Handle:
    """Make a handler of an ASGI application that answers by itself; `scope["path_params"]` holds the ids."""

    async def handle(exchange: Exchange) -> None:
        if exchange.route is not None:
            exchange.scope["path_params"] = dict(zip(exchange.route.parameters, exchange.ids, strict=True))
        await app(exchange.scope, exchange.receive, exchange.send)

    return handle
