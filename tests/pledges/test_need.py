import pytest
from msgspec import structs

from services.pledges import need
from shared.contracts.pledges import (
    ChangeNeed,
    ChangePledge,
    CloseNeed,
    ConfirmPledge,
    CorrectDelivery,
    DeliveryCorrected,
    ExpireHold,
    MakePledge,
    NeedChanged,
    NeedClosed,
    NeedOpened,
    NeedReopened,
    OpenNeed,
    PledgeExpired,
    PledgeMade,
    ReopenNeed,
    WithdrawPledge,
)
from shared.decider import FORBIDDEN, NOT_FOUND, Done, Refused, refused
from tests.pledges.given import (
    ANA,
    BO,
    BOXES,
    CAMPAIGN,
    OLGA,
    PAT,
    START,
    ask,
    at,
    delivered,
    figures,
    follow,
    fresh,
    given,
    need_of,
    only,
    pledge_of,
    pledged,
    refusal,
)


def test_a_kind_of_the_campaigns_own_is_one_of_the_fixed_kinds() -> None:
    """Validated against what the campaign added: there, and of this kind."""
    campaign = structs.replace(CAMPAIGN, need_kinds={"dignity_pack": "goods"})
    packs = structs.replace(BOXES, subkind="dignity_pack")
    opened = need_of(ask(fresh(campaign), (OLGA, packs)))

    assert (opened.kind, opened.subkind) == ("goods", "dignity_pack")
    assert need_of(ask(fresh(campaign), (OLGA, BOXES))).subkind is None
    for wrong, where in ((structs.replace(packs, kind="time"), campaign), (packs, CAMPAIGN)):
        answer = ask(fresh(where), (OLGA, wrong)).answer
        assert isinstance(answer, Refused)
        assert (answer.status, answer.errors[0][0]) == (422, "/subkind")


def test_an_organiser_opens_a_need() -> None:
    """It starts at version 1 with everything uncommitted, for no partner."""
    decision = ask(fresh(), (OLGA, BOXES))
    opened = need_of(decision)

    assert only(decision, NeedOpened) == NeedOpened(opened, OLGA)
    assert isinstance(decision.answer, Done)
    assert decision.answer.status == 201
    assert (opened.version, opened.revision, opened.status) == (1, 1, "open")
    assert opened.created_at == opened.updated_at == START
    assert opened.partner_id is None
    assert figures(opened) == (30, 0, 0, 0, 0)


def test_a_member_of_a_partner_opens_a_need_for_it() -> None:
    """The partner stands in the need, and its other members manage it."""
    assert need_of(ask(fresh(), (PAT, BOXES))).partner_id == "campaign_c.p"


def test_strangers_open_no_need() -> None:
    """To organise something else is not enough."""
    assert refusal(ask(fresh(), (ANA, BOXES))) == FORBIDDEN


def test_a_need_of_an_unknown_campaign_is_not_found() -> None:
    """An absent copy means that there is no such campaign."""
    assert refusal(ask(fresh(None), (OLGA, BOXES))) == NOT_FOUND


@pytest.mark.parametrize("status", ["draft", "paused", "closed", "evolved"])
def test_a_need_wants_a_live_campaign(status: str) -> None:
    """The status comes with the refusal."""
    campaign = structs.replace(CAMPAIGN, status=status)

    assert refusal(ask(fresh(campaign), (OLGA, BOXES))) == refused("campaign-not-live", status=status)


@pytest.mark.parametrize(
    ("kind", "unit", "currency", "pointer"),
    [
        ("money", "pounds", "GBP", "/unit"),
        ("money", "pence", None, "/currency"),
        ("meal", "meals", "GBP", "/currency"),
    ],
)
def test_money_is_pence_with_a_currency(kind: str, unit: str, currency: str | None, pointer: str) -> None:
    """Anything else is a body that does not fit, with a pointer."""
    opening = structs.replace(BOXES, kind=kind, unit=unit, currency=currency)
    answer = refusal(ask(fresh(), (OLGA, opening)))

    assert (answer.problem, answer.status, answer.errors[0][0]) == ("invalid-body", 422, pointer)


def test_money_is_accepted_in_pence() -> None:
    """With a currency it is a need like any other."""
    opening = structs.replace(BOXES, kind="money", unit="pence", currency="GBP")

    assert need_of(ask(fresh(), (OLGA, opening))).currency == "GBP"


def test_opening_what_is_open_answers_with_it() -> None:
    """Its opener meets it as it is; nobody else takes it over."""
    before = given()

    assert ask(before, (OLGA, BOXES)).answer == Done("need", "need_n", before.state)
    assert refusal(ask(before, (PAT, BOXES))) == FORBIDDEN


@pytest.mark.parametrize("command", [ChangeNeed("need_x"), CloseNeed("need_x"), ReopenNeed("need_x")])
def test_an_unknown_need_is_not_found(command: ChangeNeed | CloseNeed | ReopenNeed) -> None:
    """Whoever asks."""
    assert refusal(ask(fresh(stream="need_x"), (OLGA, command))) == NOT_FOUND


