"""Ids that are derived, not drawn: a request repeated anywhere meets the same command and the same stream."""

import hashlib
from uuid import UUID, uuid4, uuid5

from shared.keys import base32, prefixed

# Fixed for ever: another value would make every repeat a new command and every person a stranger.
_COMMANDS = UUID("6c8f1f3e-3f0b-5f6e-9f43-2f6f0a8f4f11")
_PEOPLE = UUID("b7a0d2a4-54cf-5a53-8d0e-0d9d1d6c5e27")


def command_id(issuer: str, subject: str, method: str, path: str, key: str | None) -> str:
    """The id of a request's command; without an Idempotency-Key every request is a new one."""
    if key is None:
        return str(uuid4())
    return str(uuid5(_COMMANDS, prefixed(issuer, subject, method, path, key)))


def fingerprint(method: str, path: str, canonical_query: str, body: bytes) -> str:
    """Tells a repeat from another request under the same key: SHA-256, in hex, of what was asked."""
    digest = hashlib.sha256(prefixed(method, path, canonical_query).encode())
    digest.update(body)
    return digest.hexdigest()


def person(issuer: str, subject: str) -> str:
    """The pseudonym under which the platform knows whom an issuer calls `subject`."""
    return str(uuid5(_PEOPLE, prefixed(issuer, subject)))


def new_id(kind: str, command: str) -> str:
    """The id of the stream that a command starts: `<kind>_` and 26 characters."""
    return f"{kind}_{suffix(kind, command)}"


def suffix(*parts: str) -> str:
    """26 characters for a thing on another's stream (`<stream id>.<suffix>`), the same for the same parts."""
    return base32(hashlib.sha256(prefixed(*parts).encode()).digest()[:16])
