"""The rules of one signal: told of, then promoted to a need, dismissed or found to be another's double. Pure.

A promotion is decided here by the rules that open a need; the need is opened by the step that follows, and only what
happens between the two can make it fail: then the signal is open again.
"""

from msgspec import convert, structs

from services.pledges import opening, sheets
from services.pledges.sheets import Said, Sheet
from shared.contracts.message import Command, Fact
from shared.contracts.signals import (
    DismissSignal,
    MergeSignal,
    OnSignal,
    OpenPromoted,
    PromoteSignal,
    ReportSignal,
    ReturnSignal,
    SignalAnswer,
    SignalDismissed,
    SignalMerged,
    SignalPromoted,
    SignalReported,
    SignalReturned,
    SignalState,
)
from shared.decider import DEFERRED, FORBIDDEN, NOT_FOUND, SYSTEM, Asked, Decision, Done, refused


class Signal(Sheet[SignalState], frozen=True):
    """A signal with what deciding takes."""


def decide(signal: Signal, command: Command, asked: Asked) -> Decision:
    """Answer a command; to who neither works in the campaign nor told of it, a signal does not exist."""
    if isinstance(command, ReportSignal):
        return _report(signal, command, asked)
    state = signal.state
    if state is None:
        return Decision(NOT_FOUND)
    if isinstance(command, ReturnSignal):
        return _return(state, command, asked)
    if not sheets.works_in(signal.campaign, asked.person):
        return Decision(FORBIDDEN if asked.person == state.proposer else NOT_FOUND)
    match command:
        case PromoteSignal():
            return _promote(signal, state, command, asked)
        case DismissSignal():
            return _dismiss(state, command, asked)
        case MergeSignal():
            return _merge(signal, state, command, asked)
        case _:
            return Decision(NOT_FOUND)


def evolve(signal: Signal, fact: Fact) -> Signal:
    """Take a fact as given."""
    match fact:
        case OnSignal(signal=state):
            return sheets.told(signal, state)
        case Said():
            return sheets.said(signal, fact)
        case _:
            raise TypeError(type(fact).__name__)


def shown(state: SignalState) -> SignalAnswer:
    """A signal as people read it."""
    return convert(state, SignalAnswer, from_attributes=True)


def _report(signal: Signal, command: ReportSignal, asked: Asked) -> Decision:
    if signal.state is not None:
        known = signal.state.proposer == asked.person
        return Decision(Done("signal", signal.id, shown(signal.state)) if known else NOT_FOUND)
    campaign = signal.campaign
    if campaign is None or campaign.id != command.campaign_id or campaign.status == "draft":
        return Decision(NOT_FOUND)
    if campaign.status != "live":
        return Decision(refused("campaign-not-live", status=campaign.status))
    state = SignalState(
        id=signal.id,
        version=1,
        created_at=asked.at,
        updated_at=asked.at,
        campaign_id=campaign.id,
        kind=command.kind,
        ward=command.ward,
        quantity=command.quantity,
        unit=command.unit,
        proposer=asked.person,
    )
    return structs.replace(_told(SignalReported(state), 201), private=(Said("text", command.text),))


def _promote(signal: Signal, state: SignalState, command: PromoteSignal, asked: Asked) -> Decision:
    """Promise the signal to this need, which the next step opens and which answers."""
    if state.status != "open":
        return Decision(refused("signal-wrong-state", status=state.status))
    following = OpenPromoted(command.need.need_id, state.campaign_id, state.id, asked.person, command.need)
    refusal = opening.why_not(signal.campaign, opening.promoted(following), asked.person)
    if refusal is not None:
        return Decision(refusal)
    after = _turned(state, asked.at, status="promoted", need_id=command.need.need_id)
    return Decision(DEFERRED, (SignalPromoted(after),), (following,))


def _return(state: SignalState, command: ReturnSignal, asked: Asked) -> Decision:
    if not asked.may(SYSTEM):
        return Decision(FORBIDDEN)
    nothing = Done("signal", state.id, None)
    if state.status != "promoted" or state.need_id != command.need_id:
        return Decision(nothing)
    return Decision(nothing, (SignalReturned(_turned(state, asked.at, status="open", need_id=None)),))


def _dismiss(state: SignalState, command: DismissSignal, asked: Asked) -> Decision:
    if state.status != "open":
        return Decision(refused("signal-wrong-state", status=state.status))
    fact = SignalDismissed(_turned(state, asked.at, status="dismissed"))
    return structs.replace(_told(fact), private=(Said("reason", command.reason),))


def _merge(signal: Signal, state: SignalState, command: MergeSignal, asked: Asked) -> Decision:
    """Into one of the same campaign that is not somebody's double itself, so that nobody goes round in circles."""
    if state.status == "merged" and state.merged_into == command.into:
        return Decision(Done("signal", state.id, shown(state)))
    if state.status != "open":
        return Decision(refused("signal-wrong-state", status=state.status))
    other = signal.mentioned.get(command.into)
    if other is None or other.campaign_id != state.campaign_id or other.id == state.id:
        return Decision(NOT_FOUND)
    if other.status in {"merged", "dismissed"}:
        return Decision(refused("signal-wrong-state", status=other.status))
    return _told(SignalMerged(_turned(state, asked.at, status="merged", merged_into=other.id)))


def _turned(state: SignalState, at: str, **fields: str | None) -> SignalState:
    return structs.replace(state, version=state.version + 1, updated_at=at, **fields)


def _told(fact: OnSignal, status: int = 200) -> Decision:
    return Decision(Done("signal", fact.signal.id, shown(fact.signal), status), (fact,))
