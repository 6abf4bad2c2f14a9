from collections.abc import AsyncIterator

import pytest
from msgspec import json, structs

from services.pledges import api
from services.pledges.queries import Queries
from shared import internal
from shared.contracts.message import open_envelope
from shared.contracts.outcomes import CommandSucceeded
from shared.contracts.pledges import (
    ConfirmPledge,
    DeliverPledge,
    HideNeed,
    MakePledge,
    ReleasePledge,
    WithdrawPledge,
)
from shared.internal_client import Internal
from shared.serving import Server
from tests.pledges.given import ANA, BO, BOXES, CY, OLGA, PAT, at
from tests.pledges.records import Desk, asked

SECRET = "a secret of thirty-two characters"


async def well() -> dict[str, internal.Health]:
    """Nothing to complain about."""
    return {}


@pytest.fixture
async def gateway(desk: Desk) -> AsyncIterator[Internal]:
    """Somebody who asks over HTTP."""
    routes = api.routes(Queries(desk.store), desk.store.inbox)
    server = Server(internal.build(live=well, ready=well, routes=routes, secret=SECRET), "127.0.0.1", 0)
    await server.start()
    client = Internal(f"http://127.0.0.1:{server.port}", SECRET, timeout=5)
    yield client
    await client.close()
    await server.stop()


async def test_a_pledge_is_shown_to_both_sides_with_its_note(desk: Desk, gateway: Internal) -> None:
    """To a stranger it does not exist."""
    await desk.process(
        asked(OLGA, BOXES),
        asked(ANA, MakePledge("need_n", "need_n.1", 10, note="Ring the bell")),
        asked(OLGA, ReleasePledge("need_n", "need_n.1", "Found a shop")),
    )
    for person in (ANA, OLGA):
        reply = await gateway.get("/pledges/need_n.1", {"person": person})
        shown = json.decode(reply.body)

        assert reply.status == 200
        assert (shown["donor"], shown["note"], shown["reason"]) == (ANA, "Ring the bell", "Found a shop")
        assert (shown["id"], shown["status"], shown["version"]) == ("need_n.1", "released", 2)
    for path, person in (("/pledges/need_n.1", BO), ("/pledges/need_n.2", ANA)):
        assert (await gateway.get(path, {"person": person})).status == 404


async def test_an_anonymous_donor_is_named_to_nobody(desk: Desk, gateway: Internal) -> None:
    """But to the donor."""
    await desk.process(
        asked(OLGA, BOXES), asked(ANA, MakePledge("need_n", "need_n.1", 10, note="Hello", anonymous=True))
    )
    mine = json.decode((await gateway.get("/pledges/need_n.1", {"person": ANA})).body)
    theirs = json.decode((await gateway.get("/pledges/need_n.1", {"person": OLGA})).body)

    assert (mine["donor"], theirs["donor"]) == (ANA, None)
    assert {**mine, "donor": None} == theirs


async def test_my_pledges_come_in_pages_newest_first(desk: Desk, gateway: Internal) -> None:
    """A pledge made meanwhile moves nothing; other people's are not among them."""
    await desk.process(asked(OLGA, BOXES))
    await desk.process(
        *(asked(ANA, MakePledge("need_n", f"need_n.{n}", 1), minutes=n // 2) for n in range(5)),
        asked(BO, MakePledge("need_n", "need_n.9", 1)),
    )
    first = json.decode((await gateway.get("/pledges", {"person": ANA, "limit": "3"})).body)
    await desk.process(asked(ANA, MakePledge("need_n", "need_n.7", 1), minutes=9))
    second = json.decode((await gateway.get("/pledges", {"person": ANA, "limit": "3", "cursor": first["next"]})).body)

    assert [one["id"] for one in first["items"]] == ["need_n.4", "need_n.3", "need_n.2"]
    assert [one["id"] for one in second["items"]] == ["need_n.1", "need_n.0"]
    assert second["next"] is None


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"person": ANA, "limit": "0"},
        {"person": ANA, "limit": "101"},
        {"person": ANA, "limit": "ten"},
        {"person": ANA, "limit": "9" * 5000},
        {"person": ANA, "cursor": "???"},
        {"person": ANA, "cursor": "é"},
        {"person": ANA, "cursor": "YQ"},
    ],
)
async def test_a_query_that_makes_no_sense_is_refused(gateway: Internal, query: dict[str, str]) -> None:
    """400 with the parameter's name."""
    reply = await gateway.get("/pledges", query)

    assert reply.status == 400
    assert json.decode(reply.body)["parameter"] in {"person", "limit", "cursor"}


