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
    """Everybody who follows a campaign, an event, a need or a venue; with `within`, who is of that campaign, too."""

    target_id: str
    within: str | None = None


class Opener(Struct, frozen=True):
    """Who opened a need, or made a commitment."""

    id: str


class Acting(Struct, frozen=True):
    """Everybody who acts for a campaign (its organisers) or for a partner of it (its members)."""

    id: str


Audience = Person | Registered | Followers | Opener | Acting


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
    """Who opened a need or made a commitment, which one fact alone tells."""

    id: str
    person: str
    version: int


class ActingNow(Struct, frozen=True):
    """Who acts for a campaign or for a partner of it, as of the campaign's version."""

    id: str
    campaign_id: str
    people: tuple[str, ...]
    version: int


Note = Coming | Opened | ActingNow


def local(time: str) -> str:
    """A local time as it is written here."""
    return time.replace("T", " ")


def amount(kind: str, unit: str, currency: str | None, quantity: int) -> str:
    """A quantity with its unit; money, which is counted in pence, as `12.50 GBP`."""
    if kind == "money":
        return f"{quantity // 100}.{quantity % 100:02d} {currency or ''}".rstrip()
    return f"{quantity} {unit}"
