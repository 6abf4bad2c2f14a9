"""What the streams of work beside the deliveries find: when they hold, and that they do not when something is wrong."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from deploy.simulation.doors import DOORS, WEEKS, Door, DoorsReport, clock_changes, doors, is_summer, strays
from deploy.simulation.matches import MatchesReport, matching
from deploy.simulation.scene import Finding, finding
from deploy.simulation.sums import Sums, is_even
from deploy.simulation.vows import VowsReport

LONDON = ZoneInfo("Europe/London")
EVEN = {"id": "n", "kind": "meal", "limit": "hard", "quantity": 9, "uncommitted": 2, "held": 3, "pledged": 4}
EVEN |= {"over": 0, "delivered": 4}
DOORS_RIGHT = DoorsReport(2, 2 * WEEKS, 2, 2, 2, 0, (2, 2))
MATCHES_RIGHT = MatchesReport(matching(0.01), 6, 1, 2, 4, 3, 1, 0, (True,) * 9)
VOWS_RIGHT = VowsReport(1, 1, 1, 1)
SUMS_RIGHT = Sums((EVEN,), {"n": 4}, {"meal": 4})


def a_year(door: Door) -> list[dict[str, Any]]:
    """The openings of a door, as they should be read."""
    found = []
    for week in range(WEEKS):
        named = door.first + timedelta(weeks=week)
        starts = named + timedelta(hours=named.isoformat("T", "minutes") == door.moved)
        utc = starts.replace(tzinfo=LONDON).astimezone(UTC)
        found.append(
            {
                "occurrence": named.isoformat("T", "minutes"),
                "starts_at": starts.isoformat("T", "minutes"),
                "starts_at_utc": f"{utc:%Y-%m-%dT%H:%M}:00.000Z",
            }
        )
    return found


def test_fifty_doors_open_2600_times() -> None:
    """On each day of the week, and at a hundredth there are two."""
    assert len(doors(1.0)) * WEEKS == DOORS * WEEKS == 2_600
    assert {door.first.weekday() for door in doors(1.0)} == set(range(7))
    assert len(doors(0.01)) == 2
    assert all(door.called_off != door.moved for door in doors(1.0))


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 -- local
def test_summer_is_reckoned_as_the_zone_has_it(moment: datetime) -> None:
    """At nine in the morning of any day."""
    local = moment.replace(hour=9, minute=0)

    assert is_summer(local) == bool(local.replace(tzinfo=LONDON).dst())


@pytest.mark.parametrize("door", doors(1.0)[:9])
def test_a_right_year_has_no_stray(door: Door) -> None:
    """Two clock changes, and each opening at its hour."""
    assert strays(door, a_year(door)) == 0
    assert clock_changes(a_year(door)) == 2


def test_an_hour_that_moves_with_the_clocks_is_seen() -> None:
    """The same instant all year is another hour for half of it; so is the same shift at another date."""
    [door, _] = doors(0.01)
    still = [each | {"starts_at_utc": f"{each['starts_at']}:00.000Z"} for each in a_year(door)]
    moved = [
        each | {"starts_at": f"{datetime.fromisoformat(each['starts_at_utc']):%Y-%m-%dT%H:%M}"} for each in a_year(door)
    ]

    assert strays(door, still) > 20
    assert clock_changes(still) == 0
    assert strays(door, moved) > 20


@pytest.mark.parametrize(
    "spoilt",
    [
        {"quantity": 10},
        {"held": 2},
        {"uncommitted": -1, "held": 6},
        {"delivered": 5},
        {"over": 1, "limit": "soft"},
    ],
)
def test_a_ledger_that_is_not_even_is_seen(spoilt: dict[str, Any]) -> None:
    """Also where more was promised than there is room for."""
    assert is_even(EVEN)
    assert is_even(EVEN | {"over": 2, "limit": "soft", "pledged": 6})
    assert not is_even(EVEN | spoilt)
    assert not replace(SUMS_RIGHT, needs=(EVEN | spoilt,)).are_right()


@pytest.mark.parametrize("right", [DOORS_RIGHT, MATCHES_RIGHT, VOWS_RIGHT, SUMS_RIGHT])
def test_what_is_right_holds(right: DoorsReport | MatchesReport | VowsReport | Sums) -> None:
    """All of it."""
    assert [found for found in right.findings() if not found.holds] == []


@pytest.mark.parametrize(
    "wrong",
    [
        replace(DOORS_RIGHT, at_other_hours=1),
        replace(DOORS_RIGHT, clock_changes=(2, 1)),
        replace(DOORS_RIGHT, openings=2 * WEEKS - 1),
        replace(DOORS_RIGHT, called_off=1),
        replace(DOORS_RIGHT, moved=3),
        replace(DOORS_RIGHT, confirmed=1),
        replace(MATCHES_RIGHT, by_hand=5),
        replace(MATCHES_RIGHT, by_hand=7),
        replace(MATCHES_RIGHT, refused=0),
        replace(MATCHES_RIGHT, looks=(True, False)),
        replace(MATCHES_RIGHT, looks=()),
        replace(MATCHES_RIGHT, left=1),
        replace(MATCHES_RIGHT, held=1, accepted=2),
        replace(MATCHES_RIGHT, accepted=4),
        replace(MATCHES_RIGHT, broken_words=1),
        replace(VOWS_RIGHT, stale=0),
        replace(VOWS_RIGHT, linked=0),
        replace(SUMS_RIGHT, delivered={"n": 3}),
        replace(SUMS_RIGHT, totals={"meal": 5}),
    ],
)
def test_what_is_wrong_does_not_hold(wrong: DoorsReport | MatchesReport | VowsReport | Sums) -> None:
    """One finding at least says so."""
    assert not all(found.holds for found in wrong.findings())


def test_what_was_looked_for_nowhere_does_not_hold() -> None:
    """Silence is no proof."""
    assert not finding("nothing", []).holds
    assert Finding("something", 1, 0).holds
