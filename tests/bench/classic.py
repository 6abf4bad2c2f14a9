"""The usual way to take pledges: a gateway that asks a service over HTTP, which looks, writes, publishes, answers.

`python -m tests.bench.classic service KAFKA MONGO TOPIC PORT` and `… gateway PORT SERVICE_PORT aiohttp|httpx`.

A fair opponent: both validate with pydantic behind FastAPI on uvicorn and uvloop; majority writes, journalled; a key
that was seen is answered as before; the counter is guarded; the fact is acknowledged by all replicas before the
answer. What it lacks is to its advantage: it asks nobody who they are, keeps no views and tells nobody else.
"""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import uuid4

import aiohttp
import httpx2
import uvicorn
from aiokafka import AIOKafkaProducer
from fastapi import FastAPI, Header, HTTPException, Response
from motor.motor_asyncio import AsyncIOMotorClient
from pydantic import BaseModel, Field
from pymongo import ReturnDocument
from pymongo.write_concern import WriteConcern

Key = Annotated[str | None, Header(alias="idempotency-key", max_length=255)]


class NewPledge(BaseModel):
    """What is asked for."""

    need_id: str = Field(max_length=64)
    quantity: int = Field(ge=1, le=1_000_000_000)


class Pledge(BaseModel):
    """A pledge, as it is answered."""

    id: str
    need_id: str
    quantity: int
    status: str


class PledgeMade(BaseModel):
    """The fact, with the need's counter after it."""

    pledge: Pledge
    left: int
    pledged: int


def service(kafka: str, mongo: str, topic: str) -> FastAPI:
    """The service, with its database of the topic's name."""
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(mongo)
    database = client.get_database(topic, write_concern=WriteConcern(w="majority", j=True))
    producers: list[AIOKafkaProducer] = []

    @asynccontextmanager
    async def connected(_: FastAPI) -> AsyncIterator[None]:
        producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all")
        await producer.start()
        producers.append(producer)
        yield
        await producer.stop()

    app = FastAPI(lifespan=connected)

    @app.post("/pledges", status_code=201)
    async def pledge(body: NewPledge, key: Key = None) -> Pledge:
        pledge_id = key or uuid4().hex
        known = await database.pledges.find_one({"_id": pledge_id})
        if known is not None:
            return Pledge(id=pledge_id, **known)
        need = await database.needs.find_one_and_update(
            {"_id": body.need_id, "left": {"$gte": body.quantity}},
            {"$inc": {"left": -body.quantity, "pledged": body.quantity}},
            return_document=ReturnDocument.AFTER,
        )
        if need is None:
            raise HTTPException(409, "not enough left")
        made = Pledge(id=pledge_id, need_id=body.need_id, quantity=body.quantity, status="pledged")
        await database.pledges.insert_one({"_id": pledge_id, **made.model_dump(exclude={"id"})})
        fact = PledgeMade(pledge=made, left=need["left"], pledged=need["pledged"])
        await producers[0].send_and_wait(topic, fact.model_dump_json().encode(), key=body.need_id.encode())
        return made

    return app


def gateway(ask: Callable[[bytes, dict[str, str]], Awaitable[tuple[int, bytes]]]) -> FastAPI:
    """What clients see: it checks what is asked and passes it on."""
    app = FastAPI()

    @app.post("/v1/pledges", status_code=201)
    async def pledge(body: NewPledge, key: Key = None) -> Response:
        headers = {"content-type": "application/json", **({"idempotency-key": key} if key else {})}
        status, answer = await ask(body.model_dump_json().encode(), headers)
        return Response(answer, status, media_type="application/json")

    return app


def by_aiohttp(url: str) -> Callable[[bytes, dict[str, str]], Awaitable[tuple[int, bytes]]]:
    """Ask with aiohttp."""
    sessions: list[aiohttp.ClientSession] = []

    async def ask(body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        if not sessions:
            sessions.append(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=256)))
        async with sessions[0].post(url, data=body, headers=headers) as answer:
            return answer.status, await answer.read()

    return ask


def by_httpx(url: str) -> Callable[[bytes, dict[str, str]], Awaitable[tuple[int, bytes]]]:
    """Ask with httpx, without certificates to read and proxies to look for."""
    limits = httpx2.Limits(max_connections=256, max_keepalive_connections=256)
    client = httpx2.AsyncClient(limits=limits, timeout=30, trust_env=False, verify=False)

    async def ask(body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        answer = await client.post(url, content=body, headers=headers)
        return answer.status_code, answer.content

    return ask


def main(role: str, *arguments: str) -> None:
    """Serve until ended."""
    if role == "service":
        kafka, mongo, topic, port = arguments
        app = service(kafka, mongo, topic)
    else:
        port, of_service, client = arguments
        url = f"http://127.0.0.1:{of_service}/pledges"
        app = gateway(by_httpx(url) if client == "httpx" else by_aiohttp(url))
    uvicorn.run(app, host="127.0.0.1", port=int(port), loop="uvloop", http="httptools", log_level="warning")


if __name__ == "__main__":
    main(*sys.argv[1:])
