"""What the gateway asks of this service. Routes under `/internal`."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.pledges.deliveries_store import Known
from services.pledges.queries import Queries
from shared import queries
from shared.queries import BadQuery, answering, json, lines, number, text


def routes(asked: Queries, past: queries.Past) -> list[Route]:
    """Pledges with their private words, the ledger, the snapshot, and what every service answers."""

    async def pledge(request: Request) -> Response:
        name = request.path_params["pledge_id"]
        ask = asked.offer if name.startswith("offer_") else asked.pledge
        found = await ask(name, text(request, "person"))
        return json(found, 200 if found else 404)

    async def need(request: Request) -> Response:
        found = await asked.need(request.path_params["need_id"], text(request, "person"))
        return json(found or {}, 200 if found else 404)

    async def pledges_of(request: Request) -> Response:
        page = await asked.pledges_of(
            text(request, "person"), cursor=_cursor(request), limit=number(request, "limit", 20)
        )
        return json(page)

    async def pledges_on(request: Request) -> Response:
        try:
            page = await asked.pledges_on(
                request.path_params["need_id"],
                text(request, "person"),
                cursor=_cursor(request),
                limit=number(request, "limit", 20),
            )
        except PermissionError:
            return json({}, 403)
        return json(page, 200 if page else 404)

    async def offers_to(request: Request) -> Response:
        try:
            page = await asked.offers_to(
                request.path_params["campaign_id"],
                text(request, "person"),
                cursor=_cursor(request),
                limit=number(request, "limit", 20),
            )
        except PermissionError:
            return json({}, 403)
        return json(page, 200 if page else 404)

    async def impact(request: Request) -> Response:
        at, known = _as_of(request)
        return json({"cells": await asked.impact(text(request, "campaign"), at, known)})

    async def delivered(request: Request) -> Response:
        at, known = _as_of(request)
        limit = number(request, "limit", 20)
        page = await asked.delivered(text(request, "figure"), at, known, cursor=_cursor(request), limit=limit)
        return json(page or {}, 200 if page else 404)

    async def ledger(request: Request) -> Response:
        return json({"sums": await asked.ledger(text(request, "campaign"))})

    async def snapshot(_: Request) -> Response:
        return lines(asked.snapshot())

    return [
        Route("/pledges", answering(pledges_of)),
        Route("/pledges/{pledge_id}", answering(pledge)),
        Route("/needs/{need_id}", answering(need)),
        Route("/needs/{need_id}/pledges", answering(pledges_on)),
        Route("/campaigns/{campaign_id}/offers", answering(offers_to)),
        Route("/ledger", answering(ledger)),
        Route("/impact", answering(impact)),
        Route("/impact/deliveries", answering(delivered)),
        Route("/snapshot", answering(snapshot)),
        *queries.routes(past),
    ]


def _as_of(request: Request) -> tuple[str | None, Known]:
    known = request.query_params.get("known", "then")
    if known not in ("then", "now"):
        raise BadQuery("known")
    return request.query_params.get("as_of"), "then" if known == "then" else "now"


def _cursor(request: Request) -> str | None:
    return request.query_params.get("cursor") or None
