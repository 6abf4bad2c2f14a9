from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx2
import msgspec
import pytest

from services.events import api, partner_api
from services.events.partner_reading import PartnerReading
from services.events.reading import Reading
from services.events.store import EventsStore
from shared import internal
from shared.contracts.events import (
    AddPartner,
    CancelEvent,
    ChangeEvent,
    CreateCampaign,
    CreateEvent,
    InvitePartner,
    LaunchCampaign,
    LeaveEvent,
    LeavePartner,
    PromoteWaiting,
    Register,
    RemovePartner,
    Venue,
)
from shared.contracts.message import open_envelope
from tests.events.given import CAMPAIGN, EVENT, a_plan
from tests.events.log import Log, told

SECRET = "made-up-secret-of-more-than-32-letters"
PARTNER = f"{CAMPAIGN}.p"
HALL = Venue(name="Hall", address="1 Example Road", ward="moseley")
Client = httpx2.AsyncClient


async def well() -> Mapping[str, internal.Health]:
    """Nothing is wrong."""
    return {}


@pytest.fixture
async def log(store: EventsStore) -> Log:
    """A live campaign that ana organises and pat's partner has joined, without events."""
    log = Log(store)
    await log.ask(
        (CreateCampaign(CAMPAIGN, "As One", "as-one", "Neighbours"), "ana", "organiser"),
        (LaunchCampaign(CAMPAIGN), "ana", "organiser"),
        (AddPartner(CAMPAIGN, PARTNER, "Made-up Mosque", "faith"), "pat", "partner"),
    )
    return log


@pytest.fixture
async def client(store: EventsStore) -> AsyncIterator[Client]:
    """Asks the internal API as the gateway does."""
    routes = [*api.routes(Reading(store), store.inbox), *partner_api.routes(PartnerReading(store))]
    app = internal.build(live=well, ready=well, routes=routes, secret=SECRET)
    headers = {"Authorization": f"Bearer {internal.bearer(SECRET)}"}
    async with Client(
        transport=httpx2.ASGITransport(app), base_url="http://events/internal", headers=headers
    ) as client:
        yield client


async def statuses(client: Client, path: str, *people: str) -> list[int]:
    """What each person is answered; the empty one is nobody in particular."""
    return [(await client.get(path, params={"person": person})).status_code for person in people]


async def plan(log: Log, **fields: object) -> None:
    """Have ana plan an event."""
    [(status, _)] = await log.ask((a_plan(**fields), "ana", "organiser"))
    assert status == 201


async def register(log: Log, *people: str) -> None:
    """Have people register."""
    await log.ask(*((Register(EVENT, f"{EVENT}.{person}"), person, "resident") for person in people))


async def test_sec_10_who_does_not_know_the_secret_learns_nothing(client: Client) -> None:
    """401 without the bearer token."""
    reply = await client.get(f"/campaigns/{CAMPAIGN}", headers={"Authorization": "Bearer no"})

    assert reply.status_code == 401


async def test_a_draft_is_read_by_its_organisers(client: Client, log: Log) -> None:
    """By id and by slug; for others there is nothing, nor for what is not there."""
    draft = CreateCampaign("campaign_b", "Places", "places", "Open doors")
    await log.ask((draft, "ana", "organiser"))

    assert await statuses(client, "/campaigns/campaign_b", "ana", "bo", "") == [200, 404, 404]
    assert await statuses(client, "/campaigns/places", "ana", "bo", "") == [200, 404, 404]
    assert await statuses(client, f"/campaigns/{CAMPAIGN}", "bo", "") == [200, 200]
    assert await statuses(client, "/campaigns/none", "ana") == [404]
    reply = (await client.get("/campaigns/places", params={"person": "ana"})).json()
    assert (reply["id"], reply["status"], reply["organisers"]) == ("campaign_b", "draft", ["ana"])


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, [200, 200, 200, 200]),
        ({"publish": False}, [200, 404, 404, 404]),
        ({"visibility": "members"}, [200, 200, 404, 404]),
    ],
)
async def test_who_sees_an_event(client: Client, log: Log, fields: dict[str, Any], expected: list[int]) -> None:
    """Its organiser, a partner's member, a resident, anybody."""
    await plan(log, **fields)

    assert await statuses(client, f"/events/{EVENT}", "ana", "pat", "bo", "") == expected


