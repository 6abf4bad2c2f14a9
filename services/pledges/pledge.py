"""What the need decides about one pledge: who may do what to it, and when. Pure.

A stranger to a pledge learns nothing of it (404). Its donor and those who manage the need see it, and each has
acts of their own (403 for the other).
"""

from typing import Final

from msgspec import convert, structs

from services.pledges import kinds, ledger
from services.pledges.ledger import Need, Worded
from shared import instants
from shared.contracts.pledges import (
    ChangePledge,
    ConfirmPledge,
    ExpireHold,
    MakePledge,
    NeedState,
    OnPledge,
    PledgeAnswer,
    PledgeChanged,
    PledgeConfirmed,
    PledgeExpired,
    PledgeHeld,
    PledgeMade,
    PledgeReleased,
    PledgeState,
    PledgeWithdrawn,
    ReleasePledge,
    WithdrawPledge,
)
from shared.decider import FORBIDDEN, NOT_FOUND, SYSTEM, Asked, Decision, Done, Refused, refused

TAKEN_BACK: Final = frozenset({"withdrawn", "released", "expired", "written_off", "declined", "corrected"})
ENDED: Final = TAKEN_BACK | {"delivered"}


def manages(need: Need, person: str) -> bool:
    """Whether a person organises the campaign, opened the need or acts for one of its owners."""
    if person == need.opened_by or need.campaign is None or need.state is None:
        return person == need.opened_by
    campaign = need.campaign
    return any(campaign.has_member(person, owner) for owner in owners(need.state) or (None,))


def owners(state: NeedState) -> tuple[str, ...]:
    """The partners that own a need; states of old tell only of the one that it was opened for."""
    return state.owners or ((state.partner_id,) if state.partner_id else ())


def no_manager(state: NeedState) -> Refused:
    """The answer to who does not manage a need: a hidden one does not exist for them."""
    return NOT_FOUND if state.hidden else FORBIDDEN


def shown(pledge: PledgeState, person: str) -> PledgeState | PledgeAnswer:
    """The pledge as a person reads it who may: an anonymous donor is named to nobody else."""
    if not pledge.anonymous or pledge.donor == person:
        return pledge
    return convert({**structs.asdict(pledge), "donor": None}, PledgeAnswer)


def stale(revision: int) -> Refused:
    """If-Match named another revision than the current one."""
    return Refused("revision-mismatch", 412, {"revision": revision})


def make(need: Need, state: NeedState, command: MakePledge, asked: Asked) -> Decision:
    """Promise, or set aside for a while."""
    if not command.pledge_id.startswith(f"{need.id}."):
        return Decision(NOT_FOUND)
    existing = need.pledges.get(command.pledge_id)
    if existing is not None:
        return unchanged(existing, asked) if existing.donor == asked.person else Decision(NOT_FOUND)
    if state.hidden and not manages(need, asked.person):
        return Decision(NOT_FOUND)
    refusal = kinds.why_not(state, command) or no_room(need, state, command.quantity)
    if refusal:
        return Decision(refusal)
    held = command.hold_minutes is not None
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
        donor=asked.person,
        anonymous=command.anonymous,
        quantity=command.quantity,
        status="held" if held else "pledged",
        held_until=instants.later(asked.at, minutes=command.hold_minutes or 0) if held else None,
        sessions=command.sessions,
        timezone=command.timezone,
        mentoring=command.mentoring,
    )
    follows = ledger.following(state, None, after)
    fact = PledgeHeld(follows, after) if held else PledgeMade(follows, after)
    return structs.replace(
        told(fact, asked, 201), private=(*worded(after, "note", command.note), *worded(after, "place", command.place))
    )


def change(need: Need, state: NeedState, command: ChangePledge, asked: Asked) -> Decision:
    """Set another quantity: lowering is always possible down to what was delivered."""
    pledge = _for_donor(need, command.pledge_id, asked)
    if isinstance(pledge, Refused):
        return Decision(pledge)
    if command.revision not in {None, pledge.revision}:
        return Decision(stale(pledge.revision))
    if pledge.status in TAKEN_BACK:
        return Decision(refused("pledge-not-active", status=pledge.status))
    if command.quantity < pledge.delivered_quantity:
        return Decision(refused("less-than-delivered", delivered=pledge.delivered_quantity))
    more = command.quantity - pledge.quantity
    if more == 0:
        return unchanged(pledge, asked)
    if pledge.status == "delivered":
        return Decision(refused("pledge-not-active", status=pledge.status))
    refusal = no_room(need, state, more) if more > 0 else None
    if refusal:
        return Decision(refusal)
    after = ledger.turned(
        pledge,
        asked.at,
        revision=pledge.revision + 1,
        quantity=command.quantity,
        status=ledger.progress(pledge.status, pledge.delivered_quantity, command.quantity),
    )
    return told(PledgeChanged(ledger.following(state, pledge, after), after, pledge.quantity), asked)


