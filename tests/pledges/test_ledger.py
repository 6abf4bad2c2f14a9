from collections import Counter

from hypothesis import given as for_all
from hypothesis import strategies as st
from msgspec import structs

from services.pledges import ledger, need
from services.pledges.ledger import Need, Tally
from shared import instants
from shared.contracts.message import Command
from shared.contracts.pledges import (
    AcceptDelivery,
    ChangeNeed,
    ChangePledge,
    CloseNeed,
    ConfirmPledge,
    CorrectDelivery,
    CorrectPledge,
    DeclinePledge,
    DeliverPledge,
    ExpireHold,
    HideNeed,
    MakePledge,
    NeedState,
    OnNeed,
    OnPledge,
    PauseNeed,
    ReleasePledge,
    ReopenNeed,
    ResumeNeed,
    ReturnDelivery,
    UnhideNeed,
    WithdrawPledge,
    WriteOffNeed,
    WriteOffPledge,
    WriteOffRest,
)
from shared.decider import Asked, Done, Refused
from tests.pledges.given import ANA, BO, BOXES, OLGA, START, ask, delivered, fresh, given, pledged

quantities = st.integers(1, 12)
pledges = st.sampled_from(["need_n.1", "need_n.2", "need_n.3", "need_n.4"])
numbers = st.integers(1, 4)
commands: st.SearchStrategy[Command] = st.one_of(
    st.builds(MakePledge, st.just("need_n"), pledges, quantities, hold_minutes=st.none() | st.integers(1, 60)),
    st.builds(ChangePledge, st.just("need_n"), pledges, quantities),
    st.builds(ConfirmPledge, st.just("need_n"), pledges),
    st.builds(DeliverPledge, st.just("need_n"), pledges, quantities),
    st.builds(AcceptDelivery, st.just("need_n"), pledges, numbers),
    st.builds(CorrectDelivery, st.just("need_n"), pledges, numbers, st.integers(0, 12), st.just("Recount")),
    st.builds(WithdrawPledge, st.just("need_n"), pledges),
    st.builds(CorrectPledge, st.just("need_n"), pledges, st.integers(0, 12), st.just("Entered wrongly")),
    st.builds(ReturnDelivery, st.just("need_n"), pledges, numbers, quantities, st.just("Went back")),
    st.builds(DeclinePledge, st.just("need_n"), pledges),
    st.builds(ReleasePledge, st.just("need_n"), pledges, st.just("Enough")),
    st.builds(ExpireHold, st.just("need_n"), pledges, st.just(START)),
    st.builds(ChangeNeed, st.just("need_n"), quantity=quantities, limit=st.sampled_from(["hard", "soft"])),
    st.builds(CloseNeed, st.just("need_n")),
    st.builds(ReopenNeed, st.just("need_n")),
    st.sampled_from([PauseNeed("need_n"), ResumeNeed("need_n"), HideNeed("need_n"), UnhideNeed("need_n")]),
    st.builds(WriteOffPledge, st.just("need_n"), pledges, st.just("It never came")),
    st.sampled_from([WriteOffNeed("need_n", "The end"), WriteOffRest("need_n", "The end")]),
)
steps = st.tuples(st.sampled_from([ANA, BO, OLGA]), commands, st.integers(0, 40))


def check(state: Need) -> None:
    """What holds of a need after every fact."""
    figures = state.state
    assert figures is not None
    assert figures.quantity + figures.over == figures.uncommitted + figures.held + figures.pledged
    assert 0 <= figures.delivered <= figures.pledged
    assert min(figures.uncommitted, figures.held, figures.over) >= 0
    assert 0 in {figures.uncommitted, figures.over}
    assert figures.limit == "soft" or figures.over == 0
    rests = figures.status in {"closed", "paused"}
    assert (figures.status == "fulfilled") == (figures.delivered >= figures.quantity and not rests)
    shares = [ledger.share(pledge) for pledge in state.pledges.values()]
    taken = (figures.held, figures.pledged, figures.delivered, figures.written_off)
    assert taken == tuple(map(sum, zip((0, 0, 0, 0), *shares, strict=True)))
    held = [pledge for pledge in state.pledges.values() if pledge.status == "held"]
    assert state.holds == tuple(sorted((pledge.held_until or "", pledge.id) for pledge in held))
    for pledge in state.pledges.values():
        assert pledge.delivered_quantity <= pledge.quantity
        confirmed = [one.quantity for one in pledge.deliveries if one.status == "confirmed"]
        assert pledge.delivered_quantity == sum(confirmed)


