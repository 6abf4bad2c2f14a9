"""The rules of one commitment to the shared vision. Pure."""

from typing import Final, cast

from msgspec import UNSET, Struct, structs

from services.pledges.policy import CampaignCopy
from shared import instants
from shared.contracts.commitments import (
    AttachEvidence,
    ChangeCommitment,
    CommitmentChanged,
    CommitmentCommand,
    CommitmentEnded,
    CommitmentMade,
    CommitmentRenewed,
    CommitmentReviewed,
    CommitmentState,
    CommitmentStatus,
    EndCommitment,
    Evidence,
    EvidenceAttached,
    EvidenceTakenBack,
    MakeCommitment,
    OnCommitment,
    RenewCommitment,
    ReviewCommitment,
    ShowEvidence,
    TakeBackEvidence,
)
from shared.contracts.message import Command, Fact
from shared.decider import FORBIDDEN, NOT_FOUND, SYSTEM, Asked, Decision, Done, Later, Refused, refused

MOST_EVIDENCE: Final = 100
"""Pieces that a commitment keeps, the newest: it travels whole in each of its facts."""
ZONE: Final = "Europe/London"
EDITABLE: Final = ("organisation", "principles", "actions")


class Commitment(Struct, frozen=True):
    """A commitment with the campaign that it belongs to."""

    id: str
    state: CommitmentState | None = None
    made_by: str = ""
    campaign: CampaignCopy | None = None


def decide(commitment: Commitment, command: Command, asked: Asked) -> Decision:
    """Answer a command."""
    if isinstance(command, MakeCommitment):
        return _make(commitment, command, asked)
    state = commitment.state
    if state is None:
        return Decision(NOT_FOUND)
    if isinstance(command, AttachEvidence | TakeBackEvidence | ReviewCommitment):
        return _by_itself(state, command, asked) if asked.may(SYSTEM) else Decision(FORBIDDEN)
    if commitment.campaign is None or not commitment.campaign.has_member(asked.person, state.partner_id):
        return Decision(FORBIDDEN)
    if isinstance(command, EndCommitment):
        return (
            _unchanged(state)
            if state.status == "ended"
            else _told(CommitmentEnded(_next(state, asked, status="ended")))
        )
    if state.status == "ended":
        return Decision(refused("commitment-ended"))
    return _by_its_makers(state, cast("CommitmentCommand", command), asked)


def evolve(commitment: Commitment, fact: Fact) -> Commitment:
    """Take a fact as given."""
    match fact:
        case CommitmentMade(commitment=state, made_by=maker):
            return structs.replace(commitment, state=state, made_by=maker)
        case OnCommitment(commitment=state):
            return structs.replace(commitment, state=state)
        case _:
            raise TypeError(type(fact).__name__)


def over_at(day: str) -> str:
    """The instant at which a local day is over."""
    midnight = instants.later(f"{day}T00:00:00.000Z", days=1)[:16]
    return instants.nearest(midnight, ZONE)


def _make(commitment: Commitment, command: MakeCommitment, asked: Asked) -> Decision:
    campaign = commitment.campaign
    if commitment.state is not None:
        return _unchanged(commitment.state) if commitment.made_by == asked.person else Decision(FORBIDDEN)
    if campaign is None or campaign.id != command.campaign_id:
        return Decision(NOT_FOUND)
    if command.partner_id is not None and command.partner_id not in campaign.partners:
        return Decision(Refused("not-found", 404, errors=(("/partner_id", "There is nothing of that id."),)))
    organises = asked.person in campaign.organisers
    partner = command.partner_id or (None if organises else campaign.partner_of(asked.person))
    if not campaign.has_member(asked.person, partner):
        return Decision(FORBIDDEN)
    if campaign.status != "live":
        return Decision(refused("campaign-not-live", status=campaign.status))
    state = CommitmentState(
        id=commitment.id,
        version=1,
        revision=1,
        created_at=asked.at,
        updated_at=asked.at,
        campaign_id=campaign.id,
        partner_id=partner,
        organisation=command.organisation,
        principles=command.principles,
        actions=command.actions,
        review_on=command.review_on,
        renewed_at=asked.at,
    )
    return _to_be_reviewed(_told(CommitmentMade(state, asked.person), 201), state)


