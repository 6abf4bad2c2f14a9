"""The rules of one offer to a campaign: made, changed, taken back, matched. Pure.

A stranger learns nothing of it (404). Its donor and the campaign's organisers see it, and each has acts of their own.
"""

from typing import Any, Final

from msgspec import Struct, structs

from services.pledges import pledge as pledges
from services.pledges.ledger import Worded
from services.pledges.policy import CampaignCopy
from shared.contracts.message import Fact
from shared.contracts.offers import (
    ChangeOffer,
    MakeOffer,
    Match,
    MatchOffer,
    OfferAnswer,
    OfferChanged,
    OfferCommand,
    OfferMade,
    OfferMatched,
    OfferReleased,
    OfferReturned,
    OfferSetAside,
    OfferState,
    OfferWithdrawn,
    OnOffer,
    Refusal,
    ReleaseOffer,
    ReturnMatch,
    SettleMatch,
    TakeOffered,
    WithdrawOffer,
)
from shared.decider import DEFERRED, FORBIDDEN, NOT_FOUND, SYSTEM, Asked, Decision, Done, Refused, refused

MOST_MATCHES: Final = 200
"""Of one offer: it travels whole in each of its facts."""
ENDED: Final = frozenset({"withdrawn", "released"})


class Offer(Struct, frozen=True):
    """An offer with what deciding a batch takes; `words` is what the batch says in private."""

    id: str
    state: OfferState | None = None
    campaign: CampaignCopy | None = None
    words: tuple[Worded, ...] = ()


def decide(offer: Offer, command: OfferCommand, asked: Asked) -> Decision:
    """Answer a command."""
    if isinstance(command, MakeOffer):
        return _make(offer, command, asked)
    state = offer.state
    if state is None or not _sees(offer, state, asked):
        return Decision(NOT_FOUND)
    match command:
        case ChangeOffer():
            return _change(state, command, asked)
        case WithdrawOffer():
            return _end(state, command, asked)
        case ReleaseOffer():
            return _end(state, command, asked) if _organises(offer, asked.person) else Decision(FORBIDDEN)
        case MatchOffer():
            allowed = asked.may(SYSTEM) or _organises(offer, asked.person)
            return _match(offer, state, command, asked) if allowed else Decision(FORBIDDEN)
        case SettleMatch():
            return _settle(state, command, asked) if asked.may(SYSTEM) else Decision(FORBIDDEN)
        case ReturnMatch():
            return _return(state, command, asked) if asked.may(SYSTEM) else Decision(FORBIDDEN)


def evolve(offer: Offer, fact: Fact) -> Offer:
    """Take a fact as given."""
    match fact:
        case OnOffer(offer=state):
            return structs.replace(offer, state=state)
        case Worded():
            return structs.replace(offer, words=(*offer.words, fact))
        case _:
            raise TypeError(type(fact).__name__)


def shown(state: OfferState, person: str) -> OfferAnswer:
    """The offer as a person reads it who may: an anonymous donor is named to nobody else."""
    known = not state.anonymous or state.donor == person
    return OfferAnswer(**{**structs.asdict(state), "donor": state.donor if known else None})


def matched(state: OfferState) -> int:
    """What needs have of it, or are asked to take."""
    return sum(match.quantity for match in state.matched)


def _organises(offer: Offer, person: str) -> bool:
    return offer.campaign is not None and person in offer.campaign.organisers


def _sees(offer: Offer, state: OfferState, asked: Asked) -> bool:
    return asked.person == state.donor or asked.may(SYSTEM) or _organises(offer, asked.person)


def _make(offer: Offer, command: MakeOffer, asked: Asked) -> Decision:
    campaign = offer.campaign
    if offer.state is not None:
        return _unchanged(offer.state, asked) if offer.state.donor == asked.person else Decision(NOT_FOUND)
    if campaign is None or (campaign.status == "draft" and not _organises(offer, asked.person)):
        return Decision(NOT_FOUND)
    if campaign.status != "live":
        return Decision(refused("campaign-not-live", status=campaign.status))
    if (command.kind == "money") != (command.currency is not None):
        return Decision(_invalid("currency", "Money has a currency, and nothing else has."))
    if command.kind == "money" and command.unit != "pence":
        return Decision(_invalid("unit", "Money is counted in pence."))
    state = OfferState(
        id=offer.id,
        version=1,
        revision=1,
        created_at=asked.at,
        updated_at=asked.at,
        campaign_id=campaign.id,
        kind=command.kind,
        unit=command.unit,
        currency=command.currency,
        donor=asked.person,
        anonymous=command.anonymous,
        quantity=command.quantity,
        left=command.quantity,
    )
    return structs.replace(_told(OfferMade(state), asked, 201), private=_worded(state, "note", command.note))


def _change(state: OfferState, command: ChangeOffer, asked: Asked) -> Decision:
    """Set another quantity, down to what is matched."""
    if asked.person != state.donor:
        return Decision(FORBIDDEN)
    if command.revision not in {None, state.revision}:
        return Decision(pledges.stale(state.revision))
    if state.status in ENDED:
        return Decision(refused("pledge-not-active", status=state.status))
    if command.quantity == state.quantity:
        return _unchanged(state, asked)
    if command.quantity < matched(state):
        return Decision(refused("less-than-matched", matched=matched(state)))
    after = _after(state, asked.at, quantity=command.quantity, revision=state.revision + 1)
    return _told(OfferChanged(after, state.quantity), asked)


