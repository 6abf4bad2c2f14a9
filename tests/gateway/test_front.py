"""The front door."""

import json
import re

from prometheus_client import REGISTRY
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from services.gateway.front import HTTPS_ONLY, SECURITY_HEADERS, Front
from services.gateway.problems import Answer, Headers, ProblemError
from services.gateway.table import Exchange, Handle, Route, Table, raw
from tests.gateway.asgi import ask


async def rest(_: Scope, __: Receive, send: Send) -> None:
    """Answer what the table does not know."""
    await send({"type": "http.response.start", "status": 404, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"rest"})


def front(handle: Handle, added: Headers = SECURITY_HEADERS) -> Front:
    """A front door with one route behind it."""
    route = Route(method="GET", path="/v1/things/{thing}", summary="", handle=handle, tag="t", answers={200: None})
    return Front(Table([route]), rest, added=added)


async def fine(exchange: Exchange) -> Answer:
    """Answer with the id."""
    return Answer(200, [(b"content-type", b"text/plain")], exchange.ids[0].encode())


async def test_an_answer_bears_the_security_headers() -> None:
    """sec_50: on every answer, ours or not."""
    mine = await ask(front(fine), "GET", "/v1/things/spade")
    other = await ask(front(fine), "GET", "/elsewhere")

    assert (mine.status, mine.body) == (200, b"spade")
    assert (other.status, other.body) == (404, b"rest")
    for name, value in SECURITY_HEADERS:
        assert mine.headers[name.decode()] == other.headers[name.decode()] == value.decode()
    assert HTTPS_ONLY[0].decode() not in mine.headers


async def test_a_page_keeps_its_own_policy() -> None:
    """A page that shows something needs another content-security-policy."""

    async def page(_: Scope, __: Receive, send: Send) -> None:
        policy = (b"Content-Security-Policy", b"default-src 'self'")
        await send({"type": "http.response.start", "status": 200, "headers": [policy]})
        await send({"type": "http.response.body", "body": b""})

    answer = await ask(front(raw(page), (*SECURITY_HEADERS, HTTPS_ONLY)), "GET", "/v1/things/x")

    assert answer.headers["Content-Security-Policy"] == "default-src 'self'"
    assert "content-security-policy" not in answer.headers
    assert answer.headers[HTTPS_ONLY[0].decode()] == HTTPS_ONLY[1].decode()


async def test_a_raw_application_gets_the_ids() -> None:
    """As Starlette hands them out."""

    async def page(scope: Scope, _: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(scope["path_params"]).encode()})

    assert (await ask(front(raw(page)), "GET", "/v1/things/x")).json() == {"thing": "x"}


async def test_a_problem_becomes_a_document_with_the_trace() -> None:
    """RFC 9457; the trace is the caller's."""

    async def refuse(_: Exchange) -> Answer:
        raise ProblemError("event-full", left=2)

    trace = "0af7651916cd43dd8448eb211c80319c"
    answer = await ask(front(refuse), "GET", "/v1/things/x", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})

    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "/problems/event-full",
        "title": "The event is full",
        "status": 409,
        "left": 2,
        "trace_id": trace,
    }


async def test_a_crash_tells_nothing_but_the_trace() -> None:
    """sec_52: no text of the exception leaves the house."""

    async def crash(_: Exchange) -> Answer:
        raise RuntimeError("mongodb://user:secret@host")

    answer = await ask(front(crash), "GET", "/v1/things/x")

    assert answer.status == 500
    assert answer.json().keys() == {"type", "title", "status", "trace_id"}
    assert re.fullmatch("[0-9a-f]{32}", answer.json()["trace_id"])
    assert b"secret" not in answer.body


async def test_a_crash_after_the_head_ends_the_answer_where_it_is() -> None:
    """A second head would be garbage in the first body."""

    async def crash(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise HTTPException(418)

    answer = await ask(front(raw(crash)), "GET", "/v1/things/x")

    assert (answer.status, answer.body) == (200, b"")


async def test_too_large_a_head_is_431() -> None:
    """sec_18: all header fields together hold 16 kB."""
    answer = await ask(front(fine), "GET", "/v1/things/x", headers={"x-long": "a" * 16_400})

    assert (answer.status, answer.json()["type"]) == (431, "/problems/headers-too-large")


async def test_requests_are_counted_by_route_and_never_by_path() -> None:
    """sec_59: whatever clients send, the labels stay few."""
    app = front(fine)
    labels = {
        "service": "gateway",
        "http_request_method": "GET",
        "http_route": "/v1/things/{thing}",
        "http_response_status_code": "200",
    }
    name = "http_server_request_duration_seconds_count"
    before = REGISTRY.get_sample_value(name, labels) or 0.0

    for number in range(3):
        await ask(app, "GET", f"/v1/things/{number}")
    await ask(app, "BREW", "/v1/tea")

    others = labels | {"http_request_method": "other", "http_route": "other", "http_response_status_code": "404"}
    assert REGISTRY.get_sample_value(name, labels) == before + 3
    assert REGISTRY.get_sample_value(name, others)
