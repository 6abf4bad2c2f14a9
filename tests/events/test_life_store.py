"""What happens to an event beside its plan, on the real store."""

from msgspec.structs import replace

from services.events.attached_reading import AttachedReading
from services.events.minors import Minors
from services.events.reading import Page, Reading
from services.events.store import EventsStore
from shared.contracts.attendance import NoteAttendance, TakeHeadcount
from shared.contracts.completion import CompleteEvent, CorrectOutcome
from shared.contracts.events import (
    AddPartner,
    CancelEvent,
    CreateCampaign,
    LaunchCampaign,
    LeaveEvent,
    Recurrence,
    Register,
)
from shared.contracts.hiding import HideEvent, UnhideEvent
from shared.contracts.hosting import AcceptCoHost, InviteCoHost
from shared.contracts.message import Command
from shared.contracts.programme import AddAction, AddAgendaItem, ChangeAction
from shared.contracts.results import Figure
from shared.contracts.slots import AddSlot, BookSlot, ReleaseBooking
from shared.decider import FORBIDDEN, NOT_FOUND
from tests.events.given import AT, CAMPAIGN, EVENT, a_plan
from tests.events.log import Log, Wish


def by_ana(command: Command) -> Wish:
    """What the organiser asks."""
    return command, "ana", "organiser"


def registering(person: str, size: int = 1) -> Wish:
    """What a resident asks."""
    return Register(EVENT, f"{EVENT}.{person}", size), person, "resident"


async def a_log(store: EventsStore, **fields: object) -> Log:
    """A log that begins with a live campaign and a published event."""
    log = Log(store)
    await log.ask(by_ana(CreateCampaign(CAMPAIGN, "As One", "as-one", "Neighbours")), by_ana(LaunchCampaign(CAMPAIGN)))
    assert [status for status, _ in await log.ask(by_ana(a_plan(**fields)))] == [201]
    return log


async def test_attendance_is_kept_with_the_party(store: EventsStore) -> None:
    """In batches of its own and beside registrations of the same batch."""
    log = await a_log(store)
    await log.ask(registering("bo", 3))
    answers = await log.ask(
        by_ana(NoteAttendance(EVENT, f"{EVENT}.bo", "attended")),
        registering("cy", 2),
        by_ana(NoteAttendance(EVENT, f"{EVENT}.cy", "no_show")),
        by_ana(TakeHeadcount(EVENT, 4)),
        by_ana(NoteAttendance(EVENT, f"{EVENT}.di", "no_show")),
    )
    kept = {document["_id"]: document["state"]["status"] async for document in store.database.registrations.find()}

    assert [status for status, _ in answers] == [200, 201, 200, 200, 404]
    assert kept == {f"{EVENT}.bo": "attended", f"{EVENT}.cy": "no_show"}
    event = await store.database.events.find_one({"_id": EVENT})
    assert event is not None
    assert {name: event["state"]["attendance"][name] for name in ("headcount", "attended", "no_show")} == {
        "headcount": 4,
        "attended": 3,
        "no_show": 2,
    }


async def test_what_came_of_an_event_is_read_back(store: EventsStore) -> None:
    """Figures and corrections, from one batch to the next."""
    log = await a_log(store)
    await log.ask(by_ana(CompleteEvent(EVENT, (Figure("bags", 40, "bags"),))))
    [(status, body)] = await log.ask(by_ana(CorrectOutcome(EVENT, "bags", 38, "Counted twice")))

    assert (status, body["status"]) == (200, "completed")
    assert [(one["quantity"], len(one["corrections"])) for one in body["outcomes"]] == [(38, 1)]


async def test_a_hidden_event_is_read_by_those_concerned(store: EventsStore) -> None:
    """Row 54: its organiser and who is registered; why, by the organiser alone. It outlives a reload."""
    log = await a_log(store, capacity=1)
    await log.ask(registering("bo"), registering("cy"))
    await log.ask(by_ana(HideEvent(EVENT, "A threat was made")))
    reading = Reading(store)

    seen = {person: await reading.event(EVENT, person) is not None for person in ("ana", "bo", "cy", "di")}
    assert seen == {"ana": True, "bo": True, "cy": False, "di": False}
    assert await reading.event(EVENT, None) is None
    assert await reading.hiding(EVENT, "bo") == NOT_FOUND
    why = await reading.hiding(EVENT, "ana")
    assert isinstance(why, dict)
    assert (why["hidden"], why["reason"]) == (True, "A threat was made")
    async for document in store.database.inbox.find():
        assert b"threat" not in document["r"] + b"".join(document["x"])


