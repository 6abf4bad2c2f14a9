"""What time does to a need that is not helped."""

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from msgspec import structs

from services.pledges import escalation, need
from shared import instants
from shared.contracts.message import Command
from shared.contracts.pledges import (
    ChangeNeed,
    CloseNeed,
    EscalateNeed,
    MakePledge,
    NeedEscalated,
    NeedState,
    OnNeed,
    PauseNeed,
    ReopenNeed,
    ResumeNeed,
    WithdrawPledge,
)
from shared.decider import FORBIDDEN, Asked, Decision, Done, Later
from tests.pledges.given import ANA, BOXES, OLGA, START, Step, ask, fresh, given, need_of, only, pledged, refusal

BY = "2026-04-10"
SOON, URGENT, OVERDUE = "2026-04-03T23:00:00.000Z", "2026-04-08T23:00:00.000Z", "2026-04-10T23:00:00.000Z"
"""Seven days, two days and none before midnight in Birmingham, where it is summer by then."""
DATED = structs.replace(BOXES, by=BY)
SYSTEM = ["system"]


def step(urgency: str, by: str = BY) -> EscalateNeed:
    """The service's own command."""
    return EscalateNeed("need_n", by, urgency)  # type: ignore[arg-type]


def when(instant: str) -> int:
    """Minutes after the start."""
    return (instants.to_ms(instant) - instants.to_ms(START)) // 60_000


def due(decision: Decision) -> list[tuple[str, str]]:
    """What is planned: when, and how far it goes."""
    return [(later.at, later.command.urgency) for later in decision.later if isinstance(later.command, EscalateNeed)]


def test_all_steps_are_planned_when_a_need_is_opened() -> None:
    """At local midnight, with the clock change in between."""
    decision = ask(fresh(), (OLGA, DATED))

    assert due(decision) == [(SOON, "soon"), (URGENT, "urgent"), (OVERDUE, "overdue")]
    assert ask(fresh(), (OLGA, BOXES)).later == ()


def test_a_need_opened_late_is_looked_at_at_once() -> None:
    """The last step that has passed, and those ahead."""
    late = ask(fresh(), (OLGA, structs.replace(BOXES, by="2026-03-03")))

    assert due(late) == [(START, "urgent"), ("2026-03-04T00:00:00.000Z", "overdue")]


@pytest.mark.parametrize("by", ["0001-01-01", "1970-01-01", "9999-12-31"])
def test_days_at_the_ends_of_the_calendar_are_days(by: str) -> None:
    """Whatever the form lets through."""
    assert escalation.reached(by, START) == ("overdue" if by < BY else None)


def test_a_need_that_is_not_helped_becomes_urgent_step_by_step() -> None:
    """One fact each; who asks again hears nothing new."""
    before = given(pledged(10), opening=DATED)
    first = only(ask(before, ("pledges", step("soon"), when(SOON)), roles=SYSTEM), NeedEscalated)
    before = need.evolve(before, first)
    second = only(ask(before, ("pledges", step("urgent"), when(URGENT)), roles=SYSTEM), NeedEscalated)
    before = need.evolve(before, second)

    assert (first.need.urgency, second.need.urgency, second.streamversion) == ("soon", "urgent", 4)
    for again in ("soon", "urgent"):
        assert ask(before, ("pledges", step(again), when(URGENT)), roles=SYSTEM) == Decision(
            Done("need", "need_n", None)
        )


def test_what_comes_late_is_caught_up_in_one_step() -> None:
    """After a stop of a week the need is overdue, not first soon and then urgent; the clock of the log may lag."""
    before = given(opening=DATED)
    late = only(ask(before, ("pledges", step("soon"), when(OVERDUE) + 9_999), roles=SYSTEM), NeedEscalated)
    lagging = only(ask(before, ("pledges", step("urgent"), when(SOON) - 1), roles=SYSTEM), NeedEscalated)

    assert (late.need.urgency, lagging.need.urgency) == ("overdue", "urgent")
    assert ask(need.evolve(before, late), ("pledges", step("urgent"), when(OVERDUE)), roles=SYSTEM).facts == ()


@pytest.mark.parametrize(
    "history",
    [[pledged(30)], [(OLGA, CloseNeed("need_n"))], [(OLGA, PauseNeed("need_n"))]],
    ids=["full", "closed", "paused"],
)
def test_a_need_that_waits_for_nothing_is_left_alone(history: list[Step]) -> None:
    """Nothing of it is uncommitted, or it takes nothing."""
    before = given(*history, opening=DATED)

    assert ask(before, ("pledges", step("urgent"), when(URGENT)), roles=SYSTEM).facts == ()


