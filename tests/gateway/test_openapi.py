"""`openapi.json`: what is served is what is documented."""

import re
from typing import Any

import pytest
from fastapi.routing import APIRoute

from services.gateway import openapi
from services.gateway.app import WRITES, Gateway
from services.gateway.problem_kinds import KINDS
from services.gateway.table import Route
from shared.config import Gateway as Settings
from tests.gateway.references import references

GATEWAY = Gateway(Settings(kafka="none:1", redis="redis://none:1", secret="s" * 32, env="production"))
DOCUMENT = GATEWAY.document()
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
ROUTES = {route.key: route for route in GATEWAY.table.routes}


def test_sec_55_what_runs_is_what_is_documented() -> None:
    """Every route of the table and of FastAPI is in the document, and nothing else is."""
    fastapi = {
        f"{method} {route.path}"
        for route in GATEWAY.fastapi.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }

    assert set(OPERATIONS) == fastapi
    assert set(ROUTES) <= set(OPERATIONS)
    assert {key for key in OPERATIONS if " /v1/" in key} == {key for key in ROUTES if " /v1/" in key}
    assert len(ROUTES) >= 50


def test_every_reference_leads_somewhere() -> None:
    """Into the components."""
    for reference in set(references(DOCUMENT)):
        found = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]

        assert found


def test_names_of_operations_differ() -> None:
    """Generated clients make methods of them."""
    names = [operation["operationId"] for operation in OPERATIONS.values()]

    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"\w+", name) for name in names)


@pytest.mark.parametrize("route", [route for route in ROUTES.values() if route.access == "person"], ids=lambda r: r.key)
def test_what_is_a_persons_wants_a_token(route: Route) -> None:
    """The document says so, and says 401."""
    operation = OPERATIONS[route.key]

    assert operation["security"] == [{"bearer": []}]
    assert "401" in operation["responses"]


@pytest.mark.parametrize("write", WRITES, ids=lambda write: f"{write.method} {write.path}")
def test_a_write_documents_its_body_its_key_and_its_operation(write: Any) -> None:  # noqa: ANN401 -- Write
    """And the command that it becomes."""
    operation = OPERATIONS[f"{write.method} {write.path}"]
    content = operation["requestBody"]["content"]
    headers = {parameter.get("$ref", "").rpartition("/")[2] for parameter in operation["parameters"]}

    assert content["application/json"]["schema"]["$ref"].endswith(f"/{write.body.__name__}")
    assert ("application/merge-patch+json" in content) == (write.method == "PATCH")
    assert {"IdempotencyKey", "Prefer"} <= headers
    assert ("IfMatch" in headers) == (write.method == "PATCH")
    assert operation["responses"]["202"]["content"]["application/json"]["schema"]["$ref"].endswith("/Operation")
    assert operation["x-command"] == write.command.__name__
    assert set(write.problems) <= KINDS.keys()


def test_sec_13_every_body_is_strict() -> None:
    """No model takes fields that it does not name."""
    for write in WRITES:
        assert write.body.model_config.get("extra") == "forbid"
        assert DOCUMENT["components"]["schemas"][write.body.__name__]["additionalProperties"] is False


def test_two_meanings_of_one_name_are_an_error() -> None:
    """A struct and a model cannot share a name in the components."""
    taken = DOCUMENT["components"]["schemas"]

    assert "Problem" in taken
    assert not {write.body.__name__ for write in WRITES} & {
        kind.__name__ for write in WRITES for kind in write.answers.values() if isinstance(kind, type)
    }


def test_an_operation_is_named_after_method_and_path() -> None:
    """In words that every language can spell."""
    assert openapi.operation_id(ROUTES["POST /v1/pledges/{pledge_id}/deliver"]) == (
        "post_v1_pledges_by_pledge_id_deliver"
    )
