"""Offers to a campaign, and matching them to its needs: over two streams, once, whatever dies between."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct, json, structs

from services.pledges import offer as rules
from services.pledges.offer import Offer
from services.pledges.policy import CampaignCopy
from shared.contracts.message import Command, Fact
from shared.contracts.outcomes import CommandRefused, CommandSucceeded, Outcome, Touched
from shared.contracts.pledges import (
    ChangeNeed,
    ChangeOffer,
    CloseNeed,
    MakeOffer,
    MakePledge,
    Match,
    MatchOffer,
    OfferAnswer,
    OfferMade,
    OfferMatched,
    OfferReturned,
    OfferSetAside,
    PledgeState,
    ReleaseOffer,
    ReturnMatch,
    SettleMatch,
    TakeOffered,
    WithdrawOffer,
    WithdrawPledge,
)
from shared.decider import Asked, Decision, Done, Refused
from tests.pledges.given import ANA, BO, BOXES, CAMPAIGN, CY, OLGA, PAT, START, at, figures
from tests.pledges.market import Market

OFFER = MakeOffer("offer_o", "campaign_c", "goods", "boxes", 12, note="From the cellar.")


def ask(before: Offer, person: str, command: Any, minutes: int = 0, roles: str = "resident") -> Decision:  # noqa: ANN401 -- any of an offer's
    """Decide one command."""
    return rules.decide(before, command, Asked("c", person, frozenset({roles}), at(minutes)))


def after(before: Offer, decision: Decision) -> Offer:
    """The offer after what was decided."""
    for fact in (*decision.facts, *decision.private):
        before = rules.evolve(before, fact)
    return before


def fresh(campaign: CampaignCopy | None = CAMPAIGN) -> Offer:
    """An offer that nobody made yet."""
    return Offer("offer_o", campaign=campaign)


def made(command: MakeOffer = OFFER, by: str = ANA) -> Offer:
    """An offer of twelve boxes."""
    return after(fresh(), ask(fresh(), by, command))


def said(decision: Decision) -> OfferAnswer:
    """The offer that answers."""
    assert isinstance(decision.answer, Done), decision
    assert isinstance(decision.answer.body, OfferAnswer)
    return decision.answer.body


def no(decision: Decision) -> tuple[str, int, dict[str, Any]]:
    """Why it is refused."""
    assert isinstance(decision.answer, Refused), decision
    return decision.answer.problem, decision.answer.status, decision.answer.figures


# ---------------------------------------------------------------- the offer alone


def test_an_offer_reads_as_a_pledge_without_a_need() -> None:
    """201, all of it left; what was said with it is in no fact."""
    decision = ask(fresh(), ANA, OFFER)

    offer = said(decision)
    [fact] = decision.facts
    assert isinstance(fact, OfferMade)
    assert (offer.status, offer.quantity, offer.left, offer.matched) == ("offered", 12, 12, ())
    assert (offer.need_id, offer.donor, offer.delivered_quantity) == (None, ANA, 0)
    assert b"cellar" not in json.encode(fact)
    assert [words.words for words in after(fresh(), decision).words] == ["From the cellar."]


@pytest.mark.parametrize(
    ("campaign", "problem"),
    [
        (None, "not-found"),
        (structs.replace(CAMPAIGN, status="draft"), "not-found"),
        (structs.replace(CAMPAIGN, status="closed"), "campaign-not-live"),
        (structs.replace(CAMPAIGN, status="paused"), "campaign-not-live"),
    ],
)
def test_only_a_live_campaign_takes_offers(campaign: CampaignCopy | None, problem: str) -> None:
    """A draft does not exist for others than its organisers."""
    assert no(ask(fresh(campaign), ANA, OFFER))[0] == problem


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"kind": "money", "unit": "pence"}, "/currency"),
        ({"kind": "money", "unit": "pounds", "currency": "GBP"}, "/unit"),
        ({"currency": "GBP"}, "/currency"),
    ],
)
def test_money_is_counted_in_pence_of_a_currency(fields: dict[str, Any], pointer: str) -> None:
    """As in a need."""
    answer = ask(fresh(), ANA, structs.replace(OFFER, **fields)).answer

    assert isinstance(answer, Refused)
    assert [where for where, _ in answer.errors] == [pointer]


def test_a_repeat_is_the_first_offer_and_nobody_else_s() -> None:
    """No-op by state."""
    assert ask(made(), ANA, OFFER).facts == ()
    assert no(ask(made(), BO, OFFER))[0] == "not-found"


@pytest.mark.parametrize(
    "command",
    [
        ChangeOffer("offer_o", 3),
        WithdrawOffer("offer_o"),
        ReleaseOffer("offer_o", "Enough."),
        MatchOffer("offer_o", "need_n", "need_n.p"),
        SettleMatch("offer_o", "need_n.p", OLGA),
        ReturnMatch("offer_o", "need_n.p"),
    ],
    ids=lambda command: type(command).__name__,
)
def test_a_stranger_learns_nothing_of_an_offer(command: Command) -> None:
    """sec_7: 404; a member of a partner is one too, and so is everybody before it is made."""
    assert no(ask(made(), BO, command))[1] == 404
    assert no(ask(made(), PAT, command))[1] == 404
    assert no(ask(fresh(), ANA, command))[1] == 404


def test_donor_and_organiser_have_acts_of_their_own() -> None:
    """403 for what one may see but not do; what the service asks of itself nobody else may."""
    for person, command in [
        (OLGA, ChangeOffer("offer_o", 3)),
        (OLGA, WithdrawOffer("offer_o")),
        (ANA, ReleaseOffer("offer_o", "Enough.")),
        (ANA, MatchOffer("offer_o", "need_n", "need_n.p")),
        (OLGA, SettleMatch("offer_o", "need_n.p", OLGA)),
        (OLGA, ReturnMatch("offer_o", "need_n.p")),
    ]:
        assert no(ask(made(), person, command))[1] == 403, command


def test_an_anonymous_donor_is_told_to_nobody() -> None:
    """The organiser who lets the donor off reads no name."""
    offer = made(structs.replace(OFFER, anonymous=True))

    assert said(ask(offer, OLGA, ReleaseOffer("offer_o", "Enough."))).donor is None
    assert said(ask(offer, ANA, ChangeOffer("offer_o", 3))).donor == ANA


def test_the_donor_changes_the_quantity_down_to_what_is_matched() -> None:
    """`If-Match` is honoured; below what needs have it is refused, with the figure."""
    offer = matched(made(), 5)

    assert no(ask(offer, ANA, ChangeOffer("offer_o", 4))) == ("less-than-matched", 409, {"matched": 5})
    assert no(ask(offer, ANA, ChangeOffer("offer_o", 7, revision=9)))[1] == 412
    changed = said(ask(offer, ANA, ChangeOffer("offer_o", 5, revision=1)))
    assert (changed.quantity, changed.left, changed.status, changed.revision) == (5, 0, "matched", 2)


def matched(offer: Offer, quantity: int, name: str = "need_n.p") -> Offer:
    """The offer after a need took a part of it."""
    offer = after(offer, ask(offer, OLGA, MatchOffer("offer_o", "need_n", name, quantity)))
    taken = SettleMatch("offer_o", name, OLGA, pledge=_pledge(name, quantity))
    return after(offer, ask(offer, "pledges", taken, roles="system"))


def _pledge(name: str, quantity: int) -> PledgeState:
    return PledgeState(
        id=name,
        version=1,
        revision=1,
        created_at=START,
        updated_at=START,
        need_id="need_n",
        campaign_id="campaign_c",
        kind="goods",
        unit="boxes",
        donor=ANA,
        anonymous=False,
        quantity=quantity,
        status="pledged",
        offer_id="offer_o",
    )


@pytest.mark.parametrize(
    ("person", "command", "status"),
    [
        (ANA, WithdrawOffer("offer_o", "Moved away."), "withdrawn"),
        (OLGA, ReleaseOffer("offer_o", "Enough."), "released"),
    ],
)
def test_what_is_left_ends_and_what_is_matched_stays(person: str, command: Command, status: str) -> None:
    """By donor and organiser with a fact of their own; it does not end twice, and all of it matched cannot."""
    offer = matched(made(), 5)

    decision = ask(offer, person, command)
    ended = after(offer, decision)

    answer = said(decision)
    assert (answer.status, answer.left, answer.withdrawn, len(answer.matched)) == (status, 0, 7, 1)
    assert no(ask(ended, ANA, WithdrawOffer("offer_o")))[0] == "pledge-not-active"
    assert no(ask(ended, ANA, ChangeOffer("offer_o", 50)))[0] == "pledge-not-active"
    assert no(ask(ended, OLGA, MatchOffer("offer_o", "need_n", "need_n.q")))[0] == "pledge-not-active"
    assert no(ask(matched(made(), 12), person, command))[0] == "pledge-wrong-state"


def test_what_a_donor_did_not_confirm_is_left_again_or_withdrawn_with_the_rest() -> None:
    """Once; of an offer that has ended nothing is offered anew."""
    offer = matched(made(), 5)
    ended = after(offer, ask(offer, ANA, WithdrawOffer("offer_o")))
    back = ReturnMatch("offer_o", "need_n.p")

    for before, left, withdrawn in [(offer, 12, 0), (ended, 0, 12)]:
        returned = after(before, ask(before, "pledges", back, roles="system"))
        assert returned.state is not None
        assert (returned.state.left, returned.state.withdrawn, returned.state.matched) == (left, withdrawn, ())
        assert ask(returned, "pledges", back, roles="system").facts == ()


def test_a_match_is_set_aside_before_the_need_is_asked() -> None:
    """The answer is to come; more than is left is refused, with the figure, and so is an id that is taken."""
    decision = ask(made(), OLGA, MatchOffer("offer_o", "need_n", "need_n.p", 5))

    [fact], [asked] = decision.facts, decision.then
    assert isinstance(fact, OfferSetAside)
    assert isinstance(asked, TakeOffered)
    assert (fact.offer.left, fact.match.quantity, fact.offer.asked_at) == (7, 5, START)
    assert (asked.stream, asked.quantity, asked.up_to, asked.matched_by) == ("need_n", 5, False, OLGA)
    assert no(ask(after(made(), decision), OLGA, MatchOffer("offer_o", "need_n", "need_n.p", 5)))[0] == "not-found"
    assert no(ask(made(), OLGA, MatchOffer("offer_o", "need_n", "need_n.p", 13))) == (
        "more-than-pledged",
        409,
        {"left": 12},
    )
    assert no(ask(matched(made(), 12), OLGA, MatchOffer("offer_o", "need_n", "need_n.q")))[0] == "more-than-pledged"
    assert no(ask(made(), OLGA, MatchOffer("offer_o", "need_n", "need_m.p")))[0] == "not-found"


def test_an_offer_is_shared_by_so_many_pledges(monkeypatch: pytest.MonkeyPatch) -> None:
    """It travels whole in each of its facts."""
    monkeypatch.setattr(rules, "MOST_MATCHES", 1)
    offer = matched(made(), 5)

    refusal = no(ask(offer, OLGA, MatchOffer("offer_o", "need_n", "need_n.q", 1)))

    assert refusal == ("too-many-matches", 409, {"most": 1})


# ---------------------------------------------------------------- offer and need


def market(*more: tuple[str, Command]) -> Market:
    """A need for thirty boxes, and Ana's offer of twelve."""
    market = Market()
    for person, command in [(OLGA, BOXES), (ANA, OFFER), *more]:
        assert isinstance(market.did(person, command), CommandSucceeded), command
    return market


