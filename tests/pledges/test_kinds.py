"""What a pledge holds by its kind: money, space, time and skill."""

import pytest
from msgspec import json, structs

from services.pledges.ledger import Need, Worded
from services.pledges.queries import Queries
from shared.contracts.pledges import (
    AcceptDelivery,
    CorrectDelivery,
    DeliverPledge,
    Kind,
    MakePledge,
    OpenNeed,
    PledgeDelivered,
)
from shared.decider import refused
from tests.pledges.given import ANA, BO, BOXES, OLGA, ask, follow, fresh, given, only, pledge_of, refusal
from tests.pledges.records import Desk, asked

DATES = ("2026-04-01T18:00", "2026-04-08T18:00", "2026-04-15T18:00")
HOURS = structs.replace(BOXES, kind="skill", unit="hours")
NIGHTS = structs.replace(BOXES, kind="space", unit="nights")
POUNDS = structs.replace(BOXES, kind="money", unit="pence", currency="GBP", quantity=10_000)
MENTORING = MakePledge(
    "need_n", "need_n.1", 3, sessions=DATES, timezone="Europe/London", mentoring=True, note="Bring the letters"
)
HOSTING = MakePledge("need_n", "need_n.1", 3, place="12 Witton Road, the blue door")


def opened(opening: OpenNeed) -> Need:
    """A need of a kind."""
    after, _ = follow(fresh(), [(OLGA, opening)])
    return after


def session(name: str, *, by: str = OLGA, quantity: int = 1) -> tuple[str, DeliverPledge]:
    """A session took place."""
    return by, DeliverPledge("need_n", "need_n.1", quantity, name)


def test_mentoring_is_skill_in_sessions_with_an_end() -> None:
    """MISSION row 59: the pledge says when, and each session that took place counts once."""
    made = pledge_of(ask(opened(HOURS), (ANA, MENTORING)))
    before = given((ANA, MENTORING), session(DATES[0]), opening=HOURS)
    second = ask(before, session(DATES[1], by=ANA))

    assert (made.sessions, made.timezone, made.mentoring) == (DATES, "Europe/London", True)
    assert pledge_of(second).deliveries[1].session == DATES[1]
    assert refusal(ask(before, session(DATES[0]))) == refused("session-delivered", n=1)
    assert refusal(ask(before, session("2026-04-02T18:00"))).errors[0][0] == "/session"
    done = given((ANA, MENTORING), *(session(name) for name in DATES), opening=HOURS)
    assert done.state is not None
    assert (done.state.delivered, done.pledges["need_n.1"].status) == (3, "delivered")


def test_a_session_that_did_not_take_place_after_all_can_be_told_of_again() -> None:
    """Its delivery was corrected to nothing."""
    nothing = (OLGA, CorrectDelivery("need_n", "need_n.1", 1, 0, "It was the week after"))
    before = given((ANA, MENTORING), session(DATES[0]), nothing, opening=HOURS)

    assert only(ask(before, session(DATES[0])), PledgeDelivered).delivery.n == 2


@pytest.mark.parametrize(
    ("kind", "fields", "pointer"),
    [
        ("goods", {"sessions": DATES}, "/sessions"),
        ("goods", {"place": "Here"}, "/place"),
        ("time", {"sessions": DATES, "mentoring": True}, "/mentoring"),
        ("skill", {"mentoring": True}, "/sessions"),
        ("skill", {"mentoring": True, "sessions": DATES[:1]}, "/sessions"),
    ],
)
def test_a_pledge_holds_what_its_kind_has(kind: Kind, fields: dict[str, object], pointer: str) -> None:
    """Anything else is a body that does not fit."""
    wished = structs.replace(MakePledge("need_n", "need_n.1", 3), **fields)
    answer = refusal(ask(opened(structs.replace(BOXES, kind=kind)), (ANA, wished)))

    assert (answer.status, answer.errors[0][0]) == (422, pointer)


def test_where_somebody_can_stay_is_in_no_fact() -> None:
    """MISSION row 28: space is counted in nights; the place is for both sides alone."""
    decision = ask(opened(NIGHTS), (ANA, HOSTING))

    assert decision.private == (Worded("need_n.1", "place", "12 Witton Road, the blue door"),)
    assert "Witton" not in repr((decision.facts, decision.answer))


async def test_private_words_of_a_kind_are_read_by_both_sides_and_stand_in_no_record(desk: Desk) -> None:
    """A place, and the references of a payment as told and as received."""
    paid = MakePledge("need_m", "need_m.1", 5_000)
    pounds = structs.replace(POUNDS, need_id="need_m")
    said = await desk.process(
        asked(OLGA, NIGHTS),
        asked(ANA, HOSTING),
        asked(OLGA, pounds),
        asked(ANA, paid),
        asked(ANA, DeliverPledge("need_m", "need_m.1", 2_000, reference="Transfer 1: PARCELS")),
        asked(OLGA, AcceptDelivery("need_m", "need_m.1", 1, "Receipt 2026/17")),
        asked(OLGA, AcceptDelivery("need_m", "need_m.1", 1, "Receipt 2026/18")),
        asked(OLGA, DeliverPledge("need_m", "need_m.1", 3_000, reference="Cash box")),
    )
    records = b"".join(one.value for one in said)
    for words in (b"Witton", b"PARCELS", b"2026/1", b"Cash box"):
        assert words not in records

    queries = Queries(desk.store)
    for person in (ANA, OLGA):
        host = await queries.pledge("need_n.1", person)
        assert host is not None
        assert host["place"] == "12 Witton Road, the blue door"
        money = await queries.pledge("need_m.1", person)
        assert money is not None
        first, second = json.decode(json.encode(money["deliveries"]))
        assert (first["reference"], first["receipt"]) == ("Transfer 1: PARCELS", "Receipt 2026/17")
        assert (second["reference"], second.get("receipt")) == ("Cash box", None)
        assert (money["status"], money["delivered_quantity"], money["note"]) == ("delivered", 5_000, None)
    assert await queries.pledge("need_n.1", BO) is None
