"""What a service answers about a campaign's past: `GET /internal/history?campaign=…&at=…&reached=…`.

`reached` are the offsets of its fact topic that the answer has to know of, `<partition>:<offset>,…`.
"""

import re
from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared import queries
from shared.history import History
from shared.queries import BadQuery

_REACHED: Final = re.compile(r"([0-9]{1,5}):([0-9]{1,18})")


def route(history: History) -> Route:
    """Answer with the things of a campaign as they were (NDJSON, as in a snapshot), once the log was read so far."""

    async def past(request: Request) -> Response:
        wanted: dict[int, int] = {}
        for part in filter(None, request.query_params.get("reached", "").split(",")):
            found = _REACHED.fullmatch(part)
            if found is None:
                raise BadQuery("reached")
            wanted[int(found[1])] = int(found[2])
        lines = await history.at(queries.text(request, "campaign"), queries.text(request, "at"), wanted)

        async def told() -> AsyncIterator[object]:
            for line in lines:
                yield line

        return queries.lines(told())

    return Route("/history", queries.answering(past))
