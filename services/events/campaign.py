"""The rules of one campaign: who runs it, which partners take part. Pure: no clock, no chance, no I/O."""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from shared.contracts.events import (
    AddMember,
    AddOrganiser,
    AddPartner,
    CampaignClosed,
    CampaignCommand,
    CampaignCreated,
    CampaignFact,
    CampaignLaunched,
    CampaignReopened,
    CampaignState,
    CampaignStatus,
    CloseCampaign,
    CreateCampaign,
    LaunchCampaign,
    MemberAdded,
    MemberRemoved,
    OrganiserAdded,
    OrganiserRemoved,
    PartnerAnswer,
    PartnerJoined,
    PartnerState,
    RemoveMember,
    RemoveOrganiser,
    ReopenCampaign,
)
from shared.decider import FORBIDDEN, NOT_FOUND, Asked, Decision, Done, Refused, refused

MOST_PEOPLE: Final = 200
"""Organisers of a campaign, and members of a partner: they stand in one document."""
ENDED: Final = frozenset({"closed", "evolved"})
"""Statuses in which nothing new is opened."""


class Campaign(Struct, frozen=True):
    """A campaign, the partners of it that the batch mentions, and whether its slug would be another's."""

    state: CampaignState | None = None
    partners: dict[str, PartnerState] = {}
    slug_taken: bool = False


initial: Final = Campaign()


def decide(campaign: Campaign, command: CampaignCommand, asked: Asked) -> Decision:
    """Answer a command; what is so already is answered 200 without a fact."""
    if isinstance(command, CreateCampaign):
        return _create(campaign, command, asked)
    state = campaign.state
    if state is None:
        return Decision(NOT_FOUND)
    match command:
        case AddPartner():
            return _join(campaign, state, command, asked)
        case AddMember() | RemoveMember():
            return _change_members(campaign, state, command, asked)
        case _ if asked.person not in state.organisers:
            return Decision(FORBIDDEN if visible(state, asked.person) else NOT_FOUND)
        case LaunchCampaign() if state.status in {"draft", "live"}:
            return _move(state, CampaignLaunched, "live", asked)
        case ReopenCampaign() if state.status in {"closed", "live"}:
            return _move(state, CampaignReopened, "live", asked)
        case CloseCampaign() if state.status != "evolved":
            return _move(state, CampaignClosed, "closed", asked)
        case LaunchCampaign() | ReopenCampaign() | CloseCampaign():
            return Decision(refused("campaign-wrong-state", status=state.status))
        case AddOrganiser(person=person):
            return _add_organiser(state, person, asked)
        case RemoveOrganiser(person=person):
            return _remove_organiser(state, person, asked)


def evolve(campaign: Campaign, fact: CampaignFact) -> Campaign:
    """Take a fact as given."""
    match fact:
        case PartnerJoined(partner=partner) | MemberAdded(partner=partner) | MemberRemoved(partner=partner):
            return replace(campaign, state=fact.campaign, partners=campaign.partners | {partner.id: partner})
        case _:
            return replace(campaign, state=fact.campaign)


def visible(state: CampaignState, person: str | None) -> bool:
    """Whether a person may know of the campaign: drafts are their organisers' own."""
    return state.status != "draft" or person in state.organisers


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


def _create(campaign: Campaign, command: CreateCampaign, asked: Asked) -> Decision:
    if not asked.may("organiser"):
        return Decision(FORBIDDEN)
    if campaign.state is not None:
        return _unchanged(campaign.state, 201)
    if command.starts_on and command.ends_on and command.ends_on < command.starts_on:
        return Decision(Refused("invalid-body", 422, errors=(("/ends_on", "is before starts_on"),)))
    if campaign.slug_taken:
        return Decision(refused("slug-taken", slug=command.slug))
    state = CampaignState(
        id=command.campaign_id,
        version=1,
        revision=1,
        created_at=asked.at,
        updated_at=asked.at,
        name=command.name,
        slug=command.slug,
        summary=command.summary,
        starts_on=command.starts_on,
        ends_on=command.ends_on,
        wards=command.wards,
        principles=command.principles,
        languages=command.languages,
        successor_of=command.successor_of,
        status="draft",
        organisers=(asked.person,),
    )
    return Decision(Done("campaign", state.id, state, 201), (CampaignCreated(state),))


def _move(
    state: CampaignState,
    fact: type[CampaignLaunched | CampaignClosed | CampaignReopened],
    status: CampaignStatus,
    asked: Asked,
) -> Decision:
    if state.status == status:
        return _unchanged(state)
    after = replace(_next(state, asked), status=status)
    return Decision(Done("campaign", after.id, after), (fact(after),))


def _add_organiser(state: CampaignState, person: str, asked: Asked) -> Decision:
    if person in state.organisers:
        return _unchanged(state)
    if len(state.organisers) >= MOST_PEOPLE:
        return Decision(refused("too-many-organisers", most=MOST_PEOPLE))
    after = replace(_next(state, asked), organisers=(*state.organisers, person))
    return Decision(Done("campaign", after.id, after), (OrganiserAdded(after, person),))


def _remove_organiser(state: CampaignState, person: str, asked: Asked) -> Decision:
    if person not in state.organisers:
        return _unchanged(state)
    if len(state.organisers) == 1:
        return Decision(refused("last-organiser"))
    after = replace(_next(state, asked), organisers=_without(state.organisers, person))
    return Decision(Done("campaign", after.id, after), (OrganiserRemoved(after, person),))


def _join(campaign: Campaign, state: CampaignState, command: AddPartner, asked: Asked) -> Decision:
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
    after = replace(_next(state, asked), partner_count=state.partner_count + 1)
    return Decision(Done("partner", partner.id, answer(partner), 201), (PartnerJoined(after, partner),))


def _change_members(
    campaign: Campaign, state: CampaignState, command: AddMember | RemoveMember, asked: Asked
) -> Decision:
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
    members = (*partner.members, person) if adding else _without(partner.members, person)
    partner = replace(partner, version=partner.version + 1, updated_at=asked.at, members=members)
    after = _next(state, asked)
    fact = MemberAdded(after, partner, person) if adding else MemberRemoved(after, partner, person)
    return Decision(Done("partner", partner.id, answer(partner)), (fact,))


def _next(state: CampaignState, asked: Asked) -> CampaignState:
    return replace(state, version=state.version + 1, updated_at=asked.at)


def _unchanged(state: CampaignState, status: int = 200) -> Decision:
    return Decision(Done("campaign", state.id, state, status))


def _without(people: tuple[str, ...], person: str) -> tuple[str, ...]:
    return tuple(one for one in people if one != person)
