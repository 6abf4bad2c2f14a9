"""Walking documents."""

from collections.abc import Iterator
from typing import Any


def references(value: Any) -> Iterator[str]:  # noqa: ANN401 -- JSON
    """Every `$ref` in a document."""
    if isinstance(value, dict):
        yield from (inner for name, inner in value.items() if name == "$ref")
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)
