"""Bad input costs a clear error and nothing else, on every route that takes a body."""

import json
from typing import Any

import httpx2
import pytest

from tests.gateway.examples import concrete
from tests.system.platform import ROOT, Person, Platform, a_campaign, a_need

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

OPENAPI: dict[str, Any] = json.loads((ROOT / "openapi.json").read_text())
WRITES = sorted(
    (method.upper(), path)
    for path, methods in OPENAPI["paths"].items()
    for method, operation in methods.items()
    if "requestBody" in operation and "text/csv" not in operation["requestBody"]["content"]
)
UNREADABLE = {
    "not JSON": b"{",
    "not UTF-8": b'{"name": "\xff"}',
    "lone surrogate": b'{"name": "\\ud800"}',
    "NaN": b'{"quantity": NaN}',
    "Infinity": b'{"quantity": -Infinity}',
    "doubled name": b'{"name": "a", "name": "b"}',
    "deep": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
}
ILL_FORMED = {
    "unknown field": b'{"surely_unknown": 1}',
    "operator": b'{"name": {"$gt": ""}, "need_id": {"$ne": null}, "quantity": {"$gt": 0}}',
    "dollar name": b'{"$where": "1"}',
    "huge integer": b'{"quantity": ' + b"9" * 300 + b"}",
    "whole body of another type": b"[]",
}


@pytest.mark.parametrize(("method", "path"), WRITES, ids=[" ".join(write) for write in WRITES])
async def test_sec_20_a_bad_body_is_a_problem_of_the_client(platform: Platform, method: str, path: str) -> None:
    """sec_13, sec_20, sec_24: 4xx with a pointer where the JSON can be read, never 5xx."""
    token = platform.token("org", "organiser", "partner", "operator")
    content_type = "application/merge-patch+json" if method == "PATCH" else "application/json"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": content_type}
    async with httpx2.AsyncClient(base_url=platform.url, trust_env=False) as client:
        for name, body in (UNREADABLE | ILL_FORMED).items():
            answer = await client.request(method, concrete(path), content=body, headers=headers)

            problem = answer.json()
            assert answer.headers["content-type"] == "application/problem+json", name
            assert answer.status_code == (400 if name in UNREADABLE else 422), (name, problem)
            assert problem["status"] == answer.status_code
            if name in ILL_FORMED:
                assert all(error["pointer"].startswith("/") or not error["pointer"] for error in problem["errors"])
        large = await client.request(method, concrete(path), content=b" " * 70_000, headers=headers)
        assert large.status_code == 413


async def test_sec_24_text_may_hold_what_operators_begin_with(platform: Platform) -> None:
    """Words of people are words, whatever signs they hold."""
    async with Person(platform, "org", "organiser") as org:
        campaign = await a_campaign(org, 'Soup $5 a.b {"$gt": ""}')
        need = await a_need(org, campaign, 3, title="$where: 1", description="a\n\nid: 7\ndata: {}\n\n")

        read = await org.get(f"/v1/needs/{need}")

    assert (read["title"], read["description"]) == ("$where: 1", "a\n\nid: 7\ndata: {}\n\n")


async def test_sec_10_a_command_that_no_gateway_made_changes_nothing(platform: Platform) -> None:
    """sec_10: ownership is decided by the service: a principal that organises nothing is refused."""
    async with Person(platform, "org", "organiser") as org, Person(platform, "mallory", "organiser") as mallory:
        campaign = await a_campaign(org, "Not yours")
        need = await a_need(org, campaign, 3)

        closing = await mallory.ask("POST", f"/v1/needs/{need}/close", {})
        ending = await mallory.ask("POST", f"/v1/campaigns/{campaign}/close", {})

        assert (closing.status_code, ending.status_code) == (403, 403)
        assert (await org.get(f"/v1/needs/{need}"))["status"] == "open"
