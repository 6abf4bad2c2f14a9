"""Bodies and commands of agenda, actions and slots."""

from typing import Any

import pytest

from services.gateway import programme
from services.gateway.bodies import Body
from services.gateway.problems import ProblemError
from services.gateway.programme import ActionChange, Booking, NewAction, NewItem, NewSlot
from shared.contracts.programme import ChangeAction
from shared.contracts.slots import AddSlot, BookSlot
from tests.gateway.wishes import ANA, CAMPAIGN, EVENT, flaws, read, wish

WRITES = {f"{write.method} {write.path}": write for write in programme.WRITES}
SLOT = f"{EVENT}.{'s' * 26}"
PARTNER = f"{CAMPAIGN}.{'p' * 26}"


def test_where_an_action_stands_is_said_by_its_id() -> None:
    """A note may come with it."""
    build = WRITES["PATCH /v1/events/{event_id}/actions/{action_id}"].build

    assert build(wish(read(ActionChange, state="done", note="In May"), EVENT, "a")) == ChangeAction(
        EVENT, "a", "done", "In May"
    )


def test_a_slot_lies_on_its_event() -> None:
    """So that routing needs no look-up."""
    command = WRITES["POST /v1/events/{event_id}/slots"].build(wish(read(NewSlot, kind="stall", title="Stall"), EVENT))

    assert isinstance(command, AddSlot)
    assert command.slot_id.startswith(f"{EVENT}.")
    assert command.places == 1


def test_one_booking_a_slot_and_booker() -> None:
    """A partner is another booker than its member."""
    build = WRITES["POST /v1/events/{event_id}/slots/{slot_id}/bookings"].build
    mine, again = (build(wish(read(Booking, places=places), EVENT, SLOT)) for places in (1, 2))
    theirs = build(wish(read(Booking, partner_id=PARTNER), EVENT, SLOT))

    assert isinstance(mine, BookSlot)
    assert isinstance(again, BookSlot)
    assert isinstance(theirs, BookSlot)
    assert mine.booking_id == again.booking_id != theirs.booking_id
    assert ANA not in mine.booking_id
    with pytest.raises(ProblemError, match="not-found"):
        build(wish(read(Booking, partner_id="mosque"), EVENT, SLOT))


@pytest.mark.parametrize(
    ("model", "body", "pointer"),
    [
        (NewItem, {}, "/title"),
        (NewItem, {"title": "x", "url": "javascript:alert(1)"}, "/url"),
        (NewAction, {"title": "x", "due": "soon"}, "/due"),
        (ActionChange, {"state": "late"}, "/state"),
        (NewSlot, {"kind": "stall", "title": "x", "places": 0}, "/places"),
        (Booking, {"person": ANA}, "/person"),
    ],
)
def test_a_flaw_is_pointed_at(model: type[Body], body: dict[str, Any], pointer: str) -> None:
    """Strict."""
    assert list(flaws(model, body)) == [pointer]
