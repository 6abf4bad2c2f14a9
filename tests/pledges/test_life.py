"""A need that rests, is out of sight, is written off."""

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from msgspec import structs

from services.pledges import life, need
from services.pledges.ledger import Need, Worded
from shared.contracts.message import Command
from shared.contracts.pledges import (
    ChangeNeed,
    ChangePledge,
    CloseNeed,
    ConfirmPledge,
    CorrectDelivery,
    HideNeed,
    MakePledge,
    NeedHidden,
    NeedPaused,
    NeedResumed,
    NeedUnhidden,
    NeedWrittenOff,
    OnNeed,
    PauseNeed,
    PledgeWrittenOff,
    ReleasePledge,
    ReopenNeed,
    ResumeNeed,
    UnhideNeed,
    WithdrawPledge,
    WriteOffNeed,
    WriteOffPledge,
    WriteOffRest,
)
from shared.decider import FORBIDDEN, NOT_FOUND, Asked, Decision, Done, refused
from tests.pledges.given import (
    ANA,
    BO,
    BOXES,
    CAMPAIGN,
    OLGA,
    Step,
    ask,
    at,
    delivered,
    figures,
    given,
    need_of,
    only,
    pledge_of,
    pledged,
    refusal,
)

PAUSE, RESUME = PauseNeed("need_n"), ResumeNeed("need_n")
HIDE, UNHIDE = HideNeed("need_n"), UnhideNeed("need_n")
CLOSE, REOPEN = CloseNeed("need_n"), ReopenNeed("need_n")
WRITE_OFF = WriteOffNeed("need_n", "The season is over")


# ---------------------------------------------------------------- paused


def test_a_paused_need_takes_no_pledge_until_it_is_resumed() -> None:
    """Nor a larger one; one fact each, and what is so already is none."""
    paused = only(ask(given(pledged()), (OLGA, PAUSE), 1), NeedPaused)
    before = given(pledged(), (OLGA, PAUSE))
    resumed = only(ask(before, (OLGA, RESUME)), NeedResumed)

    assert (paused.need.status, resumed.need.status) == ("paused", "open")
    assert refusal(ask(before, pledged(1, by=BO, id="need_n.2"))) == refused("need-not-open", status="paused")
    assert refusal(ask(before, (ANA, ChangePledge("need_n", "need_n.1", 11)))).problem == "need-not-open"
    assert ask(before, (OLGA, PAUSE)).facts == ()
    assert ask(given(), (OLGA, RESUME)).facts == ()
    assert ask(before, (OLGA, REOPEN)).facts == ()


@pytest.mark.parametrize("history", [[(OLGA, CLOSE)], [pledged(30), delivered(30)]])
def test_only_an_open_need_is_paused(history: list[Step]) -> None:
    """A closed or fulfilled one takes nothing anyway; the status comes with the refusal."""
    before = given(*history)
    assert before.state is not None

    assert refusal(ask(before, (OLGA, PAUSE))) == refused("need-wrong-state", status=before.state.status)


def test_a_closed_need_is_reopened_not_resumed() -> None:
    """Also one that was paused before it was closed."""
    before = given((OLGA, PAUSE), (OLGA, CLOSE))

    assert refusal(ask(before, (OLGA, RESUME))) == refused("need-wrong-state", status="closed")
    assert need_of(ask(before, (OLGA, REOPEN))).status == "open"


def test_what_was_delivered_meanwhile_shows_when_a_need_is_resumed() -> None:
    """Deliveries go on in a pause; it stays paused, and is fulfilled afterwards."""
    before = given(pledged(30), (OLGA, PAUSE), delivered(30))

    assert before.state is not None
    assert before.state.status == "paused"
    assert need_of(ask(before, (OLGA, RESUME))).status == "fulfilled"


def test_a_need_of_an_ended_campaign_is_not_resumed() -> None:
    """As it is not reopened."""
    before = structs.replace(given((OLGA, PAUSE)), campaign=structs.replace(CAMPAIGN, status="closed"))

    assert refusal(ask(before, (OLGA, RESUME))) == refused("campaign-not-live", status="closed")


