import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
from prometheus_client import REGISTRY
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared import internal
from shared.internal import Check, Health
from shared.serving import Server

SECRET = "made up for this test"


async def test_livez_names_the_part_that_is_dead() -> None:
    """So that an operator knows which, and a supervisor restarts the process."""
    parts: dict[str, Health] = {"consumer": True, "event loop": True}

    async with _process(live=_says(parts)) as url, aiohttp.ClientSession() as session:
        async with session.get(f"{url}/livez") as answer:
            assert answer.status == 200
        parts["consumer"] = "no poll for 31 s"
        async with session.get(f"{url}/livez") as answer:
            assert answer.status == 503
            assert (await answer.json())["checks"] == {"consumer": "no poll for 31 s", "event loop": "ok"}


async def test_readyz_sets_the_gauge_of_each_dependency() -> None:
    """What an operator sees in Prometheus is what the probe saw."""
    async with _process(ready=_says({"kafka": True, "mongo": False})) as url, aiohttp.ClientSession() as session:
        async with session.get(f"{url}/readyz") as answer:
            assert answer.status == 503
            assert (await answer.json())["checks"] == {"kafka": "ok", "mongo": "failed"}

        assert REGISTRY.get_sample_value("dependency_up", {"dependency": "kafka"}) == 1
        assert REGISTRY.get_sample_value("dependency_up", {"dependency": "mongo"}) == 0


async def test_a_check_that_raises_or_hangs_is_a_finding() -> None:
    """A probe is answered, whatever broke."""

    async def raises() -> Mapping[str, Health]:
        raise ConnectionError("host names stay inside")

    async def hangs() -> Mapping[str, Health]:
        await asyncio.sleep(60)
        return {}

    async with _process(live=raises, ready=hangs) as url, aiohttp.ClientSession() as session:
        async with session.get(f"{url}/livez") as answer:
            assert answer.status == 503
            assert await answer.json() == {"status": "failed", "checks": {"check": "failed: ConnectionError"}}
        async with session.get(f"{url}/readyz") as answer:
            assert answer.status == 503


async def test_metrics_are_in_prometheus_text_form() -> None:
    """On the process' own port."""
    async with _process() as url, aiohttp.ClientSession() as session, session.get(f"{url}/metrics") as answer:
        assert answer.status == 200
        assert "event_loop_lag_seconds" in await answer.text()


async def test_internal_routes_want_the_bearer_token() -> None:
    """Derived from the root secret; the wrong one, none, two and odd bytes are 401."""
    good = f"Bearer {internal.bearer(SECRET)}"
    async with _process() as url, aiohttp.ClientSession() as session:
        for headers in (
            [],
            [("Authorization", "Bearer wrong")],
            [("Authorization", internal.bearer(SECRET))],
            [("Authorization", f"Bearer {internal.bearer('another secret')}")],
            [("Authorization", "Bearer \u00e9")],
            [("Authorization", good), ("Authorization", good)],
        ):
            async with session.get(f"{url}/internal/needs", headers=headers) as answer:
                assert answer.status == 401
        async with session.get(f"{url}/internal/needs", headers={"Authorization": good}) as answer:
            assert answer.status == 200
            assert await answer.json() == {"items": []}


def _says(parts: Mapping[str, Health]) -> Check:
    async def check() -> Mapping[str, Health]:
        return parts

    return check


async def _needs(_: Request) -> Response:
    return JSONResponse({"items": []})


@asynccontextmanager
async def _process(live: Check | None = None, ready: Check | None = None) -> AsyncIterator[str]:
    """The port of a process that is well unless said otherwise."""
    well = _says({})
    app = internal.build(live=live or well, ready=ready or well, routes=[Route("/needs", _needs)], secret=SECRET)
    server = Server(app, "127.0.0.1", 0)
    await server.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        await server.stop()