@for_all(st.lists(steps, max_size=40))
def test_no_history_breaks_the_ledger(history: list[tuple[str, Command, int]]) -> None:
    """Nor overfills a hard need; every fact is one version, and each pledge counts its own."""
    state, now = given(opening=structs.replace(BOXES, quantity=15)), START
    own: Counter[str] = Counter()
    for person, command, minutes in history:
        now = instants.later(now, minutes=minutes)
        roles = frozenset({"system", "resident"})
        decision = need.decide(state, command, Asked("c", person, roles, now))
        for fact in decision.facts:
            assert fact.streamversion == need.version(state) + 1
            assert isinstance(fact, OnNeed)
            assert fact.need.updated_at == now
            if isinstance(fact, OnPledge):
                own[fact.pledge.id] += 1
                assert fact.pledge.version == own[fact.pledge.id]
            state = need.evolve(state, fact)
            check(state)
        if isinstance(decision.answer, Done) and isinstance(decision.answer.body, NeedState):
            assert decision.answer.body == state.state
        due = [end for end, _ in state.holds if end <= now]
        assert due == []


LIFE = {
    None: {"held", "pledged"},
    "held": {"pledged", "withdrawn", "released", "expired", "declined", "corrected", "written_off"},
    "pledged": {"delivered", "withdrawn", "released", "corrected", "written_off"},
    "delivered": {"pledged"},
}
"""The life of a pledge as a person would draw it: a correction or a return takes back what was delivered."""


@for_all(st.lists(steps, max_size=40))
def test_no_history_leaves_the_life_of_a_pledge(history: list[tuple[str, Command, int]]) -> None:
    """Fact by fact; what has ended stays so, and only what is held has an end of its hold."""
    state, now = given(opening=structs.replace(BOXES, quantity=15)), START
    for person, command, minutes in history:
        now = instants.later(now, minutes=minutes)
        decision = need.decide(state, command, Asked("c", person, frozenset({"system", "resident"}), now))
        for fact in decision.facts:
            before = state.pledges
            state = need.evolve(state, fact)
            for name, pledge in state.pledges.items():
                was = before[name].status if name in before else None
                assert was == pledge.status or pledge.status in LIFE.get(was, set())
                assert pledge.status != "held" or (pledge.held_until or "") > now


def test_a_thousand_pledges_on_a_hundred_needs_are_exact() -> None:
    """Ten ask for two of fifteen each: seven get them, one is left, at every position of the log."""
    needs = {f"need_{n}": need.evolve(fresh(stream=f"need_{n}"), *_opened(f"need_{n}")) for n in range(100)}
    taken: Counter[str] = Counter()
    for number in range(1_000):
        stream = f"need_{number % 100}"
        decision = ask(needs[stream], (f"p{number}", MakePledge(stream, f"{stream}.{number}", 2)), number)
        for fact in decision.facts:
            needs[stream] = need.evolve(needs[stream], fact)
            taken[stream] += 2
        state = needs[stream].state
        assert state is not None
        assert (state.pledged, state.uncommitted) == (taken[stream], 15 - taken[stream])
        if isinstance(decision.answer, Refused):
            assert decision.answer.figures == {"left": 1}
            assert state.uncommitted == 1

    assert set(taken.values()) == {14}


def _opened(stream: str) -> tuple[OnNeed]:
    [fact] = ask(fresh(stream=stream), (OLGA, structs.replace(BOXES, need_id=stream, quantity=15))).facts
    assert isinstance(fact, OnNeed)
    return (fact,)


def test_the_tally_counts_what_is_confirmed() -> None:
    """Reports and their corrections do not count before they are accepted."""
    after = given(
        pledged(10),
        delivered(4),
        delivered(3, by=ANA),
        (OLGA, CorrectDelivery("need_n", "need_n.1", 1, 5, "Recount")),
        (OLGA, CorrectDelivery("need_n", "need_n.1", 2, 2, "Recount")),
    )

    assert ledger.tally(after) == Tally(delivered=5, deliveries=1, corrections=1)
    assert ledger.tally(fresh()) == Tally()