def match(quantity: int | None = None, need: str = "need_n", name: str = "p", offer: str = "offer_o") -> MatchOffer:
    """A match of the offer to a need."""
    return MatchOffer(offer, need, f"{need}.{name}", quantity)


def refused(outcome: Outcome) -> tuple[str, int, dict[str, Any]]:
    """Why."""
    assert isinstance(outcome, CommandRefused), outcome
    return outcome.problem, outcome.status, outcome.figures


def pledge_of(outcome: Outcome) -> PledgeState:
    """The pledge that answers."""
    assert isinstance(outcome, CommandSucceeded), outcome
    return json.decode(outcome.body, type=PledgeState)


def test_a_match_is_answered_with_a_pledge_of_the_offer_s_donor() -> None:
    """201; offer, need and pledge tell the same, and the outcome names both streams."""
    town = market()

    outcome = town.did(OLGA, match(5))

    pledge = pledge_of(outcome)
    assert isinstance(outcome, CommandSucceeded)
    assert (outcome.status, outcome.resource.kind, outcome.resource.id) == (201, "pledge", "need_n.p")
    assert outcome.touched == (Touched("need_n", 2), Touched("offer_o", 3))
    assert (pledge.donor, pledge.quantity, pledge.status, pledge.offer_id) == (ANA, 5, "pledged", "offer_o")
    assert town.need().pledges["need_n.p"] == pledge
    assert (town.offer().left, town.offer().status) == (7, "offered")
    assert [(one.pledge_id, one.quantity, one.settled) for one in town.offer().matched] == [("need_n.p", 5, True)]
    town.check()


