"""Copies of a thing that was really written, as bytes: the same but for a few ids of the same lengths."""

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct


class Sample(Struct, frozen=True):
    """What our side wrote for one pledge, and the `ids` in it.

    `each`: the documents that every command adds, by collection. `touched`: those that it shares with others.
    `records`: what it published.
    """

    ids: dict[str, bytes]
    each: dict[str, bytes]
    touched: dict[str, bytes]
    records: list[bytes]


class Mould:
    """Makes copies of one piece of bytes."""

    def __init__(self, piece: bytes, ids: Mapping[str, bytes]) -> None:
        """Find where the ids lie; one that contains another is found as itself."""
        names = {text: name for name, text in ids.items()}
        longest = sorted(names, key=len, reverse=True)
        parts = re.split(b"(" + b"|".join(map(re.escape, longest)) + b")", piece)
        self._fixed = parts
        self._slots = [(number, names[part]) for number, part in enumerate(parts) if number % 2]

    def copy(self, ids: Mapping[str, bytes]) -> bytes:
        """The bytes with other ids."""
        parts = self._fixed.copy()
        for number, name in self._slots:
            parts[number] = ids[name]
        return b"".join(parts)


def moulds(pieces: Sequence[bytes], ids: Mapping[str, bytes]) -> list[Mould]:
    """One of each."""
    return [Mould(piece, ids) for piece in pieces]
