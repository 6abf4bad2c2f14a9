"""Signals and bundles on a real MongoDB: promotion over two streams, and who may read what."""

from collections.abc import AsyncIterator, Sequence
from itertools import product

import pytest
from msgspec import json, structs

from services.pledges import sheet_api
from services.pledges.sheet_queries import FEWEST, SheetQueries
from shared import internal
from shared.contracts import outcomes, topics
from shared.contracts.message import open_envelope
from shared.contracts.pledges import (
    BeginBundle,
    DismissSignal,
    EndBefriending,
    MakePledge,
    OpenNeed,
    PromoteSignal,
    ProposeBefriending,
    RematchBefriending,
    ReportSignal,
)
from shared.internal_client import Internal
from shared.ports import Outgoing, Record
from shared.serving import Server
from tests.pledges.given import ANA, BO, BOXES, OLGA, PAT, START
from tests.pledges.records import Desk, asked, told_of
from tests.pledges.test_signal import NEED, REPORT

SECRET = "a secret of thirty-two characters"
PROMOTE = PromoteSignal("signal_s", NEED)


async def well() -> dict[str, internal.Health]:
    """Nothing to complain about."""
    return {}


@pytest.fixture
async def gateway(desk: Desk) -> AsyncIterator[Internal]:
    """Somebody who asks over HTTP."""
    routes = sheet_api.routes(SheetQueries(desk.store))
    server = Server(internal.build(live=well, ready=well, routes=routes, secret=SECRET), "127.0.0.1", 0)
    await server.start()
    client = Internal(f"http://127.0.0.1:{server.port}", SECRET, timeout=5)
    yield client
    await client.close()
    await server.stop()


async def drive(desk: Desk, first: Record, deaths: Sequence[bool]) -> list[Outgoing]:
    """Decide a command and all that follows; where there is a death, after the transaction and before a word is said.

    What was said by then is said again by the redelivery, and what follows is appended twice.
    """
    said: list[Outgoing] = []
    waiting, step = [first], 0
    while waiting:
        record = waiting.pop(0)
        if step < len(deaths) and deaths[step]:
            await desk.process(record)
        outgoing = await desk.process(record)
        step += 1
        for one in outgoing:
            if one.topic == topics.commands("pledges"):
                copies = 2 if step <= len(deaths) and deaths[step - 1] else 1
                waiting += [told_of(one, START) for _ in range(copies)]
            else:
                said.append(one)
    return said


def kinds(said: Sequence[Outgoing]) -> list[str]:
    """What facts and outcomes there are, each once, in order."""
    envelopes = {open_envelope(one.value).id: open_envelope(one.value) for one in said}
    return [one.type.split(".")[2] for one in envelopes.values()]


@pytest.mark.parametrize("deaths", list(product([False, True], repeat=2)))
async def test_a_promotion_takes_effect_once_whatever_dies(desk: Desk, deaths: Sequence[bool]) -> None:
    """At every point between its halves: one need, one promotion, one answer."""
    await desk.process(asked(ANA, REPORT))
    promote = asked(OLGA, PROMOTE, command_id="c-1")
    said = await drive(desk, promote, deaths)
    found = await desk.store.signals.collection.find_one({"_id": "signal_s"})
    answers = {one.value for one in said if open_envelope(one.value).id == "c-1.outcome"}

    assert sorted(kinds(said)).count("NeedOpened") == 1
    assert kinds(said).count("SignalPromoted") == 1
    assert found is not None
    assert (found["status"], found["need_id"], found["version"]) == ("promoted", "need_n", 2)
    assert await desk.store.needs.count_documents({}) == 1
    [answer] = answers
    outcome = outcomes.OUTCOMES["pledges"].decode(open_envelope(answer))
    assert isinstance(outcome, outcomes.CommandSucceeded)
    assert (outcome.status, outcome.resource.id, outcome.person) == (201, "need_n", OLGA)
    assert {one.stream: one.version for one in outcome.touched} == {"signal_s": 2, "need_n": 1}
    assert (await desk.process(promote))[-1].value == answer


