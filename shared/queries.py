"""What every service answers about its own past: how a command ended, and the facts of a stream.

Routes under `/internal`. Bodies are records as they were appended, byte for byte.
"""

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Final, Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from shared.contracts.message import CONTENT_TYPE, open_envelope
from shared.ports import Trouble

NDJSON: Final = "application/x-ndjson"
MOST_BYTES: Final = 3 * 1_048_576
"""Of one answer with facts; who reads it asks again after the last version it got."""
MOST_ITEMS: Final = 100

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class BadQuery(ValueError):  # noqa: N818 -- it names the parameter, which is all there is to say
    """A query parameter that is missing or makes no sense; the text is its name."""


class Past(Protocol):
    """Where decided commands are kept: the inbox."""

    async def outcome(self, command_id: str) -> bytes | None:
        """Outcome record of a command, if it was decided."""
        ...

    async def facts(self, stream: str) -> list[bytes]:
        """All stored fact records of a stream, in no particular order."""
        ...


def routes(past: Past) -> list[Route]:
    """`GET /operations/{command_id}` and `GET /facts/{stream}?after=<version>` (NDJSON, in order)."""

    async def operation(request: Request) -> Response:
        outcome = await past.outcome(request.path_params["command_id"])
        return Response(outcome, 200 if outcome else 404, media_type=CONTENT_TYPE)

    async def facts(request: Request) -> Response:
        after = number(request, "after", 0, least=0, most=2**53)
        found = [(open_envelope(fact).streamversion, fact) for fact in await past.facts(request.path_params["stream"])]
        return Response(b"".join(_first(sorted(found), after)), media_type=NDJSON)

    return [Route("/operations/{command_id}", answering(operation)), Route("/facts/{stream}", answering(facts))]


def answering(handler: Handler) -> Handler:
    """Let a handler raise `BadQuery` (400) and `Trouble` (503)."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except BadQuery as error:
            return json({"parameter": str(error)}, 400)
        except Trouble:
            return json({}, 503)

    return answer


def json(body: object, status: int = 200) -> Response:
    """Answer with JSON."""
    return Response(msgspec.json.encode(body), status, media_type="application/json")


def lines(items: AsyncIterator[object]) -> StreamingResponse:
    """Answer with NDJSON of any length. An answer that breaks off is cut short, which the reader sees."""

    async def encoded() -> AsyncIterator[bytes]:
        encode = msgspec.json.Encoder().encode
        buffer = bytearray()
        async for item in items:
            buffer += encode(item) + b"\n"
            if len(buffer) > 65_536:  # noqa: PLR2004 -- a chunk
                yield bytes(buffer)
                buffer.clear()
        yield bytes(buffer)

    return StreamingResponse(encoded(), media_type=NDJSON)


def text(request: Request, name: str) -> str:
    """A parameter that must be there."""
    given = request.query_params.get(name, "")
    if not given:
        raise BadQuery(name)
    return given


def number(request: Request, name: str, default: int, *, least: int = 1, most: int = MOST_ITEMS) -> int:
    """A whole number within bounds."""
    given = request.query_params.get(name, str(default))
    if not (given.isascii() and given.isdecimal() and len(given) <= len(str(most)) and least <= int(given) <= most):
        raise BadQuery(name)
    return int(given)


def _first(found: list[tuple[int, bytes]], after: int) -> list[bytes]:
    """The first facts beyond a version, each with its line break, as many as one answer takes."""
    chosen: list[bytes] = []
    size = 0
    for version, fact in found:
        if version > after:
            size += len(fact) + 1
            if size > MOST_BYTES and chosen:
                break
            chosen += [fact, b"\n"]
    return chosen
