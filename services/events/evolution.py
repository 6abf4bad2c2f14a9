"""How a campaign becomes another. Pure.

Two decisions on two streams, joined by a command: the predecessor names its successor, then the successor invites the
predecessor's partners, in steps. Each finds done what was done, so it does no harm to repeat one.
"""

from typing import Final

from msgspec.structs import replace

from services.events.campaign_document import ENDED, Campaign, following, unchanged, visible
from shared.contracts.events import (
    CampaignEvolved,
    CampaignState,
    EvolveCampaign,
    PartnerInvited,
    PartnerState,
    TakeOver,
)
from shared.decider import FORBIDDEN, NOT_FOUND, Asked, Decision, Done, Refused, refused

STEP: Final = 50
"""Partners looked at in one step: each fact tells the whole campaign and all who may accept."""


def evolve(campaign: Campaign, state: CampaignState, command: EvolveCampaign, asked: Asked) -> Decision:
    """Go on as the successor."""
    if state.status == "evolved" and state.evolved_into == command.successor_id:
        return unchanged(state)
    if state.status in {"draft", "evolved"}:
        return Decision(refused("campaign-wrong-state", status=state.status))
    successor = campaign.named.get(command.successor_id)
    wrong = _unfit(state, successor, asked)
    if wrong or successor is None:
        return Decision(wrong or NOT_FOUND)
    after = replace(following(state, asked), status="evolved", evolved_into=successor.id)
    then = TakeOver(successor.id, state.id)
    return Decision(Done("campaign", after.id, after), (CampaignEvolved(after, successor.name),), (then,))


def take_over(campaign: Campaign, state: CampaignState, command: TakeOver, asked: Asked) -> Decision:
    """Invite a step of the predecessor's partners: one joins when one of its members there accepts."""
    predecessor = campaign.named.get(command.predecessor_id)
    done = Decision(Done("campaign", state.id, None))
    if predecessor is None or predecessor.evolved_into != state.id or state.status in ENDED:
        return done
    facts: list[PartnerInvited] = []
    partners = campaign.inherited.get(command.after, ())
    for partner in partners:
        if partner.status != "active" or (name := heir(state.id, partner)) in campaign.partners:
            continue
        state = following(state, asked)
        facts.append(PartnerInvited(state, _invited(name, state, partner, asked)))
    then = (TakeOver(state.id, predecessor.id, partners[-1].id),) if len(partners) == STEP else ()
    return replace(done, facts=tuple(facts), then=then)


def heir(successor_id: str, partner: PartnerState) -> str:
    """Id of a partner of the predecessor among those of the successor."""
    return f"{successor_id}.{partner.id.rpartition('.')[2]}"


def _unfit(state: CampaignState, successor: CampaignState | None, asked: Asked) -> Refused | None:
    if successor is None or not visible(successor, asked.person):
        return NOT_FOUND
    if asked.person not in successor.organisers:
        return FORBIDDEN
    if successor.successor_of != state.id:
        return refused("not-successor", successor_of=successor.successor_of)
    if successor.status not in {"live", "paused"}:
        return refused("campaign-not-live", status=successor.status)
    return None


def _invited(name: str, state: CampaignState, partner: PartnerState, asked: Asked) -> PartnerState:
    """The partner as it is asked: nothing that was agreed or vouched for there holds here."""
    return PartnerState(
        id=name,
        version=1,
        created_at=asked.at,
        updated_at=asked.at,
        campaign_id=state.id,
        name=partner.name,
        sector=partner.sector,
        url=partner.url,
        org_id=partner.org_id,
        members=(),
        status="invited",
        invitees=partner.members,
    )