async def test_who_waited_moves_up_in_steps_after_a_pause(store: EventsStore) -> None:
    """The heads of the line are read for it."""
    log = await a_log(store, capacity=1)
    await log.ask(registering("bo"), registering("cy"), registering("di"))
    await log.ask(by_ana(HideEvent(EVENT, "Rest")), (LeaveEvent(EVENT, f"{EVENT}.bo"), "bo", "resident"))
    [(status, body)] = await log.ask(by_ana(UnhideEvent(EVENT)))

    kept = {document["_id"]: document["state"]["status"] async for document in store.database.registrations.find()}
    assert (status, body["registered"], body["waiting"]) == (200, 1, 1)
    assert kept == {f"{EVENT}.bo": "cancelled", f"{EVENT}.cy": "registered", f"{EVENT}.di": "waiting"}


async def test_the_next_meeting_looks_at_what_was_agreed_upon(store: EventsStore) -> None:
    """Rows 12 and 61: all of last time with its state, and of the times before what is still open."""
    log = await a_log(store, type="summit")
    for name, before in (("event_b", EVENT), ("event_c", "event_b")):
        plan = replace(a_plan(type="summit", previous=before), event_id=name)
        await log.ask(by_ana(plan))
    await log.ask(
        by_ana(AddAction(EVENT, "a1", "Bins")),
        by_ana(AddAction(EVENT, "a2", "Benches")),
        by_ana(AddAgendaItem("event_b", "i1", "Look back")),
        by_ana(AddAction("event_b", "b1", "Trees")),
    )
    await log.ask(by_ana(ChangeAction(EVENT, "a1", "done")), by_ana(ChangeAction("event_b", "b1", "dropped")))
    hanging = AttachedReading(Reading(store))

    second, third = [await hanging.programme(name, None) for name in ("event_b", "event_c")]
    assert isinstance(second, dict)
    assert isinstance(third, dict)
    assert [item.title for item in second["agenda"]] == ["Look back"]
    assert [
        (meeting["event_id"], [(action.title, action.state) for action in meeting["actions"]])
        for meeting in second["carried"]
    ] == [(EVENT, [("Bins", "done"), ("Benches", "open")])]
    assert [
        (meeting["event_id"], [(action.title, action.state) for action in meeting["actions"]])
        for meeting in third["carried"]
    ] == [("event_b", [("Trees", "dropped")]), (EVENT, [("Benches", "open")])]


async def test_a_meeting_that_may_not_be_seen_carries_nothing(store: EventsStore) -> None:
    """A public meeting after one of members shows nothing of that; a ring of meetings ends."""
    log = await a_log(store, type="summit", visibility="members", previous="event_b")
    await log.ask(by_ana(replace(a_plan(previous=EVENT), event_id="event_b")))
    await log.ask(by_ana(AddAction(EVENT, "a1", "Secret")))
    hanging = AttachedReading(Reading(store))
    stranger, organiser = [await hanging.programme("event_b", who) for who in (None, "ana")]

    assert isinstance(stranger, dict)
    assert isinstance(organiser, dict)
    assert stranger["carried"] == []
    assert len(organiser["carried"]) == 1
    assert await hanging.programme(EVENT, None) == NOT_FOUND


async def test_slots_are_booked_in_one_batch_and_in_the_next(store: EventsStore) -> None:
    """Nothing is sold twice; who has what is told to the organiser without people."""
    log = await a_log(store)
    slot = f"{EVENT}.stall"
    await log.ask(by_ana(AddSlot(EVENT, slot, "stall", "Stall", 3)))
    first = await log.ask(
        *((BookSlot(EVENT, slot, f"{EVENT}.b{who}", 2), who, "resident") for who in ("bo", "cy", "di"))
    )
    later = await log.ask(
        (ReleaseBooking(EVENT, slot, f"{EVENT}.bbo"), "bo", "resident"),
        (BookSlot(EVENT, slot, f"{EVENT}.bcy", 2), "cy", "resident"),
        (BookSlot(EVENT, slot, f"{EVENT}.bbo", 2), "bo", "resident"),
    )
    hanging = AttachedReading(Reading(store))
    listed = await hanging.slots(EVENT, None)
    bookings = await hanging.bookings(EVENT, slot, "ana")

    assert [status for status, _ in first] == [201, 409, 409]
    assert [status for status, _ in later] == [200, 201, 409]
    assert isinstance(listed, dict)
    assert [(one.id, one.left) for one in listed["items"]] == [(slot, 1)]
    assert isinstance(bookings, dict)
    assert {(one.id, one.status) for one in bookings["items"]} == {
        (f"{EVENT}.bbo", "released"),
        (f"{EVENT}.bcy", "booked"),
    }
    assert not any(hasattr(one, "person") for one in bookings["items"])
    assert await hanging.bookings(EVENT, slot, "bo") == FORBIDDEN