async def test_a_hidden_place_is_told_to_who_is_registered(client: Client, log: Log) -> None:
    """And to who organises; not to who waits, not to who left."""
    await plan(log, visibility="hidden_location", venue=HALL, online_url="https://meet.example", capacity=2)
    await register(log, "bo", "cy", "di")
    await log.ask((LeaveEvent(EVENT, f"{EVENT}.cy"), "cy", "resident"), (LeaveEvent(EVENT, f"{EVENT}.di"), "di", "r"))
    await register(log, "ed", "fi")

    told_to = {}
    for person in ("ana", "bo", "cy", "fi", "gu", ""):
        event = (await client.get(f"/events/{EVENT}", params={"person": person})).json()
        told_to[person] = (event["venue"].get("address"), event["online_url"])
    everything, nothing = ("1 Example Road", "https://meet.example"), (None, None)
    assert told_to == {
        "ana": everything,
        "bo": everything,
        "cy": nothing,
        "fi": nothing,
        "gu": nothing,
        "": nothing,
    }


async def test_a_partner_that_has_left_keeps_what_it_opened(client: Client, log: Log) -> None:
    """And nothing else: no other event for members, no new event. One that was removed keeps nothing."""
    mine, theirs = a_plan(visibility="members"), a_plan(visibility="members", title="Theirs")
    mine, theirs = (msgspec.structs.replace(plan, event_id=name) for plan, name in ((mine, "event_m"), (theirs, EVENT)))
    await log.ask((mine, "pat", "partner"), (theirs, "ana", "organiser"))
    found = [await statuses(client, f"/events/{name}", "pat") for name in ("event_m", EVENT)]
    await log.ask((LeavePartner(CAMPAIGN, PARTNER), "pat", "partner"))
    found += [await statuses(client, f"/events/{name}", "pat") for name in ("event_m", EVENT)]
    answers = await log.ask(
        (ChangeEvent("event_m", title="Still ours"), "pat", "partner"),
        (msgspec.structs.replace(mine, event_id="event_n"), "pat", "partner"),
    )
    for wish in (
        (AddPartner(CAMPAIGN, f"{CAMPAIGN}.q", "Mosque again", "faith"), "pat", "partner"),
        (msgspec.structs.replace(mine, event_id="event_o"), "pat", "partner"),
        (RemovePartner(CAMPAIGN, f"{CAMPAIGN}.q", "Quarrel"), "ana", "organiser"),
    ):
        await log.ask(wish)

    assert found == [[200], [200], [200], [404]]
    assert [status for status, _ in answers] == [200, 403]
    assert await statuses(client, "/events/event_o", "pat", "ana") == [404, 200]


async def test_partners_are_listed_to_those_they_concern(client: Client, log: Log) -> None:
    """Page by page; people and reasons to members and organisers alone, active ones without them to all."""
    names = [f"{CAMPAIGN}.{letter}" for letter in "abc"]
    await log.ask(
        (InvitePartner(CAMPAIGN, names[0], "A", "faith", person="bo"), "ana", "organiser"),
        (AddPartner(CAMPAIGN, names[1], "B", "faith"), "cy", "partner"),
        (RemovePartner(CAMPAIGN, names[1], "Quarrel"), "ana", "organiser"),
        (AddPartner(CAMPAIGN, names[2], "C", "faith"), "di", "partner"),
    )
    path = f"/campaigns/{CAMPAIGN}/partners"
    seen: dict[str, Any] = {}
    for person in ("ana", "bo", "cy", "pat", "ed"):
        items: list[Any] = []
        cursor: str | None = ""
        while cursor is not None:
            query = {"person": person, "limit": "1", **({"cursor": cursor} if cursor else {})}
            page = (await client.get(path, params=query)).json()
            items += page["items"]
            cursor = page["next"]
        seen[person] = {one["id"][-1]: (one["members"], one["invitees"], one["reason"]) for one in items}
    nothing = (None, None, None)
    people: dict[str, Any] = {"invitation": ([], ["bo"], None), "removal": (["cy"], [], "Quarrel")}

    assert seen == {
        "ana": {"a": people["invitation"], "b": people["removal"], "c": (["di"], [], None), "p": (["pat"], [], None)},
        "bo": {"a": nothing, "c": nothing, "p": nothing},
        "cy": {"b": people["removal"], "c": nothing, "p": nothing},
        "pat": {"c": nothing, "p": (["pat"], [], None)},
        "ed": {"c": nothing, "p": nothing},
    }
    mine = (await client.get("/partners", params={"person": "bo"})).json()
    assert [one["id"] for one in mine["items"]] == names[:1]
    assert await statuses(client, f"/partners/{names[1]}", "ana", "cy", "pat") == [200, 200, 404]
    assert (await client.get(path, params={"person": "ana", "cursor": "$"})).status_code == 400
    assert await statuses(client, "/campaigns/none/partners", "ana") == [404]


