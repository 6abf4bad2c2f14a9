"""A campaign as its owner keeps it, and who may see it. Pure."""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from shared.contracts.events import CampaignFact, CampaignState, OnPartner, PartnerState
from shared.contracts.message import Fact
from shared.decider import Asked, Decision, Done

MOST_PEOPLE: Final = 200
"""Organisers of a campaign, and members of a partner: they stand in one document."""
ENDED: Final = frozenset({"closed", "evolved"})
"""Statuses in which nothing new is opened."""


class Campaign(Struct, frozen=True):
    """A campaign, the partners of it that the batch mentions, and which of the wanted slugs lead to another.

    `reasons` are those that the batch gives for removing partners, `named` the other campaigns that its commands name,
    `inherited` the predecessor's partners that follow an id.
    """

    state: CampaignState | None = None
    partners: dict[str, PartnerState] = {}
    taken: frozenset[str] = frozenset()
    reasons: dict[str, str] = {}
    named: dict[str, CampaignState] = {}
    inherited: dict[str, tuple[PartnerState, ...]] = {}


class Parted(Fact, frozen=True):
    """Private: why a partner was removed."""

    partner_id: str
    reason: str


initial: Final = Campaign()


def evolve(campaign: Campaign, fact: CampaignFact | Parted) -> Campaign:
    """Take a fact as given."""
    match fact:
        case Parted(partner_id=name, reason=reason):
            return replace(campaign, reasons=campaign.reasons | {name: reason})
        case OnPartner(partner=partner):
            return replace(campaign, state=fact.campaign, partners=campaign.partners | {partner.id: partner})
        case _:
            return replace(campaign, state=fact.campaign)


def visible(state: CampaignState, person: str | None) -> bool:
    """Whether a person may know of the campaign: drafts are their organisers' own."""
    return state.status != "draft" or person in state.organisers


def following(state: CampaignState, asked: Asked) -> CampaignState:
    """The state to be, before anything else changes in it."""
    return replace(state, version=state.version + 1, updated_at=asked.at)


def unchanged(state: CampaignState, status: int = 200) -> Decision:
    """What is so already."""
    return Decision(Done("campaign", state.id, state, status))


def without(people: tuple[str, ...], person: str) -> tuple[str, ...]:
    """The others."""
    return tuple(one for one in people if one != person)
