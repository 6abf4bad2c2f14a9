"""What people noticed, and what is made of it."""

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from msgspec import structs

from services.pledges import need, signal
from services.pledges.policy import CampaignCopy
from services.pledges.sheets import Said
from services.pledges.signal import Signal
from shared.contracts.message import Command
from shared.contracts.pledges import (
    DismissSignal,
    MergeSignal,
    NeedOpened,
    OpenPromoted,
    Promoted,
    PromoteSignal,
    ReportSignal,
    ReturnSignal,
    SignalAnswer,
    SignalReported,
    SignalReturned,
    SignalState,
)
from shared.decider import DEFERRED, FORBIDDEN, NOT_FOUND, Asked, Decision, Done, refused
from tests.pledges.given import ANA, BO, CAMPAIGN, OLGA, PAT, START, at, fresh, only, refusal

REPORT = ReportSignal("signal_s", "campaign_c", "meal", "Nobody cooks in our road", ward="aston", quantity=20)
NEED = Promoted("need_n", "Meals for a road", "meal", 20, "meals", ward="aston")
PROMOTE = PromoteSignal("signal_s", NEED)
DISMISS = DismissSignal("signal_s", "There is a kitchen already")
MERGE = MergeSignal("signal_s", "signal_t")
OTHER = SignalState("signal_t", 1, START, START, "campaign_c", "meal", "aston", None, None, BO)


def asking(before: Signal, person: str, command: Command, minutes: int = 0, role: str = "resident") -> Decision:
    """Decide a command."""
    return signal.decide(before, command, Asked("c", person, frozenset({role}), at(minutes)))


def told(*steps: tuple[str, Command], campaign: CampaignCopy | None = CAMPAIGN) -> Signal:
    """The signal after some steps; what is refused is passed over."""
    after = Signal("signal_s", campaign=campaign, mentioned={"signal_t": OTHER})
    for number, (person, command) in enumerate(steps):
        role = "system" if person == "pledges" else "resident"
        for fact in asking(after, person, command, number, role).facts:
            after = signal.evolve(after, fact)
    return after


def answer_of(decision: Decision) -> SignalAnswer:
    """The signal that answers."""
    assert isinstance(decision.answer, Done), decision
    assert isinstance(decision.answer.body, SignalAnswer)
    return decision.answer.body


def test_anyone_tells_of_something_and_their_words_stay_private() -> None:
    """MISSION row 25: unverified; the answer does not say whose it is, and no fact what was written."""
    decision = asking(told(), ANA, REPORT)
    fact = only(decision, SignalReported)

    assert (fact.signal.status, fact.signal.proposer, fact.signal.version) == ("open", ANA, 1)
    assert answer_of(decision).quantity == 20
    assert decision.private == (Said("text", REPORT.text),)
    assert "Nobody cooks" not in repr((decision.facts, decision.answer))


@pytest.mark.parametrize(
    ("campaign", "expected"),
    [
        (None, NOT_FOUND),
        (structs.replace(CAMPAIGN, status="draft"), NOT_FOUND),
        (structs.replace(CAMPAIGN, status="closed"), refused("campaign-not-live", status="closed")),
    ],
)
def test_a_signal_wants_a_live_campaign(campaign: CampaignCopy | None, expected: object) -> None:
    """Of a draft nobody knows."""
    assert refusal(asking(told(campaign=campaign), ANA, REPORT)) == expected


def test_telling_again_is_telling_once() -> None:
    """And nobody takes over another's id."""
    before = told((ANA, REPORT))

    assert asking(before, ANA, REPORT).facts == ()
    assert refusal(asking(before, BO, REPORT)) == NOT_FOUND


@pytest.mark.parametrize("command", [PROMOTE, DISMISS, MERGE])
def test_only_who_works_in_the_campaign_makes_something_of_it(command: Command) -> None:
    """Its proposer sees it and may not (403); to a stranger it does not exist."""
    before = told((ANA, REPORT))

    assert refusal(asking(before, ANA, command)) == FORBIDDEN
    assert refusal(asking(before, BO, command)) == NOT_FOUND
    for person in (OLGA, PAT):
        assert len(asking(before, person, command).facts) == 1
    assert refusal(asking(told(), OLGA, command)) == NOT_FOUND


def test_a_promotion_is_answered_by_the_need_that_follows() -> None:
    """For who promoted it: the partner's need, opened by its member."""
    decision = asking(told((ANA, REPORT)), PAT, PROMOTE)
    [following] = decision.then
    assert decision.answer == DEFERRED
    assert isinstance(following, OpenPromoted)
    opened = need.decide(fresh(), following, Asked("c~1", "pledges", frozenset({"system"}), at(1)))
    fact = only(opened, NeedOpened)

    assert (fact.opened_by, fact.need.partner_id, fact.need.title) == (PAT, "campaign_c.p", "Meals for a road")
    assert opened.answer == Done("need", "need_n", fact.need, 201)
    again = need.decide(need.evolve(fresh(), fact), following, Asked("c~1", "pledges", frozenset({"system"}), at(1)))
    assert (again.facts, again.answer) == ((), Done("need", "need_n", fact.need))
    assert refusal(need.decide(fresh(), following, Asked("c", OLGA, frozenset({"organiser"}), at(1)))) == FORBIDDEN