@pytest.mark.parametrize("deaths", list(product([False, True], repeat=3)))
async def test_a_promotion_that_fails_half_way_leaves_the_signal_open(desk: Desk, deaths: Sequence[bool]) -> None:
    """The campaign ends between the halves: refused once, returned once, and promoted after it goes on."""
    await desk.process(asked(ANA, REPORT))
    promote = asked(OLGA, PROMOTE, command_id="c-1")
    await desk.process(promote)
    campaigns = desk.store.campaigns
    await campaigns.update_one({"_id": "campaign_c"}, {"$set": {"status": "closed"}})
    desk.now = "2026-03-02T09:00:05.000Z"  # copies are remembered for a second
    said = await drive(desk, promote, deaths)

    assert kinds(said).count("SignalReturned") == 1
    assert "NeedOpened" not in kinds(said)
    found = await desk.store.signals.collection.find_one({"_id": "signal_s"})
    assert found is not None
    assert (found["status"], found["need_id"], found["version"]) == ("open", None, 3)
    [answer] = {one.value for one in said if open_envelope(one.value).id == "c-1.outcome"}
    outcome = outcomes.OUTCOMES["pledges"].decode(open_envelope(answer))
    assert isinstance(outcome, outcomes.CommandRefused)
    assert outcome.problem == "campaign-not-live"

    await campaigns.update_one({"_id": "campaign_c"}, {"$set": {"status": "live"}})
    desk.now = "2026-03-02T09:00:10.000Z"
    again = PromoteSignal("signal_s", structs.replace(NEED, need_id="need_m"))
    assert "NeedOpened" in kinds(await drive(desk, asked(OLGA, again), ()))


async def test_a_signal_is_read_by_who_told_and_who_works_there(desk: Desk, gateway: Internal) -> None:
    """With the words that are in no record; a stranger is told that there is none."""
    said = await desk.process(asked(ANA, REPORT), asked(PAT, DismissSignal("signal_s", "There is a kitchen already")))
    assert b"cooks" not in b"".join(one.value for one in said)
    assert b"kitchen" not in b"".join(one.value for one in said)

    for person in (ANA, OLGA, PAT):
        shown = json.decode((await gateway.get("/signals/signal_s", {"person": person})).body)
        assert (shown["status"], shown["text"]) == ("dismissed", "Nobody cooks in our road")
        assert shown["reason"] == "There is a kitchen already"
        assert "proposer" not in shown
    assert (await gateway.get("/signals/signal_s", {"person": BO})).status == 404
    page = json.decode((await gateway.get("/campaigns/campaign_c/signals", {"person": OLGA})).body)
    assert [one["id"] for one in page["items"]] == ["signal_s"]
    assert (await gateway.get("/campaigns/campaign_c/signals", {"person": ANA})).status == 403
    assert (await gateway.get("/campaigns/campaign_x/signals", {"person": OLGA})).status == 404


async def test_heat_tells_of_no_small_group(desk: Desk, gateway: Internal) -> None:
    """Where fewer than five noticed something, somebody could be found by it."""
    for n in range(FEWEST):
        await desk.process(asked(f"p{n}", structs.replace(REPORT, signal_id=f"signal_{n}")))
    for n in range(FEWEST - 1):
        few = ReportSignal(f"signal_f{n}", "campaign_c", "goods", "Coats", ward="aston")
        await desk.process(asked(f"p{n}", few))
    assert await heat(gateway) == [{"ward": "aston", "kind": "meal", "signals": 5}]

    await desk.process(asked(OLGA, DismissSignal("signal_0", "Not so")))
    assert await heat(gateway) == []
    assert (await gateway.get("/campaigns/campaign_c/signals/heat", {"person": ANA})).status == 403


