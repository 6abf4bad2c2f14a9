"""Endings that are told apart: the donor changes or withdraws, the organiser releases, an error is put right."""

from msgspec import json

from services.pledges import endings as rules
from shared.contracts.message import Command
from shared.contracts.pledges import (
    ChangeNeed,
    ChangePledge,
    CloseNeed,
    CorrectDelivery,
    Correction,
    CorrectPledge,
    DeclinePledge,
    DeliveryReturned,
    PledgeChanged,
    PledgeCorrected,
    PledgeDeclined,
    PledgeReleased,
    PledgeWithdrawn,
    ReleasePledge,
    ReturnDelivery,
    Returned,
    WithdrawPledge,
)
from shared.decider import FORBIDDEN, NOT_FOUND, refused
from tests.pledges.given import (
    ANA,
    BO,
    CY,
    OLGA,
    Step,
    ask,
    at,
    delivered,
    figures,
    given,
    only,
    pledge_of,
    pledged,
    refusal,
)


def corrected(quantity: int, by: str = OLGA, reason: str = "A nought too many") -> Step:
    """A step: a pledge is put right."""
    return by, CorrectPledge("need_n", "need_n.1", quantity, reason)


def returned(quantity: int, n: int = 1, by: str = OLGA) -> Step:
    """A step: some of a delivery went back."""
    return by, ReturnDelivery("need_n", "need_n.1", n, quantity, "Burst")


def test_four_endings_are_four_facts() -> None:
    """Asymmetric-al/core#822: donor changes, donor ends, organiser releases and correction of error are four facts."""
    before = given(pledged(10))
    steps: dict[type, Step] = {
        PledgeChanged: (ANA, ChangePledge("need_n", "need_n.1", 4)),
        PledgeWithdrawn: (ANA, WithdrawPledge("need_n", "need_n.1")),
        PledgeReleased: (OLGA, ReleasePledge("need_n", "need_n.1", "Enough")),
        PledgeCorrected: corrected(4),
    }

    assert [type(fact) for step in steps.values() for fact in ask(before, step).facts] == list(steps)


def test_a_correction_shows_as_one() -> None:
    """What was said before and why stays to be read; the need follows, and the donor's revision counts it."""
    fact = only(ask(given(pledged(10)), (*corrected(4), 5)), PledgeCorrected)

    assert fact.before == 10
    assert (fact.pledge.quantity, fact.pledge.status, fact.pledge.revision) == (4, "pledged", 2)
    assert fact.pledge.corrections == (Correction(10, 4, "A nought too many", at(5)),)
    assert figures(fact.need) == (26, 0, 4, 0, 0)


def test_a_pledge_that_never_was_is_corrected_to_nothing() -> None:
    """It takes nothing of the need, and is neither withdrawn nor released."""
    after = given(pledged(10), corrected(0))

    assert after.pledges["need_n.1"].status == "corrected"
    assert figures(after.state) == (30, 0, 0, 0, 0)
    assert refusal(ask(after, corrected(3))) == refused("pledge-not-active", status="corrected")


def test_a_correction_reaches_down_to_what_was_delivered() -> None:
    """Exactly that much makes it delivered; the same quantity is no correction."""
    before = given(pledged(10), delivered(4))

    assert refusal(ask(before, corrected(3))) == refused("less-than-delivered", delivered=4)
    assert pledge_of(ask(before, corrected(4))).status == "delivered"
    assert ask(before, corrected(10)).facts == ()


def test_nobody_s_promise_is_raised_for_them() -> None:
    """Its donor may, as far as the need has room."""
    before = given(pledged(10), (BO, pledged(15, id="need_n.2")[1]))

    assert refusal(ask(before, corrected(11))) == refused("more-than-pledged", left=10)
    assert pledge_of(ask(before, corrected(15, ANA))).quantity == 15
    assert refusal(ask(before, corrected(16, ANA))) == refused("not-enough-left", left=5)


def test_who_may_put_a_pledge_right() -> None:
    """Either side; to a stranger it does not exist. Of goods that went back the organiser tells."""
    before = given(pledged(10), delivered(4))

    assert refusal(ask(before, corrected(5, CY))) == NOT_FOUND
    assert refusal(ask(before, returned(1, by=CY))) == NOT_FOUND
    assert refusal(ask(before, returned(1, by=ANA))) == FORBIDDEN


