"""The model of telling: a message goes to each recipient by each road as one delivery. Pure."""

import hashlib
from typing import Final

from msgspec import Struct

from services.notifications.telling import Message, Topic

ROADS: Final = ("inbox",)
"""The roads (channels) there are."""

SCHEDULED: Final = "scheduled"
SENDING: Final = "sending"
DELIVERED: Final = "delivered"
PERMANENT_FAILURE: Final = "permanent_failure"


class Letter(Struct, frozen=True):
    """What is told about one fact for one purpose, as it is kept: every delivery names it by `id`."""

    id: str
    event_id: str
    topic: Topic
    purpose: str
    text: str
    values: dict[str, str]
    url: str
    subject: str


class Parcel(Struct, frozen=True):
    """A delivery in the hands of a road: what to bring to whom. `at` is when it was put on the schedule."""

    id: str
    person: str
    letter: Letter
    at: str


class Result(Struct, frozen=True):
    """How a delivery ended on its road: state and, if it failed, a code (never content)."""

    state: str
    code: str = ""


def delivery_id(event_id: str, person: str, road: str, purpose: str) -> str:
    """Natural key of a delivery: however often a fact is met, it is one per recipient, road and purpose."""
    return hashlib.sha256(f"{event_id}|{person}|{road}|{purpose}".encode()).hexdigest()


def letter(event_id: str, told: Message) -> Letter:
    """A message as it is kept. Audiences of one purpose share its id: who is in both is told once."""
    name = f"{event_id}|{told.purpose}"
    return Letter(name, event_id, told.topic, told.purpose, told.text, told.values, told.url, told.subject)