async def heat(gateway: Internal) -> object:
    """What Olga is told."""
    return json.decode((await gateway.get("/campaigns/campaign_c/signals/heat", {"person": OLGA})).body)["items"]


async def test_what_belongs_together_only_the_keeper_sees(desk: Desk, gateway: Internal) -> None:
    """A donor meets the need alone; another partner learns neither of the household nor that there is one."""
    both = {"campaign_c.p": [PAT], "campaign_c.q": ["sue"]}
    await desk.store.campaigns.update_one({"_id": "campaign_c"}, {"$set": {"partners": list(both.items())}})
    boxes = structs.replace(BOXES, bundle="bundle_b")
    bed = OpenNeed("need_m", "campaign_c", "A bed", "goods", 1, "bed", bundle="bundle_b")
    said = await desk.process(
        asked(PAT, BeginBundle("bundle_b", "campaign_c", "Three children in Witton Road")),
    )
    assert b"bundle_b" in b"".join(one.value for one in said)
    opened = await desk.process(asked(PAT, boxes), asked(PAT, bed), asked(ANA, MakePledge("need_n", "need_n.1", 5)))

    assert b"Witton" not in b"".join(one.value for one in (*said, *opened))
    assert b"bundle_b" not in b"".join(one.value for one in opened)
    for person in (PAT, OLGA):
        shown = json.decode((await gateway.get("/bundles/bundle_b", {"person": person})).body)
        assert (shown["details"], shown["partner_id"]) == ("Three children in Witton Road", "campaign_c.p")
        assert {one["id"] for one in shown["needs"]} == {"need_n", "need_m"}
        page = json.decode((await gateway.get("/campaigns/campaign_c/bundles", {"person": person})).body)
        assert [one["id"] for one in page["items"]] == ["bundle_b"]
    for person in ("sue", ANA):
        assert (await gateway.get("/bundles/bundle_b", {"person": person})).status == 404
    sues = json.decode((await gateway.get("/campaigns/campaign_c/bundles", {"person": "sue"})).body)
    assert sues["items"] == []
    assert (await desk.outcome(asked("sue", structs.replace(bed, need_id="need_o")))).status == 404
    stored = await desk.store.needs.find_one({"_id": "need_n"})
    assert stored is not None
    assert stored["bundle_id"] == "bundle_b"


async def test_of_a_match_only_the_three_read(desk: Desk, gateway: Internal) -> None:
    """And why it ended only who matched them: it may be about the other. A rematch finds the campaign by the last."""
    said = await desk.process(
        asked(OLGA, ProposeBefriending("befriending_m", "campaign_c", ANA, BO, "You both like chess")),
        asked(ANA, EndBefriending("befriending_m", "He never called")),
    )
    said += await desk.process(asked(OLGA, RematchBefriending("befriending_n", "befriending_m", "cy")))
    records = b"".join(one.value for one in said)
    assert b"chess" not in records
    assert b"called" not in records

    for person, reason in ((ANA, None), (BO, None), (OLGA, "He never called")):
        shown = json.decode((await gateway.get("/befriendings/befriending_m", {"person": person})).body)
        assert (shown["status"], shown["note"], shown["reason"]) == ("ended", "You both like chess", reason)
    for person in (PAT, "cy"):
        assert (await gateway.get("/befriendings/befriending_m", {"person": person})).status == 404
    for person, count in ((ANA, 2), (BO, 1), (OLGA, 2), ("cy", 1), (PAT, 0)):
        page = json.decode((await gateway.get("/befriendings", {"person": person})).body)
        assert len(page["items"]) == count
    first = json.decode((await gateway.get("/befriendings", {"person": ANA, "limit": "1"})).body)
    rest = json.decode((await gateway.get("/befriendings", {"person": ANA, "cursor": first["next"]})).body)
    assert {one["id"] for one in (*first["items"], *rest["items"])} == {"befriending_m", "befriending_n"}
