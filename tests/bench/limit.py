"""What could be had at the most: `python -m tests.bench.limit KAFKA MONGO TOPIC OUT DATABASE SAMPLE`.

It reads commands and writes, for each, the very bytes that our side writes for it (documents with their indexes, in
one transaction a batch; without one it takes as long) and publishes as many records as long. It looks nothing up,
decides nothing, knows no doubles and guards no version. Only ids are filled in.
"""

import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from bson.raw_bson import RawBSONDocument
from motor.motor_asyncio import AsyncIOMotorClient
from msgspec import Struct
from pymongo import ReplaceOne
from pymongo.write_concern import WriteConcern

from tests.bench.copies import Mould, Sample, moulds

BATCH = 500
_REQUEST_BYTES = 1_000_000

Ids = dict[str, bytes]


class _Data(Struct):
    pledge_id: str


class _Command(Struct):
    id: str
    subject: str
    data: _Data


_commands = msgspec.json.Decoder(_Command)


class Limit:
    """The moulds of one sample, and where copies go."""

    def __init__(self, sample: Sample, client: AsyncIOMotorClient[Any], database: str, out: str) -> None:
        """Take apart what is to be copied."""
        self._client = client
        self._database = client.get_database(database)
        self._out = out
        self._each = {name: Mould(piece, sample.ids) for name, piece in sample.each.items()}
        self._touched = {name: Mould(piece, sample.ids) for name, piece in sample.touched.items()}
        self._records = moulds(sample.records, sample.ids)

    async def write(self, batch: list[Ids]) -> None:
        """Write a batch in one transaction."""
        last = {ids["need"]: ids for ids in batch}
        async with await self._client.start_session() as session:
            session.start_transaction(write_concern=WriteConcern(w="majority", j=True))
            for name, mould in self._each.items():
                copies = [RawBSONDocument(mould.copy(ids)) for ids in batch]
                await self._database[name].insert_many(copies, session=session)
            for name, mould in self._touched.items():
                writes: list[ReplaceOne[Any]] = [
                    ReplaceOne({"_id": need.decode()}, RawBSONDocument(mould.copy(ids)), upsert=True)
                    for need, ids in last.items()
                ]
                await self._database[name].bulk_write(writes, ordered=False, session=session)
            await session.commit_transaction()

    async def publish(self, producer: AIOKafkaProducer, by_partition: dict[int, list[Ids]]) -> None:
        """Publish to the partitions that the commands came from."""
        sent = []
        for partition, batch in by_partition.items():
            building = producer.create_batch()
            for ids in batch:
                for mould in self._records:
                    value = mould.copy(ids)
                    if building.append(key=ids["need"], value=value, timestamp=None) is None:
                        sent.append(await producer.send_batch(building, self._out, partition=partition))
                        building = producer.create_batch()
                        building.append(key=ids["need"], value=value, timestamp=None)
            sent.append(await producer.send_batch(building, self._out, partition=partition))
        for acknowledged in sent:
            await acknowledged


def ids_of(record: "ConsumerRecord[bytes, bytes]") -> Ids:
    """The ids of a command."""
    command = _commands.decode(record.value or b"")
    return {
        "command": command.id.encode(),
        "need": command.subject.encode(),
        "pledge": command.data.pledge_id.encode(),
    }


async def main(kafka: str, mongo: str, topic: str, out: str, database: str, sample: Sample) -> None:
    """Run until ended, in a group of the topic's name."""
    limit = Limit(sample, AsyncIOMotorClient(mongo), database, out)
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka, acks="all", max_batch_size=_REQUEST_BYTES, max_request_size=2 * _REQUEST_BYTES
    )
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=kafka,
        group_id=topic,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=2 * _REQUEST_BYTES,
    )
    await producer.start()
    await consumer.start()
    while True:
        got = await consumer.getmany(timeout_ms=500, max_records=BATCH)
        by_partition: dict[int, list[Ids]] = defaultdict(list)
        for place, records in got.items():
            by_partition[place.partition] += map(ids_of, records)
        if by_partition:
            await limit.write([ids for batch in by_partition.values() for ids in batch])
            await limit.publish(producer, by_partition)
            await consumer.commit()


if __name__ == "__main__":
    _kafka, _mongo, _topic, _out, _database, _file = sys.argv[1:]
    _sample = msgspec.msgpack.decode(Path(_file).read_bytes(), type=Sample)
    uvloop.run(main(_kafka, _mongo, _topic, _out, _database, _sample))
