"""A need for thirty boxes of a live campaign, and how to tell its story: given, when, then."""

from collections.abc import Sequence
from typing import TypeVar

from msgspec import structs

from services.pledges import need
from services.pledges.ledger import Need
from services.pledges.policy import CampaignCopy
from shared import instants
from shared.contracts.message import Command, Fact
from shared.contracts.pledges import (
    DeliverPledge,
    MakePledge,
    NeedState,
    OpenNeed,
    PledgeAnswer,
    PledgeState,
)
from shared.decider import Asked, Decision, Done, Refused

OLGA = "olga"
"""Organises the campaign."""
PAT = "pat"
"""Acts for a partner that joined it."""
ANA, BO, CY = "ana", "bo", "cy"
"""Residents."""

START = "2026-03-02T09:00:00.000Z"
CAMPAIGN = CampaignCopy("campaign_c", 4, "live", (OLGA,), {"campaign_c.p": (PAT,)})
BOXES = OpenNeed("need_n", "campaign_c", "Boxes for parcels", "goods", 30, "boxes", ward="aston")

Step = tuple[str, Command] | tuple[str, Command, int]
"""Who asks for what, and how many minutes after the start."""

F = TypeVar("F", bound=Fact)


def at(minutes: int) -> str:
    """The instant so long after the start."""
    return instants.later(START, minutes=minutes)


def fresh(campaign: CampaignCopy | None = CAMPAIGN, stream: str = "need_n") -> Need:
    """A need that nobody opened yet."""
    return structs.replace(need.initial(stream), campaign=campaign)


def ask(before: Need, step: Step, number: int = 0, roles: Sequence[str] = ("resident",)) -> Decision:
    """Decide one step."""
    person, command, *later = step
    when = at(later[0] if later else 0)
    return need.decide(before, command, Asked(f"command-{number}", person, frozenset(roles), when))


def follow(before: Need, steps: Sequence[Step]) -> tuple[Need, list[Decision]]:
    """Let things happen; whatever is refused is passed over."""
    decisions = []
    for number, step in enumerate(steps):
        decision = ask(before, step, number)
        decisions.append(decision)
        for fact in decision.facts:
            before = need.evolve(before, fact)
    return before, decisions


def given(*steps: Step, opening: OpenNeed = BOXES, campaign: CampaignCopy | None = CAMPAIGN) -> Need:
    """The need after some steps, all of which must be possible."""
    after, decisions = follow(fresh(campaign), [(OLGA, opening), *steps])
    for decision in decisions:
        assert isinstance(decision.answer, Done), decision.answer
    return after


def pledged(quantity: int = 10, *, by: str = ANA, id: str = "need_n.1", hold: int | None = None) -> Step:  # noqa: A002 -- as in the contract
    """A step: somebody pledges."""
    return by, MakePledge("need_n", id, quantity, hold)


def delivered(quantity: int, *, by: str = OLGA, id: str = "need_n.1") -> Step:  # noqa: A002 -- as in the contract
    """A step: somebody tells of a delivery."""
    return by, DeliverPledge("need_n", id, quantity)


def refusal(decision: Decision) -> Refused:
    """What the decision refuses with."""
    assert isinstance(decision.answer, Refused), decision
    return decision.answer


def pledge_of(decision: Decision) -> PledgeState:
    """The pledge that answers."""
    assert isinstance(decision.answer, Done), decision
    assert isinstance(decision.answer.body, PledgeState)
    return decision.answer.body


def hidden_pledge_of(decision: Decision) -> PledgeAnswer:
    """The pledge that answers, without its donor."""
    assert isinstance(decision.answer, Done), decision
    assert isinstance(decision.answer.body, PledgeAnswer)
    return decision.answer.body


def need_of(decision: Decision) -> NeedState:
    """The need that answers."""
    assert isinstance(decision.answer, Done), decision
    assert isinstance(decision.answer.body, NeedState)
    return decision.answer.body


def only(decision: Decision, kind: type[F]) -> F:
    """The one fact of the decision."""
    [fact] = decision.facts
    assert isinstance(fact, kind)
    return fact


def figures(state: NeedState | None) -> tuple[int, int, int, int, int]:
    """Uncommitted, held, pledged, delivered, over."""
    assert state is not None
    return state.uncommitted, state.held, state.pledged, state.delivered, state.over