def test_what_no_need_can_be_is_refused_before_anything_happens() -> None:
    """By the very rules that open needs."""
    pounds = PromoteSignal("signal_s", structs.replace(NEED, kind="money"))
    decision = asking(told((ANA, REPORT)), OLGA, pounds)

    assert (refusal(decision).status, decision.facts, decision.then) == (422, (), ())


def test_a_signal_is_open_again_when_its_need_could_not_be_opened() -> None:
    """The campaign was closed between the halves; who promoted it hears why."""
    before = told((ANA, REPORT), (OLGA, PROMOTE))
    [following] = asking(told((ANA, REPORT)), OLGA, PROMOTE).then
    closed = fresh(structs.replace(CAMPAIGN, status="closed"))
    decision = need.decide(closed, following, Asked("c~1", "pledges", frozenset({"system"}), at(1)))

    assert refusal(decision) == refused("campaign-not-live", status="closed")
    assert decision.then == (ReturnSignal("signal_s", "need_n"),)
    returned = only(asking(before, "pledges", decision.then[0], 2, "system"), SignalReturned)
    assert (returned.signal.status, returned.signal.need_id) == ("open", None)
    after = signal.evolve(before, returned)
    assert asking(after, "pledges", decision.then[0], 3, "system").facts == ()
    assert refusal(asking(before, OLGA, decision.then[0])) == FORBIDDEN


def test_a_return_of_another_promotion_changes_nothing() -> None:
    """It came late, and the signal has another need by now."""
    before = told((ANA, REPORT), (OLGA, PROMOTE))

    assert asking(before, "pledges", ReturnSignal("signal_s", "need_x"), 2, "system").facts == ()


def test_a_dismissal_says_why_in_private() -> None:
    """The reason is for its proposer and those who work there."""
    decision = asking(told((ANA, REPORT)), OLGA, DISMISS)

    assert answer_of(decision).status == "dismissed"
    assert decision.private == (Said("reason", DISMISS.reason),)


def test_doubles_are_put_together() -> None:
    """raksha-life/rescuekerala#317, #131: without a status, requests are doubled and the same people called again."""
    before = told((ANA, REPORT))
    decision = asking(before, OLGA, MERGE)

    assert (answer_of(decision).status, answer_of(decision).merged_into) == ("merged", "signal_t")
    assert asking(told((ANA, REPORT), (OLGA, MERGE)), OLGA, MERGE).facts == ()
    for other in ("signal_s", "signal_x"):
        assert refusal(asking(before, OLGA, MergeSignal("signal_s", other))) == NOT_FOUND
    stranger = structs.replace(before, mentioned={"signal_t": structs.replace(OTHER, campaign_id="campaign_x")})
    assert refusal(asking(stranger, OLGA, MERGE)) == NOT_FOUND
    double = structs.replace(before, mentioned={"signal_t": structs.replace(OTHER, status="merged")})
    assert refusal(asking(double, OLGA, MERGE)) == refused("signal-wrong-state", status="merged")


MOVES: dict[str, tuple[str, Command]] = {
    "promote": (OLGA, PROMOTE),
    "return": ("pledges", ReturnSignal("signal_s", "need_n")),
    "dismiss": (OLGA, DISMISS),
    "merge": (PAT, MERGE),
}
NEXT = {
    ("open", "promote"): "promoted",
    ("promoted", "return"): "open",
    ("open", "dismiss"): "dismissed",
    ("open", "merge"): "merged",
}
"""Where each command leads; what is not here changes nothing."""


@for_all(st.lists(st.sampled_from(sorted(MOVES)), max_size=12))
def test_a_signal_goes_only_where_the_table_says(moves: list[str]) -> None:
    """One fact a change, numbered without a gap; a need belongs to it as long as it is promoted."""
    state, status = told((ANA, REPORT)), "open"
    for number, move in enumerate(moves):
        person, command = MOVES[move]
        decision = asking(state, person, command, number, "system" if person == "pledges" else "resident")
        expected = NEXT.get((status, move), status)
        assert len(decision.facts) == (expected != status)
        for fact in decision.facts:
            assert state.state is not None
            assert fact.streamversion == state.state.version + 1
            state = signal.evolve(state, fact)
        status = expected
        assert state.state is not None
        assert (state.state.status, state.state.need_id) == (status, "need_n" if status == "promoted" else None)
