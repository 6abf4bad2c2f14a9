"""Who registers is warned of what they come to at the same time."""

from typing import Any

import pytest
from msgspec.structs import replace

from services.events.document import Event
from services.events.store import EventsStore
from shared.contracts.events import (
    CancelEvent,
    CancelOccurrence,
    Clash,
    CreateCampaign,
    CreateEvent,
    LaunchCampaign,
    LeaveEvent,
    Register,
    Registered,
)
from shared.contracts.recurrence import Recurrence
from shared.contracts.shifts import OpenShift, Role, TakePlace
from shared.decider import Decision
from tests.events.given import CAMPAIGN, EVENT, a_plan, an_event, decided, done, registering
from tests.events.log import Log

ANA = ("ana", "organiser")
OTHER = "event_b"


def engaged(**people: tuple[Clash, ...]) -> Event:
    """The event, and what these people come to elsewhere."""
    return replace(an_event(), engaged=people)


def warned(event: Event) -> list[Clash]:
    """What bo is warned of, who registers for an event from 13:00 to 15:00 UTC."""
    _, decision = decided(event, *registering("bo"))
    return [*_clashes(decision)]


def _clashes(decision: Decision) -> tuple[Clash, ...]:
    body = done(decision).body
    assert isinstance(body, Registered)
    return body.clashes


@pytest.mark.parametrize(
    ("hours", "is_told"),
    [
        (("11:00", "13:00"), False),
        (("11:00", "13:01"), True),
        (("13:30", "14:00"), True),
        (("12:00", "16:00"), True),
        (("14:59", "16:00"), True),
        (("15:00", "16:00"), False),
    ],
)
def test_what_overlaps_is_told(hours: tuple[str, str], *, is_told: bool) -> None:
    """To the minute; what ends when the other begins is no clash."""
    starts, ends = (f"2026-07-04T{hour}:00.000Z" for hour in hours)
    clash = Clash(OTHER, None, starts, ends)

    assert warned(engaged(bo=(clash,))) == [clash] * is_told


def test_nobody_is_warned_of_the_same_event_or_of_what_others_do() -> None:
    """Who helps on a shift there comes to it; and what somebody else comes to is nobody's business."""
    at = ("2026-07-04T13:00:00.000Z", "2026-07-04T15:00:00.000Z")
    mine = (Clash(EVENT, None, *at), Clash(EVENT, None, *at, shift_id=f"{EVENT}.s"))

    assert warned(engaged(bo=mine, cy=(Clash(OTHER, None, *at),))) == []


def test_a_second_attempt_is_warned_as_well() -> None:
    """It is answered as the first time; no fact tells of what else somebody does."""
    clash = Clash(OTHER, None, "2026-07-04T13:00:00.000Z", "2026-07-04T15:00:00.000Z")
    event, first = decided(engaged(bo=(clash,)), *registering("bo"))
    _, second = decided(event, *registering("bo"))

    assert _clashes(first) == _clashes(second) == (clash,)
    assert OTHER not in str(first.facts)


@pytest.fixture
def log(store: EventsStore) -> Log:
    """A log for the store."""
    return Log(store)


async def plan(log: Log, name: str, **fields: Any) -> None:  # noqa: ANN401 -- any field of the command
    """An event of the campaign on a Saturday, 13:00 to 15:00 UTC unless said."""
    command = CreateEvent(name, **{key: getattr(a_plan(**fields), key) for key in _FIELDS})
    await log.ask((command, *ANA))


_FIELDS = ("campaign_id", "title", "category", "starts_at", "ends_at", "publish", "recurrence")


async def register(log: Log, event: str, occurrence: str | None = None) -> list[tuple[str, str | None, str | None]]:
    """Bo registers; what the warning names."""
    command = Register(event, f"{event}.bo.{occurrence}", occurrence=occurrence)
    [(status, body)] = await log.ask((command, "bo", "resident"))
    assert status == 201, body
    return [(one["event_id"], one["occurrence"], one["shift_id"]) for one in body["clashes"]]


async def test_events_dates_and_shifts_are_looked_up(log: Log) -> None:
    """As they stand: what is called off, left or on another day is none."""
    await log.ask((CreateCampaign(CAMPAIGN, "As One", "as-one", "Neighbours"), *ANA), (LaunchCampaign(CAMPAIGN), *ANA))
    await plan(log, EVENT)
    await plan(log, OTHER, recurrence=Recurrence("FREQ=WEEKLY"))
    for name in ("event_c", "event_d", "event_e"):
        await plan(log, name)
    await plan(log, "event_next", starts_at="2026-07-05T14:00", ends_at="2026-07-05T16:00")
    saturday, next_week = "2026-07-04T14:00", "2026-07-11T14:00"
    shift = OpenShift("event_c.s", "event_c", Role("Steward"), "2026-07-04T14:00", "2026-07-04T15:00", 2)
    await log.ask((shift, *ANA))

    assert await register(log, "event_next") == []
    assert await register(log, OTHER, next_week) == []
    assert await register(log, OTHER, saturday) == []
    assert await register(log, "event_d") == [(OTHER, saturday, None)]
    await log.ask((TakePlace("event_c.s"), "bo", "resident"))
    assert sorted(await register(log, EVENT), key=str) == [
        (OTHER, saturday, None),
        ("event_c", None, "event_c.s"),
        ("event_d", None, None),
    ]

    await log.ask((CancelOccurrence(OTHER, saturday, "Rain"), *ANA), (CancelEvent("event_d", "Rain"), *ANA))
    await log.ask((LeaveEvent(EVENT, f"{EVENT}.bo.None"), "bo", "resident"))
    assert await register(log, "event_e") == [("event_c", None, "event_c.s")]
