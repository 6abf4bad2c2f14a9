"""What the gateway asks of this service about an event beside its plan and its places, under `/internal`."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.events.attached_reading import AttachedReading
from services.events.reading import Reading
from shared import queries
from shared.decider import Refused


def routes(reading: Reading) -> list[Route]:
    """Make the routes; `person`, where it may be left out, is a pseudonym on whose behalf is asked."""
    hanging = AttachedReading(reading)

    async def hiding(request: Request) -> Response:
        return _told(await reading.hiding(_event(request), _person(request)))

    async def programme(request: Request) -> Response:
        return _told(await hanging.programme(_event(request), _person(request)))

    async def slots(request: Request) -> Response:
        return _told(await hanging.slots(_event(request), _person(request)))

    async def bookings(request: Request) -> Response:
        return _told(await hanging.bookings(_event(request), request.path_params["slot_id"], _person(request)))

    return [
        Route("/events/{event_id}/hiding", queries.answering(hiding)),
        Route("/events/{event_id}/programme", queries.answering(programme)),
        Route("/events/{event_id}/slots", queries.answering(slots)),
        Route("/events/{event_id}/slots/{slot_id}/bookings", queries.answering(bookings)),
    ]


def _told(found: object) -> Response:
    return queries.json({}, found.status) if isinstance(found, Refused) else queries.json(found)


def _event(request: Request) -> str:
    return str(request.path_params["event_id"])


def _person(request: Request) -> str | None:
    return request.query_params.get("person") or None