def _by_its_makers(state: CommitmentState, command: CommitmentCommand, asked: Asked) -> Decision:
    match command:
        case ChangeCommitment():
            return _change(state, command, asked)
        case RenewCommitment(review_on=day):
            if day == state.review_on and not state.review_passed:
                return _unchanged(state)
            after = _next(state, asked, review_on=day, renewed_at=asked.at, review_passed=False)
            return _to_be_reviewed(_told(CommitmentRenewed(after)), after)
        case ShowEvidence(kind=kind, ref=ref):
            return _attach(state, Evidence(kind, ref, asked.at), asked)
        case _:
            raise TypeError(type(command).__name__)


def _by_itself(
    state: CommitmentState, command: AttachEvidence | TakeBackEvidence | ReviewCommitment, asked: Asked
) -> Decision:
    """Do what time or other streams bring about; no-ops when it is so already, or not wanted any more."""
    match command:
        case AttachEvidence() | ReviewCommitment() if state.status == "ended":
            return _unchanged(state)
        case AttachEvidence(kind=kind, ref=ref, at=at):
            return _attach(state, Evidence(kind, ref, at), asked)
        case TakeBackEvidence(kind=kind, ref=ref):
            gone = _piece(state, kind, ref)
            if gone is None:
                return _unchanged(state)
            left = tuple(piece for piece in state.evidence if piece is not gone)
            return _told(EvidenceTakenBack(_next(state, asked, evidence=left), gone))
        case ReviewCommitment(review_on=day) if state.review_passed or day != state.review_on:
            return _unchanged(state)
        case ReviewCommitment():
            return _told(CommitmentReviewed(_next(state, asked, review_passed=True)))


def _attach(state: CommitmentState, piece: Evidence, asked: Asked) -> Decision:
    """Keep the newest pieces. One that is known already keeps its first time."""
    if _piece(state, piece.kind, piece.ref) is not None:
        return _unchanged(state)
    kept = tuple(sorted((*state.evidence, piece), key=lambda one: (one.at, one.ref)))[-MOST_EVIDENCE:]
    if piece not in kept:
        return _unchanged(state)
    return _told(EvidenceAttached(_next(state, asked, evidence=kept), piece))


def _change(state: CommitmentState, command: ChangeCommitment, asked: Asked) -> Decision:
    if command.revision not in {None, state.revision}:
        return Decision(Refused("revision-mismatch", 412, {"revision": state.revision}))
    wished = {name: getattr(command, name) for name in EDITABLE}
    new = {name: value for name, value in wished.items() if value is not UNSET and value != getattr(state, name)}
    if not new:
        return _unchanged(state)
    return _told(CommitmentChanged(_next(state, asked, revision=state.revision + 1, **new), tuple(new)))


def _next(state: CommitmentState, asked: Asked, **fields: object) -> CommitmentState:
    """The state after the next fact, with the status that follows from it."""
    after = structs.replace(state, version=state.version + 1, updated_at=asked.at, **fields)
    return structs.replace(after, status=_status(after))


def _status(state: CommitmentState) -> CommitmentStatus:
    if state.status == "ended":
        return "ended"
    shown = any(piece.at >= state.renewed_at for piece in state.evidence)
    return "stale" if state.review_passed and not shown else "current"


def _piece(state: CommitmentState, kind: str, ref: str) -> Evidence | None:
    return next((piece for piece in state.evidence if (piece.kind, piece.ref) == (kind, ref)), None)


def _to_be_reviewed(decision: Decision, state: CommitmentState) -> Decision:
    review = Later(over_at(state.review_on), ReviewCommitment(state.id, state.review_on))
    return structs.replace(decision, later=(review,))


def _told(fact: OnCommitment, status: int = 200) -> Decision:
    return Decision(Done("commitment", fact.commitment.id, fact.commitment, status), (fact,))


def _unchanged(state: CommitmentState) -> Decision:
    return Decision(Done("commitment", state.id, state))
