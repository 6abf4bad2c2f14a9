"""Outcome records: how a command ended. They follow its facts in the owner's fact topic."""

from typing import Final

import msgspec
from msgspec import Raw, Struct

from shared.contracts.message import Envelope, Family, Malformed, Message, Name


class Touched(Struct, frozen=True, array_like=True):
    """A stream and the version it has after the command: what a reader must have seen to see the change."""

    stream: str
    version: int


class Root(Struct, frozen=True, array_like=True):
    """A command whose answer is given by one that follows from it, and the streams touched on the way there.

    `via` are the commands that wait for the same answer: the first, and those that handed it on.
    """

    id: Name
    person: str
    subject: str
    time: str
    touched: tuple[Touched, ...] = ()
    via: tuple[Name, ...] = ()

    def touching(self, stream: str, version: int) -> tuple[Touched, ...]:
        """All that was touched, with a stream as it is now."""
        if not self.touched:
            return (Touched(stream, version),)
        return (*(one for one in self.touched if one.stream != stream), Touched(stream, version))


_roots = msgspec.json.Decoder(Root)


def root_of(envelope: Envelope) -> Root | None:
    """Which command waits for the answer to this one, if another does; raises `Malformed`."""
    if not envelope.root:
        return None
    try:
        return _roots.decode(envelope.root)
    except msgspec.DecodeError as error:
        raise Malformed("an unreadable root") from error


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
