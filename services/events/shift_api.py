"""What the gateway asks of shifts and clearances, under `/internal`."""

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.events.shift_reading import ShiftReading
from shared import queries
from shared.decider import Refused


def routes(reading: ShiftReading) -> list[Route]:
    """Make the routes; `person`, where it may be left out, is a pseudonym on whose behalf is asked."""

    async def shifts(request: Request) -> Response:
        return _told(await reading.shifts(_id(request, "event_id"), _person(request), *_page(request)))

    async def shift(request: Request) -> Response:
        return _told(await reading.shift(_id(request, "event_id"), _id(request, "shift_id"), _person(request)))

    async def assignments(request: Request) -> Response:
        names = _id(request, "event_id"), _id(request, "shift_id")
        return _told(await reading.assignments(*names, _person(request), *_page(request)))

    async def mine(request: Request) -> Response:
        return _told(await reading.assignments_of(queries.text(request, "person"), *_page(request)))

    async def clearances(request: Request) -> Response:
        return _told(await reading.clearances_in(_id(request, "campaign_id"), _person(request), *_page(request)))

    async def my_clearances(request: Request) -> Response:
        return _told(await reading.clearances_of(queries.text(request, "person"), *_page(request)))

    return [
        Route("/events/{event_id}/shifts", queries.answering(shifts)),
        Route("/events/{event_id}/shifts/{shift_id}", queries.answering(shift)),
        Route("/events/{event_id}/shifts/{shift_id}/assignments", queries.answering(assignments)),
        Route("/assignments", queries.answering(mine)),
        Route("/campaigns/{campaign_id}/clearances", queries.answering(clearances)),
        Route("/clearances", queries.answering(my_clearances)),
    ]


def _told(found: Struct | Refused) -> Response:
    return queries.json({}, found.status) if isinstance(found, Refused) else queries.json(found)


def _id(request: Request, name: str) -> str:
    named: str = request.path_params[name]
    return named


def _person(request: Request) -> str | None:
    return request.query_params.get("person") or None


def _page(request: Request) -> tuple[str | None, int]:
    return request.query_params.get("cursor") or None, queries.number(request, "limit", 20)
