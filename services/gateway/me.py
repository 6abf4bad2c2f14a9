"""What is a person's own: who they are here, what they follow, pledged, registered for, were told."""

from typing import Final

import msgspec
from msgspec import Struct

from services.gateway import parameters
from services.gateway.campaigns import Nothing
from services.gateway.commands import Wish, Write
from services.gateway.events import Registrations
from services.gateway.identity import Identity
from services.gateway.personal import OK, Personal, private
from services.gateway.pledge_shapes import Pledges
from services.gateway.problems import Answer, ProblemError
from services.gateway.table import Exchange, Route
from shared.contracts.notifications import Follow, Followed, FollowKind, ReadNotification, Unfollow

_FOLLOWS: Final = "/v1/me/follows/{kind}/{target_id}"


class Me(Struct, frozen=True):
    """Who is signed in; `id` is the pseudonym by which others can name them."""

    id: str
    roles: tuple[str, ...]
    language: str = "en"
    timezone: str = "Europe/London"


class Channel(Struct, frozen=True):
    """How one road fared."""

    channel: str
    status: str
    at: str


class Notification(Struct, frozen=True):
    """Something that the person was told."""

    id: str
    topic: str
    title: str
    body: str
    url: str
    subject: str
    created_at: str
    seen_at: str | None
    read_at: str | None
    channels: tuple[Channel, ...]


class Notifications(Struct, frozen=True):
    """A page of notifications, and how many are unread in all."""

    items: tuple[Notification, ...]
    next: str | None
    unread: int


class ReadMark(Struct, frozen=True):
    """A notification that was read, and when."""

    id: str
    read_at: str


def _target(wish: Wish[Nothing]) -> Followed:
    kind, name = wish.ids
    if not name.startswith(f"{kind}_"):
        raise ProblemError("not-found")
    return Followed(msgspec.convert(kind, FollowKind), name)


WRITES: Final = (
    Write(
        method="PUT",
        path=_FOLLOWS,
        summary="Be told about a campaign, an event, a need or a venue",
        service="notifications",
        body=Nothing,
        command=Follow,
        build=lambda wish: Follow(wish.person, _target(wish)),
        answers={200: Followed, 201: Followed},
        tag="me",
        problems=("too-many-follows",),
    ),
    Write(
        method="DELETE",
        path=_FOLLOWS,
        summary="Be told no longer",
        service="notifications",
        body=Nothing,
        command=Unfollow,
        build=lambda wish: Unfollow(wish.person, _target(wish)),
        answers={200: Followed},
        tag="me",
    ),
    Write(
        method="POST",
        path="/v1/me/notifications/{notification_id}/read",
        summary="Mark a notification as read",
        service="notifications",
        body=Nothing,
        command=ReadNotification,
        build=lambda wish: ReadNotification(wish.person, wish.id),
        answers={200: ReadMark},
        tag="me",
    ),
)


def reads(identity: Identity, personal: Personal) -> list[Route]:
    """What a person reads of theirs."""

    async def me(exchange: Exchange) -> Answer:
        caller = await identity.require(exchange.headers)
        parameters.query(exchange.scope["query_string"])
        return private(msgspec.json.encode(Me(caller.person, tuple(sorted(caller.roles)))))

    return [
        Route("GET", "/v1/me", "Who is signed in", me, "me", {OK: Me}),
        personal.list(
            path="/v1/me/pledges",
            summary="What the person pledged, newest first",
            service="pledges",
            ask=lambda _: "/pledges",
            answers=Pledges,
            tag="me",
        ),
        personal.list(
            path="/v1/me/registrations",
            summary="What the person registered for, newest first",
            service="events",
            ask=lambda _: "/registrations",
            answers=Registrations,
            tag="me",
        ),
        personal.list(
            path="/v1/me/notifications",
            summary="What the person was told, newest first",
            service="notifications",
            ask=lambda _: "/notifications",
            answers=Notifications,
            tag="me",
        ),
    ]
