"""A service that owns campaigns, events or needs, as the gateway asks it, and its log."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared import internal
from shared.internal_client import Internal
from shared.kafka.appender import Appender
from shared.serving import Server

SECRET = "a secret of thirty-two characters"


class Log:
    """Fact topics and dead letters under names of the test's own; two partitions each."""

    def __init__(self, bootstrap: str, root: str, appender: Appender) -> None:
        """Name the topics after the root."""
        self.bootstrap = bootstrap
        mark = root.rstrip(":")
        self.topics = (f"{mark}-events.facts", f"{mark}-pledges.facts")
        self.group = f"{mark}-gateway"
        self.appender = appender

    @classmethod
    def away(cls, root: str) -> "Log":
        """A log that nobody reaches."""
        return cls("127.0.0.1:1", root, Appender("127.0.0.1:1"))


class Owner:
    """The internal API of a service: `lines` is its snapshot, `past` its history, `shown` what it tells a person."""

    def __init__(self) -> None:
        """Own nothing yet."""
        self.lines: list[bytes] = []
        self.shown: dict[tuple[str, str], object] = {}
        self.past: list[bytes] = []
        self.past_status = 200
        self.questions: list[dict[str, str]] = []
        self.asked = 0
        self.before_lines: list[object] = []
        self._server: Server | None = None
        self._client: Internal | None = None

    async def start(self) -> Internal:
        """Listen on a free port."""

        async def well() -> dict[str, internal.Health]:
            return {}

        routes = [
            Route("/snapshot", self._snapshot),
            Route("/history", self._history),
            Route("/events/{name}", self._show),
            Route("/campaigns/{name}", self._show),
            Route("/needs/{name}", self._show),
        ]
        app = internal.build(live=well, ready=well, routes=routes, secret=SECRET)
        self._server = Server(app, "127.0.0.1", 0)
        await self._server.start()
        self._client = Internal(f"http://127.0.0.1:{self._server.port}", SECRET)
        return self._client

    async def stop(self) -> None:
        """Be away."""
        if self._client is not None:
            await self._client.close()
        if self._server is not None:
            await self._server.stop()

    async def _snapshot(self, _: Request) -> Response:
        self.asked += 1
        for hook in self.before_lines:
            await hook()  # type: ignore[operator]
        return Response(b"".join(line + b"\n" for line in self.lines))

    async def _history(self, request: Request) -> Response:
        self.questions.append(dict(request.query_params))
        return Response(b"".join(line + b"\n" for line in self.past), self.past_status)

    async def _show(self, request: Request) -> Response:
        self.asked += 1
        found = self.shown.get((request.path_params["name"], request.query_params["person"]))
        return JSONResponse(found or {}, 200 if found else 404)


def snapshot(**kinds: Sequence[bytes]) -> list[bytes]:
    """Lines of a snapshot, states by kind."""
    return [b'{"kind":"%s","state":%s}' % (kind.encode(), state) for kind, states in kinds.items() for state in states]
