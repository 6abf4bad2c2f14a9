import pytest
from msgspec import structs

from shared.contracts.message import Command
from shared.contracts.pledges import (
    AcceptDelivery,
    ChangePledge,
    ConfirmPledge,
    CorrectDelivery,
    DeliverPledge,
    DeliveryCorrected,
    MakePledge,
    PledgeChanged,
    PledgeConfirmed,
    PledgeDelivered,
    PledgeHeld,
    PledgeMade,
    PledgeReleased,
    PledgeWithdrawn,
    ReleasePledge,
    WithdrawPledge,
)
from shared.decider import FORBIDDEN, NOT_FOUND, Done, Refused, refused
from tests.pledges.given import (
    ANA,
    BO,
    BOXES,
    CY,
    OLGA,
    Step,
    ask,
    at,
    delivered,
    figures,
    fresh,
    given,
    hidden_pledge_of,
    only,
    pledge_of,
    pledged,
    refusal,
)

ACCEPT_1 = (OLGA, AcceptDelivery("need_n", "need_n.1", 1))
CONFIRM = ConfirmPledge("need_n", "need_n.1")
WITHDRAW = WithdrawPledge("need_n", "need_n.1")
RELEASE = ReleasePledge("need_n", "need_n.1", "Found elsewhere")
ENDINGS: dict[str, tuple[Step, ...]] = {
    "delivered": (pledged(10), delivered(10)),
    "withdrawn": (pledged(10), (ANA, WITHDRAW)),
    "released": (pledged(10), (OLGA, RELEASE)),
}


def correct(quantity: int, n: int = 1, reason: str = "Counted again") -> Step:
    """A step: the organiser corrects a delivery."""
    return OLGA, CorrectDelivery("need_n", "need_n.1", n, quantity, reason)


def change(quantity: int, revision: int | None = None) -> Step:
    """A step: Ana wishes for another quantity."""
    return ANA, ChangePledge("need_n", "need_n.1", quantity, revision)


def test_a_pledge_is_a_promise_at_once() -> None:
    """Version 1, with what the need says of kind and unit."""
    decision = ask(given(), pledged(10))
    made = only(decision, PledgeMade)

    assert isinstance(decision.answer, Done)
    assert decision.answer.status == 201
    assert pledge_of(decision) == made.pledge
    assert (made.pledge.status, made.pledge.kind, made.pledge.unit, made.pledge.donor) == (
        "pledged",
        "goods",
        "boxes",
        ANA,
    )
    assert (made.pledge.version, made.need.version) == (1, 2)
    assert figures(made.need) == (20, 0, 10, 0, 0)


def test_a_hold_is_set_aside_and_not_promised() -> None:
    """It ends so many minutes after its append."""
    held = only(ask(given(), pledged(10, hold=30)), PledgeHeld)

    assert (held.pledge.status, held.pledge.held_until) == ("held", at(30))
    assert figures(held.need) == (20, 10, 0, 0, 0)


def test_a_pledge_on_an_unknown_need_is_not_found() -> None:
    """There is nothing to pledge on."""
    assert refusal(ask(fresh(), pledged())) == NOT_FOUND


def test_a_pledge_beyond_a_hard_limit_is_refused() -> None:
    """With what is left; exactly that much still fits."""
    before = given(pledged(20), pledged(8, by=BO, id="need_n.2", hold=30))

    assert refusal(ask(before, pledged(3, by=CY, id="need_n.3"))) == refused("not-enough-left", left=2)
    assert pledge_of(ask(before, pledged(2, by=CY, id="need_n.3"))).quantity == 2


def test_a_soft_limit_refuses_nobody() -> None:
    """What is too much is over."""
    before = given(pledged(28), opening=structs.replace(BOXES, limit="soft"))

    assert figures(only(ask(before, pledged(10, by=BO, id="need_n.2")), PledgeMade).need) == (0, 0, 38, 0, 8)


def test_a_pledge_made_already_is_answered_to_its_donor() -> None:
    """To anybody else it does not exist."""
    before = given(pledged(10))

    assert ask(before, pledged(10)).facts == ()
    assert pledge_of(ask(before, pledged(10))) == before.pledges["need_n.1"]
    assert refusal(ask(before, pledged(10, by=BO))) == NOT_FOUND


@pytest.mark.parametrize(
    "command",
    [
        change(5)[1],
        CONFIRM,
        DeliverPledge("need_n", "need_n.1", 1),
        ACCEPT_1[1],
        correct(1)[1],
        WITHDRAW,
        RELEASE,
    ],
)
def test_a_stranger_meets_no_pledge(command: Command) -> None:
    """Nor does anybody meet one that is not there."""
    assert refusal(ask(given(pledged(10)), (BO, command))) == NOT_FOUND
    assert refusal(ask(given(), (OLGA, command))) == NOT_FOUND


@pytest.mark.parametrize(
    ("person", "command"),
    [
        (ANA, RELEASE),
        (ANA, ACCEPT_1[1]),
        (ANA, correct(1)[1]),
        (OLGA, WITHDRAW),
        (OLGA, change(5)[1]),
    ],
)
def test_each_side_has_acts_of_its_own(person: str, command: Command) -> None:
    """What one sees but may not do is 403."""
    assert refusal(ask(given(pledged(10), delivered(1, by=ANA)), (person, command))) == FORBIDDEN


def test_donor_or_organiser_confirms_a_hold() -> None:
    """It moves from held to pledged, for good."""
    before = given(pledged(10, hold=30))
    for person in (ANA, OLGA):
        confirmed = only(ask(before, (person, CONFIRM, 20)), PledgeConfirmed)

        assert (confirmed.pledge.status, confirmed.pledge.held_until) == ("pledged", None)
        assert figures(confirmed.need) == (20, 0, 10, 0, 0)