@pytest.mark.parametrize("command", [ChangeNeed("need_n"), CloseNeed("need_n"), ReopenNeed("need_n")])
def test_who_does_not_manage_a_need_leaves_it_alone(command: ChangeNeed | CloseNeed | ReopenNeed) -> None:
    """Everybody sees a need, so it is 403."""
    assert refusal(ask(given(), (ANA, command))) == FORBIDDEN


@pytest.mark.parametrize("person", [OLGA, PAT, "tom"])
def test_organisers_opener_and_partner_members_manage_a_need(person: str) -> None:
    """Tom joined the partner later; Pat opened the need and has left it since."""
    opened, _ = follow(fresh(), [(PAT, BOXES)])
    later = structs.replace(CAMPAIGN, partners={"campaign_c.p": ("tom",)})

    closed = only(ask(structs.replace(opened, campaign=later), (person, CloseNeed("need_n"))), NeedClosed)

    assert closed.need.status == "closed"


def test_a_change_names_what_changed_and_counts_a_revision() -> None:
    """Fields that stay what they were are not named."""
    decision = ask(given(pledged()), (OLGA, ChangeNeed("need_n", 1, title="Bags", ward="aston", quantity=40), 5))
    changed = only(decision, NeedChanged)

    assert changed.changed == ("title", "quantity")
    assert (changed.need.version, changed.need.revision, changed.need.title) == (3, 2, "Bags")
    assert changed.need.updated_at == at(5)
    assert figures(changed.need) == (30, 0, 10, 0, 0)


def test_a_change_of_nothing_is_no_fact() -> None:
    """The need is answered as it is."""
    before = given()
    decision = ask(before, (OLGA, ChangeNeed("need_n", title="Boxes for parcels")))

    assert decision.facts == ()
    assert need_of(decision) == before.state


def test_null_clears_a_field() -> None:
    """Merge patch."""
    assert need_of(ask(given(), (OLGA, ChangeNeed("need_n", ward=None)))).ward is None


def test_a_change_of_another_revision_is_refused() -> None:
    """412 with the current one; pledges do not count as revisions."""
    before = given(pledged(), (OLGA, ChangeNeed("need_n", title="Bags")))

    assert refusal(ask(before, (OLGA, ChangeNeed("need_n", 1, title="Sacks")))) == Refused(
        "revision-mismatch", 412, {"revision": 2}
    )


def test_a_hard_need_cannot_shrink_below_what_is_committed() -> None:
    """Held counts as committed."""
    before = given(pledged(10), pledged(5, by=BO, id="need_n.2", hold=30))

    assert refusal(ask(before, (OLGA, ChangeNeed("need_n", quantity=14)))) == refused(
        "less-than-committed", committed=15
    )
    assert figures(need_of(ask(before, (OLGA, ChangeNeed("need_n", quantity=15))))) == (0, 5, 10, 0, 0)


def test_a_soft_need_can_shrink_below_what_is_committed() -> None:
    """The rest is over; it cannot become hard then."""
    before = given(pledged(10), (OLGA, ChangeNeed("need_n", limit="soft", quantity=8)))

    assert figures(before.state) == (0, 0, 10, 0, 2)
    assert refusal(ask(before, (OLGA, ChangeNeed("need_n", limit="hard")))) == refused(
        "less-than-committed", committed=10
    )


def test_the_unit_is_fixed_once_something_is_promised_in_it() -> None:
    """Ten boxes are not ten pallets."""
    change = ChangeNeed("need_n", unit="pallets")

    assert need_of(ask(given(), (OLGA, change))).unit == "pallets"
    assert refusal(ask(given(pledged()), (OLGA, change))) == refused("unit-fixed", unit="boxes")


def test_a_closed_need_takes_no_pledge() -> None:
    """Nor a larger one; those made are lowered, confirmed and delivered as ever."""
    before = given(pledged(10), pledged(5, by=BO, id="need_n.2", hold=30), (OLGA, CloseNeed("need_n")))
    closed = refused("need-not-open", status="closed")

    assert refusal(ask(before, (ANA, MakePledge("need_n", "need_n.3", 1)))) == closed
    assert refusal(ask(before, (ANA, ChangePledge("need_n", "need_n.1", 11)))) == closed
    assert pledge_of(ask(before, (ANA, ChangePledge("need_n", "need_n.1", 9)))).quantity == 9
    assert pledge_of(ask(before, (BO, ConfirmPledge("need_n", "need_n.2")))).status == "pledged"
    assert pledge_of(ask(before, delivered(10))).status == "delivered"


def test_closing_twice_is_closing_once() -> None:
    """So is reopening."""
    closed = given((OLGA, CloseNeed("need_n")))
    decision = ask(closed, (OLGA, CloseNeed("need_n")))

    assert (need_of(decision), decision.facts) == (closed.state, ())
    assert only(ask(closed, (OLGA, ReopenNeed("need_n"))), NeedReopened).need.status == "open"
    assert ask(given(), (OLGA, ReopenNeed("need_n"))).facts == ()