@pytest.mark.parametrize(
    "history",
    [
        [],
        [pledged(10, by=BO, id="need_n.2")],
        [(OLGA, PAUSE)],
        [(OLGA, CLOSE)],
        [(OLGA, HIDE)],
        [(OLGA, PAUSE), (OLGA, HIDE)],
    ],
)
def test_a_need_that_takes_nothing_stops_nobody_from_changing_their_pledge(history: list[Step]) -> None:
    """LSFLK/MedicinesforLK#185: once the goal was full, nobody could edit their pledge any more.

    Full, paused, closed or hidden: it is lowered, withdrawn, delivered; a hold is confirmed.
    """
    before = given(pledged(18), pledged(2, id="need_n.3", hold=60), *history)

    assert pledge_of(ask(before, (ANA, ChangePledge("need_n", "need_n.1", 7)))).quantity == 7
    assert pledge_of(ask(before, (ANA, WithdrawPledge("need_n", "need_n.1")))).status == "withdrawn"
    assert pledge_of(ask(before, delivered(18, by=ANA))).deliveries[0].status == "reported"
    assert pledge_of(ask(before, (ANA, ConfirmPledge("need_n", "need_n.3")))).status == "pledged"


# ---------------------------------------------------------------- hidden


def test_a_hidden_need_does_not_exist_for_strangers() -> None:
    """Neither to pledge on nor to manage; its donor and its organisers meet it as ever."""
    hidden = only(ask(given(pledged()), (OLGA, HIDE), 1), NeedHidden)
    before = given(pledged(), (OLGA, HIDE))

    assert (hidden.need.hidden, hidden.need.status) == (True, "open")
    assert refusal(ask(before, pledged(1, by=BO, id="need_n.2"))) == NOT_FOUND
    assert refusal(ask(before, (BO, ChangeNeed("need_n", title="Mine")))) == NOT_FOUND
    assert refusal(ask(before, (BO, PAUSE))) == NOT_FOUND
    assert refusal(ask(before, pledged(1, by=OLGA, id="need_n.2"))).problem == "need-not-open"
    assert need_of(ask(before, (OLGA, ChangeNeed("need_n", title="Bags")))).hidden
    assert not only(ask(before, (OLGA, UNHIDE)), NeedUnhidden).need.hidden
    assert ask(before, (OLGA, HIDE)).facts == ()
    assert ask(given(), (OLGA, UNHIDE)).facts == ()


def test_an_operator_hides_what_does_harm() -> None:
    """Of a need that they do not manage, and may do nothing else to."""
    before = given()

    assert need_of(ask(before, ("kit", HIDE), roles=["operator"])).hidden
    assert refusal(ask(before, ("kit", PAUSE), roles=["operator"])) == FORBIDDEN


@pytest.mark.parametrize("command", [PAUSE, RESUME, HIDE, UNHIDE, WRITE_OFF])
def test_who_does_not_manage_a_need_does_none_of_it(command: Command) -> None:
    """Its donors included."""
    assert refusal(ask(given(pledged()), (ANA, command))) == FORBIDDEN


# ---------------------------------------------------------------- written off


def test_what_never_came_is_written_off_and_stays_visible() -> None:
    """civicrm/civicrm-core#24777: a write-off is none of the ways to cancel.

    What came counts; the rest leaves `pledged` for a figure of its own, so that honoured and not honoured can be
    told apart (opencollective/opencollective#3135: the honoured amount was unknown).
    """
    before = given(pledged(10), delivered(4))
    decision = ask(before, (OLGA, WriteOffPledge("need_n", "need_n.1", "Moved away")), 5)
    fact = only(decision, PledgeWrittenOff)

    assert (fact.quantity, fact.pledge.status, fact.pledge.quantity) == (6, "written_off", 10)
    assert figures(fact.need) == (26, 0, 4, 4, 0)
    assert (fact.need.written_off, fact.need.status) == (6, "open")
    assert decision.private == (Worded("need_n.1", "reason", "Moved away"),)
    assert b"Moved" not in _bytes(decision)


