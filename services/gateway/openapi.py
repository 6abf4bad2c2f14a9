"""Declares the table's routes to FastAPI, and makes `openapi.json` of what it then knows.

Bodies are pydantic models, which FastAPI describes; answers are msgspec structs, which are described here.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from inspect import Parameter as Argument
from inspect import Signature
from typing import Any, Final

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.responses import Response
from starlette.types import ASGIApp

from services.gateway.problem_kinds import KINDS
from services.gateway.problems import Flaw
from services.gateway.table import PATTERNS, Parameter, Route

_PROBLEM_JSON: Final = "application/problem+json"
PROBLEM: Final = {"$ref": "#/components/responses/Problem"}
_REFERENCE: Final = "#/components/schemas/{name}"
_EVERYWHERE: Final = ("invalid-parameter", "internal-error", "headers-too-large")
_SIGNED_IN: Final = ("unauthenticated", "forbidden")
_BODY: Final = (
    "invalid-json",
    "invalid-body",
    "body-timeout",
    "body-too-large",
    "unsupported-media-type",
)
_COMMAND: Final = ("invalid-header", "key-reused", "unavailable", "command-failed")
_MERGE_PATCH: Final = "application/merge-patch+json"

_DESCRIPTION: Final = """\
Who does what, where and when for Birmingham: campaigns, events, needs and pledges.

