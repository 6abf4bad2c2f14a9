"""Shifts on the real store, and what is read of them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx2
import pytest

from services.events import shift_api
from services.events.reading import Reading
from services.events.shift_reading import ShiftReading
from services.events.store import EventsStore
from shared import internal
from shared.contracts.events import (
    AddPartner,
    CancelEvent,
    CancelOccurrence,
    ChangeEvent,
    CreateCampaign,
    CreateEvent,
    LaunchCampaign,
    Venue,
)
from shared.contracts.recurrence import Recurrence, RecurrenceChange
from shared.contracts.shifts import (
    AskCover,
    CancelShift,
    ChangePlace,
    ChangeShift,
    ConfirmPlace,
    EndCover,
    LeavePlace,
    OpenShift,
    PrepareShift,
    ProposePlace,
    RecordClearance,
    RemindRenewal,
    Role,
    TakePlace,
    WithdrawClearance,
)
from shared.ports import Trouble
from tests.events.given import CAMPAIGN, EVENT, a_plan
from tests.events.log import Log, Wish
from tests.events.shifts_given import DBS, SHIFT, opening

SECRET = "made-up-secret-of-more-than-32-letters"
SECOND = "event_b"
ELSEWHERE = f"{SECOND}.s"
HERE = f"/events/{EVENT}/shifts"


async def well() -> Mapping[str, internal.Health]:
    """Nothing is wrong."""
    return {}


@pytest.fixture
async def log(store: EventsStore) -> Log:
    """Two events that ana organises, a partner of pat's, and a shift at the same time in each."""
    log = Log(store)
    await log.ask(
        (CreateCampaign(CAMPAIGN, "As One", "as-one", "Neighbours"), "ana", "organiser"),
        (LaunchCampaign(CAMPAIGN), "ana", "organiser"),
        (AddPartner(CAMPAIGN, f"{CAMPAIGN}.p", "Made-up Mosque", "faith"), "pat", "partner"),
    )
    plan: dict[str, Any] = {"starts_at": "2026-07-04T14:00", "ends_at": "2026-07-04T16:00", "publish": True}
    await log.ask(
        (a_plan(), "ana", "organiser"),
        (CreateEvent(SECOND, CAMPAIGN, "Carnival", "culture", **plan), "ana", "organiser"),
    )
    shifts = (opening(), OpenShift(ELSEWHERE, SECOND, Role("Stall"), "2026-07-04T13:00", "2026-07-04T17:00", 2))
    assert [status for status, _ in await log.ask(*((shift, "ana", "organiser") for shift in shifts))] == [201, 201]
    return log


@pytest.fixture
async def client(store: EventsStore) -> AsyncIterator[httpx2.AsyncClient]:
    """Asks the internal API as the gateway does."""
    app = internal.build(live=well, ready=well, routes=shift_api.routes(ShiftReading(store)), secret=SECRET)
    headers = {"Authorization": f"Bearer {internal.bearer(SECRET)}"}
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url="http://events/internal", headers=headers
    ) as client:
        yield client


def take(person: str, name: str = SHIFT, *override: str) -> Wish:
    """The wish for a place."""
    return TakePlace(name, override), person, "resident"


def leave(person: str, name: str = SHIFT) -> Wish:
    """The wish to give it back."""
    return LeavePlace(name), person, "resident"


async def items(client: httpx2.AsyncClient, path: str, person: str = "") -> list[dict[str, Any]]:
    """A page."""
    reply = await client.get(path, params={"person": person})
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["items"]
    return found


async def test_what_is_saved_is_what_is_loaded(store: EventsStore, log: Log, client: httpx2.AsyncClient) -> None:
    """Places, notes, rosters: command by command, each from the documents of the one before."""
    await log.ask((TakePlace(SHIFT, note="By bus"), "bo", "resident"), (ProposePlace(SHIFT, "cy"), "ana", "organiser"))
    await log.ask(take("di"))
    await log.ask((ConfirmPlace(SHIFT), "cy", "resident"), (ChangePlace(SHIFT, "By tram"), "bo", "resident"))
    await log.ask(leave("bo"))
    await log.ask(take("di"), take("bo"))

    [shift] = await items(client, HERE)
    assert (shift["taken"], shift["left"], shift["role"]) == (2, 0, {"name": "Steward", "requirement": None})
    people = await items(client, f"{HERE}/{SHIFT}/assignments", "ana")
    assert {(one["person"], one["status"], one["note"]) for one in people} == {
        ("bo", "left", "By tram"),
        ("cy", "confirmed", None),
        ("di", "confirmed", None),
    }
    versions = {one["_id"]: one["state"]["version"] async for one in store.database.rosters.find({})}
    assert versions == {"bo": 1, "cy": 2, "di": 1}


