"""What telling is made of: who is told, what, and whom to remember for it. Pure."""

from typing import Literal

from msgspec import Struct

Topic = Literal["registration", "event-change", "pledge", "need", "campaign"]


class Person(Struct, frozen=True):
    """One person."""

    id: str


class Registered(Struct, frozen=True):
    """Everybody who is registered for an event, or waits for it; with `occurrence`, for that one of a series."""

    event_id: str
    occurrence: str | None = None


class Followers(Struct, frozen=True):
    """Everybody who follows a campaign, an event, a need or a venue."""

    target_id: str


class Opener(Struct, frozen=True):
    """Who opened a need."""

    need_id: str


class Organisers(Struct, frozen=True):
    """Everybody who organises a campaign."""

    campaign_id: str


Audience = Person | Registered | Followers | Opener | Organisers


class Message(Struct, frozen=True):
    """Tell an audience something. A person who is in two audiences of one fact and purpose is told once.

    `text` names a template and `values` fill it; `url` leads to the thing, `subject` is its stream; `but` is a
    person who knows already.
    """

    audience: Audience
    topic: Topic
    purpose: str
    text: str
    values: dict[str, str]
    url: str
    subject: str
    but: str = ""


class Coming(Struct, frozen=True):
    """Whether a person is registered for an event, or an occurrence, or waits for it, as of the event's version."""

    event_id: str
    person: str
    version: int
    coming: bool
    occurrence: str | None = None


class Opened(Struct, frozen=True):
    """Who opened a need, which one fact alone tells."""

    need_id: str
    person: str
    version: int


class Organising(Struct, frozen=True):
    """Who organises a campaign, as of its version."""

    campaign_id: str
    people: tuple[str, ...]
    version: int


Note = Coming | Opened | Organising


def local(time: str) -> str:
    """A local time as it is written here."""
    return time.replace("T", " ")
