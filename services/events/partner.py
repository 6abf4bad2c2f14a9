"""The rules of a campaign's partners: who comes in by which way, who speaks for one, how it ends. Pure."""

from typing import Any, Final

from msgspec import UNSET
from msgspec.structs import replace

from services.events.campaign_document import ENDED, MOST_PEOPLE, Campaign, Parted, following, visible, without
from shared.contracts.events import (
    AcceptInvitation,
    AddMember,
    AddPartner,
    ApprovePartner,
    CampaignState,
    ChangePartner,
    DeclineInvitation,
    InvitationDeclined,
    InvitePartner,
    LeavePartner,
    MemberAdded,
    MemberRemoved,
    OnPartner,
    PartnerAnswer,
    PartnerApplied,
    PartnerChanged,
    PartnerInvited,
    PartnerJoined,
    PartnerLeft,
    PartnerRemoved,
    PartnerState,
    PartnerStatus,
    PartnerVerified,
    RemoveMember,
    RemovePartner,
    VerifyPartner,
)
from shared.decider import FORBIDDEN, NOT_FOUND, Asked, Decision, Done, Refused, refused

EDITABLE: Final = ("name", "sector", "url", "org_id")
VOUCHED: Final = frozenset({"name", "org_id"})
"""What somebody vouched for: once it is another, somebody has to do so again."""
RUNNING: Final = frozenset({"pending", "active"})
"""Statuses in which a partner has members who look after it."""

Answering = AcceptInvitation | DeclineInvitation
Moving = Answering | ApprovePartner | LeavePartner | RemovePartner
Command = AddPartner | InvitePartner | AddMember | RemoveMember | ChangePartner | VerifyPartner | Moving
_Moved = type[PartnerJoined | InvitationDeclined | PartnerLeft | PartnerRemoved]

MOVES: Final[dict[type[Moving], tuple[frozenset[PartnerStatus], PartnerStatus, _Moved]]] = {
    AcceptInvitation: (frozenset({"invited"}), "active", PartnerJoined),
    DeclineInvitation: (frozenset({"invited"}), "left", InvitationDeclined),
    ApprovePartner: (frozenset({"pending"}), "active", PartnerJoined),
    LeavePartner: (frozenset({"pending", "active"}), "left", PartnerLeft),
    RemovePartner: (frozenset({"invited", "pending", "active"}), "removed", PartnerRemoved),
}
"""For each command: the statuses it leads away from, the one it leads to, and its fact."""


def decide(campaign: Campaign, state: CampaignState, command: Command, asked: Asked) -> Decision:
    """Answer a command; what is so already is answered 200 without a fact."""
    if not command.partner_id.startswith(f"{state.id}."):
        return Decision(NOT_FOUND)
    partner = campaign.partners.get(command.partner_id)
    if isinstance(command, AddPartner | InvitePartner):
        wrong = _no_entry(state, command, asked)
        if wrong:
            return Decision(wrong)
        return _answered(partner, 201) if partner else _enter(state, command, asked)
    with_code = isinstance(command, Answering) and command.with_code
    if partner is None or not (with_code or known(state, partner, asked.person)):
        return Decision(NOT_FOUND)
    if not _may(state, partner, command, asked):
        return Decision(FORBIDDEN)
    match command:
        case AddMember() | RemoveMember():
            return _change_members(state, partner, command, asked)
        case ChangePartner():
            return _change(state, partner, command, asked)
        case VerifyPartner():
            return _verify(state, partner, asked)
        case _:
            return _move(state, partner, command, asked)


def known(state: CampaignState, partner: PartnerState, person: str | None) -> bool:
    """Whether a person may know of the partner: until it is active, and afterwards, only those it concerns."""
    if person is not None and person in (*state.organisers, *partner.members, *partner.invitees):
        return True
    return partner.status == "active" and visible(state, person)


def answer(partner: PartnerState) -> PartnerAnswer:
    """A partner without the pseudonyms of its people."""
    return PartnerAnswer(**{name: getattr(partner, name) for name in PartnerAnswer.__struct_fields__})


def _no_entry(state: CampaignState, command: AddPartner | InvitePartner, asked: Asked) -> Refused | None:
    if not visible(state, asked.person):
        return NOT_FOUND
    if asked.person in state.organisers:
        return None
    may_join = isinstance(command, AddPartner) and asked.may("partner", "organiser")
    return None if may_join else FORBIDDEN


