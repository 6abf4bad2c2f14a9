"""Streams that are one document each: their state, and beside it what is private. Pure."""

from typing import Any, Generic, TypeVar

from msgspec import Struct, structs

from services.pledges.policy import CampaignCopy
from shared.contracts.message import Fact

S = TypeVar("S")


class Said(Fact, frozen=True):
    """Private: words that belong to a stream and are told in none of its facts."""

    field: str
    words: str


class Sheet(Struct, Generic[S], frozen=True):
    """A stream with what deciding takes: its campaign, and streams of its kind that a command mentions."""

    id: str
    state: S | None = None
    words: dict[str, str] = {}
    campaign: CampaignCopy | None = None
    mentioned: dict[str, S] = {}


T = TypeVar("T", bound=Sheet[Any])


def told(sheet: T, state: object) -> T:
    """The stream after a fact that bears its state."""
    return structs.replace(sheet, state=state)


def said(sheet: T, fact: Said) -> T:
    """The stream with more words."""
    return structs.replace(sheet, words={**sheet.words, fact.field: fact.words})


def works_in(campaign: CampaignCopy | None, person: str) -> bool:
    """Whether a person organises a campaign or acts for a partner that joined it."""
    return campaign is not None and (person in campaign.organisers or campaign.partner_of(person) is not None)
