"""What the gateway tells about itself: documents, schemas, explanations of problems, keys, health."""

from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from services.gateway import asyncapi, openapi, problems
from services.gateway.problems import Answer, ProblemError
from shared import metrics, tracing
from shared.internal import Check

_SLUGS = {404: "not-found", 405: "method-not-allowed", 406: "not-acceptable"}
_FOR_AN_HOUR = {"Cache-Control": "public, max-age=3600"}


def build(*, version: str, keys: Callable[[], bytes], live: Check, ready: Check, open_metrics: bool = False) -> FastAPI:
    """Make the FastAPI application; `keys` are those of the development issuer, as a JWK set.

    Metrics are told to everybody if `open_metrics`; they always are at `BRUM_INTERNAL_PORT`.
    """
    app = FastAPI(
        title="BrumTogether",
        version=version,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        responses={"default": openapi.PROBLEM | {"description": "A problem"}},
    )
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _crash)

    @app.get("/openapi.json", tags=["documents"], summary="This API (OpenAPI 3.1)", response_class=JSONResponse)
    async def this() -> Response:
        return _json(msgspec.json.encode(app.openapi()))

    @app.get("/asyncapi.json", tags=["documents"], summary="The topics (AsyncAPI 3.0)", response_class=JSONResponse)
    async def topics() -> Response:
        return _json(_asyncapi(version))

    @app.get("/schemas/{name}.json", tags=["documents"], summary="Schema of a message's data (JSON Schema 2020-12)")
    async def schema(name: str) -> Response:
        found = _schemas().get(name)
        if found is None:
            raise HTTPException(404)
        return Response(found, media_type="application/schema+json", headers=_FOR_AN_HOUR)

    @app.get("/problems/{slug}", tags=["documents"], summary="What a problem means and what to do about it")
    async def problem(slug: str, request: Request) -> Response:
        return _response(problems.page(slug, request.headers.get("accept", "")))

    @app.get("/.well-known/jwks.json", tags=["documents"], summary="Keys of the development issuer (RFC 7517)")
    async def jwks() -> Response:
        return _json(keys())

    @app.get("/livez", tags=["health"], summary="Whether the process works")
    async def livez() -> Response:
        return await _health(live)

    @app.get("/readyz", tags=["health"], summary="Whether requests can be answered")
    async def readyz() -> Response:
        return await _health(ready)

    @app.get("/metrics", tags=["health"], summary="Metrics, in development (Prometheus)")
    async def figures() -> Response:
        if not open_metrics:
            raise HTTPException(404)
        body, content_type = metrics.exposition()
        return Response(body, headers={"Content-Type": content_type})

    return app


async def _health(check: Callable[[], Awaitable[Mapping[str, Any]]]) -> Response:
    """The verdict alone: which part is ill, and why, is told inside (`BRUM_INTERNAL_PORT`)."""
    try:
        well = all(health is True for health in (await check()).values())
    except Exception:  # noqa: BLE001 -- a probe must be answered, whatever broke
        well = False
    return JSONResponse({"status": "ok" if well else "failed"}, 200 if well else 503, {"Cache-Control": "no-store"})


@cache
def _asyncapi(version: str) -> bytes:
    return msgspec.json.encode(asyncapi.document(version))


@cache
def _schemas() -> Mapping[str, bytes]:
    return {name: msgspec.json.encode(schema) for name, schema in asyncapi.schemas().items()}


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-cache"})


def _response(made: Answer) -> Response:
    return Response(made.body, made.status, {name.decode(): value.decode() for name, value in made.headers})


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = getattr(error, "headers", None) or {}
    kept = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    trace_id = tracing.trace_id(tracing.child(request.headers.get("traceparent")))
    return _response(ProblemError(_SLUGS.get(status, "internal-error"), headers=kept).answer(trace_id=trace_id))


async def _crash(_: Request, __: Exception) -> Response:
    return _response(ProblemError("internal-error").answer())