async def test_my_registrations_come_page_by_page(client: Client, log: Log) -> None:
    """Newest first, each once, with positions that are computed when read; a cancelled event's read as cancelled."""
    for number in range(5):
        event = f"event_{number}"
        await log.ask((msgspec.structs.replace(a_plan(capacity=1), event_id=event), "ana", "organiser"))
        await log.ask(*((Register(event, f"{event}.{who}"), who, "resident") for who in ("ana", "cy", "bo")))
    await log.ask((LeaveEvent("event_1", "event_1.cy"), "cy", "resident"))
    await log.ask((CancelEvent("event_2", "Storm"), "ana", "organiser"))
    found, cursor = [], ""
    while True:
        query = {"person": "bo", "limit": "2", **({"cursor": cursor} if cursor else {})}
        page = (await client.get("/registrations", params=query)).json()
        found += page["items"]
        cursor = page["next"]
        if not cursor:
            break

    assert [(one["event_id"], one["status"], one["position"]) for one in found] == [
        ("event_4", "waiting", 2),
        ("event_3", "waiting", 2),
        ("event_2", "cancelled", None),
        ("event_1", "waiting", 1),
        ("event_0", "waiting", 2),
    ]
    assert all("person" not in one for one in found)


async def test_an_events_registrations_are_its_organisers(client: Client, log: Log) -> None:
    """403 for who may see the event, 404 for who may not."""
    await plan(log, capacity=1)
    await register(log, "bo", "cy")
    path = f"/events/{EVENT}/registrations"
    page = (await client.get(path, params={"person": "ana"})).json()

    assert await statuses(client, path, "ana", "bo", "") == [200, 403, 403]
    assert await statuses(client, "/events/event_x/registrations", "ana") == [404]
    assert [(one["id"], one["status"], one["position"]) for one in page["items"]] == [
        (f"{EVENT}.bo", "registered", None),
        (f"{EVENT}.cy", "waiting", 1),
    ]
    assert page["next"] is None


@pytest.mark.parametrize(
    "query", [{}, {"person": "bo", "limit": "0"}, {"person": "bo", "limit": "x"}, {"person": "bo", "cursor": "x"}]
)
async def test_a_query_that_makes_no_sense(client: Client, query: dict[str, str]) -> None:
    """400, naming the parameter."""
    reply = await client.get("/registrations", params=query)

    assert reply.status_code == 400
    assert reply.json()["parameter"] in {"person", "limit", "cursor"}


async def test_the_snapshot_holds_everything(client: Client, log: Log) -> None:
    """Campaigns, partners and events as the contract's states, drafts included, hidden places not."""
    await plan(log, visibility="hidden_location", venue=HALL, publish=False)
    lines = [msgspec.json.decode(line) for line in (await client.get("/snapshot")).content.splitlines()]

    assert [(line["kind"], line["state"]["id"]) for line in lines] == [
        ("campaign", CAMPAIGN),
        ("partner", PARTNER),
        ("event", EVENT),
    ]
    assert lines[2]["state"]["status"] == "draft"
    assert "Example Road" not in str(lines)


async def test_the_past_can_be_asked_for(client: Client, log: Log) -> None:
    """The facts of a stream after a version, in order; and how a command ended."""
    await plan(log)
    await register(log, "bo", "cy")
    facts = [open_envelope(line) for line in (await client.get(f"/facts/{EVENT}?after=1")).content.splitlines()]
    outcome = await client.get("/operations/c4")

    assert [(fact.streamversion, fact.type.split(".")[2]) for fact in facts] == [
        (2, "EventPublished"),
        (3, "RegistrationMade"),
        (4, "RegistrationMade"),
    ]
    assert told(open_envelope(outcome.content))[0] == 201
    assert (await client.get("/operations/none")).status_code == 404


async def test_positions_use_the_index(store: EventsStore, log: Log) -> None:
    """sec_23: counting who waits, and reading the head of a line, walk the line alone."""
    await plan(log, capacity=1)
    await register(log, *(f"p{number}" for number in range(20)))
    queries: list[dict[str, Any]] = [
        {"state.event_id": EVENT, "state.occurrence": None, "order": {"$lte": 3}},
        {"state.event_id": EVENT, "state.occurrence": None, "state.party_size": 1, "order": {"$exists": True}},
    ]
    for query, index in zip(queries, ("position_of_occurrence", "line_of_occurrence"), strict=True):
        plan_ = await store.database.registrations.find(query).sort("order", 1).explain()

        assert index in str(plan_["queryPlanner"]["winningPlan"])
        assert "'SORT'" not in str(plan_["queryPlanner"]["winningPlan"])
    assert await store.lines.position(EVENT, None, 3) == 3


async def test_a_stranger_cannot_make_the_service_promote(log: Log) -> None:
    """sec_10: the service's own command wants the service's own role."""
    await plan(log, capacity=1)

    assert await log.ask((PromoteWaiting(EVENT), "ana", "organiser,operator")) == [(403, "forbidden")]
    assert await log.ask((CreateEvent("event_z", "none", "T", "c", "a", "b"), "ana", "organiser")) == [
        (404, "not-found")
    ]