def test_row_24_one_offer_over_several_needs_and_several_offers_on_one_need() -> None:
    """Partial on both sides; without a quantity as much as both allow, and the rest stays left."""
    second = structs.replace(BOXES, need_id="need_m", quantity=4)
    other = structs.replace(OFFER, offer_id="offer_q", quantity=40)
    town = market((OLGA, second), (BO, other))

    assert pledge_of(town.did(OLGA, match(5))).quantity == 5
    assert pledge_of(town.did(OLGA, match(need="need_m"))).quantity == 4
    assert pledge_of(town.did(OLGA, match(offer="offer_q", name="q"))).quantity == 25

    assert (town.offer().left, town.offer("offer_q").left) == (3, 15)
    assert [state.uncommitted for name in ("need_n", "need_m") if (state := town.need(name).state)] == [0, 0]
    town.check()


@pytest.mark.parametrize(
    ("before", "command", "refusal"),
    [
        ([(BO, MakePledge("need_n", "need_n.b", 26))], match(5), ("not-enough-left", 409, {"left": 4})),
        ([(BO, MakePledge("need_n", "need_n.b", 30))], match(), ("not-enough-left", 409, {"left": 0})),
        ([(OLGA, CloseNeed("need_n"))], match(5), ("need-not-open", 409, {"status": "closed"})),
        (
            [(OLGA, ChangeNeed("need_n", unit="crates"))],
            match(5),
            ("offer-does-not-fit", 409, {"kind": "goods", "unit": "crates"}),
        ),
        ([], match(5, need="need_x"), ("not-found", 404, {})),
    ],
    ids=["too much", "full", "closed", "another unit", "no such need"],
)
def test_what_the_need_refuses_is_the_answer_and_left_again(
    before: list[tuple[str, Command]], command: MatchOffer, refusal: tuple[str, int, dict[str, Any]]
) -> None:
    """409 with the figures, after the offer has it back."""
    town = market(*before)

    assert refused(town.did(OLGA, command)) == refusal

    assert (town.offer().left, town.offer().matched, town.offer().status) == (12, (), "offered")
    town.check()