def confirm(need: Need, state: NeedState, command: ConfirmPledge, asked: Asked) -> Decision:
    """Make a hold a promise, by its donor or by who manages the need."""
    pledge = visible(need, command.pledge_id, asked)
    if isinstance(pledge, Refused):
        return Decision(pledge)
    if pledge.status == "expired" or (pledge.status == "held" and (pledge.held_until or "") <= asked.at):
        return Decision(refused("hold-expired", held_until=pledge.held_until))
    if pledge.status != "held":
        return Decision(wrong(pledge))
    if pledge.offer_id is not None and asked.person != pledge.donor:
        return Decision(FORBIDDEN)  # it was the donor who was asked
    after = ledger.turned(pledge, asked.at, status="pledged", held_until=None)
    return told(PledgeConfirmed(ledger.following(state, pledge, after), after), asked)


def withdraw(need: Need, state: NeedState, command: WithdrawPledge, asked: Asked) -> Decision:
    """The donor takes back what is not delivered."""
    pledge = _for_donor(need, command.pledge_id, asked)
    if isinstance(pledge, Refused):
        return Decision(pledge)
    if pledge.status in ENDED:
        return Decision(wrong(pledge))
    after = ledger.turned(pledge, asked.at, status="withdrawn")
    free = pledge.quantity - pledge.delivered_quantity
    fact = PledgeWithdrawn(ledger.following(state, pledge, after), after, free)
    return structs.replace(told(fact, asked), private=worded(after, "reason", command.reason))


def release(need: Need, state: NeedState, command: ReleasePledge, asked: Asked) -> Decision:
    """The organiser lets the donor off what is not delivered."""
    pledge = for_organiser(need, command.pledge_id, asked)
    if isinstance(pledge, Refused):
        return Decision(pledge)
    if pledge.status in ENDED:
        return Decision(wrong(pledge))
    after = ledger.turned(pledge, asked.at, status="released")
    free = pledge.quantity - pledge.delivered_quantity
    fact = PledgeReleased(ledger.following(state, pledge, after), after, free)
    return structs.replace(told(fact, asked), private=worded(after, "reason", command.reason))


def expire_hold(need: Need, state: NeedState, command: ExpireHold, asked: Asked) -> Decision:
    """End a hold because its time has come, whatever this log's clock says; any other hold is left alone."""
    if not asked.may(SYSTEM):
        return Decision(FORBIDDEN)
    pledge = need.pledges.get(command.pledge_id)
    nothing = Done("pledge", command.pledge_id, None)
    if pledge is None or pledge.status != "held" or pledge.held_until != command.held_until:
        return Decision(nothing)
    return Decision(nothing, (expired(state, pledge, asked.at),))


def expired(state: NeedState, pledge: PledgeState, at: str) -> PledgeExpired:
    """The fact that a hold has ended."""
    after = ledger.turned(pledge, at, status="expired")
    return PledgeExpired(ledger.following(state, pledge, after), after, pledge.quantity)


def no_room(need: Need, state: NeedState, quantity: int) -> Refused | None:
    """Why so much more cannot be promised, if it cannot."""
    if state.status in {"closed", "paused"}:
        return refused("need-not-open", status=state.status)
    if state.hidden or (need.campaign is not None and need.campaign.status != "live"):
        return refused("need-not-open", status="paused")
    if state.limit == "hard" and quantity > state.uncommitted:
        return refused("not-enough-left", left=state.uncommitted)
    return None


def visible(need: Need, pledge_id: str, asked: Asked) -> PledgeState | Refused:
    """The pledge, if the caller may see it."""
    pledge = need.pledges.get(pledge_id)
    if pledge is None or (asked.person != pledge.donor and not manages(need, asked.person)):
        return NOT_FOUND
    return pledge


def _for_donor(need: Need, pledge_id: str, asked: Asked) -> PledgeState | Refused:
    pledge = visible(need, pledge_id, asked)
    return pledge if isinstance(pledge, Refused) or asked.person == pledge.donor else FORBIDDEN


def for_organiser(need: Need, pledge_id: str, asked: Asked) -> PledgeState | Refused:
    """The pledge, if the caller manages its need."""
    pledge = visible(need, pledge_id, asked)
    return pledge if isinstance(pledge, Refused) or manages(need, asked.person) else FORBIDDEN


def wrong(pledge: PledgeState) -> Refused:
    """Why a pledge in this status cannot be acted on: it has ended, or is not there yet."""
    slug = "pledge-not-active" if pledge.status in ENDED else "pledge-wrong-state"
    return refused(slug, status=pledge.status)


def told(fact: OnPledge, asked: Asked, status: int = 200) -> Decision:
    """Yes, with the pledge after the fact."""
    return Decision(Done("pledge", fact.pledge.id, shown(fact.pledge, asked.person), status), (fact,))


def worded(pledge: PledgeState, field: str, words: str | None) -> tuple[Worded, ...]:
    """What is said in private, if anything."""
    return (Worded(pledge.id, field, words),) if words else ()


def unchanged(pledge: PledgeState, asked: Asked) -> Decision:
    """Yes, and nothing had to happen."""
    return Decision(Done("pledge", pledge.id, shown(pledge, asked.person)))
