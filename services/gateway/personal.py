"""What only some may read: asked of the service that owns it, which decides who may; never kept here."""

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlencode

import msgspec
from msgspec import Raw, Struct

from services.gateway import parameters
from services.gateway.identity import Identity
from services.gateway.problems import Answer, ProblemError
from services.gateway.table import Access, Exchange, Parameter, Route
from shared.internal_client import Internal, Reply, Unavailable

OK: Final = 200
_REFUSALS: Final = {400: "invalid-parameter", 403: "forbidden", 404: "not-found"}

PAGING: Final = (
    Parameter("cursor", "Where to go on: from `next` of the page before."),
    Parameter("limit", "How many items, 1 to 100; 20 if not said.", integer=True),
)

Path = Callable[[tuple[str, ...]], str]
"""Path below `/internal`, of the ids in ours."""


class _Page(Struct):
    """A page as a service tells it: `next` is a cursor."""

    items: Raw
    next: str | None
    unread: int | msgspec.UnsetType = msgspec.UNSET


_pages: Final = msgspec.json.Decoder(_Page)


class Personal:
    """Asks the services on behalf of who is signed in."""

    def __init__(self, identity: Identity, services: Mapping[str, Internal]) -> None:
        """`services`: the asking side of each service's internal API."""
        self._identity = identity
        self._services = services

    def one(
        self,
        *,
        path: str,
        summary: str,
        service: str,
        ask: Path,
        answers: type[Struct],
        tag: str,
        access: Access = "person",
    ) -> Route:
        """Route to one thing; with public `access` also for who is not signed in."""

        async def handle(exchange: Exchange) -> Answer:
            wanted = await self._caller(exchange, access)
            parameters.query(exchange.scope["query_string"])
            reply = await self._ask(exchange, service, ask(exchange.ids), wanted)
            return private(reply.body)

        return Route("GET", path, summary, handle, tag, {OK: answers}, access=access)

    def list(
        self,
        *,
        path: str,
        summary: str,
        service: str,
        ask: Path,
        answers: type[Struct],
        tag: str,
        access: Access = "person",
    ) -> Route:
        """Route to a list; `next` of the service's page becomes an address. `access` as in `one`."""

        async def handle(exchange: Exchange) -> Answer:
            caller = await self._caller(exchange, access)
            query = parameters.query(exchange.scope["query_string"], [known.name for known in PAGING])
            limit, cursor = query.limit(), query.one("cursor")
            wanted = {**caller, "limit": str(limit)}
            if cursor is not None:
                wanted["cursor"] = cursor
            reply = await self._ask(exchange, service, ask(exchange.ids), wanted)
            page = _pages.decode(reply.body)
            if page.next is not None:
                page.next = f"{exchange.scope['path']}?{urlencode({'cursor': page.next, 'limit': limit})}"
            return private(msgspec.json.encode(page))

        return Route(
            method="GET",
            path=path,
            summary=summary,
            handle=handle,
            tag=tag,
            answers={OK: answers},
            access=access,
            query=PAGING,
        )

    async def _caller(self, exchange: Exchange, access: Access) -> dict[str, str]:
        """On whose behalf is asked: nobody's, where everybody is answered and who asks is not signed in."""
        if access == "person":
            return {"person": (await self._identity.require(exchange.headers)).person}
        caller = await self._identity.authenticate(exchange.headers)
        return {"person": caller.person} if caller else {}

    async def _ask(self, exchange: Exchange, service: str, path: str, wanted: Mapping[str, str]) -> Reply:
        try:
            reply = await self._services[service].get(path, wanted, traceparent=exchange.traceparent)
        except Unavailable:
            raise ProblemError("unavailable", "What belongs to a person is read from its owner.") from None
        if reply.status == OK:
            return reply
        slug = _REFUSALS.get(reply.status)
        if slug is None:
            raise RuntimeError(f"{service} answered {reply.status}")
        raise ProblemError(slug)


def private(body: bytes, status: int = OK) -> Answer:
    """JSON that nobody may keep."""
    head = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
    ]
    return Answer(status, head, body)
