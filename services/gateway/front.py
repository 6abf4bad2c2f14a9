"""The front door: finds the route, makes a problem of whatever goes wrong, counts what was answered."""

import time
from collections.abc import Sequence
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway import problems
from services.gateway.problems import Answer, Headers, ProblemError
from services.gateway.table import Exchange, Table
from shared import logs, metrics

log = logs.logger(__name__)

SECURITY_HEADERS: Final = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
"""On every answer; a page that needs more brings its own content-security-policy."""
HTTPS_ONLY: Final = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
"""In production besides: browsers shall never come back over plain HTTP."""

_LARGEST_HEAD: Final = 16_384
_OTHER: Final = "other"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})


class Front:
    """The ASGI application before all routes; what the table does not know goes to `rest`."""

    def __init__(self, table: Table, rest: ASGIApp, *, added: Headers = SECURITY_HEADERS) -> None:
        """`added` are fields of every answer that does not bring its own."""
        self._table = table
        self._rest = rest
        self._added = added

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; lifespan and other protocols are not for us."""
        if scope["type"] != "http":
            return
        started = time.perf_counter()
        status = 0

        async def guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _with(message["headers"], self._added)
            await send(message)

        exchange = Exchange(scope, receive, guarded)
        try:
            answer = await self._answer(exchange)
        except ProblemError as problem:
            answer = problem.answer(trace_id=exchange.trace_id)
        except Exception:
            log.exception("request failed", trace_id=exchange.trace_id, route=self._name(exchange))
            answer = ProblemError("internal-error").answer(trace_id=exchange.trace_id)
        if answer is not None and not status:
            status = answer.status
            await problems.send_answer(send, Answer(status, _with(answer.headers, self._added), answer.body))
        self._count(exchange, status, time.perf_counter() - started)

    async def _answer(self, exchange: Exchange) -> Answer | None:
        if sum([len(name) + len(value) for name, value in exchange.headers]) > _LARGEST_HEAD:
            raise ProblemError("headers-too-large")
        if not self._table.find(exchange) or exchange.route is None:
            await self._rest(exchange.scope, exchange.receive, exchange.send)
            return None
        return await exchange.route.handle(exchange)

    def _name(self, exchange: Exchange) -> str:
        return exchange.route.path if exchange.route else _OTHER

    def _count(self, exchange: Exchange, status: int, seconds: float) -> None:
        method: str = exchange.scope["method"]
        known = method if method in _METHODS else _OTHER
        metrics.request_durations.took(known, self._name(exchange), status, seconds)


def _with(headers: Sequence[tuple[bytes, bytes]], added: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    given = {bytes(name).lower() for name, _ in headers}
    return [*headers, *(header for header in added if header[0] not in given)]
