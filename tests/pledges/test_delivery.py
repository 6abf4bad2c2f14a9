from msgspec import structs

from services.pledges import delivery as rules
from shared.contracts.pledges import (
    AcceptDelivery,
    CorrectDelivery,
    Correction,
    DeliveryCorrected,
    DeliveryReported,
    PledgeDelivered,
)
from shared.decider import NOT_FOUND, refused
from tests.pledges.given import (
    ANA,
    BOXES,
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

ACCEPT_1 = (OLGA, AcceptDelivery("need_n", "need_n.1", 1))


def correct(quantity: int, n: int = 1, reason: str = "Counted again") -> Step:
    """A step: the organiser corrects a delivery."""
    return OLGA, CorrectDelivery("need_n", "need_n.1", n, quantity, reason)


def test_a_delivery_by_the_organiser_counts_at_once() -> None:
    """Repeatable until all."""
    before = given(pledged(10), delivered(4))
    told = only(ask(before, delivered(6)), PledgeDelivered)

    assert (told.delivery.n, told.delivery.quantity, told.delivery.status) == (2, 6, "confirmed")
    assert (told.pledge.status, told.pledge.delivered_quantity) == ("delivered", 10)
    assert figures(told.need) == (20, 0, 10, 10, 0)
    assert refusal(ask(before, delivered(7))) == refused("more-than-pledged", left=6)


def test_a_delivery_by_the_donor_is_reported_only() -> None:
    """No figure moves before it is accepted; then it counts once."""
    before = given(pledged(10), delivered(4, by=ANA))
    told = only(ask(given(pledged(10)), delivered(4, by=ANA)), DeliveryReported)
    accepted = only(ask(before, ACCEPT_1), PledgeDelivered)
    after = given(pledged(10), delivered(4, by=ANA), ACCEPT_1)

    assert (told.pledge.delivered_quantity, told.delivery.status) == (0, "reported")
    assert figures(told.need) == (20, 0, 10, 0, 0)
    assert figures(accepted.need) == (20, 0, 10, 4, 0)
    assert ask(after, ACCEPT_1).facts == ()
    assert pledge_of(ask(after, ACCEPT_1)).delivered_quantity == 4


def test_reports_do_not_exceed_the_pledge_together() -> None:
    """They do not limit the organiser, whose word counts; a report that no longer fits is not accepted."""
    before = given(pledged(10), delivered(7, by=ANA))
    told = given(pledged(10), delivered(7, by=ANA), delivered(5))

    assert refusal(ask(before, delivered(4, by=ANA))) == refused("more-than-pledged", left=3)
    assert refusal(ask(told, ACCEPT_1)) == refused("more-than-pledged", left=5)


def test_a_donor_who_organises_delivers_as_an_organiser() -> None:
    """No need to accept one's own word."""
    before = given(pledged(10, by=OLGA))

    assert only(ask(before, delivered(4)), PledgeDelivered).delivery.status == "confirmed"


def test_a_hold_is_not_delivered() -> None:
    """It is no promise yet."""
    assert refusal(ask(given(pledged(10, hold=30)), delivered(1))) == refused("pledge-wrong-state", status="held")


def test_an_unknown_delivery_is_not_found() -> None:
    """Numbers start at 1."""
    before = given(pledged(10), delivered(4))
    for n in (0, 2, -1):
        assert refusal(ask(before, (OLGA, AcceptDelivery("need_n", "need_n.1", n)))) == NOT_FOUND
        assert refusal(ask(before, correct(1, n))) == NOT_FOUND


def test_deliveries_of_one_pledge_are_bounded() -> None:
    """It travels whole in every fact."""
    before = given(
        pledged(2_000),
        *(delivered(1) for _ in range(rules.MOST_DELIVERIES)),
        opening=structs.replace(BOXES, quantity=2_000),
    )

    assert refusal(ask(before, delivered(1))) == refused("too-many-deliveries", most=1_000)


def test_a_correction_shows_as_one() -> None:
    """What was said before stays; the figures follow."""
    corrected = only(ask(given(pledged(10), delivered(10)), correct(7)), DeliveryCorrected)

    assert corrected.delivery.corrections == (Correction(10, 7, "Counted again", at(0)),)
    assert (corrected.pledge.status, corrected.pledge.delivered_quantity) == ("pledged", 7)
    assert figures(corrected.need) == (20, 0, 10, 7, 0)


def test_a_correction_does_not_exceed_the_pledge() -> None:
    """With what is left beside the other deliveries."""
    before = given(pledged(10), delivered(4), delivered(3))

    assert refusal(ask(before, correct(8))) == refused("more-than-pledged", left=7)
    assert pledge_of(ask(before, correct(7))).status == "delivered"
    assert ask(before, correct(4)).facts == ()


def test_a_report_is_corrected_without_counting() -> None:
    """It is accepted with the right quantity."""
    before = given(pledged(10), delivered(4, by=ANA), correct(3))

    assert figures(before.state) == (20, 0, 10, 0, 0)
    assert pledge_of(ask(before, ACCEPT_1)).delivered_quantity == 3


def test_a_delivery_that_never_was_is_corrected_to_nothing() -> None:
    """It stays listed."""
    corrected = pledge_of(ask(given(pledged(10), delivered(4)), correct(0)))

    assert (corrected.delivered_quantity, len(corrected.deliveries)) == (0, 1)


def test_corrections_of_one_pledge_are_bounded() -> None:
    """They travel with it."""
    before = given(pledged(10), delivered(4), *(correct(3 + n % 2) for n in range(rules.MOST_CORRECTIONS)))

    assert refusal(ask(before, correct(9))) == refused("too-many-corrections", most=100)
