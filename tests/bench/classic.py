"""The usual way to answer a pledge: find, insert, guarded update, publish, answer. `python -m tests.bench.classic …`.

aiohttp, motor with journalled majority writes, aiokafka with `acks=all`; no log before the decision, no key.
"""

import asyncio
import json
import sys
from uuid import uuid4

from aiohttp import web
from aiokafka import AIOKafkaProducer
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.write_concern import WriteConcern


async def main(kafka: str, uri: str, topic: str, port: str) -> None:
    """Serve until killed."""
    client: AsyncIOMotorClient[dict[str, object]] = AsyncIOMotorClient(uri)
    database = client.get_database(topic, write_concern=WriteConcern(w="majority", j=True))
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all")
    await producer.start()

    async def pledge(request: web.Request) -> web.Response:
        body = await request.json()
        need_id, quantity = str(body["need_id"]), int(body["quantity"])
        need = await database.needs.find_one({"_id": need_id})
        if need is None:
            need = {"_id": need_id, "left": 10**9, "pledged": 0}
            await database.needs.update_one({"_id": need_id}, {"$setOnInsert": need}, upsert=True)
        made = {"_id": uuid4().hex, "need": need_id, "quantity": quantity, "status": "pledged"}
        await database.pledges.insert_one(dict(made))
        done = await database.needs.update_one(
            {"_id": need_id, "left": {"$gte": quantity}}, {"$inc": {"left": -quantity, "pledged": quantity}}
        )
        if not done.modified_count:
            return web.json_response({"title": "not enough left"}, status=409)
        await producer.send_and_wait(topic, json.dumps(made).encode(), key=need_id.encode())
        return web.json_response(made, status=201)

    application = web.Application()
    application.router.add_post("/v1/pledges", pledge)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(port)).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
