"""Writes on endorsements and stories, and reading them: asked of their owner, so that what is taken back is gone."""

from typing import Annotated, Any, Final, Literal

from msgspec import Struct
from pydantic import Field

from services.gateway.bodies import Body
from services.gateway.campaigns import Nothing
from services.gateway.commands import Build, Wish, Write
from services.gateway.fields import Language, Line, Text, WebAddress, sent
from services.gateway.idempotency import new_id, suffix
from services.gateway.personal import Personal
from services.gateway.table import Route
from shared.contracts.voices import (
    Endorse,
    EndorsementAnswer,
    OfVoice,
    PublishVoice,
    StoryAnswer,
    TellStory,
    UnpublishVoice,
    WithdrawVoice,
    Words,
)

_ENDORSEMENTS: Final = "/v1/campaigns/{campaign_id}/endorsements"
_TOLD: Final = frozenset(Words.__struct_fields__)

Statement = Annotated[str, Field(min_length=1, max_length=2_000, pattern=r"\S")]
Transcript = Annotated[str, Field(max_length=40_000)]


class NewEndorsement(Body):
    """What a person says for a campaign under their own name; `consent` to show both has to be true."""

    name: Line
    role: Line | None = None
    organisation: Line | None = None
    text: Statement
    consent: bool


class NewStory(Body):
    """A story; `consent` of all who are shown or told of has to be true.

    Audio comes with a `transcript`, video with that or with captions (`captions_url`).
    """

    form: Literal["text", "link", "audio", "video"]
    language: Language
    title: Line
    text: Text | None = None
    url: WebAddress | None = None
    transcript: Transcript | None = None
    captions_url: WebAddress | None = None
    consent: bool


class Endorsements(Struct, frozen=True):
    """A page of endorsements."""

    items: tuple[EndorsementAnswer, ...]
    next: str | None


class Stories(Struct, frozen=True):
    """A page of stories."""

    items: tuple[StoryAnswer, ...]
    next: str | None


def _words(body: Body) -> dict[str, Any]:
    return {name: value for name, value in sent(body).items() if name in _TOLD}


def _own_words(body: Body, _: dict[str, Any]) -> dict[str, Any]:
    """What the caller said just now, which facts and outcomes keep to themselves."""
    return _words(body)


def _endorse(wish: Wish[NewEndorsement]) -> Endorse:
    """One of a person and campaign, so that who says it again says it in other words."""
    name = f"endorsement_{suffix('endorsement', wish.id, wish.person)}"
    return Endorse(name, wish.id, Words(**_words(wish.body)), wish.body.consent)


def _tell(wish: Wish[NewStory]) -> TellStory:
    """Of the campaign or of the event that the path names."""
    body = wish.body
    about = {f"{wish.id.partition('_')[0]}_id": wish.id}
    words = Words(**_words(body))
    return TellStory(new_id("story", wish.command_id), body.form, body.language, words, body.consent, **about)


def _moves(place: str, what: str, answer: type[Struct]) -> tuple[Write, ...]:
    def write(way: str, summary: str, command: type[OfVoice]) -> Write:
        build: Build = lambda wish: command(wish.id)  # noqa: E731 -- a name for its type
        return Write(
            method="POST",
            path=f"{place}/{way}",
            summary=summary,
            service="events",
            body=Nothing,
            command=command,
            build=build,
            answers={200: answer},
            tag="voices",
            problems=("voice-wrong-state",),
        )

    return (
        write("publish", f"Show {what} to everybody", PublishVoice),
        write("unpublish", f"Show {what} no longer", UnpublishVoice),
        write("withdraw", f"Take {what} back, everywhere and for good", WithdrawVoice),
    )


def _story(path: str, of: str) -> Write:
    return Write(
        method="POST",
        path=path,
        summary=f"Tell a story of {of}; organisers publish it",
        service="events",
        body=NewStory,
        command=TellStory,
        build=_tell,
        answers={201: StoryAnswer},
        tag="voices",
        echo=_own_words,
    )


WRITES: Final = (
    Write(
        method="POST",
        path=_ENDORSEMENTS,
        summary="Stand up for a campaign under one's own name; organisers publish it",
        service="events",
        body=NewEndorsement,
        command=Endorse,
        build=_endorse,
        answers={200: EndorsementAnswer, 201: EndorsementAnswer},
        tag="voices",
        problems=("campaign-not-live",),
        echo=_own_words,
    ),
    *_moves("/v1/endorsements/{endorsement_id}", "an endorsement", EndorsementAnswer),
    _story("/v1/campaigns/{campaign_id}/stories", "a campaign"),
    _story("/v1/events/{event_id}/stories", "an event"),
    *_moves("/v1/stories/{story_id}", "a story", StoryAnswer),
)


def reads(personal: Personal) -> list[Route]:
    """What is said: to everybody what is published, to who publishes what is offered."""

    def page(path: str, summary: str, ask: str, answers: type[Struct]) -> Route:
        return personal.list(
            path=path,
            summary=summary,
            service="events",
            ask=lambda ids: ask.format(ids[0]),
            answers=answers,
            tag="voices",
            access="public",
        )

    def one(path: str, summary: str, answers: type[Struct]) -> Route:
        return personal.one(
            path=path,
            summary=summary,
            service="events",
            ask=lambda ids: f"/voices/{ids[0]}",
            answers=answers,
            tag="voices",
            access="public",
        )

    return [
        page(_ENDORSEMENTS, "List endorsements, newest first", "/campaigns/{}/endorsements", Endorsements),
        page(
            "/v1/campaigns/{campaign_id}/stories",
            "List stories of a campaign, newest first",
            "/campaigns/{}/stories",
            Stories,
        ),
        page("/v1/events/{event_id}/stories", "List stories of an event, newest first", "/events/{}/stories", Stories),
        one("/v1/endorsements/{endorsement_id}", "Read an endorsement", EndorsementAnswer),
        one("/v1/stories/{story_id}", "Read a story", StoryAnswer),
    ]