def test_an_offer_is_matched_within_its_campaign() -> None:
    """422, at the field that is wrong."""
    town = market()
    town.documents.campaign = structs.replace(CAMPAIGN, id="campaign_z")
    town.did(OLGA, structs.replace(BOXES, need_id="need_z", campaign_id="campaign_z"))

    outcome = town.did(OLGA, match(5, need="need_z"))

    assert isinstance(outcome, CommandRefused)
    assert (outcome.status, [where for where, _ in outcome.errors]) == (422, ["/need_id"])
    assert town.offer().left == 12


def test_a_matched_pledge_is_its_donor_s_like_any_other() -> None:
    """Ana withdraws it herself; the offer stays matched, for she took it back from the need."""
    town = market()
    town.did(OLGA, match(5))

    assert isinstance(town.did(ANA, WithdrawPledge("need_n", "need_n.p")), CommandSucceeded)

    assert town.offer().left == 7
    assert figures(town.need().state) == (30, 0, 0, 0, 0)


def test_two_organisers_cannot_match_the_same_boxes_twice() -> None:
    """Both ask at once for more than half: one is refused."""
    town = market()
    first, second = town.ask(OLGA, match(8)), town.ask(OLGA, match(8, name="q"))
    town.run()

    assert pledge_of(town.answer(first)).quantity == 8
    assert refused(town.answer(second)) == ("more-than-pledged", 409, {"left": 4})
    town.check()


def _taken(town: Market) -> None:
    assert (town.offer().left, town.offer().matched[0].quantity) == (7, 5)
    assert isinstance(town.answer("m"), CommandSucceeded)


