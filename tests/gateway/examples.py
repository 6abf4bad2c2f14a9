"""Paths with well-formed ids that name nothing."""

import re
from typing import Final

from services.gateway.table import PATTERNS

_SUFFIX: Final = "a" * 26
_STREAMS: Final = sorted(
    {name for pattern in PATTERNS.values() for name in re.findall(r"([a-z]+)_\[a-z2-7\]", pattern.pattern)}
)
_TEXTS: Final = (
    "need",
    "1",
    _SUFFIX,
    "7883ed1a-bfb6-50c1-81cf-388fefd45c6e",
    "2030-01-01",
    "2030-01-01T10:00",
    *(f"{name}_{_SUFFIX}" for name in _STREAMS),
    *(f"{name}_{_SUFFIX}.{_SUFFIX}" for name in _STREAMS),
)


def example(name: str) -> str:
    """A text that a path parameter of that name may be; ValueError if none of ours is."""
    pattern = PATTERNS.get(name)
    for text in _TEXTS:
        if pattern is None or pattern.fullmatch(text):
            return text
    raise ValueError(f"no example of {name}")


def concrete(path: str) -> str:
    """A path with an example in each of its places."""
    return re.sub(r"\{(\w+)\}", lambda found: example(found[1]), path)