async def test_who_manages_a_need_sees_its_pledges(desk: Desk, gateway: Internal) -> None:
    """Others may not, and of an unknown need there is nothing to see."""
    await desk.process(asked(PAT, BOXES), asked(ANA, MakePledge("need_n", "need_n.1", 10)))
    for person, status in ((PAT, 200), (OLGA, 200), (ANA, 403)):
        assert (await gateway.get("/needs/need_n/pledges", {"person": person})).status == status
    page = json.decode((await gateway.get("/needs/need_n/pledges", {"person": PAT})).body)

    assert [one["donor"] for one in page["items"]] == [ANA]
    assert (await gateway.get("/needs/need_x/pledges", {"person": PAT})).status == 404


async def test_a_hidden_need_is_shown_to_those_it_concerns(desk: Desk, gateway: Internal) -> None:
    """Who manages it and who gave to it; to others there is none, and so no pledges on it."""
    await desk.process(asked(PAT, BOXES), asked(ANA, MakePledge("need_n", "need_n.1", 10)))
    assert (await gateway.get("/needs/need_n", {"person": BO})).status == 200
    await desk.process(asked(OLGA, HideNeed("need_n")))

    for person, status in ((OLGA, 200), (PAT, 200), (ANA, 200), (BO, 404)):
        assert (await gateway.get("/needs/need_n", {"person": person})).status == status
    for person, status in ((OLGA, 200), (BO, 404)):
        assert (await gateway.get("/needs/need_n/pledges", {"person": person})).status == status
    assert (await gateway.get("/needs/need_x", {"person": OLGA})).status == 404


async def test_the_ledger_sums_all_partitions(desk: Desk, gateway: Internal) -> None:
    """By kind and ward; another campaign's has nothing in it."""
    for n in range(3):
        need, ward = f"need_{n}", "aston" if n < 2 else None
        await desk.process(
            asked(OLGA, structs.replace(BOXES, need_id=need, ward=ward), partition=n),
            asked(ANA, MakePledge(need, f"{need}.1", 10), partition=n),
            asked(OLGA, DeliverPledge(need, f"{need}.1", 4), partition=n),
        )
    sums = json.decode((await gateway.get("/ledger", {"campaign": "campaign_c"})).body)["sums"]
    nothing = json.decode((await gateway.get("/ledger", {"campaign": "campaign_x"})).body)["sums"]

    one = {"kind": "goods", "delivered": 4, "deliveries": 1, "corrections": 0}
    assert sums == [
        {**one, "ward": None},
        {**one, "ward": "aston", "delivered": 8, "deliveries": 2},
    ]
    assert nothing == []


async def test_an_outcome_is_told_for_30_days(desk: Desk, gateway: Internal) -> None:
    """The record as it was appended; what is not decided is not found."""
    opening = asked(OLGA, BOXES, command_id="c-1")
    outgoing = await desk.process(opening)
    reply = await gateway.get("/operations/c-1")

    assert (reply.status, reply.body) == (200, outgoing[-1].value)
    assert open_envelope(reply.body).type.endswith(f"{CommandSucceeded.__name__}.v1")
    assert (await gateway.get("/operations/c-2")).status == 404


async def test_the_facts_of_a_stream_are_told_in_order(desk: Desk, gateway: Internal) -> None:
    """Beyond a version, byte for byte."""
    opened = await desk.process(asked(OLGA, BOXES))
    made = [await desk.process(asked(ANA, MakePledge("need_n", f"need_n.{n}", 1), minutes=n)) for n in range(12)]
    every = (await gateway.get("/facts/need_n")).body.splitlines()
    later = (await gateway.get("/facts/need_n", {"after": "11"})).body.splitlines()

    assert every == [opened[0].value, *(out[0].value for out in made)]
    assert later == every[11:]
    assert (await gateway.get("/facts/need_x")).body == b""
    assert (await gateway.get("/facts/need_n", {"after": "-1"})).status == 400


async def test_a_snapshot_holds_every_need_and_volunteer(desk: Desk, gateway: Internal) -> None:
    """A volunteer promised something once, whatever became of it; a hold that ended is no promise."""
    await desk.process(
        asked(OLGA, BOXES),
        asked(ANA, MakePledge("need_n", "need_n.1", 1)),
        asked(ANA, MakePledge("need_n", "need_n.2", 1, 30)),
        asked(ANA, ConfirmPledge("need_n", "need_n.2")),
        asked(BO, MakePledge("need_n", "need_n.3", 1)),
        asked(BO, WithdrawPledge("need_n", "need_n.3")),
        asked(CY, MakePledge("need_n", "need_n.4", 1, 30)),
        asked(CY, WithdrawPledge("need_n", "need_n.4")),
    )
    lines = [json.decode(line) async for line in gateway.lines("/snapshot")]
    needs = [line["state"] for line in lines if line["kind"] == "need"]
    volunteers = [(line["campaign_id"], line["person"]) for line in lines if line["kind"] == "volunteer"]

    assert [(state["id"], state["version"], state["updated_at"]) for state in needs] == [("need_n", 8, at(0))]
    assert "opened_by" not in needs[0]
    assert sorted(volunteers) == [("campaign_c", ANA), ("campaign_c", BO)]
