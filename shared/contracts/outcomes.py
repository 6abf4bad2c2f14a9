"""Outcome records: how a command ended. They follow its facts in the owner's fact topic."""

from typing import Final

import msgspec
from msgspec import Raw, Struct

from shared.contracts.message import Family, Message


class Touched(Struct, frozen=True, array_like=True):
    """A stream and the version it has after the command: what a reader must have seen to see the change."""

    stream: str
    version: int


class Resource(Struct, frozen=True):
    """What the command was about."""

    kind: str
    id: str


class CommandSucceeded(Message, frozen=True):
    """The command took effect; `body` is the public representation that answers it."""

    command_id: str
    person: str
    status: int
    resource: Resource
    body: Raw
    touched: tuple[Touched, ...]
    submitted_at: str
    decided_at: str


class CommandRefused(Message, frozen=True):
    """A rule said no: `problem` is the slug of the problem, `figures` what a person needs to know."""

    command_id: str
    person: str
    status: int
    problem: str
    figures: dict[str, str | int | None]
    errors: tuple[tuple[str, str], ...]
    touched: tuple[Touched, ...]
    submitted_at: str
    decided_at: str


class CommandFailed(Message, frozen=True):
    """The command could not be read or decided; it lies in the dead letters."""

    command_id: str
    person: str
    reason: str
    submitted_at: str
    decided_at: str


Outcome = CommandSucceeded | CommandRefused | CommandFailed

_EVENTS: Final = Family[Message]("events", CommandSucceeded, CommandRefused, CommandFailed)
_PLEDGES: Final = Family[Message]("pledges", CommandSucceeded, CommandRefused, CommandFailed)
_NOTIFICATIONS: Final = Family[Message]("notifications", CommandSucceeded, CommandRefused, CommandFailed)

OUTCOMES: Final = {family.owner: family for family in (_EVENTS, _PLEDGES, _NOTIFICATIONS)}
"""Outcome family of each service."""

OUTCOME_TYPES: Final = frozenset(name for family in OUTCOMES.values() for name in family.kinds)
"""Types on the wire that are outcomes and not facts."""

WAKE: Final = "wake"
"""Header: channel of the replica that waits for the outcome; not part of the stored bytes."""
REQUEST: Final = "request"
"""Header: id of the waiting request on that replica."""
REPLAYED: Final = "replayed"
"""Header: `1` if the outcome was decided by an earlier record."""
MISMATCH: Final = "mismatch"
"""Header: `1` if the record answers this request alone (same key, other body) and is no operation's outcome."""

NO_BODY: Final = Raw(msgspec.json.encode(None))
