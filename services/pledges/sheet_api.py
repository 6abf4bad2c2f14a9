"""What the gateway asks of signals, bundles and matches. Routes under `/internal`."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.pledges.documents import Document
from services.pledges.sheet_queries import SheetQueries
from shared.queries import answering, json, number, text


class Paged(Protocol):
    """Asks for a page of what hangs on a thing, as a person reads it."""

    async def __call__(self, name: str, person: str, /, *, cursor: str | None, limit: int) -> Document | None:
        """None if there is no such thing; may raise `PermissionError`."""
        ...


def routes(asked: SheetQueries) -> list[Route]:
    """Each for one person."""

    async def befriendings(request: Request) -> Response:
        cursor = request.query_params.get("cursor") or None
        return json(
            await asked.befriendings(text(request, "person"), cursor=cursor, limit=number(request, "limit", 20))
        )

    return [
        Route("/signals/{name}", _one(asked.signal)),
        Route("/campaigns/{name}/signals", _page(asked.signals)),
        Route("/campaigns/{name}/signals/heat", _one(asked.heat)),
        Route("/bundles/{name}", _one(asked.bundle)),
        Route("/campaigns/{name}/bundles", _page(asked.bundles)),
        Route("/befriendings/{name}", _one(asked.befriending)),
        Route("/befriendings", answering(befriendings)),
    ]


def _one(ask: Callable[[str, str], Awaitable[Document | None]]) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        try:
            found = await ask(request.path_params["name"], text(request, "person"))
        except PermissionError:
            return json({}, 403)
        return json(found or {}, 404 if found is None else 200)

    return answering(handle)


def _page(ask: Paged) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        person, limit = text(request, "person"), number(request, "limit", 20)
        cursor = request.query_params.get("cursor") or None
        try:
            page = await ask(request.path_params["name"], person, cursor=cursor, limit=limit)
        except PermissionError:
            return json({}, 403)
        return json(page or {}, 404 if page is None else 200)

    return answering(handle)
