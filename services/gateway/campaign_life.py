"""Writes by which a campaign changes and moves from one status to another."""

from typing import Final

from pydantic import Field

from services.gateway.bodies import Body
from services.gateway.campaigns import Nothing
from services.gateway.commands import Build, Wish, Write
from services.gateway.fields import (
    Date,
    Id,
    Languages,
    Line,
    Principles,
    Priorities,
    Slug,
    Text,
    Wards,
    absent,
    existing,
    sent,
)
from services.gateway.table import PATTERNS
from shared.contracts.events import (
    CampaignState,
    ChangeCampaign,
    CloseCampaign,
    EvolveCampaign,
    LaunchCampaign,
    OfCampaign,
    PartnerApproval,
    PauseCampaign,
    ReopenCampaign,
    ResumeCampaign,
)

_PLACE: Final = "/v1/campaigns/{campaign_id}"


class CampaignChange(Body):
    """Fields that are to be others (JSON merge patch, RFC 7396); null empties one that may be empty."""

    name: Line = Field(default_factory=absent)
    summary: Text = Field(default_factory=absent)
    slug: Slug = Field(default_factory=absent)
    starts_on: Date | None = None
    ends_on: Date | None = None
    wards: Wards = Field(default_factory=absent)
    principles: Principles = Field(default_factory=absent)
    priorities: Priorities = Field(default_factory=absent)
    languages: Languages = Field(default_factory=absent)
    partner_approval: PartnerApproval = Field(default_factory=absent)


class Evolving(Body):
    """The campaign as which this one goes on."""

    successor_id: Id


def change(wish: Wish[CampaignChange]) -> ChangeCampaign:
    """Make the command of a change."""
    return ChangeCampaign(wish.id, revision=wish.revision, **sent(wish.body))


def _evolve(wish: Wish[Evolving]) -> EvolveCampaign:
    return EvolveCampaign(wish.id, existing(PATTERNS["campaign_id"], wish.body.successor_id, "/successor_id"))


def _move(way: str, summary: str, command: type[OfCampaign]) -> Write:
    build: Build = lambda wish: command(wish.id)  # noqa: E731 -- a name for its type
    return Write(
        method="POST",
        path=f"{_PLACE}/{way}",
        summary=summary,
        service="events",
        body=Nothing,
        command=command,
        build=build,
        answers={200: CampaignState},
        tag="campaigns",
        problems=("campaign-wrong-state",),
    )


WRITES: Final = (
    Write(
        method="PATCH",
        path=_PLACE,
        summary="Change a campaign; a slug that is given up goes on leading to it",
        service="events",
        body=CampaignChange,
        command=ChangeCampaign,
        build=change,
        answers={200: CampaignState},
        tag="campaigns",
        problems=("slug-taken", "too-many-slugs", "campaign-wrong-state", "revision-mismatch"),
    ),
    _move("launch", "Make a draft live", LaunchCampaign),
    _move("pause", "Let a live campaign rest: nothing new is published or pledged in it", PauseCampaign),
    _move("resume", "Make a paused campaign live again", ResumeCampaign),
    _move("close", "End a campaign", CloseCampaign),
    _move("reopen", "Undo a close", ReopenCampaign),
    Write(
        method="POST",
        path=f"{_PLACE}/evolve",
        summary="Go on as a successor; partners and followers are asked whether they come along",
        service="events",
        body=Evolving,
        command=EvolveCampaign,
        build=_evolve,
        answers={200: CampaignState},
        tag="campaigns",
        problems=("campaign-wrong-state", "not-successor", "campaign-not-live"),
    ),
)
