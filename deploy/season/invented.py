"""Names of organisations that do not exist, and say so."""

from typing import Final

from shared.contracts.events import Sector

_STREETS: Final = (
    "Marmalade Lane",
    "Teapot Row",
    "Button Street",
    "Plum Yard",
    "Kite Hill",
    "Thimble Road",
    "Lantern Way",
    "Saffron Close",
    "Whistle Park",
    "Ginger Wharf",
    "Acorn Parade",
)
_KINDS: Final[tuple[tuple[str, Sector], ...]] = (
    ("Kitchen", "community"),
    ("Temple Pantry", "faith"),
    ("School Gate Group", "education"),
    ("Neighbours", "community"),
    ("Bakers and Sons", "business"),
    ("Health Walkers", "health"),
    ("Brass Band", "culture"),
    ("Church Larder", "faith"),
    ("Library Friends", "local_authority"),
    ("Youth Club", "community"),
    ("Safer Streets Panel", "police"),
    ("Allotments", "other"),
)
MOST: Final = len(_STREETS) * len(_KINDS)
"""How many there are."""


def organisation(number: int) -> tuple[str, Sector]:
    """The name and the sector of one of them, from 0; the first dozen has every sector."""
    kind, sector = _KINDS[number % len(_KINDS)]
    # 11 and 12 share no divisor, so that every pair comes once.
    return f"{_STREETS[number % len(_STREETS)]} {kind} (made up)", sector