async def test_two_shifts_at_one_time_across_events(log: Log) -> None:
    """Refused, unless by name; free again at once after leaving, after a cancelled shift, after a cancelled event."""
    assert [status for status, _ in await log.ask(take("bo"))] == [201]
    assert await log.ask(take("bo", ELSEWHERE)) == [(409, "double-booked")]
    assert [status for status, _ in await log.ask(take("bo", ELSEWHERE, SHIFT))] == [201]
    await log.ask(leave("bo", ELSEWHERE))

    await log.ask((CancelEvent(EVENT, "Rain"), "ana", "organiser"))
    assert [status for status, _ in await log.ask(take("bo", ELSEWHERE))] == [201]
    assert [type(fact).__name__ for fact in log.facts][-3:] == ["ShiftCancelled", "PlaceCancelled", "PlaceTaken"]


async def test_a_shift_of_a_cancelled_event_binds_nobody(store: EventsStore, log: Log) -> None:
    """Also before the shift itself has been called off."""
    await log.ask(take("bo"))
    await store.database.events.update_one({"_id": EVENT}, {"$set": {"state.status": "cancelled"}})

    assert [status for status, _ in await log.ask(take("bo", ELSEWHERE))] == [201]


async def test_two_shifts_wanted_in_one_batch(log: Log) -> None:
    """Each alone would be right: one is taken, the other refused."""
    answers = await log.ask(take("bo"), take("bo", ELSEWHERE), take("cy", ELSEWHERE))

    assert [answer[0] for answer in answers] == [201, 409, 201]
    assert answers[1][1] == "double-booked"


async def test_two_shifts_wanted_at_one_instant_by_two_replicas(store: EventsStore, log: Log) -> None:
    """Whoever saves second finds the roster moved, and decides again."""
    second = Log(store)
    second.offset = 1_000
    for person in ("bo", "cy", "di", "ed"):

        async def asked(of: Log, name: str, person: str = person) -> tuple[int, Any]:
            record = of.record(take(person, name))
            for _ in range(20):
                try:
                    out = await of.processor.process([record])
                except Trouble:
                    continue
                return len(out), out
            raise AssertionError

        await asyncio.gather(asked(log, SHIFT), asked(second, ELSEWHERE))

    found = [one["state"] async for one in store.database.assignments.find({})]
    assert sorted(one["person"] for one in found) == ["bo", "cy", "di", "ed"]


async def test_never_more_than_places_in_one_batch(store: EventsStore, log: Log) -> None:
    """Forty want two places."""
    answers = await log.ask(*(take(f"p{number}") for number in range(40)))

    assert [status for status, _ in answers].count(201) == 2
    shift = await store.database.shifts.find_one({"_id": SHIFT})
    assert shift is not None
    assert (shift["state"]["taken"], shift["state"]["left"]) == (2, 0)
    assert await store.database.assignments.count_documents({}) == 2


async def test_a_clearance_is_asked_for(store: EventsStore, log: Log, client: httpx2.AsyncClient) -> None:
    """Recorded, taken back; read by those who may record it and by the person, by nobody else, and told in no log."""
    clearance = RecordClearance(CAMPAIGN, "bo", "dbs", "enhanced", "2027-01-01")
    creche = opening(f"{EVENT}.c", role=Role("Crèche", DBS))
    await log.ask((creche, "ana", "organiser"))
    assert await log.ask(take("bo", f"{EVENT}.c")) == [(409, "clearance-required")]

    [(status, body)] = await log.ask((clearance, "pat", "partner"))
    assert status == 200
    assert "clearances" not in body
    path = f"/campaigns/{CAMPAIGN}/clearances"
    for person in ("ana", "pat"):
        [one] = await items(client, path, person)
        assert one["clearances"]["dbs"]["level"] == "enhanced"
    assert (await client.get(path, params={"person": "bo"})).status_code == 403
    assert (await client.get("/campaigns/none/clearances", params={"person": "bo"})).status_code == 404
    assert len(await items(client, "/clearances", "bo")) == 1
    assert [status for status, _ in await log.ask(take("bo", f"{EVENT}.c"))] == [201]

    await log.ask((WithdrawClearance(CAMPAIGN, "bo", "dbs"), "ana", "organiser"))
    assert await items(client, path, "ana") == []
    kept = [bytes(one["r"]) + b"".join(map(bytes, one["x"])) async for one in store.database.inbox.find({})]
    assert not any(b"2027-01-01" in one for one in kept)