Every write takes an `Idempotency-Key` and may be repeated with it; a repeat is answered as the first time. A write that
is not decided within `Prefer: wait=N` seconds is answered 202 with the address of its operation. Errors are problem
documents (RFC 9457) whose `type` is a page of this server. Lists go on at `next`.
"""

_HEADERS: Final[dict[str, dict[str, Any]]] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "1 to 128 visible ASCII characters of the client's choice; repeats with it have one effect.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
    },
    "Prefer": {
        "name": "Prefer",
        "in": "header",
        "description": "`wait=N` (seconds, 0 to 10, default 2) or `respond-async` (RFC 7240).",
        "schema": {"type": "string"},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": 'The revision that the change builds on, such as `"3"`; 412 if there is a newer one.',
        "schema": {"type": "string"},
    },
}


class Problem(msgspec.Struct):
    """RFC 9457; further members are figures that help, such as `left`."""

    type: str
    title: str
    status: int
    detail: str | msgspec.UnsetType = msgspec.UNSET
    instance: str | msgspec.UnsetType = msgspec.UNSET
    errors: tuple[Flaw, ...] | msgspec.UnsetType = msgspec.UNSET
    trace_id: str | msgspec.UnsetType = msgspec.UNSET


class Declared(APIRoute):
    """A route that FastAPI lists and the table serves, here as well should a request come this way."""

    def __init__(self, path: str, endpoint: Any, *, served_by: ASGIApp, **told: Any) -> None:  # noqa: ANN401
        """`served_by` is the front door."""
        super().__init__(path, endpoint, **told)
        self.app = served_by


def declare(app: FastAPI, routes: Iterable[Route], front: ASGIApp) -> None:
    """Tell FastAPI of the routes, and have `app.openapi()` describe all that it knows."""
    listed = tuple(routes)
    types = sorted({kind for route in listed for kind in route.answers.values() if kind is not None}, key=str)
    schemas, components = msgspec.json.schema_components([*types, Problem], ref_template=_REFERENCE)
    schema_of = {repr(kind): schema for kind, schema in zip(types, schemas[:-1], strict=True)}
    components["Problem"].pop("additionalProperties", None)
    for route in listed:
        app.router.routes.append(_declared(route, schema_of, front))

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, components)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # the way that FastAPI documents


def _declared(route: Route, schema_of: Mapping[str, Any], front: ASGIApp) -> Declared:
    status = min(route.answers)
    return Declared(
        route.path,
        _endpoint(route),
        served_by=front,
        methods=[route.method],
        summary=route.summary,
        tags=[route.tag],
        operation_id=operation_id(route),
        status_code=status,
        response_class=Response,
        responses={**_answers(route, schema_of), **_refusals(route)},
        openapi_extra=_extra(route),
    )


def operation_id(route: Route) -> str:
    """A name for generated clients: `post_v1_pledges_by_pledge_id_deliver`."""
    parts = [f"by_{part[1:-1]}" if part.startswith("{") else part for part in route.path.split("/")[1:]]
    return "_".join([route.method.lower(), *parts]).replace("-", "_").replace(".", "_")


def _endpoint(route: Route) -> Any:  # noqa: ANN401 -- a callable that is described and never called
    """A signature for FastAPI to describe: what the path and the body hold."""

    async def endpoint() -> None:
        """Stand for the raw handler."""

    arguments = [Argument(name, Argument.POSITIONAL_OR_KEYWORD, annotation=str) for name in route.parameters]
    if route.body is not None:
        arguments.append(Argument("body", Argument.POSITIONAL_OR_KEYWORD, annotation=route.body))
    endpoint.__signature__ = Signature(arguments)  # type: ignore[attr-defined]
    endpoint.__doc__ = None
    return endpoint


def _answers(route: Route, schema_of: Mapping[str, Any]) -> dict[int | str, dict[str, Any]]:
    found: dict[int | str, dict[str, Any]] = {}
    for status, kind in route.answers.items():
        answer: dict[str, Any] = {"description": HTTPStatus(status).phrase}
        if kind is not None:
            answer["content"] = {route.media: {"schema": schema_of[repr(kind)]}}
        elif status == HTTPStatus.OK:
            answer["content"] = {route.media: {"schema": {"type": "string"}}}
        if route.command:
            answer["headers"] = {
                "Location": {"schema": {"type": "string"}, "description": "Where to read it."},
                "Idempotency-Replayed": {
                    "schema": {"type": "string", "enum": ["true"]},
                    "description": "There if an earlier request with the key was answered so.",
                },
            }
        found[status] = answer
    if route.command:
        found[202] = {
            "description": "Accepted, not decided yet",
            "content": {"application/json": {"schema": {"$ref": _REFERENCE.format(name="Operation")}}},
            "headers": {"Location": {"schema": {"type": "string"}, "description": "The operation."}},
        }
    return found


def _refusals(route: Route) -> dict[int | str, dict[str, Any]]:
    slugs = [*_EVERYWHERE, *route.problems]
    if route.access == "person":
        slugs += _SIGNED_IN
    if route.parameters or route.body:
        slugs.append("not-found")
    if route.body is not None:
        slugs += _BODY
    if route.command:
        slugs += _COMMAND
    by_status: defaultdict[int, list[str]] = defaultdict(list)
    for slug in dict.fromkeys(slugs):
        by_status[KINDS[slug].status].append(slug)
    said: dict[int | str, dict[str, Any]] = {
        status: {**PROBLEM, "description": ", ".join(f"`{slug}`" for slug in found)}
        for status, found in sorted(by_status.items())
    }
    return said | {"default": {**PROBLEM, "description": "Any other problem"}}


def _extra(route: Route) -> dict[str, Any]:
    """What FastAPI cannot see: headers, query, who may."""
    extra: dict[str, Any] = {}
    parameters: list[dict[str, Any]] = [_query(parameter) for parameter in route.query]
    if route.command:
        names = ["IdempotencyKey", "Prefer", *(["IfMatch"] if route.method == "PATCH" else [])]
        parameters += [{"$ref": f"#/components/parameters/{name}"} for name in names]
        extra["x-command"] = route.command
    if parameters:
        extra["parameters"] = parameters
    if route.body is not None and (route.method == "DELETE" or not _required(route.body)):
        extra["requestBody"] = {"required": False}
    if route.upload:
        extra["requestBody"] = {"required": True, "content": {route.upload: {"schema": {"type": "string"}}}}
    extra["security"] = [{"bearer": []}] if route.access == "person" else [{}]
    if route.roles:
        extra["x-roles"] = sorted(route.roles)
    return extra


def _required(body: type[BaseModel]) -> bool:
    return any(field.is_required() for field in body.model_fields.values())


def _query(parameter: Parameter) -> dict[str, Any]:
    value: dict[str, Any] = {"type": "integer" if parameter.integer else "string"}
    schema = {"type": "array", "items": value} if parameter.repeatable else value
    return {"name": parameter.name, "in": "query", "description": parameter.description, "schema": schema}


def _document(app: FastAPI, structs: Mapping[str, Any]) -> dict[str, Any]:
    document = get_openapi(
        title=app.title, version=app.version, description=_DESCRIPTION, routes=app.routes, tags=app.openapi_tags
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    if not schemas.keys().isdisjoint(structs):
        raise ValueError(f"two meanings of {sorted(schemas.keys() & structs.keys())}")
    schemas |= structs
    components["schemas"] = dict(sorted(schemas.items()))
    components["parameters"] = _HEADERS
    components["responses"] = {
        "Problem": {
            "description": "A problem document (RFC 9457)",
            "content": {_PROBLEM_JSON: {"schema": {"$ref": _REFERENCE.format(name="Problem")}}},
        }
    }
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "RFC 8725, RFC 9068."}
    }
    for path in document["paths"].values():
        for operation in path.values():
            _finish(operation)
    return document


def _finish(operation: dict[str, Any]) -> None:
    """Path parameters get their form; a PATCH takes merge patches by their own name, too."""
    for parameter in operation.get("parameters", ()):
        pattern = PATTERNS.get(parameter.get("name", ""))
        if parameter.get("in") == "path" and pattern is not None:
            parameter["schema"]["pattern"] = f"^(?:{pattern.pattern})$"
    content = operation.get("requestBody", {}).get("content")
    if content and operation["operationId"].startswith("patch_"):
        content[_MERGE_PATCH] = content["application/json"]
