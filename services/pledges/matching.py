"""What a need decides about what is offered to it: take it as a pledge of its donor, or say why not. Pure."""

from collections.abc import Iterable, Iterator

from msgspec import structs

from services.pledges import ledger, pledge
from services.pledges.ledger import Need
from shared.contracts.message import Fact
from shared.contracts.offers import Refusal, ReturnMatch, SettleMatch, TakeOffered
from shared.contracts.pledges import NeedState, OnPledge, PledgeHeld, PledgeMade, PledgeState
from shared.decider import DEFERRED, FORBIDDEN, NOT_FOUND, SYSTEM, Asked, Decision, Refused, refused


def take(need: Need, state: NeedState, command: TakeOffered, asked: Asked) -> Decision:
    """Bring forth a pledge of the offer's donor; a repeat tells of the one that there is."""
    if not asked.may(SYSTEM):
        return Decision(FORBIDDEN)
    existing = need.pledges.get(command.pledge_id)
    if existing is not None:
        own = existing.offer_id == command.offer.id and existing.status not in pledge.TAKEN_BACK
        return _told(command, existing) if own else _refused(command, NOT_FOUND)
    quantity = command.quantity
    if command.up_to and state.limit == "hard":
        quantity = min(quantity, state.uncommitted) or 1  # of a full need one is asked, to say what is left
    refusal = _unfit(state, command, asked) or pledge.no_room(need, state, quantity)
    if refusal is not None:
        return _refused(command, refusal)
    offer, held = command.offer, command.held_until is not None
    after = PledgeState(
        id=command.pledge_id,
        version=1,
        revision=1,
        created_at=asked.at,
        updated_at=asked.at,
        need_id=need.id,
        campaign_id=state.campaign_id,
        kind=state.kind,
        unit=state.unit,
        donor=offer.donor,
        anonymous=offer.anonymous,
        quantity=quantity,
        status="held" if held else "pledged",
        held_until=command.held_until,
        offer_id=offer.id,
    )
    follows = ledger.following(state, None, after)
    fact = PledgeHeld(follows, after) if held else PledgeMade(follows, after)
    return structs.replace(_told(command, after), facts=(fact,))


def gone(command: TakeOffered) -> Decision:
    """There is no such need."""
    return _refused(command, NOT_FOUND)


def given_back(before: Need, facts: Iterable[Fact]) -> tuple[ReturnMatch, ...]:
    """What offers have back: holds on it that ended otherwise than as promises."""
    return tuple(_given_back(before, facts))


def _given_back(before: Need, facts: Iterable[Fact]) -> Iterator[ReturnMatch]:
    for fact in facts:
        if not isinstance(fact, OnPledge) or fact.pledge.offer_id is None:
            continue
        was = before.pledges.get(fact.pledge.id)
        if was is not None and was.status == "held" and fact.pledge.status in pledge.TAKEN_BACK:
            yield ReturnMatch(fact.pledge.offer_id, fact.pledge.id)


def _unfit(state: NeedState, command: TakeOffered, asked: Asked) -> Refused | None:
    """Why this offer is none for this need."""
    offer = command.offer
    if state.campaign_id != offer.campaign_id:
        return Refused("invalid-body", 422, errors=(("/need_id", "The need is another campaign's."),))
    if (state.kind, state.unit, state.currency) != (offer.kind, offer.unit, offer.currency):
        return refused("offer-does-not-fit", kind=state.kind, unit=state.unit)
    if command.held_until is not None and command.held_until <= asked.at:
        return refused("hold-expired", held_until=command.held_until)
    return None


def _told(command: TakeOffered, taken: PledgeState) -> Decision:
    settling = SettleMatch(command.offer.id, command.pledge_id, command.matched_by, taken)
    return Decision(DEFERRED, (), (settling,))


def _refused(command: TakeOffered, no: Refused) -> Decision:
    refusal = Refusal(no.problem, no.status, no.figures, no.errors)
    settling = SettleMatch(command.offer.id, command.pledge_id, command.matched_by, refusal=refusal)
    return Decision(DEFERRED, (), (settling,))
