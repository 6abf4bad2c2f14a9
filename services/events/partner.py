"""The rules of the partners of one campaign. Pure."""

from msgspec.structs import replace

from services.events.campaign_document import ENDED, MOST_PEOPLE, Campaign, following, visible, without
from shared.contracts.events import (
    AddMember,
    AddPartner,
    CampaignState,
    MemberAdded,
    MemberRemoved,
    PartnerAnswer,
    PartnerJoined,
    PartnerState,
    RemoveMember,
)
from shared.decider import FORBIDDEN, NOT_FOUND, Asked, Decision, Done, refused


def join(campaign: Campaign, state: CampaignState, command: AddPartner, asked: Asked) -> Decision:
    """Take part as an organisation."""
    organises = asked.person in state.organisers
    if not visible(state, asked.person) or not command.partner_id.startswith(f"{state.id}."):
        return Decision(NOT_FOUND)
    if not organises and not asked.may("partner", "organiser"):
        return Decision(FORBIDDEN)
    if command.partner_id in campaign.partners:
        known = answer(campaign.partners[command.partner_id])
        return Decision(Done("partner", known.id, known, 201))
    if state.status in ENDED:
        return Decision(refused("campaign-not-live", status=state.status))
    partner = PartnerState(
        id=command.partner_id,
        version=1,
        created_at=asked.at,
        updated_at=asked.at,
        campaign_id=state.id,
        name=command.name,
        sector=command.sector,
        url=command.url,
        org_id=command.org_id,
        members=(asked.person,),
    )
    after = replace(following(state, asked), partner_count=state.partner_count + 1)
    return Decision(Done("partner", partner.id, answer(partner), 201), (PartnerJoined(after, partner),))


def change_members(
    campaign: Campaign, state: CampaignState, command: AddMember | RemoveMember, asked: Asked
) -> Decision:
    """Let a person act for a partner, or no longer."""
    partner = campaign.partners.get(command.partner_id)
    inside = partner is not None and asked.person in partner.members
    if partner is None or not (inside or visible(state, asked.person)):
        return Decision(NOT_FOUND)
    if not inside and asked.person not in state.organisers:
        return Decision(FORBIDDEN)
    adding, person = isinstance(command, AddMember), command.person
    if adding == (person in partner.members):
        return Decision(Done("partner", partner.id, answer(partner)))
    if adding and len(partner.members) >= MOST_PEOPLE:
        return Decision(refused("too-many-members", most=MOST_PEOPLE))
    if not adding and len(partner.members) == 1:
        return Decision(refused("last-member"))
    members = (*partner.members, person) if adding else without(partner.members, person)
    partner = replace(partner, version=partner.version + 1, updated_at=asked.at, members=members)
    after = following(state, asked)
    fact = MemberAdded(after, partner, person) if adding else MemberRemoved(after, partner, person)
    return Decision(Done("partner", partner.id, answer(partner)), (fact,))


def answer(partner: PartnerState) -> PartnerAnswer:
    """A partner without the pseudonyms of its members."""
    return PartnerAnswer(
        id=partner.id,
        version=partner.version,
        created_at=partner.created_at,
        updated_at=partner.updated_at,
        campaign_id=partner.campaign_id,
        name=partner.name,
        sector=partner.sector,
        url=partner.url,
        org_id=partner.org_id,
    )
