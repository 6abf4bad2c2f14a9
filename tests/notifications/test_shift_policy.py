"""Who is told what about shifts."""

import pytest
from msgspec.structs import replace

from services.notifications.policy import messages
from services.notifications.telling import Acting, Person
from services.notifications.texts import render
from shared.contracts import shifts
from shared.contracts.event_states import Cancellation
from shared.contracts.message import Fact

AT = "2026-06-01T10:00:00.000Z"
SHIFT = shifts.ShiftState(
    id="event_a.s",
    version=4,
    revision=1,
    created_at=AT,
    updated_at=AT,
    event_id="event_a",
    campaign_id="campaign_a",
    role=shifts.Role("Steward", shifts.Requirement("dbs", "enhanced")),
    starts_at="2026-07-04T13:00",
    ends_at="2026-07-04T17:00",
    timezone="Europe/London",
    starts_at_utc="2026-07-04T12:00:00.000Z",
    ends_at_utc="2026-07-04T16:00:00.000Z",
    places=2,
    opened_by="ana",
)
PLACE = shifts.AssignmentState(
    id="event_a.s.bo",
    version=1,
    created_at=AT,
    updated_at=AT,
    shift_id="event_a.s",
    event_id="event_a",
    person="bo",
    role="Steward",
    starts_at="2026-07-04T13:00",
    ends_at="2026-07-04T17:00",
    timezone="Europe/London",
    starts_at_utc="2026-07-04T12:00:00.000Z",
    ends_at_utc="2026-07-04T16:00:00.000Z",
    status="confirmed",
)


def told(fact: Fact) -> list[tuple[object, str]]:
    """Whom a fact is told to, for which purpose; all of it can be put into words."""
    for message in messages(fact):
        render(message.text, message.values)
    return [(message.audience, message.purpose) for message in messages(fact)]


@pytest.mark.parametrize(
    ("fact", "purposes"),
    [
        (shifts.PlaceTaken(SHIFT, PLACE), {"bo": "shift-taken"}),
        (shifts.PlaceProposed(SHIFT, PLACE), {"bo": "shift-proposed"}),
        (shifts.PlaceReleased(SHIFT, PLACE), {"bo": "shift-released"}),
        (shifts.PlaceLost(SHIFT, PLACE), {"bo": "shift-lost", "ana": "shift-place-lost"}),
        (shifts.RenewalAsked(SHIFT, PLACE), {"bo": "clearance-renewal"}),
        (shifts.ComingAsked(SHIFT, PLACE), {"bo": "shift-coming"}),
        (shifts.CoverOffered(SHIFT, PLACE), {"bo": "cover-offered"}),
        (shifts.CoverFound(SHIFT, replace(PLACE, person="cy"), PLACE), {"bo": "cover-found"}),
        (shifts.CoverNotFound(SHIFT, PLACE), {"bo": "cover-not-found", "ana": "shift-cover-not-found"}),
        (shifts.ShiftDeserted(SHIFT), {"ana": "shift-deserted"}),
        (shifts.ShiftOpened(SHIFT), {}),
        (shifts.PlaceLeft(SHIFT, PLACE), {}),
        (shifts.ComingAffirmed(SHIFT, PLACE), {}),
    ],
)
def test_who_is_told(fact: Fact, purposes: dict[str, str]) -> None:
    """The person whose place it is; where something is to be done who opened the shift, and every organiser."""
    expected: list[tuple[object, str]] = [(Person(person), purpose) for person, purpose in purposes.items()]
    expected += [(Acting("campaign_a"), purpose) for person, purpose in purposes.items() if person == "ana"]

    assert told(fact) == expected


def test_why_a_shift_is_off_is_told() -> None:
    """The reason that everybody reads."""
    off = replace(SHIFT, status="cancelled", cancellation=Cancellation("Rain", AT))
    [message] = messages(shifts.PlaceCancelled(off, PLACE))

    title, body = render(message.text, message.values)
    assert (title, body) == ("A shift is cancelled", "Steward, 2026-07-04 13:00 to 2026-07-04 17:00: Rain")


def test_an_organiser_is_not_told_of_clearances() -> None:
    """That a place is free, not why."""
    [_, *words] = messages(shifts.PlaceLost(SHIFT, PLACE))

    assert len(words) == 2
    for word in words:
        assert "clearance" not in " ".join(render(word.text, word.values)).lower()
