"""Keys and names made of parts, such that no two lists of parts make the same one."""

import hmac
from typing import Final

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS: Final = [left + right for left in _LETTERS for right in _LETTERS]


def prefixed(*parts: str) -> str:
    """Join parts unambiguously: each after its length (`3:ana2:me`), so that no part can imitate a border."""
    return "".join([f"{len(part)}:{part}" for part in parts])


def derive(root: str, purpose: str) -> bytes:
    """Give each purpose a 256-bit key of its own (HMAC-SHA256): none can stand in for another."""
    return hmac.digest(root.encode(), f"brumtogether/{purpose}".encode(), "sha256")


def mac(key: bytes, *parts: str) -> str:
    """Authenticate parts: HMAC-SHA256 cut to 128 bits, as 26 lower-case base32 characters."""
    return base32(hmac.digest(key, prefixed(*parts).encode(), "sha256")[:16])


def same(left: str, right: str) -> bool:
    """Compare two secrets in a time that tells nothing; text that is not ASCII is never the same."""
    return left.isascii() and right.isascii() and hmac.compare_digest(left, right)


def base32(raw: bytes) -> str:
    """Write bytes in lower-case base32 (RFC 4648) without padding: safe in paths, keys and headers.

    Each write makes a few; the standard library's takes ten times as long.
    """
    bits = 8 * len(raw)
    number = int.from_bytes(raw, "big") << -bits % 10
    pairs = [_PAIRS[number >> shift & 1023] for shift in range(bits + -bits % 10 - 10, -1, -10)]
    return "".join(pairs)[: -(-bits // 5)]
