import asyncio

import msgspec
import pytest

from services.gateway.items import Item, item_of
from services.gateway.ring import Ring, Tail
from services.gateway.stream_query import Filter
from shared.ports import Outgoing
from tests.gateway.public_given import Log, a_log, a_record, need, running, until


def item(offset: int, *, epoch: str = "e1", version: int = 2, **where: str) -> Item:
    """An item at an offset."""
    made = item_of(a_record(need("need_a", version, **where), epoch=epoch, offset=offset))
    assert made is not None
    return made


def test_a_frame_holds_the_record_byte_for_byte() -> None:
    """What is sent is what is in the log, after the fields that a browser needs."""
    value = need("need_a", 2)
    made = item_of(a_record(value, offset=7))

    assert made is not None
    assert made.value == value
    assert (
        made.frame == b"id: " + made.cursor.encode() + b"\nevent: " + made.type.encode() + b"\ndata: " + value + b"\n\n"
    )


@pytest.mark.parametrize("value", [b"", b"null", b"{}", b"[" * 5_000, b'{"id":\n"a"}', b"\xff"])
def test_what_the_projector_did_not_write_is_no_item(value: bytes) -> None:
    """A stranger's record in a public topic breaks nothing and reaches nobody."""
    assert item_of(a_record(value)) is None


def test_a_record_without_its_epoch_is_no_item() -> None:
    """A cursor could not say where it stands."""
    assert item_of(msgspec.structs.replace(a_record(need("need_a", 2)), headers=())) is None


def test_items_keep_their_numbers_while_the_oldest_go() -> None:
    """A reader's number stays right, or falls below `first`."""
    ring = Ring("t", most=8)
    for offset in range(0, 40, 2):
        ring.add([item(offset)])

    assert ring.end == 20
    assert 8 <= ring.end - ring.first <= 9
    assert ring.item(ring.end - 1).offset == 38
    assert ring.number(36) == ring.end - 2
    assert ring.number(37) == ring.end - 1
    assert [each.offset for each in ring.items(ring.end - 3)] == [34, 36, 38]


def test_bytes_are_bounded_too() -> None:
    """Few large events push out as many small ones."""
    ring = Ring("t", most=1_000, most_bytes=30_000)
    for offset in range(100):
        ring.add([item(offset, title="x" * 2_000)])

    assert ring.end == 100
    assert ring.end - ring.first < 15
    assert ring._bytes == sum(len(each.frame) for each in ring._items)


@pytest.mark.parametrize(("offset", "epoch"), [(3, "e1"), (50, "e2")])
def test_another_log_makes_another_generation(offset: int, epoch: str) -> None:
    """A restored or a new log is noticed by its offsets or its epoch; nothing of the old one is left."""
    ring = Ring("t")
    ring.add([item(each) for each in range(10)])
    ring.add([item(offset, epoch=epoch)])

    assert ring.generation == 1
    assert (ring.first, ring.end, ring.epoch) == (10, 11, epoch)
    assert ring.head is ring.last


async def test_many_additions_wake_a_waiter_once() -> None:
    """Who waits for `moved` sees everything that came since."""
    ring = Ring("t")
    waiting = asyncio.create_task(ring.moved.wait())
    await asyncio.sleep(0)
    for offset in range(5):
        ring.add([item(offset)])
    await waiting

    assert ring.end == 5


def test_what_is_hidden_passes_filters_of_place() -> None:
    """It tells no campaign and no ward, and who kept it has to drop it."""
    value = (
        b'{"specversion":"1.0","id":"a","source":"s","type":"brumtogether.events.EventHidden.v1",'
        b'"subject":"event_a","data":{"event":{"id":"event_a"},"change":"hidden"}}'
    )
    hidden = item_of(a_record(value))

    assert hidden is not None
    assert Filter(campaigns=frozenset({"campaign_b"}), wards=frozenset({"aston"})).admits(hidden)
    assert not Filter(subjects=frozenset({"event_b"})).admits(hidden)


async def test_a_tail_begins_near_the_end_and_follows(kafka: str) -> None:
    """It is ready once it holds what was there, and takes in what comes; its length bounds how far back it goes."""
    async with a_log(kafka) as log:
        await append(log, range(1, 60))
        ring = Ring(log.topic, most=10)
        async with running(Tail(ring, kafka).run()):

            async def filled() -> bool:
                return ring.ready

            await until(filled)
            oldest = ring.oldest
            assert oldest is not None
            assert oldest.offset >= 39
            await append(log, range(60, 62))

            async def followed() -> bool:
                return ring.last is not None and ring.last.offset == 60

            await until(followed)


async def append(log: Log, versions: range) -> None:
    """Write to the public topic as a projector would, but for the transaction."""
    await log.appender.append(
        [Outgoing(log.topic, 0, b"k", need("need_a", version), (("epoch", b"e1"),)) for version in versions]
    )
