"""What a process tells the inside of the platform: `/livez`, `/readyz`, `/metrics`, `/internal/`."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from shared import keys, logs, metrics

log = logs.logger(__name__)

#: One part of a process: True if it is well, else False or a short reason.
Health = bool | str
#: Looks at every part; called for each probe, and given up after CHECK_SECONDS.
Check = Callable[[], Awaitable[Mapping[str, Health]]]

CHECK_SECONDS = 2.0


def bearer(secret: str) -> str:
    """The token of the internal API, the same for every process that knows the root secret."""
    return keys.derive(secret, "internal-api").hex()


def build(*, live: Check, ready: Check, routes: Sequence[BaseRoute] = (), secret: str) -> Starlette:
    """Make the application of a process' own port.

    `live` looks at what only a restart mends: a dead consume loop, a dead coordinator, an event loop that
    stands still. `ready` looks at what the process needs, and says if it is draining. `routes` lie under
    `/internal` and want the bearer token.
    """

    async def livez(_: Request) -> Response:
        return _report(await _look(live))

    async def readyz(_: Request) -> Response:
        found = await _look(ready)
        for part, health in found.items():
            metrics.dependency_up.labels(dependency=part).set(health is True)
        return _report(found)

    return Starlette(
        routes=[
            Route("/livez", livez),
            Route("/readyz", readyz),
            Route("/metrics", _metrics),
            Mount("/internal", routes=list(routes), middleware=[Middleware(Guard, token=bearer(secret))]),
        ]
    )


class Guard:
    """Lets a request through that carries the bearer token; others get 401 and learn nothing."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        """Guard an application."""
        self._app = app
        self._expected = f"Bearer {token}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the Authorization header in constant time."""
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        if len(given) == 1 and keys.same(given[0].decode("latin-1"), self._expected):
            await self._app(scope, receive, send)
            return
        refusal = JSONResponse({"title": "Not signed in"}, 401, {"WWW-Authenticate": "Bearer"})
        await refusal(scope, receive, send)


async def _metrics(_: Request) -> Response:
    body, content_type = metrics.exposition()
    return Response(body, headers={"Content-Type": content_type})


async def _look(check: Check) -> Mapping[str, Health]:
    """Ask a check, bounded; one that fails or takes too long is itself a finding."""
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check()
    except TimeoutError:
        return {"check": f"no answer within {CHECK_SECONDS:.0f} s"}
    except Exception as error:  # noqa: BLE001 a probe must be answered, whatever broke
        log.warning("health check failed", error=type(error).__name__)
        return {"check": f"failed: {type(error).__name__}"}


def _report(found: Mapping[str, Health]) -> Response:
    well = all(health is True for health in found.values())
    checks = {part: "ok" if health is True else health or "failed" for part, health in found.items()}
    return JSONResponse({"status": "ok" if well else "failed", "checks": checks}, 200 if well else 503)
