"""Positions in a public stream, as clients hold them: opaque text. Pure.

`<epoch>-<offset>-<mark>`: which log, where in it, and a short hash of the id of the event there, so that a log
restored from a backup is not mistaken for the one that was read. A cursor may go on with the event told last,
`-<offset>-<mark>`, where a filtered view has passed over others since: so the chain of `prev` never breaks.
"""

import re
from hashlib import blake2b
from typing import Final, NamedTuple

_SHAPE: Final = re.compile(r"([0-9a-z]{1,32})-([0-9]{1,18})-([0-9a-f]{8})(?:-([0-9]{1,18})-([0-9a-f]{8}))?")
LONGEST: Final = 128
"""Characters that any cursor fits in."""


class Place(NamedTuple):
    """A record of the log: its offset and the mark of its event."""

    offset: int
    mark: str


class Cursor(NamedTuple):
    """Everything up to and with `place` was seen; `told` is the event last told, if it is another."""

    epoch: str
    place: Place
    told: Place | None = None


def mark(event_id: str) -> str:
    """Short hash of an event's id."""
    return blake2b(event_id.encode(), digest_size=4).hexdigest()


def text(cursor: Cursor) -> str:
    """A cursor as clients hold it."""
    told = cursor.told
    tail = "" if told is None or told == cursor.place else f"-{told.offset}-{told.mark}"
    return f"{cursor.epoch}-{cursor.place.offset}-{cursor.place.mark}{tail}"


def read(given: str) -> Cursor | None:
    """What a client holds; None for what was never ours."""
    found = _SHAPE.fullmatch(given)
    if found is None:
        return None
    epoch, offset, marked, told_offset, told_mark = found.groups()
    told = Place(int(told_offset), told_mark) if told_offset else None
    if told is not None and told.offset >= int(offset):
        return None
    return Cursor(epoch, Place(int(offset), marked), told)
