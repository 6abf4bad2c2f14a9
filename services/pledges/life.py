"""What a need goes through beside being open or closed: it rests, goes out of sight, is given up. Pure.

None of it takes away what a donor may do with a pledge of their own.
"""

from typing import Final

from msgspec import structs

from services.pledges import ledger, pledge
from services.pledges.ledger import Need, Worded
from shared.contracts.pledges import (
    HideNeed,
    LifeCommand,
    NeedHidden,
    NeedPaused,
    NeedResumed,
    NeedState,
    NeedUnhidden,
    NeedWrittenOff,
    OnNeed,
    PauseNeed,
    PledgeState,
    PledgeWrittenOff,
    ResumeNeed,
    UnhideNeed,
    WriteOffNeed,
    WriteOffPledge,
    WriteOffRest,
)
from shared.decider import FORBIDDEN, SYSTEM, Asked, Decision, Done, Refused, refused

OPERATOR: Final = "operator"
"""May hide whatever does harm, wherever it is."""
MOST_WRITTEN_OFF: Final = 199
"""Pledges that one step of a write-off gives up at the most."""


def decide(need: Need, state: NeedState, command: LifeCommand, asked: Asked) -> Decision:
    """Answer a command on the life of a need."""
    match command:
        case WriteOffPledge():
            return _write_off_pledge(need, state, command, asked)
        case WriteOffRest():
            return _write_off_rest(need, state, command, asked)
        case HideNeed() | UnhideNeed() if asked.may(OPERATOR):
            return _show(state, asked, hidden=isinstance(command, HideNeed))
        case _ if not pledge.manages(need, asked.person):
            return Decision(pledge.no_manager(state))
        case HideNeed() | UnhideNeed():
            return _show(state, asked, hidden=isinstance(command, HideNeed))
        case PauseNeed():
            return _pause(state, asked)
        case ResumeNeed():
            return _resume(need, state, asked)
        case WriteOffNeed():
            return _write_off(need, state, command, asked)


def told(fact: OnNeed, status: int = 200) -> Decision:
    """Yes, with the need after the fact."""
    return Decision(Done("need", fact.need.id, fact.need, status), (fact,))


def unchanged(state: NeedState) -> Decision:
    """Yes, and nothing had to happen."""
    return Decision(Done("need", state.id, state))


def _pause(state: NeedState, asked: Asked) -> Decision:
    match state.status:
        case "paused":
            return unchanged(state)
        case "open":
            return told(NeedPaused(ledger.edited(state, asked.at, status="paused")))
        case _:
            return Decision(refused("need-wrong-state", status=state.status))


def _resume(need: Need, state: NeedState, asked: Asked) -> Decision:
    if state.status == "closed":
        return Decision(refused("need-wrong-state", status=state.status))
    if state.status != "paused":
        return unchanged(state)
    if need.campaign and need.campaign.status != "live":
        return Decision(refused("campaign-not-live", status=need.campaign.status))
    return told(NeedResumed(ledger.edited(state, asked.at, status="open")))


def _show(state: NeedState, asked: Asked, *, hidden: bool) -> Decision:
    if state.hidden == hidden:
        return unchanged(state)
    after = ledger.edited(state, asked.at, hidden=hidden)
    return told(NeedHidden(after) if hidden else NeedUnhidden(after))


def _write_off_pledge(need: Need, state: NeedState, command: WriteOffPledge, asked: Asked) -> Decision:
    """Give up the rest of one promise; the need asks others for it again."""
    before = pledge.for_organiser(need, command.pledge_id, asked)
    if isinstance(before, Refused):
        return Decision(before)
    if before.status != "pledged":
        return Decision(pledge.wrong(before))
    fact = _given_up(state, before, asked.at)
    return structs.replace(pledge.told(fact, asked), private=(Worded(before.id, "reason", command.reason),))


def _write_off(need: Need, state: NeedState, command: WriteOffNeed, asked: Asked) -> Decision:
    """Close, and give up every promise that was not kept, in as many steps as it takes."""
    if state.pledged == state.delivered:
        return Decision(refused("nothing-to-write-off"))
    closed = NeedWrittenOff(ledger.edited(state, asked.at, status="closed"))
    step = _step(need, closed.need, command, asked)
    last = step.facts[-1].need if step.facts and isinstance(step.facts[-1], OnNeed) else closed.need
    return structs.replace(step, answer=Done("need", state.id, last), facts=(closed, *step.facts))


def _write_off_rest(need: Need, state: NeedState, command: WriteOffRest, asked: Asked) -> Decision:
    """Go on; not if somebody has opened the need again meanwhile."""
    if not asked.may(SYSTEM):
        return Decision(FORBIDDEN)
    if state.status != "closed":
        return Decision(Done("need", state.id, None))
    return _step(need, state, command, asked)


def _step(need: Need, state: NeedState, command: WriteOffNeed | WriteOffRest, asked: Asked) -> Decision:
    facts: list[PledgeWrittenOff] = []
    outstanding = sorted(one.id for one in need.pledges.values() if one.status == "pledged")
    for pledge_id in outstanding[:MOST_WRITTEN_OFF]:
        fact = _given_up(state, need.pledges[pledge_id], asked.at)
        facts.append(fact)
        state = fact.need
    left = state.pledged > state.delivered
    return Decision(
        Done("need", state.id, None),
        tuple(facts),
        (WriteOffRest(need.id, command.reason),) if left else (),
        tuple(Worded(fact.pledge.id, "reason", command.reason) for fact in facts),
    )


def _given_up(state: NeedState, before: PledgeState, at: str) -> PledgeWrittenOff:
    """The fact that the rest of a promise will not come: it leaves `pledged`, and stays to be read."""
    after = ledger.turned(before, at, status="written_off")
    return PledgeWrittenOff(ledger.following(state, before, after), after, before.quantity - before.delivered_quantity)
