"""What the gateway and other services ask of this one, under `/internal`. Answers are the contract's states as JSON."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.events import life_api
from services.events.minors import Minors
from services.events.reading import Reading
from shared import queries
from shared.decider import Refused
from shared.mongo import Inbox


def routes(reading: Reading, inbox: Inbox) -> list[Route]:
    """Make the routes; `person`, where it may be left out, is a pseudonym on whose behalf is asked."""
    minors = Minors(reading)

    async def campaign(request: Request) -> Response:
        found = await reading.campaign(request.path_params["campaign_id"], _person(request))
        return queries.json(found) if found else queries.json({}, 404)

    async def event(request: Request) -> Response:
        found = await reading.event(request.path_params["event_id"], _person(request))
        return queries.json(found) if found else queries.json({}, 404)

    async def occurrence(request: Request) -> Response:
        name, occurrence = request.path_params["event_id"], request.path_params["occurrence"]
        found = await reading.occurrence(name, occurrence, _person(request))
        return queries.json(found) if found else queries.json({}, 404)

    async def registrations_of(request: Request) -> Response:
        person = queries.text(request, "person")
        return queries.json(await reading.registrations_of(person, _cursor(request), _limit(request)))

    async def registrations_at(request: Request) -> Response:
        name, person = request.path_params["event_id"], _person(request)
        found = await reading.registrations_at(name, person, _cursor(request), _limit(request))
        return queries.json({}, found.status) if isinstance(found, Refused) else queries.json(await minors.added(found))

    async def hiding(request: Request) -> Response:
        found = await reading.hiding(request.path_params["event_id"], _person(request))
        return queries.json({}, found.status) if isinstance(found, Refused) else queries.json(found)

    async def snapshot(_: Request) -> Response:
        return queries.lines(reading.snapshot())

    return [
        Route("/campaigns/{campaign_id}", queries.answering(campaign)),
        Route("/events/{event_id}", queries.answering(event)),
        Route("/events/{event_id}/occurrences/{occurrence}", queries.answering(occurrence)),
        Route("/events/{event_id}/registrations", queries.answering(registrations_at)),
        Route("/events/{event_id}/hiding", queries.answering(hiding)),
        Route("/registrations", queries.answering(registrations_of)),
        Route("/snapshot", snapshot),
        *life_api.routes(reading),
        *queries.routes(inbox),
    ]


def _person(request: Request) -> str | None:
    return request.query_params.get("person") or None


def _cursor(request: Request) -> str | None:
    return request.query_params.get("cursor") or None


def _limit(request: Request) -> int:
    return queries.number(request, "limit", 20)