async def test_who_reads_what_of_shifts(log: Log, client: httpx2.AsyncClient) -> None:
    """Everybody the shifts of a public event, never who stands on them; the organisers and each their own that."""
    await log.ask(take("bo"))

    for person in ("", "cy", "ana"):
        [shift] = await items(client, HERE, person)
        assert "bo" not in str(shift)
    assert (await client.get(f"{HERE}/{SHIFT}")).json()["places"] == 2
    assert (await client.get(f"{HERE}/{ELSEWHERE}")).status_code == 404
    assert (await client.get("/events/none/shifts")).status_code == 404
    reply = [await client.get(f"{HERE}/{SHIFT}/assignments", params={"person": who}) for who in ("", "cy", "bo")]
    assert [one.status_code for one in reply] == [403, 403, 403]
    [mine] = await items(client, "/assignments", "bo")
    assert (mine["shift_id"], mine["status"]) == (SHIFT, "confirmed")
    assert await items(client, "/assignments", "cy") == []


async def test_shifts_of_a_cancelled_event_read_as_cancelled_at_once(
    store: EventsStore, log: Log, client: httpx2.AsyncClient
) -> None:
    """Whatever their own documents say."""
    await log.ask(take("bo"))
    await store.database.events.update_one({"_id": EVENT}, {"$set": {"state.status": "cancelled"}})

    assert [one["status"] for one in await items(client, HERE)] == ["cancelled"]
    assert [one["status"] for one in await items(client, "/assignments", "bo")] == ["cancelled"]


async def test_pages_go_on(log: Log, client: httpx2.AsyncClient) -> None:
    """The earliest shift first; an unknown cursor is 400."""
    early = opening(f"{EVENT}.z", starts_at="2026-07-04T08:00", ends_at="2026-07-04T09:00")
    await log.ask((early, "ana", "organiser"))

    first = (await client.get(HERE, params={"limit": "1"})).json()
    second = (await client.get(HERE, params={"limit": "1", "cursor": first["next"]})).json()

    assert [page["items"][0]["id"] for page in (first, second)] == [f"{EVENT}.z", SHIFT]
    assert second["next"] is None
    assert (await client.get(HERE, params={"cursor": "x"})).status_code == 400


async def test_everybody_on_a_shift_is_asked_again_or_set_free(store: EventsStore, log: Log) -> None:
    """What befalls a shift befalls all who stand on it, whether the batch names them or not."""
    await log.ask(take("bo"), take("cy"))

    moved = ChangeShift(SHIFT, starts_at="2026-07-04T12:00")
    await log.ask((moved, "ana", "organiser"))
    found = [one["state"] async for one in store.database.assignments.find({})]
    assert {(one["status"], one["starts_at"]) for one in found} == {("proposed", "2026-07-04T12:00")}

    await log.ask((CancelShift(SHIFT, "Rain"), "ana", "organiser"))
    assert {one["state"]["status"] async for one in store.database.assignments.find({})} == {"cancelled"}


async def test_somebody_stands_in(log: Log, client: httpx2.AsyncClient) -> None:
    """Those are asked who helped in the campaign and are free at that time; the next ask goes to others."""
    early = opening(f"{EVENT}.z", starts_at="2026-07-04T08:00", ends_at="2026-07-04T09:00", places=20)
    await log.ask((early, "ana", "organiser"))
    await log.ask(*(take(f"p{number}", f"{EVENT}.z") for number in range(12)))
    await log.ask(take("bo"), take("p0", ELSEWHERE), take("di", ELSEWHERE))

    [(status, mine)] = await log.ask((AskCover(SHIFT), "bo", "resident"))
    people = {one["person"]: one["status"] for one in await items(client, f"{HERE}/{SHIFT}/assignments", "ana")}
    asked = sorted(person for person, place in people.items() if place == "asked")
    assert (status, mine["status"], len(asked), people.get("p0")) == (200, "confirmed", 5, None)
    assert mine["cover_until"] == (await items(client, "/assignments", asked[0]))[0]["cover_until"]

    yes = [(ConfirmPlace(SHIFT), person, "resident") for person in asked[:2]]
    assert [answer[0] for answer in await log.ask(*yes)] == [200, 409]
    await log.ask(leave("p0", ELSEWHERE))
    assert await log.ask(take(asked[0], ELSEWHERE)) == [(409, "double-booked")]
    late = await items(client, "/assignments", asked[1])
    assert [one["status"] for one in late if one["shift_id"] == SHIFT] == ["missed"]
    [(status, _)] = await log.ask((AskCover(ELSEWHERE), "di", "resident"))
    again = await items(client, f"/events/{SECOND}/shifts/{ELSEWHERE}/assignments", "ana")
    chosen = {one["person"] for one in again if one["status"] == "asked"}
    assert (status, len(chosen & set(asked)), len(chosen)) == (200, 0, 5)