def test_withdrawn_and_released_is_not_written_off() -> None:
    """Nor is a need written off that is merely closed."""
    after = given(
        pledged(10),
        pledged(5, by=BO, id="need_n.2"),
        (ANA, WithdrawPledge("need_n", "need_n.1")),
        (OLGA, ReleasePledge("need_n", "need_n.2", "Enough")),
        (OLGA, CLOSE),
    )

    assert after.state is not None
    assert after.state.written_off == 0


def test_a_write_off_closes_the_need_and_gives_up_every_open_promise() -> None:
    """Kept promises, holds and what was taken back are left alone; each promise ends by a fact of its own."""
    before = given(
        pledged(10),
        delivered(4),
        pledged(5, by=BO, id="need_n.2"),
        delivered(5, id="need_n.2"),
        pledged(3, by=BO, id="need_n.3"),
        pledged(2, by=BO, id="need_n.4", hold=60),
    )
    decision = ask(before, (OLGA, WRITE_OFF), 1)
    after = need_of(decision)

    assert [type(fact) for fact in decision.facts] == [NeedWrittenOff, PledgeWrittenOff, PledgeWrittenOff]
    assert [fact.streamversion for fact in decision.facts] == [8, 9, 10]
    assert (after.status, after.written_off, after.version) == ("closed", 9, 10)
    assert figures(after) == (19, 2, 9, 9, 0)
    assert decision.then == ()
    assert {one.pledge_id for one in decision.private if isinstance(one, Worded)} == {"need_n.1", "need_n.3"}


def test_there_must_be_something_to_write_off() -> None:
    """All was delivered or taken back, or nothing was promised: then it is closed, not written off."""
    for before in (given(), given(pledged(5), delivered(5)), given(pledged(5, hold=30))):
        assert refusal(ask(before, (OLGA, WRITE_OFF))) == refused("nothing-to-write-off")


def test_a_pledge_is_written_off_by_who_manages_its_need() -> None:
    """Not by its donor, not as a stranger, and not when it has ended or is a hold."""
    before = given(pledged(10), pledged(2, by=BO, id="need_n.2", hold=60))
    command = WriteOffPledge("need_n", "need_n.1", "Nothing heard")

    assert refusal(ask(before, (ANA, command))) == FORBIDDEN
    assert refusal(ask(before, (BO, command))) == NOT_FOUND
    hold = WriteOffPledge("need_n", "need_n.2", "Nothing heard")
    assert refusal(ask(before, (OLGA, hold))) == refused("pledge-wrong-state", status="held")
    ended = given(pledged(10), (OLGA, command))
    assert refusal(ask(ended, (OLGA, command))) == refused("pledge-not-active", status="written_off")
    assert refusal(ask(ended, (ANA, WithdrawPledge("need_n", "need_n.1")))).problem == "pledge-not-active"


def test_what_turns_out_to_have_come_is_written_off_no_longer() -> None:
    """A corrected delivery takes from the figure what it adds to the delivered one."""
    before = given(pledged(10), delivered(4), (OLGA, WriteOffPledge("need_n", "need_n.1", "Nothing heard")))
    after = ask(before, (OLGA, CorrectDelivery("need_n", "need_n.1", 1, 7, "Three more were in the van"))).facts[-1]

    assert isinstance(after, OnNeed)
    assert (after.need.delivered, after.need.pledged, after.need.written_off) == (7, 7, 3)


def test_a_written_off_need_can_ask_anew() -> None:
    """Reopened, it has room for what did not come."""
    before = given(pledged(30), (OLGA, WRITE_OFF), (OLGA, REOPEN))

    assert pledge_of(ask(before, pledged(30, by=BO, id="need_n.2"))).quantity == 30


def _large(count: int) -> Need:
    steps = [pledged(1, by=f"p{n}", id=f"need_n.{n:04}") for n in range(count)]
    return given(*steps, opening=structs.replace(BOXES, quantity=count))


