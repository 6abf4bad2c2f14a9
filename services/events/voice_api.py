"""Endorsements and stories as the gateway asks for them, under `/internal`."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.events.voice_reading import Kind, VoiceReading
from shared import queries
from shared.queries import Handler


def routes(reading: VoiceReading) -> list[Route]:
    """Make the routes; `person`, which may be left out, is a pseudonym on whose behalf is asked."""

    async def one(request: Request) -> Response:
        found = await reading.one(request.path_params["voice_id"], _text(request, "person"))
        return queries.json(found) if found else queries.json({}, 404)

    def page(kind: Kind) -> Handler:
        async def answer(request: Request) -> Response:
            about = request.path_params
            found = await reading.page(
                kind,
                about.get("campaign_id"),
                about.get("event_id"),
                _text(request, "person"),
                _text(request, "cursor"),
                queries.number(request, "limit", 20),
            )
            return queries.json(found) if found else queries.json({}, 404)

        return queries.answering(answer)

    return [
        Route("/voices/{voice_id}", queries.answering(one)),
        Route("/campaigns/{campaign_id}/endorsements", page("endorsement")),
        Route("/campaigns/{campaign_id}/stories", page("story")),
        Route("/events/{event_id}/stories", page("story")),
    ]


def _text(request: Request, name: str) -> str | None:
    return request.query_params.get(name) or None