async def test_two_who_look_for_cover_at_once_ask_different_people(store: EventsStore, log: Log) -> None:
    """In one batch: one search sees whom the other has asked."""
    early = opening(f"{EVENT}.z", starts_at="2026-07-04T08:00", ends_at="2026-07-04T09:00", places=20)
    await log.ask((early, "ana", "organiser"))
    await log.ask(*(take(f"p{number}", f"{EVENT}.z") for number in range(12)))
    await log.ask(take("bo"), take("di", ELSEWHERE))

    searches = [(AskCover(SHIFT), "bo", "resident"), (AskCover(ELSEWHERE), "di", "resident")]
    assert [status for status, _ in await log.ask(*searches)] == [200, 200]

    found = [one["state"]["person"] async for one in store.database.assignments.find({"state.status": "asked"})]
    assert len(found) == len(set(found)) == 10


async def test_what_is_due_finds_everybody(store: EventsStore, log: Log) -> None:
    """The looks are planned with the shift, and take and ask those who stand there by then, whoever they are."""
    creche = opening(f"{EVENT}.c", role=Role("Creche", DBS), places=3)
    await log.ask((creche, "ana", "organiser"))
    for person in ("bo", "cy"):
        await log.ask((RecordClearance(CAMPAIGN, person, "dbs", "enhanced", "2027-01-01"), "ana", "organiser"))
    await log.ask(take("bo", f"{EVENT}.c"), take("cy", f"{EVENT}.c"))
    await log.ask((WithdrawClearance(CAMPAIGN, "bo", "dbs"), "ana", "organiser"))

    plans = [one["at"] async for one in store.database.due.find({"stream": f"{EVENT}.c"}, sort=[("at", 1)])]
    assert plans == ["2026-07-02T12:00:00.000Z", "2026-07-03T12:00:00.000Z", "2026-07-04T11:00:00.000Z"]
    due = PrepareShift(f"{EVENT}.c", "2026-07-04T12:00:00.000Z", 24)
    assert [status for status, _ in await log.ask((due, "events", "system"))] == [200]
    found = {one["_id"]: one["state"] async for one in store.database.assignments.find({})}
    assert found[f"{EVENT}.c.bo"]["status"] == "lost"
    assert found[f"{EVENT}.c.cy"]["asked_at"] is not None


async def test_a_renewal_and_an_unanswered_search_are_looked_at(log: Log) -> None:
    """Each with the place it is about."""
    creche = opening(f"{EVENT}.c", role=Role("Creche", DBS), places=3)
    await log.ask((creche, "ana", "organiser"), (opening(f"{EVENT}.z", places=9), "ana", "organiser"))
    await log.ask((RecordClearance(CAMPAIGN, "bo", "dbs", "enhanced", "2026-07-01"), "ana", "organiser"))
    await log.ask(take("bo", f"{EVENT}.c"), take("cy", f"{EVENT}.z"), take("di", ELSEWHERE))
    until = (await log.ask((AskCover(f"{EVENT}.z"), "cy", "resident")))[0][1]["cover_until"]
    assert until is None  # bo and di stand elsewhere at that time

    await log.ask(leave("di", ELSEWHERE))
    until = (await log.ask((AskCover(f"{EVENT}.z"), "cy", "resident")))[0][1]["cover_until"]
    due = (RemindRenewal(f"{EVENT}.c", "bo"), EndCover(f"{EVENT}.z", "cy", until))
    await log.ask(*((command, "events", "system") for command in due))

    assert [type(fact).__name__ for fact in log.facts].count("RenewalAsked") == 2
    assert type(log.facts[-1]).__name__ == "CoverNotFound"


