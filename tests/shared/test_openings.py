"""When a venue is open, at any instant and in any zone."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared import instants, openings, recurrence
from shared.contracts.recurrence import Hours
from shared.contracts.venue_states import Closure, ExtraOpening, VenueState

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def a_venue(*hours: Hours, **fields: object) -> VenueState:
    """A venue with weekly hours since the first of March."""
    made = {
        "id": "venue_v",
        "version": 1,
        "revision": 1,
        "created_at": "",
        "updated_at": "",
        "campaign_id": "campaign_a",
        "name": "Lantern Hall",
        "description": None,
        "address": None,
        "ward": None,
        "lat": None,
        "lon": None,
        "access": (),
        "languages": (),
        "five_ps": {},
        "timezone": "Europe/London",
        "since": "2026-03-01",
        "rules": openings.rules(hours),
    }
    return msgspec.convert({**msgspec.to_builtins(made), "hours": msgspec.to_builtins(hours), **fields}, VenueState)


MONDAYS = a_venue(Hours("MO", "10:00", "12:00"))


def test_simple_weekly_hours_are_kept_as_rules() -> None:
    """openreferral/specification#598: nobody has to write an RRULE, and everybody can read one."""
    hours = (Hours("FR", "10:00", "12:00"), Hours("MO", "10:00", "12:00"), Hours("MO", "18:00", "20:00"))

    assert [(rule.rrule, rule.opens, rule.closes) for rule in openings.rules(hours)] == [
        ("FREQ=WEEKLY;BYDAY=MO,FR", "10:00", "12:00"),
        ("FREQ=WEEKLY;BYDAY=MO", "18:00", "20:00"),
    ]
    with pytest.raises(ValueError, match="HH:MM"):
        openings.rules([Hours("MO", "9:00", "25:00")])


@pytest.mark.parametrize(
    ("hours", "overlaps"),
    [
        ((Hours("MO", "10:00", "12:00"), Hours("MO", "12:00", "14:00")), False),
        ((Hours("MO", "10:00", "12:00"), Hours("MO", "11:59", "14:00")), True),
        ((Hours("SU", "22:00", "02:00"), Hours("MO", "01:00", "03:00")), True),
        ((Hours("SU", "22:00", "01:00"), Hours("MO", "01:00", "03:00")), False),
        ((Hours("MO", "10:00", "12:00"), Hours("MO", "10:00", "12:00")), True),
        ((), False),
    ],
)
def test_no_two_openings_at_the_same_time(hours: tuple[Hours, ...], overlaps: bool) -> None:  # noqa: FBT001 -- a row
    """Around the end of the week, too."""
    assert openings.overlap(hours) is overlaps


@pytest.mark.parametrize(
    ("instant", "is_open", "following", "until"),
    [
        # 29 March 2026: clocks go forward at 01:00 UTC; 25 October: back at 01:00 UTC.
        ("2026-03-23T09:59:59.999Z", False, "2026-03-23T10:00:00.000Z", "2026-03-23T10:00:00.000Z"),
        ("2026-03-23T10:00:00.000Z", True, "2026-03-30T09:00:00.000Z", "2026-03-23T12:00:00.000Z"),
        ("2026-03-23T12:00:00.000Z", False, "2026-03-30T09:00:00.000Z", "2026-03-24T00:00:00.000Z"),
        ("2026-03-30T09:00:00.000Z", True, "2026-04-06T09:00:00.000Z", "2026-03-30T11:00:00.000Z"),
        ("2026-10-19T10:59:59.999Z", True, "2026-10-26T10:00:00.000Z", "2026-10-19T11:00:00.000Z"),
        ("2026-10-26T09:30:00.000Z", False, "2026-10-26T10:00:00.000Z", "2026-10-26T10:00:00.000Z"),
    ],
)
def test_the_local_hour_does_not_move_with_the_clock(
    instant: str,
    is_open: bool,  # noqa: FBT001 -- a row
    following: str,
    until: str,
) -> None:
    """Ten o'clock is ten o'clock over both changes."""
    stands = openings.now(MONDAYS, instant)

    assert (stands.opening is not None) is is_open
    assert stands.next is not None
    assert (stands.next.starts_at_utc, stands.next.starts_at[11:]) == (following, "10:00")
    assert stands.until == until


def test_closed_today_and_open_once_more() -> None:
    """A closure takes the whole day; an extra opening comes in its place in the order."""
    venue = replace(
        MONDAYS,
        closures=(Closure("2026-03-09", "Burst pipe"),),
        extra_openings=(ExtraOpening("2026-03-10T18:00", "2026-03-10T20:00"),),
    )
    stands = openings.now(venue, "2026-03-09T10:30:00.000Z")

    assert stands.opening is None
    assert stands.closed_today == Closure("2026-03-09", "Burst pipe")
    assert stands.next is not None
    assert stands.next.name == "2026-03-10T18:00"
    assert openings.now(venue, "2026-03-10T00:00:00.000Z").closed_today is None
    assert openings.find(venue, "2026-03-09T10:00") is None
    assert openings.find(venue, "2026-03-10T18:00") is not None
    paused = openings.now(replace(venue, status="paused"), "2026-03-10T18:30:00.000Z")
    assert (paused.opening, paused.next) == (None, None)


def test_a_venue_of_ten_years_reads_like_a_new_one() -> None:
    """No horizon."""
    old = replace(MONDAYS, since="2016-01-01")
    first = next(openings.not_over(old, "2046-05-01T00:00:00.000Z"))

    assert first.name == "2046-05-07T10:00"


TIMES = st.builds(lambda minutes: f"{minutes // 60:02d}:{minutes % 60:02d}", st.integers(0, 1439))
WEEKS = st.lists(st.builds(Hours, st.sampled_from(DAYS), TIMES, TIMES), max_size=5).filter(
    lambda hours: not openings.overlap(hours)
)
ZONES = st.sampled_from(["Europe/London", "Asia/Karachi", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"])


@given(WEEKS, ZONES, st.integers(0, 3 * 365 * 24 * 60))
def test_nothing_changes_before_it_is_said_to(hours: list[Hours], zone: str, minutes: int) -> None:
    """What is read now holds until `until`, and no longer than that: a kept answer is right for all of its time."""
    venue = a_venue(*hours, timezone=zone)
    instant = instants.later("2026-03-02T00:00:00.000Z", minutes=minutes)
    stands = openings.now(venue, instant)
    last = instants.later(stands.until, milliseconds=-1)

    assert instant < stands.until
    assert replace(openings.now(venue, last), until="") == replace(stands, until="")
    if stands.opening is not None:
        assert stands.opening.starts_at_utc <= instant < stands.opening.ends_at_utc
        assert openings.find(venue, stands.opening.name) == stands.opening
    if stands.next is not None:
        assert stands.next.starts_at_utc > instant
        assert recurrence.local(stands.next.starts_at_utc, zone) == stands.next.starts_at
