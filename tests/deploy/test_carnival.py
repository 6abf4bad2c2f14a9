"""When a carnival day has come out even."""

import pytest
from msgspec.structs import replace

from deploy.simulation.carnival import PARTIES, CarnivalReport, carnival_day

WHOLE = CarnivalReport(
    carnival_day(1.0),
    seconds=9.0,
    registered=4_000,
    waiting=1_000,
    on_shifts=120,
    stalls=25,
    retaken=15,
    covered=5,
    shown=(4_000, 800, 120, 25),
)


def test_the_day_is_of_five_thousand() -> None:
    """At full size; smaller ones keep at least one of everything."""
    small = carnival_day(0.01)

    assert carnival_day(1.0).parties == PARTIES == 5_000
    assert (small.parties, small.places, small.leaving, small.stalls) == (50, 40, 2, 1)
    assert (small.shift_places, small.helpers, small.dropping) == (2, 3, 1)


def test_a_whole_day_is_exact() -> None:
    """All places given, everybody else waiting, and 200 moved up."""
    assert WHOLE.is_exact()
    assert all(found.holds for found in WHOLE.findings())


@pytest.mark.parametrize(
    "spoilt",
    [
        {"registered": 4_001, "waiting": 999},
        {"waiting": 999},
        {"on_shifts": 121},
        {"stalls": 24},
        {"retaken": 14},
        {"covered": 4},
        {"shown": (4_001, 799, 120, 25)},
        {"shown": (3_999, 801, 120, 25)},
        {"shown": (4_000, 800, 119, 25)},
    ],
)
def test_one_too_many_or_one_lost_is_seen(spoilt: dict[str, object]) -> None:
    """In what was answered, and in what is read."""
    assert not replace(WHOLE, **spoilt).is_exact()
    assert not all(found.holds for found in replace(WHOLE, **spoilt).findings())


def test_a_day_with_room_for_all_has_nobody_waiting() -> None:
    """More places than parties."""
    day = replace(carnival_day(0.01), places=100)
    report = CarnivalReport(day, 1.0, 50, 0, 6, 1, 3, 1, shown=(48, 0, 6, 1))

    assert report.is_exact()