def _end(state: OfferState, command: WithdrawOffer | ReleaseOffer, asked: Asked) -> Decision:
    """End what is left of it, by the donor or by the organiser; what is matched stays a pledge on its need."""
    own = isinstance(command, WithdrawOffer)
    if own and asked.person != state.donor:
        return Decision(FORBIDDEN)
    if state.status in ENDED:
        return Decision(refused("pledge-not-active", status=state.status))
    if not state.left:
        return Decision(refused("pledge-wrong-state", status=state.status))
    after = _after(state, asked.at, status="withdrawn" if own else "released", withdrawn=state.withdrawn + state.left)
    fact = OfferWithdrawn(after, state.left) if own else OfferReleased(after, state.left)
    return structs.replace(_told(fact, asked), private=_worded(after, "reason", command.reason))


def _match(offer: Offer, state: OfferState, command: MatchOffer, asked: Asked) -> Decision:
    """Set a part aside and have the need take it; the need may refuse, so the answer is to come."""
    if not command.pledge_id.startswith(f"{command.need_id}.") or _of(state, command.pledge_id):
        return Decision(NOT_FOUND)  # the id of a new pledge is its command's: another's is nothing
    if state.status in ENDED:
        return Decision(refused("pledge-not-active", status=state.status))
    if offer.campaign is not None and offer.campaign.status != "live":
        return Decision(refused("campaign-not-live", status=offer.campaign.status))
    quantity = command.quantity or state.left
    if command.up_to:
        quantity = min(quantity, state.left)
    if not 0 < quantity <= state.left:
        return Decision(refused("more-than-pledged", left=state.left))
    if len(state.matched) >= MOST_MATCHES:
        return Decision(refused("too-many-matches", most=MOST_MATCHES))
    begun = Match(command.need_id, command.pledge_id, quantity, asked.at)
    after = _after(state, asked.at, matched=(*state.matched, begun), asked_at=asked.at)
    return Decision(DEFERRED, (OfferSetAside(after, begun),), (_take(after, begun, command, asked),))


def _take(state: OfferState, begun: Match, command: MatchOffer, asked: Asked) -> TakeOffered:
    return TakeOffered(
        need_id=begun.need_id,
        pledge_id=begun.pledge_id,
        offer=state,
        quantity=begun.quantity,
        up_to=command.up_to or command.quantity is None,
        held_until=command.held_until,
        matched_by=asked.person,
    )


def _settle(state: OfferState, command: SettleMatch, asked: Asked) -> Decision:
    """Book what the need took, or have back what it refused, and give the answer."""
    begun = _of(state, command.pledge_id)
    due = begun is not None and not begun.settled
    refusal, taken = command.refusal, command.pledge
    if refusal is not None or taken is None:
        no = refusal or Refusal("not-found", 404)
        facts = (_given_back(state, begun, asked.at),) if begun is not None and due else ()
        return Decision(Refused(no.problem, no.status, no.figures, no.errors), facts)
    answer = Done("pledge", taken.id, pledges.shown(taken, command.matched_by), 201)
    if begun is None or not due:
        return Decision(answer)
    settled = structs.replace(begun, quantity=taken.quantity, settled=True)
    after = _after(state, asked.at, matched=_with(state, settled))
    return Decision(answer, (OfferMatched(after, settled),))


def _return(state: OfferState, command: ReturnMatch, asked: Asked) -> Decision:
    """Have back what a donor did not confirm; once."""
    nothing = Done("pledge", state.id, None)
    begun = _of(state, command.pledge_id)
    return Decision(nothing, (_given_back(state, begun, asked.at),) if begun else ())


def _given_back(state: OfferState, begun: Match, at: str) -> OfferReturned:
    """It is left again; of an offer that has ended it is withdrawn like the rest."""
    others = tuple(match for match in state.matched if match.pledge_id != begun.pledge_id)
    gone = begun.quantity if state.status in ENDED else 0
    return OfferReturned(_after(state, at, matched=others, withdrawn=state.withdrawn + gone), begun)


def _of(state: OfferState, pledge_id: str) -> Match | None:
    return next((match for match in state.matched if match.pledge_id == pledge_id), None)


def _with(state: OfferState, changed: Match) -> tuple[Match, ...]:
    return tuple(changed if match.pledge_id == changed.pledge_id else match for match in state.matched)


def _after(state: OfferState, at: str, **fields: Any) -> OfferState:  # noqa: ANN401 -- fields of OfferState
    """The offer after its next fact, with what follows from its figures."""
    after = structs.replace(state, version=state.version + 1, updated_at=at, **fields)
    left = after.quantity - after.withdrawn - matched(after)
    status = after.status if after.status in ENDED else "offered" if left else "matched"
    return structs.replace(after, left=left, status=status)


def _told(fact: OnOffer, asked: Asked, status: int = 200) -> Decision:
    return Decision(Done("pledge", fact.offer.id, shown(fact.offer, asked.person), status), (fact,))


def _unchanged(state: OfferState, asked: Asked) -> Decision:
    return Decision(Done("pledge", state.id, shown(state, asked.person)))


def _invalid(field: str, detail: str) -> Refused:
    return Refused("invalid-body", 422, errors=((f"/{field}", detail),))


def _worded(state: OfferState, field: Any, words: str | None) -> tuple[Worded, ...]:  # noqa: ANN401 -- Worded.field
    return (Worded(state.id, field, words),) if words else ()
