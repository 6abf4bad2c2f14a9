"""What the gateway tells about itself."""

from pathlib import Path

import pytest

from services.gateway import development
from services.gateway.app import Gateway
from shared.config import Gateway as Settings
from tests.gateway.asgi import ask
from tests.gateway.examples import concrete


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    """A gateway that is not started: no part of it is there."""
    return Gateway(Settings(kafka="127.0.0.1:9", redis="redis://127.0.0.1:9", secret="s" * 32, data=tmp_path))


@pytest.mark.parametrize(
    ("path", "holds"),
    [
        ("/openapi.json", b'"openapi":"3.1'),
        ("/asyncapi.json", b'"asyncapi":"3.0'),
        ("/schemas/brumtogether.pledges.MakePledge.v1.json", b'"quantity"'),
        ("/problems/event-full", b"<h1>The event is full</h1>"),
        ("/v1/taxonomies", b"Contains OS data"),
    ],
)
async def test_documents_need_no_part_of_the_platform(gateway: Gateway, path: str, holds: bytes) -> None:
    """They are there whatever is away."""
    answer = await ask(gateway.app, "GET", path)

    assert answer.status == 200
    assert holds in answer.body
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/v2/campaigns", "/schemas/x.json", "/problems/x", "/asyncapi/try", "/admin"])
async def test_sec_52_what_is_not_there_is_a_problem(gateway: Gateway, path: str) -> None:
    """A document, not a page of the framework's."""
    answer = await ask(gateway.app, "POST" if path == "/asyncapi/try" else "GET", path)

    assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["type"] == "/problems/not-found"


async def test_sec_15_another_method_is_405(gateway: Gateway) -> None:
    """With those that there are."""
    page = await ask(gateway.app, "POST", "/openapi.json")
    raw = await ask(gateway.app, "PUT", "/v1/taxonomies")

    assert [page.status, raw.status] == [405, 405]
    assert (page.headers["allow"], raw.headers["allow"]) == ("GET", "GET, HEAD")
    assert page.json()["type"] == raw.json()["type"] == "/problems/method-not-allowed"


async def test_keys_are_those_of_the_development_issuer(gateway: Gateway, tmp_path: Path) -> None:
    """In production there is no such issuer."""
    production = Gateway(
        Settings(kafka="none:1", redis="redis://none:1", secret="s" * 32, env="production", data=tmp_path)
    )

    assert (await ask(gateway.app, "GET", "/.well-known/jwks.json")).body == development.load(tmp_path).jwks()
    assert (await ask(production.app, "GET", "/.well-known/jwks.json")).json() == {"keys": []}
    assert "strict-transport-security" in (await ask(production.app, "GET", "/livez")).headers


async def test_health_tells_the_public_a_verdict_and_no_reasons(gateway: Gateway) -> None:
    """A gateway that is not started works, but is not ready; why is told inside."""
    assert (await ask(gateway.app, "GET", "/readyz")).json() == {"status": "failed"}
    assert (await ask(gateway.app, "GET", "/readyz")).status == 503
    assert (await gateway.ready())["kafka"] == "not connected yet"


async def test_taxonomies_are_not_sent_twice(gateway: Gateway) -> None:
    """304 for who has them."""
    first = await ask(gateway.app, "GET", "/v1/taxonomies")

    again = await ask(gateway.app, "GET", "/v1/taxonomies", headers={"if-none-match": first.headers["etag"]})

    assert len(first.json()["wards"]) == 69
    assert [principle["id"] for principle in first.json()["principles"]] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert (await ask(gateway.app, "GET", "/v1/taxonomies?x=1")).status == 400


async def test_sec_9_what_is_a_persons_is_401_for_nobody(gateway: Gateway) -> None:
    """Every such route, before anything else is looked at."""
    for route in gateway.table.routes:
        if route.access != "person":
            continue

        answer = await ask(gateway.app, route.method, concrete(route.path), b"{" if route.body else None)

        assert (route.key, answer.status) == (route.key, 401)