@pytest.mark.parametrize(
    ("history", "last"),
    [
        ([pledged(30)], (ANA, WithdrawPledge("need_n", "need_n.1"))),
        ([(OLGA, PauseNeed("need_n"))], (OLGA, ResumeNeed("need_n"))),
        ([(OLGA, CloseNeed("need_n"))], (OLGA, ReopenNeed("need_n"))),
    ],
    ids=["withdrawn", "resumed", "reopened"],
)
def test_what_waits_again_after_its_step_is_looked_at_at_once(history: list[Step], last: tuple[str, Command]) -> None:
    """Not before a step has passed: that one is planned already."""
    before = given(*history, opening=DATED)

    assert due(ask(before, (*last, when(URGENT)))) == [(URGENT, "urgent")]
    assert due(ask(before, (*last, when(SOON) - 1))) == []


def test_another_day_is_planned_anew() -> None:
    """What was said of the old one is taken back, and its plans find that they are not wanted."""
    before = given(opening=DATED)
    before = need.evolve(before, ask(before, ("pledges", step("urgent"), when(URGENT)), roles=SYSTEM).facts[0])
    decision = ask(before, (OLGA, ChangeNeed("need_n", by="2026-05-01"), when(URGENT)))
    after = need.evolve(before, decision.facts[0])

    assert need_of(decision).urgency is None
    assert [urgency for _, urgency in due(decision)] == ["soon", "urgent", "overdue"]
    assert ask(after, ("pledges", step("overdue"), when(OVERDUE)), roles=SYSTEM).facts == ()
    removed = ask(after, (OLGA, ChangeNeed("need_n", by=None), when(URGENT)))
    assert (need_of(removed).by, removed.later) == (None, ())


def test_nobody_but_the_service_escalates() -> None:
    """It is a matter of time."""
    assert refusal(ask(given(opening=DATED), (OLGA, step("soon"), when(SOON)))) == FORBIDDEN


days = st.sampled_from(["2026-03-05", "2026-03-12", "2026-03-30"])
wishes: st.SearchStrategy[tuple[str, Command]] = st.one_of(
    st.tuples(st.just(ANA), st.builds(MakePledge, st.just("need_n"), st.just("need_n.1"), st.just(30))),
    st.tuples(st.just(ANA), st.just(WithdrawPledge("need_n", "need_n.1"))),
    st.tuples(
        st.just(OLGA),
        st.sampled_from([PauseNeed("need_n"), ResumeNeed("need_n"), CloseNeed("need_n"), ReopenNeed("need_n"), BOXES]),
    ),
    st.tuples(st.just(OLGA), st.builds(ChangeNeed, st.just("need_n"), by=st.none() | days)),
)


@for_all(st.lists(st.tuples(wishes, st.integers(0, 5_000)), max_size=25), st.booleans())
def test_after_every_plan_was_kept_a_need_is_as_urgent_as_its_day(
    history: list[tuple[tuple[str, Command], int]],
    twice: bool,  # noqa: FBT001 -- drawn
) -> None:
    """Whatever was pledged, taken back, paused or moved; whether one replica keeps the plans or two."""
    state, now, plans = fresh(), START, list[Later]()
    told: list[tuple[str, str | None]] = []

    def decide(person: str, command: Command, role: str) -> None:
        nonlocal state
        decision = need.decide(state, command, Asked("c", person, frozenset({role}), now))
        plans.extend(decision.later)
        for fact in decision.facts:
            state = need.evolve(state, fact)
            if isinstance(fact, NeedEscalated):
                told.append((fact.need.by or "", fact.need.urgency))
            elif isinstance(fact, OnNeed) and fact.need.urgency is None:
                told.clear()

    decide(OLGA, DATED, "organiser")
    for (person, command), minutes in history:
        now = instants.later(now, minutes=minutes)
        decide(person, command, "resident")
        for plan in [plan for plan in sorted(plans, key=lambda plan: plan.at) if plan.at <= now] * (1 + twice):
            decide("pledges", plan.command, "system")
        plans = [plan for plan in plans if plan.at > now]
        known = state.state
        assert isinstance(known, NeedState)
        if escalation.waits(known) and known.by:
            assert known.urgency == escalation.reached(known.by, now)
    assert len(set(told)) == len(told)
