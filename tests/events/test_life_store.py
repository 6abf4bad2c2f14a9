"""What happens to an event beside its plan, on the real store."""

from services.events.reading import Reading
from services.events.store import EventsStore
from shared.contracts.attendance import NoteAttendance, TakeHeadcount
from shared.contracts.completion import CompleteEvent, CorrectOutcome
from shared.contracts.events import (
    CreateCampaign,
    LaunchCampaign,
    LeaveEvent,
    Register,
)
from shared.contracts.hiding import HideEvent, UnhideEvent
from shared.contracts.message import Command
from shared.contracts.results import Figure
from shared.decider import NOT_FOUND
from tests.events.given import CAMPAIGN, EVENT, a_plan
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