def test_a_need_of_an_ended_campaign_takes_no_pledge_and_stays_closed() -> None:
    """Nothing new is opened in it; deliveries go on."""
    ended = structs.replace(CAMPAIGN, status="closed")
    before = structs.replace(given(pledged(), (OLGA, CloseNeed("need_n"))), campaign=ended)
    still_open = structs.replace(given(pledged()), campaign=ended)

    assert refusal(ask(before, (OLGA, ReopenNeed("need_n")))) == refused("campaign-not-live", status="closed")
    assert refusal(ask(still_open, (BO, MakePledge("need_n", "need_n.2", 1)))).problem == "need-not-open"
    assert pledge_of(ask(still_open, delivered(10))).status == "delivered"


def test_a_need_is_fulfilled_when_all_is_delivered() -> None:
    """A correction downwards opens it again; so does a larger quantity."""
    full = given(pledged(30))
    assert full.state is not None
    assert full.state.status == "open"

    done = given(pledged(30), delivered(30))
    assert done.state is not None
    assert done.state.status == "fulfilled"
    assert need_of(ask(done, (OLGA, ChangeNeed("need_n", quantity=31)))).status == "open"

    corrected = ask(done, (OLGA, CorrectDelivery("need_n", "need_n.1", 1, 29, "One was empty")))
    assert only(corrected, DeliveryCorrected).need.status == "open"


def test_a_fulfilled_need_stays_closed_when_closed() -> None:
    """And is fulfilled again when reopened."""
    before = given(pledged(30), delivered(30), (OLGA, CloseNeed("need_n")))

    assert need_of(ask(before, (OLGA, ReopenNeed("need_n")))).status == "fulfilled"


def test_overdue_holds_end_before_a_command_is_decided() -> None:
    """Their room is free for the command that meets them."""
    before = given(pledged(30, hold=10))
    decision = ask(before, (BO, MakePledge("need_n", "need_n.2", 30), 10))

    assert [type(fact) for fact in decision.facts] == [PledgeExpired, PledgeMade]
    assert [fact.streamversion for fact in decision.facts] == [3, 4]
    assert pledge_of(decision).quantity == 30


def test_overdue_holds_end_also_when_the_command_is_refused() -> None:
    """The facts come with the refusal."""
    decision = ask(given(pledged(30, hold=10)), (BO, MakePledge("need_n", "need_n.2", 31), 11))

    assert refusal(decision) == refused("not-enough-left", left=30)
    assert only(decision, PledgeExpired).pledge.updated_at == at(11)


def test_a_hold_stands_until_its_last_instant() -> None:
    """A millisecond before its end it is confirmed, at its end it is not."""
    before = given(pledged(30, hold=10))

    assert pledge_of(ask(before, (ANA, ConfirmPledge("need_n", "need_n.1"), 9))).status == "pledged"
    assert refusal(ask(before, (ANA, ConfirmPledge("need_n", "need_n.1"), 10))).problem == "hold-expired"


def test_a_command_ends_200_overdue_holds_at_the_most() -> None:
    """The one that it is about is among them, however late its turn."""
    holds = [pledged(1, by=f"p{n}", id=f"need_n.{n:03}", hold=10 + n) for n in range(300)]
    before = given(*holds, opening=structs.replace(BOXES, quantity=300))
    decision = ask(before, ("p299", WithdrawPledge("need_n", "need_n.299"), 400))

    assert len(decision.facts) == need.MOST_EXPIRED
    assert refusal(decision) == refused("pledge-not-active", status="expired")


def test_the_service_ends_a_hold_in_time() -> None:
    """Only the hold it was meant for, and only the service itself."""
    before = given(pledged(10, hold=10))
    command = ExpireHold("need_n", "need_n.1", at(10))

    assert only(ask(before, ("pledges", command, 9), roles=["system"]), PledgeExpired).quantity == 10
    assert only(ask(before, ("pledges", command, 10), roles=["system"]), PledgeExpired).quantity == 10
    assert refusal(ask(before, (ANA, command, 9))) == FORBIDDEN


@pytest.mark.parametrize(
    "command", [ExpireHold("need_n", "need_n.1", at(11)), ExpireHold("need_n", "need_n.9", at(10))]
)
def test_a_hold_that_is_not_meant_is_left_alone(command: ExpireHold) -> None:
    """Another end, or an unknown pledge: nothing happens, and that is success."""
    decision = ask(given(pledged(10, hold=10)), ("pledges", command, 9), roles=["system"])

    assert decision.facts == ()
    assert decision.answer == Done("pledge", command.pledge_id, None)


def test_a_need_may_bear_a_wish_for_a_day_and_languages() -> None:
    """All that was asked for is in the state."""
    opening = OpenNeed(
        "need_n",
        "campaign_c",
        "Somebody who speaks Polish",
        "time",
        3,
        "hours",
        limit="soft",
        by="2026-04-01",
        description="On Sundays",
        principles=(1, 8),
        languages=("pl",),
        related=("need_m",),
    )
    opened = need_of(ask(fresh(), (OLGA, opening)))

    assert (opened.limit, opened.by, opened.ward, opened.description) == ("soft", "2026-04-01", None, "On Sundays")
    assert (opened.principles, opened.languages, opened.related) == ((1, 8), ("pl",), ("need_m",))
