"""Writes on matches of two people, and reading them: for the two and who matched them."""

from typing import Any, Final

from msgspec import Struct

from services.gateway.bodies import Body
from services.gateway.campaigns import Nothing
from services.gateway.commands import Build, Echo, Wish, Write
from services.gateway.fields import Id, Note, Person, Reason, existing, sent
from services.gateway.idempotency import new_id
from services.gateway.personal import Personal
from services.gateway.table import PATTERNS, Route
from shared.contracts.message import Command
from shared.contracts.pledges import (
    BefriendingStatus,
    CheckBefriending,
    ConsentToBefriending,
    EndBefriending,
    ProposeBefriending,
    RematchBefriending,
    Side,
)

_PLACE: Final = "/v1/befriendings/{befriending_id}"


class Befriending(Struct, frozen=True):
    """A match with its words: `note` for the three, `reason` why it ended, for who matched them alone."""

    id: str
    version: int
    created_at: str
    updated_at: str
    campaign_id: str
    guest: str
    friend: str
    matcher: str
    status: BefriendingStatus
    consents: tuple[Side, ...]
    checked: bool
    started_at: str | None
    ended_at: str | None
    previous: str | None
    note: str | None = None
    reason: str | None = None


class Befriendings(Struct, frozen=True):
    """A page of matches."""

    items: tuple[Befriending, ...]
    next: str | None


class NewBefriending(Body):
    """Two people who may go well together, by their pseudonyms; each is asked."""

    campaign_id: Id
    guest: Person
    friend: Person
    note: Note | None = None


class Rematch(Body):
    """Somebody else for the guest."""

    friend: Person
    note: Note | None = None


class Ending(Body):
    """Why, if one wants to say."""

    reason: Reason | None = None


def propose(wish: Wish[NewBefriending]) -> ProposeBefriending:
    """Make the command of a new match."""
    fields = sent(wish.body)
    campaign = existing(PATTERNS["campaign_id"], fields.pop("campaign_id"), "/campaign_id")
    return ProposeBefriending(new_id("befriending", wish.command_id), campaign_id=campaign, **fields)


def rematch(wish: Wish[Rematch]) -> RematchBefriending:
    """Make the command of a match that follows another."""
    return RematchBefriending(new_id("befriending", wish.command_id), previous=wish.id, **sent(wish.body))


def _note(body: NewBefriending | Rematch, _: dict[str, Any]) -> dict[str, Any]:
    return {"note": body.note}


def _act(
    name: str,
    summary: str,
    command: type[Command],
    build: Build,
    *problems: str,
    body: type[Body] = Nothing,
    status: int = 200,
    echo: Echo | None = None,
) -> Write:
    return Write(
        method="POST",
        path=f"{_PLACE}/{name}",
        summary=summary,
        service="pledges",
        body=body,
        command=command,
        build=build,
        answers={status: Befriending},
        tag="befriending",
        problems=problems,
        echo=echo,
    )


WRITES: Final = (
    Write(
        method="POST",
        path="/v1/befriendings",
        summary="Ask two people whether they want to be brought together",
        service="pledges",
        body=NewBefriending,
        command=ProposeBefriending,
        build=propose,
        answers={201: Befriending},
        tag="befriending",
        problems=("campaign-not-live",),
        echo=_note,
    ),
    _act(
        "consent",
        "Agree, as one of the two",
        ConsentToBefriending,
        lambda wish: ConsentToBefriending(wish.id),
        "befriending-wrong-state",
    ),
    _act(
        "check",
        "Say that the safeguarding check was made, as who matched them",
        CheckBefriending,
        lambda wish: CheckBefriending(wish.id),
        "befriending-wrong-state",
    ),
    _act(
        "end",
        "End it, as any of the three",
        EndBefriending,
        lambda wish: EndBefriending(wish.id, wish.body.reason),
        body=Ending,
    ),
    _act(
        "rematch",
        "Ask somebody else, after the end",
        RematchBefriending,
        rematch,
        "befriending-wrong-state",
        "campaign-not-live",
        body=Rematch,
        status=201,
        echo=_note,
    ),
)


def reads(personal: Personal) -> list[Route]:
    """Matches, as the pledges service answers to those whom they concern."""
    return [
        personal.one(
            path=_PLACE,
            summary="A match, to the two and who matched them",
            service="pledges",
            ask=lambda ids: f"/befriendings/{ids[0]}",
            answers=Befriending,
            tag="befriending",
        ),
        personal.list(
            path="/v1/me/befriendings",
            summary="The matches that concern the caller",
            service="pledges",
            ask=lambda _: "/befriendings",
            answers=Befriendings,
            tag="befriending",
        ),
    ]
