"""How made-up people insist on a definite answer."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from pydantic import SecretStr

from deploy.front_door import FrontDoor, RefusedError, Who, open_door, together
from deploy.trouble import TroubleError
from services.gateway import development
from shared.config import Platform

ANA = Who("ana", ("organiser",))

Say = Callable[[web.Request], web.Response]


@asynccontextmanager
async def answering(tmp_path: Path, say: Say) -> AsyncIterator[FrontDoor]:
    """A front door to a server that answers writes as it is told."""

    async def handle(request: web.Request) -> web.Response:
        return web.Response() if request.path == "/livez" else say(request)

    server = web.Server(handle)  # type: ignore[arg-type] # aiohttp's own types name its internal request
    runner = web.ServerRunner(server)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with FrontDoor(url, development.load(tmp_path)) as door:
            yield door
    finally:
        await runner.cleanup()


def problem(status: int, slug: str) -> web.Response:
    """A problem document."""
    return web.json_response({"type": f"/problems/{slug}"}, status=status)


async def test_what_is_not_decided_is_asked_again_with_the_same_key(tmp_path: Path) -> None:
    """202, 429 and every fault of the server are no answers; the key and the body stay what they were."""
    asked: list[tuple[str, str]] = []
    replies = [
        web.json_response({}, status=202),
        problem(429, "rate-limited"),
        problem(503, "unavailable"),
        web.Response(status=502, text="no gateway"),
        web.json_response({"id": "need_1"}, status=201, headers={"Idempotency-Replayed": "true"}),
    ]

    def say(request: web.Request) -> web.Response:
        asked.append((request.headers["Idempotency-Key"], request.headers["Authorization"][:10]))
        return replies[len(asked) - 1]

    async with answering(tmp_path, say) as door:
        reply = await door.write(ANA, "/v1/needs", {"title": "Soup"}, "soup-1")

    assert (reply.status, reply.json(), reply.replayed) == (201, {"id": "need_1"}, True)
    assert len(asked) == 5
    assert {key for key, _ in asked} == {"soup-1"}


@pytest.mark.parametrize(("status", "slug"), [(409, "slug-taken"), (422, "key-reused"), (500, "command-failed")])
async def test_a_no_is_taken_for_an_answer(tmp_path: Path, status: int, slug: str) -> None:
    """Also that of a command that was parked: the same key will never do anything."""
    async with answering(tmp_path, lambda _: problem(status, slug)) as door:
        with pytest.raises(RefusedError) as refused:
            await door.write(ANA, "/v1/needs", {}, "soup-1")

    assert (refused.value.status, refused.value.problem) == (status, slug)


async def test_a_list_is_read_to_its_end(tmp_path: Path) -> None:
    """Its cursors are taken as they are; what is not there has no items."""
    pages = {
        "/v1/needs": {"items": [{"id": 1}], "next": "/v1/needs?cursor=a%2Bb"},
        "/v1/needs?cursor=a%2Bb": {"items": [{"id": 2}], "next": None},
    }

    def say(request: web.Request) -> web.Response:
        page = pages.get(str(request.rel_url))
        return web.json_response(page) if page else problem(404, "not-found")

    async with answering(tmp_path, say) as door:
        found = [item["id"] async for item in door.items("/v1/needs")]
        nothing = [item async for item in door.items("/v1/campaigns/none/needs")]

    assert found == [1, 2]
    assert nothing == []


async def test_of_many_wishes_the_first_refusal_is_told(tmp_path: Path) -> None:
    """Plainly, not wrapped in groups."""
    async with answering(tmp_path, lambda _: problem(409, "campaign-not-live")) as door:
        with pytest.raises(RefusedError, match=r"POST /v1/needs was refused: 409 campaign-not-live\."):
            await together([door.write(ANA, "/v1/needs", {}, f"soup-{n}") for n in range(3)])


def test_nobody_is_made_up_in_production(tmp_path: Path) -> None:
    """There the tokens would be worth nothing."""
    settings = Platform(env="production", data=tmp_path, secret=SecretStr("x" * 32))
    with pytest.raises(TroubleError, match="development only"):
        open_door(settings, None)
