"""What the gateway asks about venues, under `/internal`: what is hidden from others, and who the hosts are."""

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.events.venue_document import answer
from services.events.venue_store import VenueStore
from shared import queries
from shared.decider import Refused


class Host(Struct, frozen=True):
    """A person who says whether a venue is open."""

    person: str


class Hosts(Struct, frozen=True):
    """All hosts of a venue; there are few enough for one page."""

    items: tuple[Host, ...]
    next: str | None = None


def routes(venues: VenueStore) -> list[Route]:
    """Make the routes; `person`, where it may be left out, is a pseudonym on whose behalf is asked."""

    async def venue(request: Request) -> Response:
        found = await venues.one(request.path_params["venue_id"], _person(request))
        return queries.json(answer(found.state)) if found and found.state else queries.json({}, 404)

    async def hosts(request: Request) -> Response:
        found = await venues.hosts(request.path_params["venue_id"], _person(request))
        if isinstance(found, Refused):
            return queries.json({}, found.status)
        return queries.json(Hosts(tuple(map(Host, found))))

    return [
        Route("/venues/{venue_id}", queries.answering(venue)),
        Route("/venues/{venue_id}/hosts", queries.answering(hosts)),
    ]


def _person(request: Request) -> str | None:
    return request.query_params.get("person") or None
