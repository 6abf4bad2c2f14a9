"""The times of a pledge, where somebody can stay, and that no card is taken anywhere."""

import re
from typing import Any

import msgspec
import pytest

from deploy.documents import ROOT
from services.gateway.bodies import Body
from services.gateway.fields import Note, Reason, Text
from services.gateway.pledges import WRITES, Accepting, Delivered, NewPledge, create, own_note
from services.gateway.problems import ProblemError
from shared.contracts.pledges import AcceptDelivery, DeliverPledge, MakePledge
from tests.gateway.wishes import CAMPAIGN, NEED, PLEDGE, flaws, read, wish

MAKE = {write.path: write for write in WRITES}
EVENINGS: dict[str, Any] = {"starts_at": "2026-03-25T18:00", "ends_at": "2026-03-25T19:00"}


def pledge(**fields: Any) -> MakePledge:  # noqa: ANN401 -- JSON
    """The command of a pledge with these fields."""
    command = create(wish(read(NewPledge, need_id=NEED, quantity=3, **fields)))
    assert isinstance(command, MakePledge)
    return command


def test_sessions_come_again_until_their_end() -> None:
    """At the same local time, over a clock change; or on dates of their own, or once."""
    weekly = pledge(sessions=EVENINGS | {"rrule": "FREQ=WEEKLY;COUNT=3"}, mentoring=True)
    dates = pledge(sessions=EVENINGS | {"dates": ["2026-04-20T18:00"]})

    assert weekly.sessions == ("2026-03-25T18:00", "2026-04-01T18:00", "2026-04-08T18:00")
    assert (weekly.timezone, weekly.mentoring) == ("Europe/London", True)
    assert dates.sessions == ("2026-03-25T18:00", "2026-04-20T18:00")
    assert pledge(sessions=EVENINGS).sessions == ("2026-03-25T18:00",)
    assert pledge().sessions == ()


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"rrule": "FREQ=WEEKLY"}, "/sessions/rrule"),
        ({"rrule": "FREQ=WEEKLY;COUNT=61"}, "/sessions/rrule"),
        ({"rrule": "EVERY TUESDAY"}, "/sessions/rrule"),
        ({"ends_at": "2026-03-25T18:00"}, "/sessions/ends_at"),
    ],
)
def test_sessions_without_an_end_are_refused(fields: dict[str, Any], pointer: str) -> None:
    """422 at its place."""
    with pytest.raises(ProblemError) as refused:
        pledge(sessions=EVENINGS | fields)

    assert [flaw.pointer for flaw in refused.value.errors] == [pointer]


def test_an_offer_to_a_campaign_has_no_sessions_and_no_place() -> None:
    """They are said to a need."""
    body = read(NewPledge, campaign_id=CAMPAIGN, kind="skill", unit="hours", quantity=3, sessions=EVENINGS)

    with pytest.raises(ProblemError) as refused:
        create(wish(body))
    assert [flaw.pointer for flaw in refused.value.errors] == ["/sessions"]


def test_a_place_is_told_back_to_who_wrote_it() -> None:
    """And to nobody by this answer else."""
    body = read(NewPledge, need_id=NEED, quantity=3, place="The blue door")

    assert own_note(body, {}) == {"note": None, "place": "The blue door"}


def test_a_delivery_names_its_session_and_a_receipt_its_reference() -> None:
    """Both may be left out."""
    told = MAKE["/v1/pledges/{pledge_id}/deliver"].build(
        wish(read(Delivered, quantity=1, session="2026-03-25T18:00", reference="BACS 7"), PLEDGE)
    )
    accepted = MAKE["/v1/pledges/{pledge_id}/deliveries/{n}/accept"].build(
        wish(read(Accepting, reference="No 17"), PLEDGE, "2")
    )

    assert told == DeliverPledge(NEED, PLEDGE, 1, "2026-03-25T18:00", "BACS 7")
    assert accepted == AcceptDelivery(NEED, PLEDGE, 2, "No 17")


class Words(Body):
    """All kinds of free text."""

    text: Text = ""
    note: Note = ""
    reason: Reason = "x"


@pytest.mark.parametrize(
    "number", ["4111111111111111", "4111 1111 1111 1111", "5500-0000-0000-0004", "Amex 378282246310005!"]
)
@pytest.mark.parametrize("field", ["text", "note", "reason"])
def test_a_card_number_is_taken_nowhere(field: str, number: str) -> None:
    """Also not by mistake, in words that people write."""
    assert list(flaws(Words, {field: f"Take it from {number}"})) == [f"/{field}"]


@pytest.mark.parametrize(
    "text",
    [
        "Ring +44 121 496 0000",
        "Ticket 4111111111111112",
        "Ref 12345678901234567890123",
        "0121 496 0000 or 07700 900 123",
    ],
)
def test_other_numbers_are_words(text: str) -> None:
    """Telephones, references, and what has no right check digit."""
    assert flaws(Words, {"note": text}) == {}


def test_no_field_of_the_api_is_for_a_card() -> None:
    """Money is promised and receipted; how it is paid is nobody's business here."""
    document = msgspec.json.decode((ROOT / "openapi.json").read_bytes())
    names = {
        name.lower() for schema in document["components"]["schemas"].values() for name in schema.get("properties", {})
    }

    assert "reference" in names
    card = re.compile("card|cvv|cvc|iban|sort_code|account_number|pan$|expiry_month|security_code")
    assert [name for name in names if card.search(name)] == []
