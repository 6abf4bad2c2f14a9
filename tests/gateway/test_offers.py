"""Bodies and commands of offers."""

from typing import Any

import pytest

from services.gateway import offers, pledges
from services.gateway.offers import AskingAround, MatchedTo, match
from services.gateway.pledges import Amount, NewPledge, Releasing, Withdrawing, create
from services.gateway.problems import ProblemError
from shared.contracts.message import Command
from shared.contracts.pledges import AskAround, ChangeOffer, MakeOffer, MatchOffer, ReleaseOffer, WithdrawOffer
from tests.gateway.wishes import CAMPAIGN, NEED, PLEDGE, flaws, read, wish

OFFER = "offer_" + "o" * 26
WRITES = {f"{write.method} {write.path}": write for write in (*pledges.WRITES, *offers.WRITES)}
PLACE = "/v1/pledges/{pledge_id}"
GOODS = {"campaign_id": CAMPAIGN, "kind": "goods", "unit": "boxes", "quantity": 3}


def test_without_a_need_it_is_an_offer_with_a_stream_of_its_own() -> None:
    """The same one when it is asked for again."""
    body = read(NewPledge, **GOODS, note="From the cellar.", anonymous=True)

    command = create(wish(body))

    assert isinstance(command, MakeOffer)
    assert offers.is_offer(command.offer_id)
    assert (command.stream, command.campaign_id, command.note) == (command.offer_id, CAMPAIGN, "From the cellar.")
    assert create(wish(body)) == command


@pytest.mark.parametrize(
    ("fields", "pointers"),
    [
        ({"quantity": 1}, ["/need_id"]),
        ({"quantity": 1, "campaign_id": CAMPAIGN}, ["/kind", "/unit"]),
        ({**GOODS, "hold_minutes": 5}, ["/hold_minutes"]),
        ({**GOODS, "need_id": NEED}, ["/campaign_id", "/kind", "/unit"]),
        ({"need_id": NEED, "quantity": 1, "currency": "GBP"}, ["/currency"]),
    ],
)
def test_a_pledge_names_a_need_or_a_campaign(fields: dict[str, Any], pointers: list[str]) -> None:
    """422 at what is missing, or says nothing there."""
    with pytest.raises(ProblemError) as refused:
        create(wish(read(NewPledge, **fields)))

    assert refused.value.slug == "invalid-body"
    assert [flaw.pointer for flaw in refused.value.errors] == pointers


@pytest.mark.parametrize(
    ("key", "body", "command"),
    [
        (f"PATCH {PLACE}", Amount(quantity=3), ChangeOffer(OFFER, 3, 7)),
        (f"POST {PLACE}/withdraw", Withdrawing(), WithdrawOffer(OFFER)),
        (f"POST {PLACE}/release", Releasing(reason="Done."), ReleaseOffer(OFFER, "Done.")),
    ],
)
def test_what_is_done_to_pledges_is_done_to_offers(key: str, body: Amount, command: Command) -> None:
    """By the same addresses; the id tells which it is."""
    assert WRITES[key].build(wish(body, OFFER, revision=7)) == command


def test_a_match_brings_forth_a_pledge_on_the_need_s_stream() -> None:
    """Its id is the need's and this wish's; a pledge on a need has nothing to be matched."""
    body = read(MatchedTo, need_id=NEED, quantity=2)

    command = match(wish(body, OFFER))

    assert command == MatchOffer(OFFER, NEED, command.pledge_id, 2)
    assert command.pledge_id.startswith(f"{NEED}.")
    for path, need in ((PLEDGE, NEED), (OFFER, "soup")):
        with pytest.raises(ProblemError, match="not-found"):
            match(wish(read(MatchedTo, need_id=need), path))
    assert list(flaws(MatchedTo, {"need_id": NEED, "quantity": 0})) == ["/quantity"]


def test_a_need_asks_around_for_so_long_and_so_many_at_once() -> None:
    """An hour and ten, if nothing else is said."""
    write = WRITES["POST /v1/needs/{need_id}/match"]

    assert write.build(wish(read(AskingAround), NEED)) == AskAround(NEED, 60, 10)
    assert write.build(wish(read(AskingAround, minutes=5, wave_size=2), NEED)) == AskAround(NEED, 5, 2)
    assert list(flaws(AskingAround, {"minutes": 0, "wave_size": 51})) == ["/minutes", "/wave_size"]
