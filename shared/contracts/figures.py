"""How figures are named across services."""

from hashlib import blake2b


def unit_code(unit: str) -> str:
    """A unit, which is anybody's words, as ids of figures name it."""
    return blake2b(unit.encode(), digest_size=4).hexdigest()
