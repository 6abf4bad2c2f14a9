"""The usual way to write a service that takes pledges: one message a handler call, one document a write.

A fair opponent: pydantic, motor, journalled majority writes, a unique key against doubles, a guarded counter, a fact
after each, offsets committed after the work. `python -m tests.bench.template KAFKA MONGO TOPIC OUT` runs it.
"""

import asyncio
import sys

import uvloop
from faststream.kafka import KafkaBroker
from faststream.middlewares import AckPolicy
from motor.motor_asyncio import AsyncIOMotorClient
from pydantic import BaseModel
from pymongo.errors import DuplicateKeyError
from pymongo.write_concern import WriteConcern


class Data(BaseModel):
    """The command's data."""

    need_id: str
    pledge_id: str
    quantity: int


class Command(BaseModel):
    """The command's envelope."""

    id: str
    subject: str
    data: Data


class Told(BaseModel):
    """The fact."""

    id: str
    subject: str
    need_id: str
    pledge_id: str
    quantity: int
    status: str


async def main(kafka: str, uri: str, topic: str, out: str) -> None:
    """Run until killed, with the topic's name as the group's and the database's."""
    client: AsyncIOMotorClient[dict[str, object]] = AsyncIOMotorClient(uri)
    database = client.get_database(topic, write_concern=WriteConcern(w="majority", j=True))
    await database.pledges.create_index("need")
    broker = KafkaBroker(kafka, acks="all", logger=None)
    publisher = broker.publisher(out)

    @broker.subscriber(
        topic,
        group_id=topic,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
    )
    async def handle(command: Command) -> None:
        data = command.data
        need = await database.needs.find_one({"_id": data.need_id})
        if need is None:
            return
        try:
            await database.pledges.insert_one(
                {"_id": command.id, "need": data.need_id, "quantity": data.quantity, "status": "pledged"}
            )
        except DuplicateKeyError:
            return
        done = await database.needs.update_one(
            {"_id": data.need_id, "left": {"$gte": data.quantity}},
            {"$inc": {"left": -data.quantity, "pledged": data.quantity}},
        )
        status = "pledged" if done.modified_count else "refused"
        told = Told(id=command.id, subject=command.subject, status=status, **data.model_dump())
        await publisher.publish(told, key=command.subject.encode())

    await broker.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
