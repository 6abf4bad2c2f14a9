"""A public stream as JSON pages, with a long poll for what has not happened yet."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from services.gateway.stream import Start, Stream
from services.gateway.stream_frames import cursor_of, page_item
from services.gateway.stream_query import Asked

BYTES: Final = 1_048_576
"""A page ends when it is so long."""
LOOKED: Final = 20_000
"""A page ends when so many records were looked at, most of them not of its view."""


async def page(
    stream: Stream, asked: Asked, start: Start, where: Mapping[str, str | None], closing: Callable[[], bool]
) -> bytes:
    """One page, after at most `wait` seconds: `{"items", "next_cursor", "head", "more"}`, and `gap` if there is one."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + asked.wait
    place, told = start.passed
    offset = start.offset
    found: list[bytes] = []
    size = looked = 0
    while len(found) < asked.limit and size < BYTES and looked < LOOKED:
        moved = stream.ring.moved
        items, passed = await stream.after(offset)
        if not items and passed == offset:
            if found or closing() or loop.time() >= deadline or not await _moves(moved, deadline - loop.time()):
                break
            continue
        offset = passed
        for item in items:
            place = item.place
            if asked.filter.admits(item):
                found.append(page_item(item, cursor_of(stream.ring.epoch, told)))
                size += len(found[-1])
                told = place
            if len(found) == asked.limit or size >= BYTES:
                offset = item.offset
                break
        looked += len(items)
    last, head = stream.ring.last, stream.ring.head
    rest: dict[str, object] = {
        "next_cursor": cursor_of(stream.ring.epoch, place, told) or None,
        "head": head.cursor if head else None,
        "more": last is not None and offset < last.offset,
    }
    if where:
        rest["gap"] = where
    return b'{"items":[' + b",".join(found) + b"]," + msgspec.json.encode(rest)[1:]


async def _moves(moved: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await moved.wait()
    except TimeoutError:
        return False
