"""What happens to an event beside its plan, on the real store."""

from services.events.store import EventsStore
from shared.contracts.attendance import NoteAttendance, TakeHeadcount
from shared.contracts.completion import CompleteEvent, CorrectOutcome
from shared.contracts.events import CreateCampaign, LaunchCampaign, Register
from shared.contracts.message import Command
from shared.contracts.results import Figure
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
