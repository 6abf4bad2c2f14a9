"""The rules of one match of two people: proposed, agreed to by both, checked, begun, ended.

Pure. To anybody but the two and who matched them it does not exist.
"""

from typing import Any, Final

from msgspec import structs

from services.pledges import sheets
from services.pledges.policy import CampaignCopy
from services.pledges.sheets import Said, Sheet
from shared.contracts.befriending import (
    BefriendingChecked,
    BefriendingConsented,
    BefriendingEnded,
    BefriendingProposed,
    BefriendingStarted,
    BefriendingState,
    CheckBefriending,
    ConsentToBefriending,
    EndBefriending,
    OnBefriending,
    ProposeBefriending,
    RematchBefriending,
    Side,
)
from shared.contracts.message import Command, Fact
from shared.decider import FORBIDDEN, NOT_FOUND, Asked, Decision, Done, Refused, refused

BOTH: Final[tuple[Side, Side]] = ("guest", "friend")


class Befriending(Sheet[BefriendingState], frozen=True):
    """A match with what deciding takes."""


def decide(match_: Befriending, command: Command, asked: Asked) -> Decision:
    """Answer a command."""
    if isinstance(command, ProposeBefriending | RematchBefriending):
        return _begin(match_, command, asked)
    state = match_.state
    if state is None or not concerns(state, asked.person):
        return Decision(NOT_FOUND)
    match command:
        case ConsentToBefriending():
            return _consent(state, asked)
        case CheckBefriending():
            return _check(state, asked)
        case EndBefriending():
            return _end(state, command, asked)
        case _:
            return Decision(NOT_FOUND)


def evolve(match_: Befriending, fact: Fact) -> Befriending:
    """Take a fact as given."""
    match fact:
        case OnBefriending(befriending=state):
            return sheets.told(match_, state)
        case Said():
            return sheets.said(match_, fact)
        case _:
            raise TypeError(type(fact).__name__)


def concerns(state: BefriendingState, person: str) -> bool:
    """Whether a person is one of the two, or matched them."""
    return person in {state.guest, state.friend, state.matcher}


def _begin(match_: Befriending, command: ProposeBefriending | RematchBefriending, asked: Asked) -> Decision:
    if match_.state is not None:
        known = match_.state.matcher == asked.person
        return Decision(Done("befriending", match_.id, match_.state) if known else NOT_FOUND)
    campaign = match_.campaign
    last = match_.mentioned.get(command.previous) if isinstance(command, RematchBefriending) else None
    if isinstance(command, ProposeBefriending):
        guest = command.guest
    elif last is None or last.matcher != asked.person:
        return Decision(FORBIDDEN if last and concerns(last, asked.person) else NOT_FOUND)
    elif last.status != "ended":
        return Decision(_wrong(last))
    else:
        guest = last.guest
    if campaign is None:
        return Decision(NOT_FOUND)
    refusal = _why_not(campaign, guest, command.friend, asked)
    if refusal is not None:
        return Decision(refusal)
    state = BefriendingState(
        id=match_.id,
        version=1,
        created_at=asked.at,
        updated_at=asked.at,
        campaign_id=campaign.id,
        guest=guest,
        friend=command.friend,
        matcher=asked.person,
        previous=last.id if last else None,
    )
    decision = _told(BefriendingProposed(state), status=201)
    return structs.replace(decision, private=(Said("note", command.note),)) if command.note else decision


def _why_not(campaign: CampaignCopy, guest: str, friend: str, asked: Asked) -> Refused | None:
    if not sheets.works_in(campaign, asked.person):
        return FORBIDDEN
    if campaign.status != "live":
        return refused("campaign-not-live", status=campaign.status)
    if friend in {guest, asked.person}:
        return _invalid("friend", "The two, and who matches them, are three people.")
    return _invalid("guest", "Nobody matches themselves.") if asked.person == guest else None


def _consent(state: BefriendingState, asked: Asked) -> Decision:
    if asked.person == state.matcher:
        return Decision(FORBIDDEN)
    if state.status == "ended":
        return Decision(_wrong(state))
    side: Side = "guest" if asked.person == state.guest else "friend"
    if side in state.consents:
        return Decision(Done("befriending", state.id, state))
    consents = tuple(each for each in BOTH if each == side or each in state.consents)
    return _told(BefriendingConsented(_turned(state, asked.at, status="consented", consents=consents)))


def _check(state: BefriendingState, asked: Asked) -> Decision:
    if asked.person != state.matcher:
        return Decision(FORBIDDEN)
    if state.status == "ended":
        return Decision(_wrong(state))
    if state.checked:
        return Decision(Done("befriending", state.id, state))
    return _told(BefriendingChecked(_turned(state, asked.at, checked=True)))


def _end(state: BefriendingState, command: EndBefriending, asked: Asked) -> Decision:
    """By any of the three, at any time; why is told to who matched them alone."""
    if state.status == "ended":
        return Decision(Done("befriending", state.id, state))
    decision = _told(BefriendingEnded(_turned(state, asked.at, status="ended", ended_at=asked.at)))
    return structs.replace(decision, private=(Said("reason", command.reason),)) if command.reason else decision


def _told(fact: OnBefriending, *, status: int = 200) -> Decision:
    """Yes; and it begins when nothing is missing any more."""
    state = fact.befriending
    facts: tuple[OnBefriending, ...] = (fact,)
    if state.status == "consented" and state.checked and state.consents == BOTH:
        state = _turned(state, state.updated_at, status="active", started_at=state.updated_at)
        facts = (fact, BefriendingStarted(state))
    return Decision(Done("befriending", state.id, state, status), facts)


def _turned(state: BefriendingState, at: str, **fields: Any) -> BefriendingState:  # noqa: ANN401 -- fields of the state
    return structs.replace(state, version=state.version + 1, updated_at=at, **fields)


def _wrong(state: BefriendingState) -> Refused:
    return refused("befriending-wrong-state", status=state.status)


def _invalid(field: str, detail: str) -> Refused:
    return Refused("invalid-body", 422, errors=((f"/{field}", detail),))