async def test_who_helps_is_told_where(store: EventsStore, log: Log) -> None:
    """A hidden location is told to who has said yes to a shift, not to who was only asked, nor to who has left."""
    hall = Venue(name="Hall", ward="moseley")
    plan: dict[str, Any] = {"starts_at": "2026-07-04T14:00", "ends_at": "2026-07-04T16:00", "publish": True}
    hidden = CreateEvent(
        "event_h", CAMPAIGN, "Refuge", "care", visibility="hidden_location", venue=hall, online_url=None, **plan
    )
    shift = OpenShift("event_h.s", "event_h", Role("Door"), "2026-07-04T13:00", "2026-07-04T17:00", 9)
    await log.ask((hidden, "ana", "organiser"))
    await log.ask((shift, "ana", "organiser"))
    await log.ask(take("bo", "event_h.s"), take("di", "event_h.s"))
    await log.ask((ProposePlace("event_h.s", "cy"), "ana", "organiser"), leave("di", "event_h.s"))

    venues = {}
    for person in ("bo", "cy", "di"):
        event = await Reading(store).event("event_h", person)
        assert event is not None
        venues[person] = event.venue
    assert venues == {"bo": hall, "cy": Venue(ward="moseley"), "di": Venue(ward="moseley")}


async def test_shifts_of_a_date_that_is_off(log: Log, client: httpx2.AsyncClient) -> None:
    """One date of a series called off, another no more in it: their shifts, no others; both set their people free."""
    days = ("2026-07-04", "2026-07-11", "2026-07-18")
    plan: dict[str, Any] = {"starts_at": "2026-07-04T10:00", "ends_at": "2026-07-04T11:00", "publish": True}
    weekly = Recurrence("FREQ=WEEKLY;COUNT=3")
    await log.ask((CreateEvent("event_w", CAMPAIGN, "Tea", "social", recurrence=weekly, **plan), "ana", "organiser"))
    for day in days:
        times = {"starts_at": f"{day}T09:00", "ends_at": f"{day}T12:00", "occurrence": f"{day}T10:00"}
        shift = OpenShift(f"event_w.{day}", "event_w", Role("Tea"), places=2, **times)
        assert [status for status, _ in await log.ask((shift, "ana", "organiser"))] == [201]
        await log.ask(take("bo", f"event_w.{day}"))

    await log.ask((CancelOccurrence("event_w", "2026-07-11T10:00", "Rain"), "ana", "organiser"))
    read = [(one["status"], one["taken"]) for one in await items(client, "/events/event_w/shifts")]
    assert read == [("open", 1), ("cancelled", 0), ("open", 1)]
    mine = {one["occurrence"][:10]: one["status"] for one in await items(client, "/assignments", "bo")}
    assert mine == {"2026-07-04": "confirmed", "2026-07-11": "cancelled", "2026-07-18": "confirmed"}
    shorter = ChangeEvent("event_w", recurrence=RecurrenceChange(rrule="FREQ=WEEKLY;COUNT=2"))
    await log.ask((shorter, "ana", "organiser"))
    assert [one["status"] for one in await items(client, "/events/event_w/shifts")] == [
        "open",
        "cancelled",
        "cancelled",
    ]
    never = OpenShift(
        "event_w.n", "event_w", Role("Tea"), "2026-07-05T09:00", "2026-07-05T12:00", 2, "2026-07-05T10:00"
    )
    assert await log.ask((never, "ana", "organiser")) == [(422, "invalid-body")]
    once = opening(f"{EVENT}.once", occurrence="2026-07-04T14:00")
    assert await log.ask((once, "ana", "organiser")) == [(422, "invalid-body")]


async def test_a_date_that_is_off_binds_nobody_at_once(
    store: EventsStore, log: Log, client: httpx2.AsyncClient
) -> None:
    """Before its shifts have been called off one by one."""
    plan: dict[str, Any] = {"starts_at": "2026-07-04T14:00", "ends_at": "2026-07-04T15:00", "publish": True}
    weekly = Recurrence("FREQ=WEEKLY;COUNT=3")
    await log.ask((CreateEvent("event_w", CAMPAIGN, "Tea", "social", recurrence=weekly, **plan), "ana", "organiser"))
    day = "2026-07-04T14:00"
    shift = OpenShift("event_w.s", "event_w", Role("Tea"), "2026-07-04T13:00", "2026-07-04T16:00", 2, day)
    await log.ask((shift, "ana", "organiser"))
    await log.ask(take("bo", "event_w.s"))
    only = log.record((CancelOccurrence("event_w", day, "Rain"), "ana", "organiser"))
    await log.processor.process([only])  # and not what follows from it

    assert (await store.database.shifts.find_one({"_id": "event_w.s"}) or {})["state"]["status"] == "open"
    assert [one["status"] for one in await items(client, "/events/event_w/shifts")] == ["cancelled"]
    assert [one["status"] for one in await items(client, "/assignments", "bo")] == ["cancelled"]
    assert await log.ask(take("cy", "event_w.s")) == [(409, "shift-not-open")]
    assert [status for status, _ in await log.ask(take("bo"))] == [201]
