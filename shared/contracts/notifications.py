"""What the notifications service understands and tells: who follows what, what was read.

A person's choices are one stream, named by the person's pseudonym and numbered with `follower.version`.
"""

from typing import Final, Literal

from msgspec import Struct

from shared.contracts.message import Command, Fact, Family

FollowKind = Literal["campaign", "event", "need", "venue"]


class FollowerState(Struct, frozen=True):
    """A person as the one who is told; `following` counts."""

    id: str
    version: int
    created_at: str
    updated_at: str
    following: int


class Followed(Struct, frozen=True):
    """Something that is followed."""

    kind: FollowKind
    id: str


class OfPerson(Command, frozen=True):
    """A command on a person's own choices."""

    person: str

    @property
    def stream(self) -> str:
        """The person."""
        return self.person


class Follow(OfPerson, frozen=True):
    """Be told about a campaign, an event, a need or a venue."""

    target: Followed


class Unfollow(OfPerson, frozen=True):
    """Be told no longer."""

    target: Followed


class ReadNotification(OfPerson, frozen=True):
    """Mark a notification as read."""

    notification_id: str


class OnPerson(Fact, frozen=True):
    """A fact on a person's stream."""

    follower: FollowerState

    @property
    def stream(self) -> str:
        """The person."""
        return self.follower.id

    @property
    def streamversion(self) -> int:
        """The person's version."""
        return self.follower.version


class FollowBegun(OnPerson, frozen=True):
    """The person follows something."""

    target: Followed


class FollowEnded(OnPerson, frozen=True):
    """The person follows it no longer."""

    target: Followed


class NotificationRead(OnPerson, frozen=True):
    """The person has read a notification."""

    notification_id: str


PersonCommand = Follow | Unfollow | ReadNotification
PersonFact = FollowBegun | FollowEnded | NotificationRead

COMMANDS: Final = Family[Command]("notifications", Follow, Unfollow, ReadNotification)
FACTS: Final = Family[Fact]("notifications", FollowBegun, FollowEnded, NotificationRead)