def test_only_a_hold_is_confirmed() -> None:
    """A promise is one already."""
    assert refusal(ask(given(pledged(10)), (ANA, CONFIRM))) == refused("pledge-wrong-state", status="pledged")


def test_a_hold_that_has_ended_is_not_confirmed() -> None:
    """Neither when this command ends it nor later."""
    before = given(pledged(10, hold=30))
    late = ask(before, (ANA, CONFIRM, 31))
    expired = given(pledged(10, hold=30), (CY, MakePledge("need_n", "need_n.2", 1), 31))

    assert refusal(late) == refused("hold-expired", held_until=at(30))
    assert len(late.facts) == 1
    assert refusal(ask(expired, (ANA, CONFIRM, 32))) == refused("hold-expired", held_until=at(30))
    assert refusal(ask(expired, (ANA, WITHDRAW, 32))) == refused("pledge-not-active", status="expired")


def test_the_donor_sets_another_quantity() -> None:
    """The fact tells the one before; the revision counts."""
    changed = only(ask(given(pledged(10)), change(15, 1)), PledgeChanged)

    assert (changed.before, changed.pledge.quantity, changed.pledge.revision) == (10, 15, 2)
    assert figures(changed.need) == (15, 0, 15, 0, 0)


def test_a_hold_is_changed_as_a_hold() -> None:
    """It keeps its end."""
    changed = only(ask(given(pledged(10, hold=30)), change(4)), PledgeChanged)

    assert (changed.pledge.status, changed.pledge.held_until) == ("held", at(30))
    assert figures(changed.need) == (26, 4, 0, 0, 0)


def test_a_full_need_stops_nobody_from_editing_downwards() -> None:
    """Upwards there is no room."""
    before = given(pledged(30))

    assert pledge_of(ask(before, change(29))).quantity == 29
    assert refusal(ask(before, change(31))) == refused("not-enough-left", left=0)


def test_a_pledge_of_another_revision_is_not_changed() -> None:
    """412 with the current one."""
    before = given(pledged(10), change(11))

    assert refusal(ask(before, change(12, 1))) == Refused("revision-mismatch", 412, {"revision": 2})


def test_the_same_quantity_is_no_change() -> None:
    """No fact."""
    assert ask(given(pledged(10)), change(10)).facts == ()


def test_a_pledge_cannot_be_less_than_delivered() -> None:
    """Lowered to just that it is delivered."""
    before = given(pledged(10), delivered(4))

    assert refusal(ask(before, change(3))) == refused("less-than-delivered", delivered=4)
    assert pledge_of(ask(before, change(4))).status == "delivered"
    assert refusal(ask(given(pledged(10), delivered(10)), change(9))) == refused("less-than-delivered", delivered=10)


def test_withdrawing_keeps_the_delivered_part() -> None:
    """The rest is free again."""
    withdrawn = only(ask(given(pledged(10), delivered(4)), (ANA, WITHDRAW)), PledgeWithdrawn)

    assert (withdrawn.quantity, withdrawn.pledge.status) == (6, "withdrawn")
    assert figures(withdrawn.need) == (26, 0, 4, 4, 0)


def test_the_organiser_lets_the_donor_off() -> None:
    """A hold, too."""
    released = only(ask(given(pledged(10, hold=30)), (OLGA, RELEASE)), PledgeReleased)

    assert (released.quantity, released.pledge.status) == (10, "released")
    assert figures(released.need) == (30, 0, 0, 0, 0)


def test_the_delivered_part_of_a_withdrawn_pledge_is_corrected() -> None:
    """Less frees room, more needs room again."""
    before = given(pledged(10), delivered(4), (ANA, WITHDRAW), pledged(26, by=BO, id="need_n.2"))
    less = only(ask(before, correct(3)), DeliveryCorrected)

    assert figures(before.state) == (0, 0, 30, 4, 0)
    assert (figures(less.need), less.pledge.status) == ((1, 0, 29, 3, 0), "withdrawn")
    assert refusal(ask(before, correct(5))) == refused("not-enough-left", left=0)
    assert refusal(ask(before, correct(11))) == refused("more-than-pledged", left=10)


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_has_ended_is_over(ending: str) -> None:
    """Nothing but a correction moves it any more, and each ending keeps its name."""
    before = given(*ENDINGS[ending])
    over = refused("pledge-not-active", status=ending)

    assert before.pledges["need_n.1"].status == ending
    assert refusal(ask(before, (ANA, WITHDRAW))) == over
    assert refusal(ask(before, (OLGA, RELEASE))) == over
    assert refusal(ask(before, (ANA, CONFIRM))) == over
    assert refusal(ask(before, delivered(1))) == over
    assert refusal(ask(before, change(20))) == over


def test_a_report_on_a_pledge_that_has_ended_is_not_accepted() -> None:
    """Nor corrected."""
    before = given(pledged(10), delivered(4, by=ANA), (ANA, WITHDRAW))

    assert refusal(ask(before, ACCEPT_1)) == refused("pledge-not-active", status="withdrawn")
    assert refusal(ask(before, correct(3))) == refused("pledge-not-active", status="withdrawn")


def test_an_anonymous_donor_is_named_to_nobody_else() -> None:
    """The facts know whom to tell; the organiser's answer does not say."""
    before = given((ANA, MakePledge("need_n", "need_n.1", 10, anonymous=True)))
    decision = ask(before, delivered(4))

    assert hidden_pledge_of(decision).donor is None
    assert hidden_pledge_of(decision).delivered_quantity == 4
    assert only(decision, PledgeDelivered).pledge.donor == ANA
    assert pledge_of(ask(before, change(5))).donor == ANA
