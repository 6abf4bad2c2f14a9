"""Series on the real MongoDB: lines by occurrence, steps, reading, and what a change leaves of registrations."""

from typing import Any

import pytest

from services.events.reading import Reading
from services.events.store import EventsStore
from shared.contracts.events import (
    CancelOccurrence,
    ChangeEvent,
    ChangeOccurrence,
    ChangeRegistration,
    CreateCampaign,
    LaunchCampaign,
    LeaveEvent,
    OccurrenceCancelled,
    Register,
    RegistrationPromoted,
    Venue,
    VenueChange,
)
from shared.contracts.importing import ImportedRow, ImportRegistrations
from shared.contracts.recurrence import Recurrence, RecurrenceChange
from tests.events.given import CAMPAIGN, EVENT, a_plan
from tests.events.log import Log
from tests.events.test_occurrences import FIRST, SECOND, THIRD

ANA = ("ana", "organiser")


@pytest.fixture
def log(store: EventsStore) -> Log:
    """A log for the store."""
    return Log(store)


async def plan(log: Log, **fields: Any) -> None:  # noqa: ANN401 -- any field of the command
    """Saturdays in July, published."""
    await log.ask((CreateCampaign(CAMPAIGN, "As One", "as-one", "Neighbours"), *ANA), (LaunchCampaign(CAMPAIGN), *ANA))
    await log.ask((a_plan(recurrence=Recurrence("FREQ=WEEKLY"), **fields), *ANA))


async def register(log: Log, *parties: tuple[str, str, int]) -> list[str]:
    """Register people for occurrences, each in a batch of its own; where each stands."""
    found = []
    for person, name, size in parties:
        command = Register(EVENT, f"{EVENT}.{person}.{name}", size, occurrence=name)
        [(_, body)] = await log.ask((command, person, "resident"))
        found.append(body["status"] if isinstance(body, dict) else body)
    return found


async def of(store: EventsStore, person: str) -> dict[str, tuple[str, int | None]]:
    """A person's registrations: status and position by occurrence."""
    page = await Reading(store).registrations_of(person, None, 20)
    return {one.occurrence or "": (one.status, one.position) for one in page.items}


async def test_each_occurrence_has_a_line_of_its_own(store: EventsStore, log: Log) -> None:
    """Loaded batch by batch: who leaves one lets the first there move up; positions count that line alone."""
    await plan(log, capacity=2)
    parties = [("bo", FIRST, 2), ("cy", FIRST, 1), ("di", FIRST, 1), ("ed", SECOND, 2), ("cy", SECOND, 1)]

    assert await register(log, *parties) == ["registered", "waiting", "waiting", "registered", "waiting"]
    assert await of(store, "di") == {FIRST: ("waiting", 2)}
    await log.ask((LeaveEvent(EVENT, f"{EVENT}.bo.{FIRST}", FIRST), "bo", "resident"))
    assert await of(store, "cy") == {FIRST: ("registered", None), SECOND: ("waiting", 1)}
    await log.ask((ChangeRegistration(EVENT, f"{EVENT}.ed.{SECOND}", 1, SECOND), "ed", "resident"))
    assert await of(store, "cy") == {FIRST: ("registered", None), SECOND: ("registered", None)}


async def test_a_list_is_decided_with_the_dates_that_its_rows_name(store: EventsStore, log: Log) -> None:
    """A later batch knows who comes to which date already; its rows for a full one wait."""
    await plan(log, capacity=1)
    rows = tuple(
        ImportedRow(number, f"{EVENT}.{who}.{name}", who, occurrence=name, single=f"{EVENT}.{who}")
        for number, (who, name) in enumerate([("bo", FIRST), ("cy", FIRST), ("bo", SECOND)], 2)
    )

    [(_, first)] = await log.ask((ImportRegistrations(EVENT, rows[:1]), *ANA))
    [(_, second)] = await log.ask((ImportRegistrations(EVENT, rows), *ANA))

    assert (first["registered"], first["waiting"]) == (1, 0)
    assert (second["registered"], second["waiting"]) == (1, 1)
    assert second["refused"] == [{"row": 2, "reason": "already-registered"}]
    assert await of(store, "cy") == {FIRST: ("waiting", 1)}


async def test_a_change_of_the_series_calls_off_what_is_gone_and_promotes(store: EventsStore, log: Log) -> None:
    """The follow-ups run to their end; registrations of what is gone read as cancelled at once."""
    await plan(log, capacity=1)
    await register(log, ("bo", SECOND, 1), ("cy", SECOND, 1), ("bo", THIRD, 1))
    [(less, _)] = await log.ask((ChangeEvent(EVENT, capacity=0), *ANA))
    change = ChangeEvent(EVENT, recurrence=RecurrenceChange("FREQ=WEEKLY;COUNT=2"), capacity=2)
    [(status, _)] = await log.ask((change, *ANA))

    assert (less, status) == (409, 200)
    assert await of(store, "cy") == {SECOND: ("registered", None)}
    assert await of(store, "bo") == {SECOND: ("registered", None), THIRD: ("cancelled", None)}
    told = [type(fact) for fact in log.facts[-2:]]
    assert told == [OccurrenceCancelled, RegistrationPromoted]


async def test_less_than_the_fullest_occurrence_is_refused_by_what_is_stored(store: EventsStore, log: Log) -> None:
    """It is looked up among all, whoever the batch mentions."""
    await plan(log, capacity=9)
    await register(log, ("bo", SECOND, 4), ("bo", THIRD, 7))

    assert await log.ask((ChangeEvent(EVENT, capacity=6), *ANA)) == [(409, "less-than-committed")]
    assert (await store.sessions.exceptions(EVENT)) == {}


async def test_one_occurrence_is_read_with_its_place_by_who_goes_there(store: EventsStore, log: Log) -> None:
    """Of a hidden location strangers read the ward, also of an occurrence that is elsewhere."""
    await plan(log, visibility="hidden_location", venue=Venue(name="Refuge", ward="aston"))
    await log.ask((ChangeOccurrence(EVENT, SECOND, venue=VenueChange(name="Safe house")), *ANA))
    await register(log, ("bo", SECOND, 1))
    reading = Reading(store)

    async def place(name: str, person: str | None) -> Venue | None:
        found = await reading.occurrence(EVENT, name, person)
        assert found is not None
        return found.venue

    assert await place(SECOND, "bo") == Venue(name="Safe house", ward="aston")
    assert await place(FIRST, "bo") == Venue(ward="aston")
    assert await place(SECOND, None) == Venue(ward="aston")
    assert await place(FIRST, "ana") == Venue(name="Refuge", ward="aston")
    assert await reading.occurrence(EVENT, "2026-07-05T14:00", "ana") is None
    await log.ask((CancelOccurrence(EVENT, SECOND, "Threat"), *ANA))
    assert await place(SECOND, "bo") == Venue(ward="aston")
    assert await of(store, "bo") == {SECOND: ("cancelled", None)}


async def test_touched_occurrences_are_in_the_snapshot(store: EventsStore, log: Log) -> None:
    """Those alone; views are rebuilt from them."""
    await plan(log)
    await register(log, ("bo", SECOND, 2))
    lines = [line["state"] async for line in Reading(store).snapshot() if line["kind"] == "occurrence"]

    assert [(line["occurrence"], line["registered"]) for line in lines] == [(SECOND, 2)]