async def test_minors_are_known_to_the_organiser_alone(store: EventsStore) -> None:
    """Row 49: how many there are and that a guardian agreed; coming back with others puts it right."""
    log = await a_log(store)
    bo, cy = f"{EVENT}.bo", f"{EVENT}.cy"
    await log.ask(
        (Register(EVENT, bo, 2, ages=(41, 13), guardian_consent=True), "bo", "resident"),
        (Register(EVENT, cy, 1), "cy", "resident"),
    )
    await log.ask((LeaveEvent(EVENT, bo), "bo", "resident"))
    await log.ask((Register(EVENT, bo, 3, ages=(41, 13, 9), guardian_consent=True), "bo", "resident"))
    reading = Reading(store)
    page = await reading.registrations_at(EVENT, "ana", None, 10)
    assert isinstance(page, Page)
    listed = await Minors(reading).added(page)

    assert [(one.id, one.under_18, one.guardian_consent_at) for one in listed.items] == [(bo, 2, AT), (cy, None, None)]
    mine = await reading.registrations_of("bo", None, 10)
    assert [one.under_18 for one in mine.items] == [None]
    async for document in store.database.inbox.find():
        assert b'"ages"' not in document["r"] + b"".join(document["x"])


async def test_parts_of_a_carnival_go_with_it(store: EventsStore) -> None:
    """Row 16: in steps, all of them, and the parts of parts."""
    log = await a_log(store)
    parts = [replace(a_plan(parent_id=EVENT), event_id=f"event_p{number:03}") for number in range(205)]
    for start in range(0, 205, 100):
        await log.ask(*(by_ana(part) for part in parts[start : start + 100]))
    await log.ask(by_ana(replace(a_plan(parent_id="event_p000"), event_id="event_q")))
    [(status, _)] = await log.ask(by_ana(CancelEvent(EVENT, "Storm")))

    assert status == 200
    found = {document["_id"]: document["state"]["status"] async for document in store.database.events.find()}
    assert len(found) == 207
    assert set(found.values()) == {"cancelled"}
    assert log.observer.dead == []


async def test_an_invitation_to_host_outlives_a_batch(store: EventsStore) -> None:
    """And a part is planned by a host's member."""
    log = await a_log(store)
    partner = f"{CAMPAIGN}.p"
    await log.ask((AddPartner(CAMPAIGN, partner, "Made-up Mosque", "faith"), "ana", "organiser"))
    await log.ask(by_ana(InviteCoHost(EVENT, partner)))
    [(status, body)] = await log.ask(by_ana(AcceptCoHost(EVENT, partner)))
    document = await store.database.events.find_one({"_id": EVENT})

    assert (status, body["hosts"]) == (200, [partner])
    assert document is not None
    assert document["invited"] == []


async def test_what_came_of_a_date_is_kept_with_it(store: EventsStore) -> None:
    """The occurrence of a party is found by its registration, from one batch to the next."""
    log = await a_log(store, recurrence=Recurrence("FREQ=WEEKLY;COUNT=4"))
    first, second = "2026-07-04T14:00", "2026-07-11T14:00"
    party = Register(EVENT, f"{EVENT}.bo1", 2, occurrence=first, single=f"{EVENT}.bo")
    await log.ask((party, "bo", "resident"))
    await log.ask(by_ana(NoteAttendance(EVENT, f"{EVENT}.bo1", "attended")))
    answers = await log.ask(
        by_ana(TakeHeadcount(EVENT, 39, second)),
        by_ana(CompleteEvent(EVENT, (Figure("meals", 40, "meals"),), occurrence=first)),
    )
    kept = {document["name"]: document["state"] async for document in store.database.occurrences.find()}

    assert [status for status, _ in answers] == [200, 200]
    assert (kept[first]["registered"], kept[first]["attendance"]["attended"]) == (2, 2)
    assert kept[first]["outcomes"][0]["quantity"] == 40
    assert kept[second]["attendance"]["headcount"] == 39
    assert log.observer.dead == []