def _given_back(town: Market) -> None:
    assert (town.offer().left, town.offer().matched) == (12, ())
    assert isinstance(town.answer("m"), CommandRefused)


@pytest.mark.parametrize(
    ("before", "ends"),
    [([], _taken), ([(BO, MakePledge("need_n", "need_n.b", 26))], _given_back)],
    ids=["taken", "given back"],
)
def test_a_death_at_every_step_of_a_match_loses_and_doubles_nothing(
    before: list[tuple[str, Command]], ends: Callable[[Market], None]
) -> None:
    """`left + matched = quantity`, one pledge at the most, one answer: at each cut, and at each two near each other."""
    town = market(*before)
    town.ask(OLGA, match(5), name="m")
    last = town.run()
    deaths = [(step,) for step in range(1, last)]
    for cuts in [*deaths, *(pair for pair in combinations(range(1, last + 6), 2) if pair[1] - pair[0] < 6)]:
        town = market(*before)
        town.ask(OLGA, match(5), name="m")

        town.run(cuts)

        ends(town)
        town.check()


class Act(Struct, frozen=True):
    """Somebody does something with an offer or a need."""

    person: str
    command: Command


OFFERS, NEEDS = ("offer_o", "offer_q"), ("need_n", "need_m")


@st.composite
def acts(draw: st.DrawFn) -> Act:
    """Any of what donors and organisers can do."""
    offer, need = draw(st.sampled_from(OFFERS)), draw(st.sampled_from(NEEDS))
    number = draw(st.integers(1, 14))
    pledge = f"{need}.{draw(st.sampled_from('pqrs'))}"
    donor = ANA if offer == "offer_o" else BO
    return draw(
        st.sampled_from(
            [
                Act(OLGA, MatchOffer(offer, need, pledge, number)),
                Act(OLGA, MatchOffer(offer, need, pledge)),
                Act(donor, ChangeOffer(offer, number)),
                Act(donor, WithdrawOffer(offer)),
                Act(OLGA, ReleaseOffer(offer, "Enough.")),
                Act(CY, MakePledge(need, f"{need}.cy", number)),
                Act(donor, WithdrawPledge(need, pledge)),
                Act(OLGA, CloseNeed(need)),
            ]
        )
    )


@given(st.lists(acts(), max_size=14), st.lists(st.integers(1, 400), max_size=6), st.integers(0, 9_999))
@settings(max_examples=200, deadline=None)
def test_no_history_with_deaths_loses_or_doubles_an_offer(history: list[Act], deaths: list[int], seed: int) -> None:
    """Whatever is asked at once, and however often the service dies; every prefix keeps the ledgers."""
    town = Market(seed)
    for person, command in [
        (OLGA, BOXES),
        (OLGA, structs.replace(BOXES, need_id="need_m", quantity=8)),
        (ANA, OFFER),
        (BO, structs.replace(OFFER, offer_id="offer_q", quantity=9)),
    ]:
        town.did(person, command)
    for act in history:
        town.ask(act.person, act.command)

    town.run(deaths)

    town.check()
    for offer in (town.offer(name) for name in OFFERS):
        for one in offer.matched:
            assert town.need(one.need_id).pledges[one.pledge_id].offer_id == offer.id
    offered = {one.pledge_id for name in OFFERS for one in town.offer(name).matched}
    brought_forth = {one.id for name in NEEDS for one in town.need(name).pledges.values() if one.offer_id}
    assert brought_forth == offered


def test_facts_of_a_match_tell_what_moved() -> None:
    """Set aside, booked; or set aside, returned."""
    offer = made()
    decision = ask(offer, OLGA, match(5))
    aside = after(offer, decision)
    booked = ask(
        aside, "pledges", SettleMatch("offer_o", "need_n.p", OLGA, pledge=_pledge("need_n.p", 3)), roles="system"
    )
    returned = ask(aside, "pledges", SettleMatch("offer_o", "need_n.p", OLGA), roles="system")

    kinds: list[type[Fact]] = [type(fact) for step in (decision, booked, returned) for fact in step.facts]
    assert kinds == [OfferSetAside, OfferMatched, OfferReturned]
    settled = after(aside, booked).state
    assert settled is not None
    assert (settled.left, settled.matched) == (9, (Match("need_n", "need_n.p", 3, START, settled=True),))
