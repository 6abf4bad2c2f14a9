"""Bodies and commands of pledges."""

import pytest

from services.gateway import pledges
from services.gateway.campaigns import Nothing
from services.gateway.pledge_shapes import Pledge
from services.gateway.pledges import (
    Accepting,
    Amount,
    Corrected,
    Delivered,
    NewPledge,
    Releasing,
    Withdrawing,
    create,
    own_note,
    own_reason,
)
from services.gateway.problems import ProblemError
from shared.contracts.message import Command
from shared.contracts.pledges import (
    AcceptDelivery,
    ChangePledge,
    ConfirmPledge,
    CorrectDelivery,
    DeliverPledge,
    MakePledge,
    OfferAnswer,
    PledgeAnswer,
    PledgeState,
    ReleasePledge,
    WithdrawPledge,
)
from tests.gateway.wishes import NEED, PLEDGE, flaws, read, wish

WRITES = {f"{write.method} {write.path}": write for write in pledges.WRITES}
PLACE = "/v1/pledges/{pledge_id}"


def test_a_pledge_lives_on_the_needs_stream() -> None:
    """Its id names the need, so that nobody has to look it up."""
    body = read(NewPledge, need_id=NEED, quantity=2, hold_minutes=30, note="After six, please.", anonymous=True)

    command = create(wish(body))

    assert isinstance(command, MakePledge)
    assert command == MakePledge(NEED, command.pledge_id, 2, 30, "After six, please.", anonymous=True)
    assert command.stream == NEED
    assert command.pledge_id.startswith(f"{NEED}.")
    assert create(wish(body)) == command


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [
        ("quantity", 0, "/quantity"),
        ("quantity", -1, "/quantity"),
        ("quantity", 10**19, "/quantity"),
        ("hold_minutes", 0, "/hold_minutes"),
        ("hold_minutes", 1_441, "/hold_minutes"),
        ("note", "x" * 2_001, "/note"),
        ("anonymous", 1, "/anonymous"),
        ("need_id", {"$ne": None}, "/need_id"),
        ("donor", "bo", "/donor"),
        ("status", "delivered", "/status"),
        ("delivered_quantity", 2, "/delivered_quantity"),
        ("campaign", "x", "/campaign"),
    ],
)
def test_a_flaw_is_pointed_at(field: str, value: object, pointer: str) -> None:
    """sec_13, sec_24: nobody pledges for another or tells of deliveries so."""
    assert list(flaws(NewPledge, {"need_id": NEED, "quantity": 1, field: value})) == [pointer]


@pytest.mark.parametrize("need", ["soup", NEED.upper(), f"{NEED}.x", "need_"])
def test_a_need_that_cannot_exist_is_not_found(need: str) -> None:
    """404 without asking anybody."""
    with pytest.raises(ProblemError, match="not-found"):
        create(wish(read(NewPledge, need_id=need, quantity=1)))


@pytest.mark.parametrize(
    ("key", "body", "ids", "command"),
    [
        (f"PATCH {PLACE}", Amount(quantity=3), (PLEDGE,), ChangePledge(NEED, PLEDGE, 3, 7)),
        (f"POST {PLACE}/confirm", Nothing(), (PLEDGE,), ConfirmPledge(NEED, PLEDGE)),
        (f"POST {PLACE}/deliver", Delivered(quantity=1), (PLEDGE,), DeliverPledge(NEED, PLEDGE, 1)),
        (f"POST {PLACE}/deliveries/{{n}}/accept", Accepting(), (PLEDGE, "2"), AcceptDelivery(NEED, PLEDGE, 2)),
        (
            f"POST {PLACE}/deliveries/{{n}}/correct",
            Corrected(quantity=0, reason="Counted twice."),
            (PLEDGE, "2"),
            CorrectDelivery(NEED, PLEDGE, 2, 0, "Counted twice."),
        ),
        (f"POST {PLACE}/withdraw", Withdrawing(), (PLEDGE,), WithdrawPledge(NEED, PLEDGE)),
        (f"POST {PLACE}/release", Releasing(reason="Done."), (PLEDGE,), ReleasePledge(NEED, PLEDGE, "Done.")),
    ],
)
def test_an_act_names_need_and_pledge(key: str, body: Amount, ids: tuple[str, ...], command: Command) -> None:
    """Both are in the pledge's id."""
    assert WRITES[key].build(wish(body, *ids, revision=7)) == command


def test_a_correction_and_a_release_have_reasons() -> None:
    """They touch what another person said or promised."""
    assert list(flaws(Corrected, {"quantity": 1})) == ["/reason"]
    assert list(flaws(Releasing, {})) == ["/reason"]
    assert flaws(Withdrawing, {}) == {}


def test_the_note_is_told_to_who_wrote_it() -> None:
    """No message of the platform tells it."""
    body = read(NewPledge, need_id=NEED, quantity=2, note="After six.")

    assert own_note(body, {"id": PLEDGE}) == {"note": "After six."}
    assert own_reason(Releasing(reason="Enough."), {}) == {"reason": "Enough."}


def test_the_documented_pledge_has_the_states_fields_and_the_note() -> None:
    """The document follows the contract."""
    words, of_needs = {"note", "reason", "place"}, {"offer_id", "sessions", "timezone", "mentoring"}
    of_offers = {"currency", "left", "matched", "withdrawn", "asked_at"}
    assert set(Pledge.__struct_fields__) == {*PledgeState.__struct_fields__, *words, *of_offers}
    assert set(OfferAnswer.__struct_fields__) | words == set(Pledge.__struct_fields__) - of_needs | words
    assert set(PledgeAnswer.__struct_fields__) == set(PledgeState.__struct_fields__)
