"""Offers on a real MongoDB: kept, matched over two streams, read by those who may."""

import random

import pytest
from msgspec import json

from services.pledges import documents
from services.pledges.queries import Queries
from shared.contracts.message import Command, open_envelope
from shared.contracts.outcomes import CommandRefused, CommandSucceeded, Touched
from shared.contracts.pledges import (
    AskAround,
    ChangeOffer,
    Kind,
    MakeOffer,
    MakePledge,
    MatchOffer,
    NextWave,
    OpenNeed,
    PledgeState,
    WithdrawPledge,
)
from tests.pledges.given import ANA, BO, BOXES, CY, OLGA, PAT, figures
from tests.pledges.records import Desk, asked, body, processed_through
from tests.pledges.test_store import stored

OFFER = MakeOffer("offer_o", "campaign_c", "goods", "boxes", 12, note="From the cellar.", anonymous=True)


async def test_a_match_is_kept_on_both_streams(desk: Desk) -> None:
    """With the outcome in the entry of the first command; a repeat much later is answered by it."""
    await desk.process(asked(OLGA, BOXES), asked(ANA, OFFER))
    match = asked(OLGA, MatchOffer("offer_o", "need_n", "need_n.p", 5), command_id="m")

    outcome = await processed_through(desk, match)

    pledge = json.decode(body(outcome))
    assert outcome.touched == (Touched("need_n", 2), Touched("offer_o", 3))
    assert (pledge["donor"], pledge["quantity"], pledge["offer_id"]) == (None, 5, "offer_o")
    assert figures(await stored(desk)) == (25, 0, 5, 0, 0)
    offer = await desk.store.offers.find_one({"_id": "offer_o"})
    assert offer is not None
    assert (offer["left"], offer["version"], offer["matched"][0]["settled"]) == (7, 3, True)
    [again] = await desk.process(asked(OLGA, MatchOffer("offer_o", "need_n", "need_n.p", 5), command_id="m"))
    assert again.value == await desk.store.inbox.outcome("m")


async def test_an_offer_reads_among_its_donor_s_pledges(desk: Desk) -> None:
    """In one list, newest first, over the border of a page; its note beside it."""
    asking = Queries(desk.store)
    await desk.process(asked(OLGA, BOXES), asked(ANA, MakePledge("need_n", "need_n.1", 2)))
    await desk.process(asked(ANA, OFFER, minutes=1), asked(ANA, MakePledge("need_n", "need_n.2", 2), minutes=2))

    first = await asking.pledges_of(ANA, cursor=None, limit=2)
    rest = await asking.pledges_of(ANA, cursor=first["next"], limit=2)

    assert [one["id"] for one in first["items"] + rest["items"]] == ["need_n.2", "offer_o", "need_n.1"]
    assert rest["next"] is None
    offer = first["items"][1]
    assert (offer["note"], offer["donor"], offer["left"], offer["need_id"]) == ("From the cellar.", ANA, 12, None)


async def test_an_offer_is_seen_by_its_donor_and_the_organisers_alone(desk: Desk) -> None:
    """To others it does not exist; the campaign's list is the organisers', and tells no anonymous donor."""
    asking = Queries(desk.store)
    await desk.process(asked(ANA, OFFER))

    mine, theirs = await asking.offer("offer_o", ANA), await asking.offer("offer_o", OLGA)

    assert mine is not None
    assert (mine["donor"], theirs) == (ANA, {**mine, "donor": None})
    for person in (BO, PAT):
        assert await asking.offer("offer_o", person) is None
    listed = await asking.offers_to("campaign_c", OLGA, cursor=None, limit=20)
    assert listed == {"items": [theirs], "next": None}
    assert await asking.offers_to("campaign_x", OLGA, cursor=None, limit=20) is None
    with pytest.raises(PermissionError):
        await asking.offers_to("campaign_c", BO, cursor=None, limit=20)