def _enter(state: CampaignState, command: AddPartner | InvitePartner, asked: Asked) -> Decision:
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
    if isinstance(command, InvitePartner):
        invitees = (command.person,) if command.person else ()
        partner = replace(partner, status="invited", members=(), invitees=invitees)
        return _told(partner, PartnerInvited(following(state, asked), partner), 201)
    if state.partner_approval == "approval" and asked.person not in state.organisers:
        partner = replace(partner, status="pending")
        return _told(partner, PartnerApplied(following(state, asked), partner), 201)
    partner = replace(partner, joined_at=asked.at)
    after = replace(following(state, asked), partner_count=state.partner_count + 1)
    return _told(partner, PartnerJoined(after, partner), 201)


def _may(state: CampaignState, partner: PartnerState, command: Command, asked: Asked) -> bool:
    organises, inside = asked.person in state.organisers, asked.person in partner.members
    match command:
        case AcceptInvitation() | DeclineInvitation():
            return command.with_code or inside or asked.person in partner.invitees
        case ApprovePartner() | RemovePartner():
            return organises
        case VerifyPartner():
            return organises or asked.may("operator")
        case ChangePartner() | LeavePartner():
            return inside
        case _:
            return organises or inside


def _move(state: CampaignState, partner: PartnerState, command: Moving, asked: Asked) -> Decision:
    away_from, status, fact = MOVES[type(command)]
    accepts = isinstance(command, AcceptInvitation)
    if partner.status == status and not (accepts and asked.person not in partner.members):
        return _answered(partner)
    if partner.status not in away_from:
        return Decision(refused("partner-wrong-state", status=partner.status))
    if status == "active" and state.status in ENDED:
        return Decision(refused("campaign-not-live", status=state.status))
    comes, goes = status == "active", partner.status == "active"
    after = replace(_next(partner, asked), status=status)
    if comes:
        after = replace(after, joined_at=asked.at)
    if accepts:
        after = replace(after, members=(asked.person,), invitees=())
    count = state.partner_count + comes - goes
    decision = _told(after, fact(replace(following(state, asked), partner_count=count), after))
    if isinstance(command, RemovePartner):
        return replace(decision, private=(Parted(partner.id, command.reason),))
    return decision


def _change(state: CampaignState, partner: PartnerState, command: ChangePartner, asked: Asked) -> Decision:
    if command.revision is not None and command.revision != partner.revision:
        return Decision(Refused("revision-mismatch", 412, {"revision": partner.revision}))
    if partner.status not in RUNNING:
        return Decision(refused("partner-wrong-state", status=partner.status))
    wanted = {name: value for name in EDITABLE if (value := getattr(command, name)) is not UNSET}
    new: dict[str, Any] = {name: value for name, value in wanted.items() if value != getattr(partner, name)}
    if not new:
        return _answered(partner)
    changed = tuple(new)
    if not VOUCHED.isdisjoint(changed):
        new["verification"] = "provisional"
    after = replace(_next(partner, asked), revision=partner.revision + 1, **new)
    return _told(after, PartnerChanged(following(state, asked), after, changed))


def _verify(state: CampaignState, partner: PartnerState, asked: Asked) -> Decision:
    if partner.status not in RUNNING:
        return Decision(refused("partner-wrong-state", status=partner.status))
    if partner.verification == "verified":
        return _answered(partner)
    after = replace(_next(partner, asked), verification="verified")
    return _told(after, PartnerVerified(following(state, asked), after))


def _change_members(
    state: CampaignState, partner: PartnerState, command: AddMember | RemoveMember, asked: Asked
) -> Decision:
    adding, person = isinstance(command, AddMember), command.person
    if partner.status not in RUNNING:
        return Decision(refused("partner-wrong-state", status=partner.status))
    if adding == (person in partner.members):
        return _answered(partner)
    if adding and len(partner.members) >= MOST_PEOPLE:
        return Decision(refused("too-many-members", most=MOST_PEOPLE))
    if not adding and len(partner.members) == 1:
        return Decision(refused("last-member"))
    members = (*partner.members, person) if adding else without(partner.members, person)
    after = replace(_next(partner, asked), members=members)
    fact = MemberAdded if adding else MemberRemoved
    return _told(after, fact(following(state, asked), after, person))


def _next(partner: PartnerState, asked: Asked) -> PartnerState:
    """What follows; partners of before they could be anything but active have not said when they joined."""
    joined = partner.joined_at or (partner.created_at if partner.status == "active" else None)
    return replace(partner, version=partner.version + 1, updated_at=asked.at, joined_at=joined)


def _told(partner: PartnerState, fact: OnPartner, status: int = 200) -> Decision:
    return Decision(Done("partner", partner.id, answer(partner), status), (fact,))


def _answered(partner: PartnerState, status: int = 200) -> Decision:
    return Decision(Done("partner", partner.id, answer(partner), status))
