"""Finding the route of a request."""

from typing import Any

import pytest

from services.gateway.problems import Answer, ProblemError
from services.gateway.table import Exchange, Route, Table

CAMPAIGN = "campaign_" + "a" * 26


async def nothing(_: Exchange) -> Answer:
    """Answer 200 with nothing in it."""
    return Answer(200, [], b"")


def route(method: str, path: str) -> Route:
    """A route that does nothing."""
    return Route(method=method, path=path, summary="", handle=nothing, tag="t", answers={200: None})


def asked(method: str, path: str, headers: list[tuple[bytes, bytes]] | None = None) -> Exchange:
    """A request."""
    scope: dict[str, Any] = {"type": "http", "method": method, "path": path, "headers": headers or []}

    async def unused(*_: Any) -> Any:  # noqa: ANN401 -- ASGI
        raise AssertionError

    return Exchange(scope, unused, unused)


TABLE = Table(
    [
        route("GET", "/v1/campaigns"),
        route("POST", "/v1/campaigns"),
        route("GET", "/v1/campaigns/{campaign}"),
        route("POST", "/v1/campaigns/{campaign_id}/launch"),
        route("DELETE", "/v1/me/follows/{kind}/{target_id}"),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "key", "ids"),
    [
        ("GET", "/v1/campaigns", "GET /v1/campaigns", ()),
        ("HEAD", "/v1/campaigns", "GET /v1/campaigns", ()),
        ("GET", "/v1/campaigns/any-slug", "GET /v1/campaigns/{campaign}", ("any-slug",)),
        (
            "POST",
            f"/v1/campaigns/{CAMPAIGN}/launch",
            "POST /v1/campaigns/{campaign_id}/launch",
            (CAMPAIGN,),
        ),
        (
            "DELETE",
            f"/v1/me/follows/campaign/{CAMPAIGN}",
            "DELETE /v1/me/follows/{kind}/{target_id}",
            ("campaign", CAMPAIGN),
        ),
    ],
)
def test_a_route_is_found_with_its_ids(method: str, path: str, key: str, ids: tuple[str, ...]) -> None:
    """HEAD is answered as GET is."""
    exchange = asked(method, path)

    assert TABLE.find(exchange)

    assert exchange.route is not None
    assert (exchange.route.key, exchange.ids) == (key, ids)


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/campaign", f"/v1/campaigns/{CAMPAIGN}/launch/again", "/v1/campaigns/"]
)
def test_a_path_that_is_none_of_ours_is_left_to_others(path: str) -> None:
    """A trailing slash makes another path, whose last part is an empty id."""
    exchange = asked("GET", path)

    found = TABLE.find(exchange)

    assert not found or exchange.ids == ("",)


def test_a_method_that_is_not_there_is_405_with_those_that_are() -> None:
    """sec_15: another method on a known path does nothing."""
    with pytest.raises(ProblemError) as raised:
        TABLE.find(asked("PUT", "/v1/campaigns"))

    answer = raised.value.answer()

    assert answer.status == 405
    assert (b"allow", b"GET, HEAD, POST") in answer.headers


@pytest.mark.parametrize(
    "name", ["x", "campaign_", f"{CAMPAIGN}a", f"{CAMPAIGN}\n", CAMPAIGN.upper(), f"event_{'a' * 26}", "%00"]
)
def test_an_id_that_cannot_be_one_is_404(name: str) -> None:
    """Nobody is asked for what cannot exist."""
    with pytest.raises(ProblemError) as raised:
        TABLE.find(asked("POST", f"/v1/campaigns/{name}/launch"))

    assert raised.value.slug == "not-found"


def test_two_routes_cannot_claim_one_place() -> None:
    """Names of parameters make no difference."""
    with pytest.raises(ValueError, match="two routes"):
        Table([route("GET", "/v1/events/{event_id}"), route("GET", "/v1/events/{event}")])


def test_a_trace_goes_on_in_a_span_of_our_own() -> None:
    """W3C Trace Context; a malformed header begins a new trace."""
    trace = "0af7651916cd43dd8448eb211c80319c"
    exchange = asked("GET", "/", [(b"traceparent", f"00-{trace}-b7ad6b7169203331-01".encode())])

    assert exchange.trace_id == trace
    assert exchange.traceparent == exchange.traceparent
    assert "b7ad6b7169203331" not in exchange.traceparent
    assert len(asked("GET", "/", [(b"traceparent", b"\xff")]).trace_id) == 32