def test_medicinesforlk_185_a_full_need_stops_nobody_from_editing_their_own() -> None:
    """Full, closed, or asking for less by now: one's own pledge can be lowered, corrected and withdrawn."""
    full = (pledged(20), (BO, pledged(10, id="need_n.2")[1]))
    own: list[Command] = [
        ChangePledge("need_n", "need_n.1", 19),
        CorrectPledge("need_n", "need_n.1", 19, "Miscounted"),
        WithdrawPledge("need_n", "need_n.1"),
    ]
    for more in ((), ((OLGA, CloseNeed("need_n")),), ((OLGA, ChangeNeed("need_n", limit="soft", quantity=5)),)):
        for command in own:
            assert ask(given(*full, *more), (ANA, command)).facts, (more, command)


def test_what_went_back_counts_no_longer() -> None:
    """§1.7: delivered falls, pledge and delivery tell how much and why, and the rest is awaited again."""
    before = given(pledged(10), delivered(4), delivered(6))
    fact = only(ask(before, (*returned(5, 2), 9)), DeliveryReturned)

    assert (fact.quantity, fact.delivery.quantity) == (5, 1)
    assert fact.delivery.returns == (Returned(5, "Burst", at(9)),)
    assert (fact.pledge.status, fact.pledge.delivered_quantity) == ("pledged", 5)
    assert figures(fact.need) == (20, 0, 10, 5, 0)


def test_no_more_goes_back_than_came() -> None:
    """Of what counts: a report counts nothing; an unknown delivery is none. What was corrected can go back too."""
    before = given(pledged(10), delivered(4), delivered(3, by=ANA))

    assert refusal(ask(before, returned(5))) == refused("more-than-delivered", left=4)
    assert refusal(ask(before, returned(1, 2))) == refused("more-than-delivered", left=0)
    assert refusal(ask(before, returned(1, 3))) == NOT_FOUND
    after = given(
        pledged(10), delivered(4), (OLGA, CorrectDelivery("need_n", "need_n.1", 1, 5, "Recount")), returned(5)
    )
    assert figures(after.state) == (20, 0, 10, 0, 0)


def test_what_went_back_of_an_ended_pledge_is_free_again() -> None:
    """The need counted the delivered part only, and now less of it."""
    after = given(pledged(10), delivered(4), (ANA, WithdrawPledge("need_n", "need_n.1")), returned(3))

    assert after.pledges["need_n.1"].status == "withdrawn"
    assert figures(after.state) == (29, 0, 1, 1, 0)


def test_a_donor_declines_what_is_held_for_them() -> None:
    """An ending of its own, beside running out of time; nobody else declines, and a promise is withdrawn instead."""
    before = given(pledged(10, hold=30))
    decline = DeclinePledge("need_n", "need_n.1")
    fact = only(ask(before, (ANA, decline)), PledgeDeclined)

    assert (fact.quantity, fact.pledge.status) == (10, "declined")
    assert figures(fact.need) == (30, 0, 0, 0, 0)
    assert refusal(ask(before, (OLGA, decline))) == FORBIDDEN
    assert refusal(ask(before, (CY, decline))) == NOT_FOUND
    assert refusal(ask(given(pledged(10)), (ANA, decline))) == refused("pledge-wrong-state", status="pledged")


def test_corrections_and_returns_are_bounded() -> None:
    """A pledge travels whole in each of its facts."""
    steps = [corrected(10 + number % 2, ANA) for number in range(1, rules.MOST_CORRECTIONS + 1)]
    full = given(pledged(10), delivered(4), *steps)

    assert refusal(ask(full, corrected(9))) == refused("too-many-corrections", most=rules.MOST_CORRECTIONS)
    assert len(json.encode(full.pledges["need_n.1"])) < 20_000


def test_opencollective_3135_what_was_honoured_is_told_from_what_was_promised() -> None:
    """§2.4: after every ending `delivered` is what came and stayed, and `pledged` what is still meant."""
    after = given(
        pledged(10),
        delivered(6),
        returned(2),
        (BO, pledged(8, id="need_n.2")[1]),
        (BO, WithdrawPledge("need_n", "need_n.2")),
        (CY, pledged(5, id="need_n.3")[1]),
        (OLGA, CorrectPledge("need_n", "need_n.3", 0, "Entered twice")),
    )

    assert figures(after.state) == (20, 0, 10, 4, 0)
