"""The forms in which a public stream is written. Pure.

The view of a connection is its filter and its form. Connections of one view that stand at one place are written the
same bytes, so that these are joined once.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol

import msgspec

from services.gateway import cursors
from services.gateway.cursors import Cursor, Place
from services.gateway.items import Item
from services.gateway.stream_query import Filter

CHUNK: Final = 16_384
"""Bytes that are written at once, unless a single event is longer."""


class Passed(NamedTuple):
    """Where a reader stands: the last record it has passed over, and the last event it was told."""

    place: Place | None = None
    told: Place | None = None


class Form(Protocol):
    """How events, checkpoints and ends are written."""

    media: bytes

    def event(self, item: Item, prev: str) -> bytes:
        """An event; `prev` is empty for the first of the view."""
        ...

    def checkpoint(self, cursor: str, head: str) -> bytes:
        """A position without an event; either may be empty."""
        ...

    def greeting(self, cursor: str, head: str) -> bytes:
        """The first bytes of a response that has no event yet."""
        ...

    def retry(self, milliseconds: int) -> bytes:
        """The last bytes of a response that ends in peace: come back after so long."""
        ...

    def gap(self, cursor: str, where: Mapping[str, str | None]) -> bytes:
        """What was asked for is not in the log; goes on at `cursor`."""
        ...

    def slow(self, cursor: str) -> bytes:
        """The last word to a client that does not keep up."""
        ...


class Sse:
    """Server-sent events (WHATWG HTML, section 9.2). An event is one line of JSON, which no text in it can break."""

    media = b"text/event-stream"

    def event(self, item: Item, prev: str) -> bytes:
        """The predecessor as a comment, then the frame that lies ready."""
        return b": prev %s\n%s" % (prev.encode(), item.frame) if prev else item.frame

    def checkpoint(self, cursor: str, head: str) -> bytes:
        """A frame of `id:` alone: browsers remember it and dispatch nothing."""
        return (f": head {head}\n" if head else "").encode() + (f"id: {cursor}\n" if cursor else "").encode() + b"\n"

    def greeting(self, cursor: str, head: str) -> bytes:
        """A checkpoint."""
        return self.checkpoint(cursor, head)

    def retry(self, milliseconds: int) -> bytes:
        """A browser's EventSource obeys."""
        return b"retry: %d\n\n" % milliseconds

    def gap(self, cursor: str, where: Mapping[str, str | None]) -> bytes:
        """An event of its own type."""
        ident = f"id: {cursor}\n" if cursor else ""
        return f"{ident}event: gap\ndata: ".encode() + msgspec.json.encode(where) + b"\n\n"

    def slow(self, cursor: str) -> bytes:
        """An event of type `error`."""
        data = msgspec.json.encode({"code": "consumer_too_slow", "resume": cursor or None})
        return b"event: error\ndata: " + data + b"\n\n"


class Ndjson:
    """One JSON object a line: `cursor`, `prev`, `event`; lines without `event` tell a position or an end."""

    media = b"application/x-ndjson"

    def event(self, item: Item, prev: str) -> bytes:
        """The same bytes as an item of a page."""
        return page_item(item, prev) + b"\n"

    def checkpoint(self, cursor: str, head: str) -> bytes:
        """`cursor` and `head`."""
        return msgspec.json.encode({"cursor": cursor or None, "head": head or None}) + b"\n"

    def greeting(self, cursor: str, head: str) -> bytes:  # noqa: ARG002 -- as the other form
        """Nothing: the first line is an event."""
        return b""

    def retry(self, milliseconds: int) -> bytes:  # noqa: ARG002 -- as the other form
        """Nothing: the client knows by itself when to come back."""
        return b""

    def gap(self, cursor: str, where: Mapping[str, str | None]) -> bytes:
        """`gap` instead of `event`."""
        return msgspec.json.encode({"cursor": cursor or None, "gap": where}) + b"\n"

    def slow(self, cursor: str) -> bytes:
        """`error` instead of `event`."""
        return msgspec.json.encode({"error": {"code": "consumer_too_slow", "resume": cursor or None}}) + b"\n"


def page_item(item: Item, prev: str) -> bytes:
    """An event with its cursor, as JSON; the event itself byte for byte as in the log."""
    before = f'"{prev}"' if prev else "null"
    return f'{{"cursor":"{item.cursor}","prev":{before},"event":'.encode() + item.value + b"}"


class View:
    """A filter in a form, as one or many connections have it."""

    __slots__ = ("__weakref__", "filter", "form")

    def __init__(self, wanted: Filter, form: Form) -> None:
        """Join them."""
        self.filter = wanted
        self.form = form

    def write(self, items: Sequence[Item], epoch: str, passed: Passed, most: int = CHUNK) -> tuple[bytes, int, Passed]:
        """Bytes of the next items, how many were passed over for them, and where that leads."""
        pieces: list[bytes] = []
        size = count = 0
        place, told = passed
        for item in items:
            if self.filter.admits(item):
                piece = self.form.event(item, cursor_of(epoch, told))
                if pieces and size + len(piece) > most:
                    break
                pieces.append(piece)
                size += len(piece)
                told = item.place
            place = item.place
            count += 1
        return b"".join(pieces), count, Passed(place, told)


def cursor_of(epoch: str, place: Place | None, told: Place | None = None) -> str:
    """A cursor as text; empty for no place."""
    return cursors.text(Cursor(epoch, place, told)) if place is not None else ""