async def test_a_need_asks_those_who_fit_and_were_not_asked(desk: Desk) -> None:
    """By person, longest ago first; what is asked for is held, planned to end, and set aside of the offers."""
    await desk.process(asked(OLGA, BOXES), asked(OLGA, OpenNeed("need_m", "campaign_c", "Boxes", "goods", 1, "boxes")))
    offered: list[tuple[str, str, Kind, str]] = [
        ("offer_a", ANA, "goods", "boxes"),
        ("offer_a2", ANA, "goods", "boxes"),
        ("offer_b", BO, "goods", "boxes"),
        ("offer_c", CY, "goods", "crates"),
        ("offer_d", CY, "meal", "boxes"),
    ]
    for name, person, kind, unit in offered:
        await desk.process(asked(person, MakeOffer(name, "campaign_c", kind, unit, 9)))
    await processed_through(desk, asked(OLGA, MatchOffer("offer_a2", "need_m", "need_m.p"), minutes=1))

    await processed_through(desk, asked(OLGA, AskAround("need_n", 30, 1), minutes=2))

    assert await _asked_of(desk) == {"offer_b"}
    planned = {open_envelope(one["value"]).type async for one in desk.store.needs.database.due.find({})}
    assert planned == {"brumtogether.pledges.ExpireHold.v1", "brumtogether.pledges.NextWave.v1"}

    await processed_through(desk, asked("pledges", NextWave("need_n", 1), minutes=40, roles="system"))

    assert len(await _asked_of(desk) & {"offer_a", "offer_a2"}) == 1
    bos = await desk.store.offers.find_one({"_id": "offer_b"})
    assert bos is not None
    assert (bos["left"], bos["matched"]) == (9, [])
    assert desk.observer.dead == []


async def _asked_of(desk: Desk) -> set[str]:
    return {str(one["offer_id"]) async for one in desk.store.pledges.find({"need_id": "need_n", "status": "held"})}


async def test_whatever_comes_in_any_order_offers_and_needs_agree(desk: Desk) -> None:
    """Seeded: matches, changes and withdrawals with all that follows, decided in batches of any kind."""
    chance = random.Random(5)
    needs = [f"need_{n}" for n in range(3)]
    offers = [f"offer_{n}" for n in range(4)]
    for need in needs:
        await desk.process(asked(OLGA, OpenNeed(need, "campaign_c", "Boxes", "goods", 10, "boxes")))
    for offer in offers:
        await desk.process(asked(ANA, MakeOffer(offer, "campaign_c", "goods", "boxes", 9)))
    ended = []
    for number in range(60):
        need, offer = chance.choice(needs), chance.choice(offers)
        acts: list[tuple[str, Command]] = [
            (OLGA, MatchOffer(offer, need, f"{need}.{number}", chance.choice([None, 1, 4]))),
            (OLGA, MatchOffer(offer, need, f"{need}.{number}", 2)),
            (ANA, ChangeOffer(offer, chance.randint(1, 12))),
            (ANA, WithdrawPledge(need, f"{need}.{chance.randrange(60)}")),
        ]
        ended.append(await processed_through(desk, asked(*chance.choice(acts))))

    assert {CommandSucceeded, CommandRefused} == {type(outcome) for outcome in ended}
    made = [documents.pledge_state(one) async for one in desk.store.pledges.find({})]
    matched = {
        match.pledge_id: match.quantity
        async for one in desk.store.offers.find({})
        for match in documents.offer_state(one).matched
    }
    assert {pledge.id: pledge.quantity for pledge in made} == matched
    for need in needs:
        state = await stored(desk, need)
        assert state.pledged == sum(_counts(one) for one in made if one.need_id == need)
        assert state.uncommitted == 10 - state.pledged
    assert desk.observer.dead == []


def _counts(pledge: PledgeState) -> int:
    return pledge.quantity if pledge.status == "pledged" else pledge.delivered_quantity
