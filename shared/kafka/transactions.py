"""Kafka's transactions: one writer of a topic at a time, its records and its source positions appended as one.

Only here is a double or a late record beyond repair, so only here is the producer transactional. Any trouble ends
the use of it: a successor fences it, reads what is there, and goes on from that.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from itertools import groupby
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.contracts.topics import MESSAGE_BYTES
from shared.kafka.clients import BATCH_BYTES, CONSUMER_SETTINGS, REQUEST_MS, KafkaError, Place, fill
from shared.kafka.groups import Handover
from shared.ports import Outgoing, Trouble

ABANDONED_MS: Final = 15_000
"""The broker aborts a transaction that is open for so long."""
METADATA_MS: Final = 10_000
"""The topic is looked at again after so long."""
PATIENCE_S: Final = 10.0
"""A transaction that takes longer has failed; the client itself would never give up while Kafka is away."""


class Transactions:
    """Appends in transactions under a name; whoever starts under the same name later shuts this one out."""

    def __init__(self, bootstrap: str, name: str) -> None:
        """Prepare; nothing is dialled before `async with`."""
        self._producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap,
            transactional_id=name,
            transaction_timeout_ms=ABANDONED_MS,
            request_timeout_ms=REQUEST_MS,
            max_batch_size=BATCH_BYTES,
            max_request_size=MESSAGE_BYTES,
        )

    async def __aenter__(self) -> Self:
        """Connect; on return a predecessor's transaction is decided, and it can begin no other."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._producer.start()
                await self._producer.begin_transaction()
                await self._producer.abort_transaction()
        except (KafkaError, TimeoutError, AssertionError) as error:
            await self._leave()
            raise Trouble(type(error).__name__) from error
        except BaseException:
            await self._leave()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect; what is not committed never was."""
        await self._leave()

    async def commit(
        self, outgoing: Iterable[Outgoing], group: str = "", positions: Mapping[Place, int] | None = None
    ) -> None:
        """Append the records and commit the group's positions, all or nothing.

        `Trouble` leaves open which of the two it was, and only a successor can tell.
        """
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._producer.begin_transaction()
                for topic, records in groupby(outgoing, lambda record: (record.topic, record.partition)):
                    await self._send(*topic, [*records])
                if positions:
                    await self._producer.send_offsets_to_transaction(
                        {TopicPartition(*place): offset for place, offset in positions.items()}, group
                    )
                await self._producer.commit_transaction()
        except (KafkaError, TimeoutError, AssertionError) as error:
            raise Trouble(type(error).__name__) from error

    async def _send(self, topic: str, partition: int, records: list[Outgoing]) -> None:
        """Hand records of one partition over in as few batches as they fit into."""
        while records:
            batch = self._producer.create_batch()
            count = fill(batch, records)
            if not count:
                raise Trouble("record too large")
            sent = await self._producer.send_batch(batch, topic, partition=partition)
            sent.add_done_callback(_heard)
            records = records[count:]

    async def _leave(self) -> None:
        """Close, bounded: a client that waits for a broker is cut off."""
        try:
            async with asyncio.timeout(1.0):
                await self._producer.stop()
        except (KafkaError, TimeoutError, asyncio.CancelledError):  # the client passes on that a part of it was cut off
            with suppress(KafkaError, asyncio.CancelledError):
                await self._producer._sender.close()  # noqa: SLF001 -- `stop` waits for a broker that is away
            with suppress(KafkaError):
                await self._producer.client.close()
        finally:
            _hear_all(self._producer)


async def committed(bootstrap: str, group: str) -> dict[Place, int]:
    """Positions that a group has committed."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=REQUEST_MS)
    try:
        await admin.start()
        found = await admin.list_consumer_group_offsets(group)
    except KafkaError as error:
        raise Trouble(type(error).__name__) from error
    finally:
        await admin.close()
    return {(place.topic, place.partition): at.offset for place, at in found.items() if at.offset >= 0}


class Election:
    """Chooses one of many: who is given the only partition of a topic in a group leads. Nothing is read."""

    def __init__(self, bootstrap: str, topic: str, group: str) -> None:
        """Prepare to stand for election."""
        self._topic = topic
        self._won = asyncio.Event()
        self._lost = asyncio.Event()
        self._lost.set()
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            group_id=group,
            enable_auto_commit=False,
            metadata_max_age_ms=METADATA_MS,
            **CONSUMER_SETTINGS,
        )

    async def __aenter__(self) -> Self:
        """Stand; raise `Trouble` if Kafka does not answer."""
        try:
            await self._consumer.start()
            # A group that meets before its topic is known hands out nothing, and does not meet again for minutes.
            await self._consumer._client._wait_on_metadata(self._topic)  # noqa: SLF001 -- no public way
        except KafkaError as error:
            await self._consumer.stop()
            raise Trouble(type(error).__name__) from error
        self._consumer.subscribe([self._topic], listener=Handover(self._revoked, self._assigned))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stand down, so that another is chosen at once."""
        with suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(REQUEST_MS / 1000):
                await self._consumer.stop()

    async def serve(self, term: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a term of office whenever we are chosen, and cancel it when we are not any more; for ever."""
        polling = asyncio.create_task(self._poll())
        try:
            while True:
                await self._won.wait()
                office = asyncio.create_task(term())
                lost = asyncio.create_task(self._lost.wait())
                try:
                    await asyncio.wait({office, lost, polling}, return_when=asyncio.FIRST_COMPLETED)
                    if polling.done():
                        polling.result()
                    if office.cancelled():  # not by us: the client passes on that a part of it was cut off
                        raise Trouble("cut off")
                    if office.done():
                        office.result()
                finally:
                    await _cancelled(office, lost)
        finally:
            await _cancelled(polling)

    async def _poll(self) -> None:
        """Show the group that we live; the partition is paused, so nothing comes."""
        while True:
            try:
                await self._consumer.getmany(timeout_ms=1_000)
            except KafkaError as error:
                raise Trouble(type(error).__name__) from error

    async def _assigned(self, places: frozenset[Place]) -> None:
        if (self._topic, 0) in places:
            self._consumer.pause(TopicPartition(self._topic, 0))
            self._lost.clear()
            self._won.set()
        else:
            self._won.clear()
            self._lost.set()

    async def _revoked(self) -> None:
        """Go on: every rebalance revokes, most give the partition back, and a successor fences us if not."""


def _hear_all(producer: AIOKafkaProducer) -> None:
    """Take note of what a failed client holds errors in and awaits nowhere; asyncio would complain of each."""
    batches = producer._message_accumulator._batches.values()  # noqa: SLF001 -- no public way
    waiting = [batch._drain_waiter for queue in batches for batch in queue]  # noqa: SLF001
    for future in (producer._txn_manager.wait_for_transaction_end(), *waiting):  # noqa: SLF001
        if future is not None and future.done():
            _heard(future)


def _heard(sent: "asyncio.Future[Any]") -> None:
    """Take note of a failed send, of which the commit tells, too."""
    if not sent.cancelled():
        sent.exception()


async def _cancelled(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel tasks and wait until they have ended; what they raise was heard before or interests nobody."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
