"""The rules of one campaign: who runs it, which partners take part. Pure: no clock, no chance, no I/O."""

from msgspec.structs import replace

from services.events import campaign_life, evolution, partner, vocabulary
from services.events.campaign_document import (
    ENDED,
    MOST_PEOPLE,
    Campaign,
    evolve,
    following,
    initial,
    unchanged,
    visible,
    without,
)
from shared.contracts.events import (
    AddOrganiser,
    CampaignCommand,
    CampaignState,
    ChangeCampaign,
    CreateCampaign,
    EvolveCampaign,
    OfPartner,
    OrganiserAdded,
    OrganiserRemoved,
    RemoveOrganiser,
    TakeOver,
)
from shared.contracts.vocabularies import AddCategory, AddNeedKind
from shared.decider import FORBIDDEN, NOT_FOUND, Asked, Decision, Done, refused

__all__ = ["ENDED", "MOST_PEOPLE", "Campaign", "decide", "evolve", "initial", "visible"]


def decide(campaign: Campaign, command: CampaignCommand, asked: Asked) -> Decision:
    """Answer a command; what is so already is answered 200 without a fact."""
    if isinstance(command, CreateCampaign):
        return campaign_life.create(campaign, command, asked)
    state = campaign.state
    if state is None:
        return Decision(NOT_FOUND)
    match command:
        case TakeOver():
            return evolution.take_over(campaign, state, command, asked)
        case OfPartner():
            return partner.decide(campaign, state, command, asked)
        case _ if asked.person not in state.organisers:
            return Decision(FORBIDDEN if visible(state, asked.person) else NOT_FOUND)
        case EvolveCampaign():
            return evolution.evolve(campaign, state, command, asked)
        case ChangeCampaign():
            return campaign_life.change(campaign, state, command, asked)
        case AddCategory() | AddNeedKind():
            return vocabulary.add(state, command, asked)
        case AddOrganiser(person=person):
            return _add_organiser(state, person, asked)
        case RemoveOrganiser(person=person):
            return _remove_organiser(state, person, asked)
        case _:
            return campaign_life.move(state, command, asked)


def _add_organiser(state: CampaignState, person: str, asked: Asked) -> Decision:
    if person in state.organisers:
        return unchanged(state)
    if len(state.organisers) >= MOST_PEOPLE:
        return Decision(refused("too-many-organisers", most=MOST_PEOPLE))
    after = replace(following(state, asked), organisers=(*state.organisers, person))
    return Decision(Done("campaign", after.id, after), (OrganiserAdded(after, person),))


def _remove_organiser(state: CampaignState, person: str, asked: Asked) -> Decision:
    if person not in state.organisers:
        return unchanged(state)
    if len(state.organisers) == 1:
        return Decision(refused("last-organiser"))
    after = replace(following(state, asked), organisers=without(state.organisers, person))
    return Decision(Done("campaign", after.id, after), (OrganiserRemoved(after, person),))
