"""The other ways to serve a view: `python -m tests.bench.reader redis PORT REDIS` and `… bare PORT ANSWERS`.

`redis`: the usual one, a FastAPI route that asks Redis at each request and answers the dict it got; the same with a
declared type, which FastAPI writes quicker; and with a validator, so that it can answer 304. `bare`: an ASGI
application that does nothing but send the bytes of our own answers, on the server and with the settings of our gateway.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
import uvloop
from fastapi import FastAPI, HTTPException, Request, Response
from msgspec import Struct
from redis.asyncio import Redis
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.serving import Server


class Answer(Struct, frozen=True):
    """One of our own answers, as it was on the wire."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


def by_redis(address: str) -> FastAPI:
    """One read of Redis a request."""
    app, redis = FastAPI(), Redis.from_url(address)

    @app.get("/v1/needs/{need_id}", response_model=None)
    @app.get("/typed/needs/{need_id}")
    async def need(need_id: str) -> dict[str, Any]:
        found = await redis.get(f"view:{need_id}")
        if found is None:
            raise HTTPException(404)
        view: dict[str, Any] = json.loads(found)
        return view

    @app.get("/validated/needs/{need_id}")
    async def validated(need_id: str, request: Request, response: Response) -> Any:  # noqa: ANN401 -- either
        found = await redis.get(f"view:{need_id}")
        if found is None:
            raise HTTPException(404)
        view = json.loads(found)
        etag = f'"{view["version"]}"'
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers={"etag": etag})
        response.headers["etag"] = etag
        return view

    return app


def bare(found: Answer, unchanged: Answer) -> ASGIApp:
    """Send the one or the other, by whether the request has a condition."""
    start, same = (
        {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
        for answer in (found, unchanged)
    )
    body = {"type": "http.response.body", "body": found.body}
    empty = {"type": "http.response.body", "body": b""}

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        conditional = any(name == b"if-none-match" for name, _ in scope["headers"])
        await send(same if conditional else start)
        await send(empty if conditional else body)

    return app


async def _serve(app: ASGIApp, port: int) -> None:
    await Server(app, "127.0.0.1", port).start()
    await asyncio.Event().wait()


def main(way: str, port: str, given: str) -> None:
    """Serve until ended."""
    if way == "redis":
        app = by_redis(given)
        uvicorn.run(app, host="127.0.0.1", port=int(port), loop="uvloop", http="httptools", log_level="warning")
    else:
        found, unchanged = msgspec.msgpack.decode(Path(given).read_bytes(), type=tuple[Answer, Answer])
        uvloop.run(_serve(bare(found, unchanged), int(port)))


if __name__ == "__main__":
    main(*sys.argv[1:])