def test_a_large_write_off_goes_in_steps() -> None:
    """Each gives up some and asks for the next; all of it is one closing and one fact a pledge."""
    before = _large(450)
    decision = ask(before, (OLGA, WRITE_OFF), 1)
    facts = list(decision.facts)
    steps = 1
    while True:
        for fact in decision.facts:
            before = need.evolve(before, fact)
        if not decision.then:
            break
        [following] = decision.then
        decision = ask(before, ("pledges", following, 2), roles=["system"])
        facts += decision.facts
        steps += 1
        assert len(decision.facts) <= life.MOST_WRITTEN_OFF

    assert steps == 3
    assert [type(fact) for fact in facts].count(PledgeWrittenOff) == 450
    assert before.state is not None
    assert (before.state.written_off, before.state.pledged) == (450, 0)


def test_the_rest_is_left_alone_when_the_need_was_reopened_meanwhile() -> None:
    """And nobody but the service takes that step."""
    before = given(pledged(10), (OLGA, CLOSE), (OLGA, REOPEN))
    rest = WriteOffRest("need_n", "The season is over")

    assert ask(before, ("pledges", rest), roles=["system"]) == Decision(Done("need", "need_n", None))
    assert refusal(ask(before, (OLGA, rest))) == FORBIDDEN


# ---------------------------------------------------------------- every transition

MOVES: dict[str, Command] = {"pause": PAUSE, "resume": RESUME, "close": CLOSE, "reopen": REOPEN}
NEXT = {
    ("open", "pause"): "paused",
    ("open", "close"): "closed",
    ("paused", "resume"): "open",
    ("paused", "close"): "closed",
    ("closed", "reopen"): "open",
}
"""Where each command leads; what is not here changes nothing."""


@for_all(st.lists(st.sampled_from([*MOVES, "hide", "unhide"]), max_size=25))
def test_a_need_goes_only_where_the_table_says(moves: list[str]) -> None:
    """Whatever was done before; being hidden is a matter of its own. Facts tell each change once."""
    state, status, hidden = given(), "open", False
    for number, move in enumerate(moves):
        command = MOVES.get(move) or (HIDE if move == "hide" else UNHIDE)
        decision = ask(state, (OLGA, command, number))
        expected = NEXT.get((status, move), status)
        unseen = {"hide": True, "unhide": False}.get(move, hidden)
        assert len(decision.facts) == ((expected, unseen) != (status, hidden))
        status, hidden = expected, unseen
        for fact in decision.facts:
            assert fact.streamversion == need.version(state) + 1
            state = need.evolve(state, fact)
        assert state.state is not None
        assert (state.state.status, state.state.hidden, state.state.updated_at <= at(number)) == (status, hidden, True)


@for_all(st.sampled_from([PAUSE, CLOSE, HIDE, WRITE_OFF]), st.integers(1, 29))
def test_a_donor_can_always_lower_or_take_back(command: Command, wanted: int) -> None:
    """Whatever befell the need, unless the pledge itself has ended."""
    before = given(pledged(30), (OLGA, command))
    asked = Asked("c", ANA, frozenset({"resident"}), at(1))
    lower = need.decide(before, ChangePledge("need_n", "need_n.1", wanted), asked)
    take = need.decide(before, WithdrawPledge("need_n", "need_n.1"), asked)

    ended = command is WRITE_OFF
    assert isinstance(lower.answer, Done) is not ended
    assert isinstance(take.answer, Done) is not ended


def test_a_pledge_made_by_the_opener_of_a_hidden_need_waits() -> None:
    """Nothing is added to what nobody is to see."""
    decision = ask(given((OLGA, HIDE)), (OLGA, MakePledge("need_n", "need_n.1", 1)))

    assert refusal(decision) == refused("need-not-open", status="paused")


def _bytes(decision: Decision) -> bytes:
    return repr((decision.facts, decision.answer)).encode()
