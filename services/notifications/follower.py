"""The rules of one person's choices: what they follow, what they have read. Pure."""

from typing import Final

from msgspec import Struct

from shared.contracts.message import Command, Fact
from shared.contracts.notifications import (
    Follow,
    FollowBegun,
    Followed,
    FollowEnded,
    FollowerState,
    NotificationRead,
    PersonCommand,
    PersonFact,
    ReadNotification,
    Unfollow,
)
from shared.decider import NOT_FOUND, Asked, Decision, Done, refused

MOST_FOLLOWS: Final = 1_000


class Follower(Struct, frozen=True):
    """A person, with those of their follows and notifications that the commands at hand mention.

    `state` is None before the first change; `read` holds when each notification was read, None while unread.
    """

    id: str
    state: FollowerState | None = None
    follows: frozenset[Followed] = frozenset()
    read: dict[str, str | None] = {}


class ReadMark(Struct, frozen=True):
    """A notification that was read, and when."""

    id: str
    read_at: str


def decide(person: Follower, command: PersonCommand, asked: Asked) -> Decision:
    """Answer a command; what is so already changes nothing."""
    if asked.person != command.person:
        return Decision(NOT_FOUND)
    match command:
        case Follow(target=target):
            return _follow(person, target, asked)
        case Unfollow(target=target) if target in person.follows:
            return Decision(_about(target), (FollowEnded(_next(person, asked.at, by=-1), target),))
        case Unfollow(target=target):
            return Decision(_about(target))
        case ReadNotification(notification_id=name):
            return _read(person, name, asked)


def _follow(person: Follower, target: Followed, asked: Asked) -> Decision:
    if target in person.follows:
        return Decision(_about(target))
    if not target.id.startswith(f"{target.kind}_"):
        return Decision(NOT_FOUND)
    if person.state is not None and person.state.following >= MOST_FOLLOWS:
        return Decision(refused("too-many-follows", most=MOST_FOLLOWS))
    return Decision(_about(target, 201), (FollowBegun(_next(person, asked.at, by=1), target),))


def _read(person: Follower, name: str, asked: Asked) -> Decision:
    if name not in person.read:
        return Decision(NOT_FOUND)
    before = person.read[name]
    if before is not None:
        return Decision(Done("notification", name, ReadMark(name, before)))
    done = Done("notification", name, ReadMark(name, asked.at))
    return Decision(done, (NotificationRead(_next(person, asked.at), name),))


def evolve(person: Follower, fact: PersonFact) -> Follower:
    """Take a fact as given."""
    state, follows, read = fact.follower, person.follows, person.read
    match fact:
        case FollowBegun(target=target):
            follows |= {target}
        case FollowEnded(target=target):
            follows -= {target}
        case NotificationRead(notification_id=name):
            read = {**read, name: state.updated_at}
    return Follower(person.id, state, follows, read)


class Rules:
    """The decider as the processor wants it."""

    def decide(self, state: Follower, command: Command, asked: Asked) -> Decision:
        """Answer a command."""
        if not isinstance(command, PersonCommand):
            raise TypeError(type(command).__name__)
        return decide(state, command, asked)

    def evolve(self, state: Follower, fact: Fact) -> Follower:
        """Take a fact as given."""
        if not isinstance(fact, PersonFact):
            raise TypeError(type(fact).__name__)
        return evolve(state, fact)

    def version(self, state: Follower) -> int:
        """Version of the stream; 0 before it exists."""
        return state.state.version if state.state else 0


def _about(target: Followed, status: int = 200) -> Done:
    return Done("follow", f"{target.kind}/{target.id}", target, status)


def _next(person: Follower, at: str, by: int = 0) -> FollowerState:
    if person.state is None:
        return FollowerState(person.id, 1, at, at, by)
    was = person.state
    return FollowerState(was.id, was.version + 1, was.created_at, at, was.following + by)
