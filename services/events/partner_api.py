"""Partners as the gateway asks for them on behalf of a person, under `/internal`."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.events.partner_reading import PartnerReading
from shared import queries


def routes(reading: PartnerReading) -> list[Route]:
    """Make the routes; `person` is a pseudonym on whose behalf is asked."""

    async def of_campaign(request: Request) -> Response:
        name, person = request.path_params["campaign_id"], queries.text(request, "person")
        found = await reading.of_campaign(name, person, _cursor(request), _limit(request))
        return queries.json(found) if found else queries.json({}, 404)

    async def of_person(request: Request) -> Response:
        person = queries.text(request, "person")
        return queries.json(await reading.of_person(person, _cursor(request), _limit(request)))

    async def one(request: Request) -> Response:
        found = await reading.one(request.path_params["partner_id"], queries.text(request, "person"))
        return queries.json(found) if found else queries.json({}, 404)

    return [
        Route("/campaigns/{campaign_id}/partners", queries.answering(of_campaign)),
        Route("/partners", queries.answering(of_person)),
        Route("/partners/{partner_id}", queries.answering(one)),
    ]


def _cursor(request: Request) -> str | None:
    return request.query_params.get("cursor") or None


def _limit(request: Request) -> int:
    return queries.number(request, "limit", 20)
