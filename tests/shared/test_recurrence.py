"""What happens again: rules, names, both clock changes, and what a page of an old series costs."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import islice, takewhile
from typing import Any

import pytest
from dateutil import rrule as calendars
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared import recurrence, rrule
from shared.contracts.recurrence import Hours, Recurrence
from shared.recurrence import Series


def weekly(start: str = "2026-10-04T10:00", rule: str | None = "FREQ=WEEKLY", **more: Any) -> Series:  # noqa: ANN401 -- fields of several types
    """Two hours, from a Sunday in October on."""
    end = (datetime.fromisoformat(start) + timedelta(hours=2)).isoformat(timespec="minutes")
    zone = more.pop("zone", "Europe/London")
    return Series(start, end, zone, Recurrence(rule, **more))


def names(series: Series, most: int = 5, first: str = "", last: str = "") -> list[str]:
    """The first names."""
    return [one.name for one in islice(recurrence.occurrences(series, first, last), most)]


def flaw(rule: str | None, **more: Any) -> dict[str, str]:  # noqa: ANN401 -- fields of several types
    """What is wrong with a rule."""
    return dict(recurrence.flaws(weekly(rule=rule, **more)))


# ---------------------------------------------------------------- wall time


@pytest.mark.parametrize(
    ("zone", "start", "instants"),
    [
        ("Europe/London", "2026-10-18T10:00", ["2026-10-18T09:00", "2026-10-25T10:00", "2026-11-01T10:00"]),
        ("Europe/London", "2027-03-21T10:00", ["2027-03-21T10:00", "2027-03-28T09:00", "2027-04-04T09:00"]),
        ("America/New_York", "2026-10-25T10:00", ["2026-10-25T14:00", "2026-11-01T15:00", "2026-11-08T15:00"]),
        ("Australia/Lord_Howe", "2026-09-27T10:00", ["2026-09-26T23:30", "2026-10-03T23:00", "2026-10-10T23:00"]),
        ("Asia/Kolkata", "2026-10-18T10:00", ["2026-10-18T04:30", "2026-10-25T04:30", "2026-11-01T04:30"]),
    ],
)
def test_the_local_time_stays_over_both_clock_changes(zone: str, start: str, instants: list[str]) -> None:
    """The local time stays over both clock changes."""
    found = list(islice(recurrence.occurrences(weekly(start, zone=zone)), 3))

    assert [one.starts_at_utc[:16] for one in found] == instants
    assert {one.starts_at[10:] for one in found} == {"T10:00"}
    assert {one.ends_at[10:] for one in found} == {"T12:00"}


def test_a_night_over_a_clock_change_ends_at_its_local_time() -> None:
    """A night over a clock change ends at its local time."""
    night = Series("2026-10-17T21:00", "2026-10-18T07:00", "Europe/London", Recurrence("FREQ=WEEKLY"))

    found = recurrence.find(night, "2026-10-24T21:00")

    assert found is not None
    assert (found.starts_at_utc, found.ends_at_utc) == ("2026-10-24T20:00:00.000Z", "2026-10-25T07:00:00.000Z")


def test_a_time_that_the_clock_skips_stands_for_the_instant_by_the_offset_before_rfc_5545_3_3_5() -> None:
    """A time that the clock skips stands for the instant by the offset before rfc 5545 3 3 5."""
    found = recurrence.find(weekly("2027-03-21T01:30"), "2027-03-28T01:30")

    assert found is not None
    assert found.starts_at_utc == "2027-03-28T01:30:00.000Z"
    assert (found.starts_at, found.ends_at) == ("2027-03-28T02:30", "2027-03-28T03:30")


def test_an_end_that_a_clock_change_puts_before_its_start_comes_as_long_after_it() -> None:
    """An end that a clock change puts before its start comes as long after it."""
    series = Series("2027-03-21T01:45", "2027-03-21T02:15", "Europe/London", Recurrence("FREQ=WEEKLY"))

    found = recurrence.find(series, "2027-03-28T01:45")

    assert found is not None
    assert (found.starts_at, found.ends_at) == ("2027-03-28T02:45", "2027-03-28T03:15")


def test_of_an_hour_that_comes_twice_the_first_is_meant() -> None:
    """Of an hour that comes twice the first is meant."""
    found = recurrence.find(weekly("2026-10-18T01:30"), "2026-10-25T01:30")

    assert found is not None
    assert found.starts_at_utc == "2026-10-25T00:30:00.000Z"


def test_occurrences_come_by_instant_where_a_skipped_time_overtakes_another() -> None:
    """Occurrences come by instant where a skipped time overtakes another."""
    series = weekly("2027-03-27T01:30", "FREQ=DAILY;COUNT=2", rdates=("2027-03-28T02:15",))

    found = list(recurrence.occurrences(series))

    assert [one.name for one in found] == ["2027-03-27T01:30", "2027-03-28T02:15", "2027-03-28T01:30"]
    assert found == sorted(found)


# ---------------------------------------------------------------- dates in and out


def test_dates_are_left_out_and_put_in_and_named_once() -> None:
    """Dates are left out and put in and named once."""
    out, extra = "2026-10-11T10:00", "2026-10-14T18:00"
    series = weekly(exdates=(out,), rdates=(extra, "2026-10-18T10:00"))

    assert names(series, 4) == ["2026-10-04T10:00", extra, "2026-10-18T10:00", "2026-10-25T10:00"]
    assert recurrence.find(series, out) is None
    assert recurrence.find(series, extra) is not None


def test_dates_alone_begin_with_the_start() -> None:
    """Dates alone begin with the start."""
    series = weekly(rule=None, rdates=("2026-12-01T10:00",))

    assert names(series) == ["2026-10-04T10:00", "2026-12-01T10:00"]


def test_a_date_left_out_counts_all_the_same() -> None:
    """A date left out counts all the same."""
    assert names(weekly(rule="FREQ=WEEKLY;COUNT=2", exdates=("2026-10-11T10:00",))) == ["2026-10-04T10:00"]


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("20261018T100000", "2026-10-18T10:00"),
        ("20261018T095959", "2026-10-11T10:00"),
        ("20261018", "2026-10-18T10:00"),
        ("20261018T090000Z", "2026-10-18T10:00"),
        ("20261018T085959Z", "2026-10-11T10:00"),
        ("20261025T095959Z", "2026-10-18T10:00"),
        ("20261025T100000Z", "2026-10-25T10:00"),
    ],
)
def test_until_is_included_as_local_time_date_or_instant(until: str, last: str) -> None:
    """Until is included as local time date or instant."""
    assert names(weekly(rule=f"FREQ=WEEKLY;UNTIL={until}"))[-1] == last


def test_a_start_beside_the_rule_is_no_occurrence() -> None:
    """A start beside the rule is no occurrence."""
    assert names(weekly(rule="FREQ=WEEKLY;BYDAY=WE"), 2) == ["2026-10-07T10:00", "2026-10-14T10:00"]


def test_a_date_that_a_month_lacks_is_passed_over() -> None:
    """A date that a month lacks is passed over."""
    assert names(weekly("2027-01-31T10:00", "FREQ=MONTHLY"), 3) == [
        "2027-01-31T10:00",
        "2027-03-31T10:00",
        "2027-05-31T10:00",
    ]


def test_the_quarterly_first_saturday() -> None:
    """The quarterly first saturday."""
    assert names(weekly("2026-10-03T10:00", "FREQ=MONTHLY;INTERVAL=3;BYDAY=1SA"), 3) == [
        "2026-10-03T10:00",
        "2027-01-02T10:00",
        "2027-04-03T10:00",
    ]


def test_the_first_of_some_days_in_a_week_that_is_not_whole() -> None:
    """The first of some days in a week that is not whole."""
    rule = "FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=1"

    assert names(weekly("2026-10-07T10:00", rule), 2) == ["2026-10-12T10:00", "2026-10-19T10:00"]


def test_what_goes_on_is_not_over() -> None:
    """What goes on is not over."""
    found = next(recurrence.not_over(weekly(), "2026-10-11T10:59:59.999Z"))

    assert found.name == "2026-10-11T10:00"
    assert next(recurrence.not_over(weekly(), "2026-10-11T11:00:00.000Z")).name == "2026-10-18T10:00"


def test_a_series_cut_off_has_nothing_from_there_on() -> None:
    """A series cut off has nothing from there on."""
    assert names(replace(weekly(), until="2026-10-18T10:00")) == ["2026-10-04T10:00", "2026-10-11T10:00"]


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=HOURLY",
        "FREQ=MINUTELY",
        "FREQ=SECONDLY",
        "WEEKLY",
        "FREQ=WEEKLY;FREQ=DAILY",
        "FREQ=WEEKLY;COUNT=2;UNTIL=20270101",
        "FREQ=WEEKLY;COUNT=0",
        "FREQ=WEEKLY;COUNT=2001",
        "FREQ=WEEKLY;INTERVAL=0",
        "FREQ=WEEKLY;INTERVAL=1001",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=MONTHLY;BYWEEKNO=1",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=MONTHLY;BYSETPOS=1",
        "FREQ=WEEKLY;BYSECOND=30",
        "FREQ=WEEKLY;BYEASTER=0",
        "FREQ=WEEKLY;RSCALE=HEBREW",
        "FREQ=WEEKLY;UNTIL=20261301",
        "FREQ=WEEKLY;UNTIL=20200101",
        "FREQ=WEEKLY;WKST=XX",
        "FREQ=DAILY;BYHOUR=9,10,11,12,13;BYMINUTE=0,10,20,30,40",
        f"FREQ=YEARLY;BYYEARDAY={','.join(['1'] * 300)}",
        "",
    ],
)
def test_a_rule_that_is_wrong_or_too_much_is_refused_where_it_stands(rule: str) -> None:
    """A rule that is wrong or too much is refused where it stands."""
    assert set(flaw(rule)) == {"/rrule"}


@pytest.mark.parametrize(
    ("start", "rule"),
    [
        ("2026-10-04T10:00", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
        ("2026-10-04T10:00", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"),
        ("2026-10-04T10:00", "FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=20"),
        ("2026-10-04T10:00", "FREQ=DAILY;INTERVAL=7;BYDAY=MO"),
        ("2027-10-04T10:00", "FREQ=YEARLY;INTERVAL=2;BYMONTH=2;BYMONTHDAY=29"),
        ("2026-10-04T10:00", "FREQ=MONTHLY;INTERVAL=12;BYMONTH=9"),
        ("2026-10-04T10:00", "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6"),
    ],
)
def test_a_rule_that_never_happens_is_refused_after_a_bounded_search(start: str, rule: str) -> None:
    """A rule that never happens is refused after a bounded search."""
    assert dict(recurrence.flaws(weekly(start, rule))) == {"/rrule": "never happens"}


def test_a_rule_that_happens_too_rarely_for_its_freq_is_refused() -> None:
    """It would be looked for day by day; YEARLY says it better."""
    assert flaw("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29").keys() == {"/rrule"}
    assert flaw("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29") == {}
    assert flaw("FREQ=DAILY;BYMONTH=12;BYMONTHDAY=25") == {}


def test_a_rule_that_counts_for_longer_than_anybody_lives_is_refused() -> None:
    """A rule that counts for longer than anybody lives is refused."""
    assert flaw("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;COUNT=20") == {"/rrule": "counts for more than 50 years"}
    assert flaw("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;COUNT=10") == {}


def test_dates_are_checked_one_by_one() -> None:
    """Dates are checked one by one."""
    assert flaw("FREQ=WEEKLY", exdates=("2026-10-11T10:00", "tomorrow")).keys() == {"/exdates/1"}
    assert flaw("FREQ=WEEKLY", rdates=("2027-03-28T01:30",)).keys() == {"/rdates/0"}
    assert flaw("FREQ=WEEKLY", exdates=("2026-10-11T10:00",) * 201).keys() == {"/exdates"}
    assert flaw(None).keys() == {""}
    assert flaw("FREQ=WEEKLY;COUNT=1", exdates=("2026-10-04T10:00",)).keys() == {"/rrule"}


def test_what_takes_longer_than_a_month_does_not_recur() -> None:
    """What takes longer than a month does not recur."""
    series = Series("2026-10-04T10:00", "2026-11-05T10:00", "Europe/London", Recurrence("FREQ=WEEKLY"))

    assert len(recurrence.flaws(series)) == 1


# ---------------------------------------------------------------- weekly hours


def test_simple_weekly_hours_are_a_rule_for_each_pair_of_times() -> None:
    """openreferral/specification#598: implementers find RRULE too complex; simple hours in, a rule stored."""
    hours = [Hours("SA", "10:00", "12:00"), Hours("TU", "10:00", "12:00"), Hours("TH", "18:00", "20:30")]

    assert [(one.rrule, one.opens, one.closes) for one in recurrence.weekly(hours)] == [
        ("FREQ=WEEKLY;BYDAY=TU,SA", "10:00", "12:00"),
        ("FREQ=WEEKLY;BYDAY=TH", "18:00", "20:30"),
    ]
    with pytest.raises(ValueError, match="HH:MM"):
        recurrence.weekly([Hours("MO", "9:00", "12:00")])


# ---------------------------------------------------------------- an old series costs what a new one costs


class Counting(calendars.rrule):
    """A rule that counts what is taken of it."""

    taken = 0

    def __iter__(self) -> Iterator[datetime]:
        """Count."""
        for moment in super().__iter__():
            Counting.taken += 1
            yield moment


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY",
        "FREQ=WEEKLY",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU",
        "FREQ=MONTHLY;INTERVAL=5",
        "FREQ=YEARLY;BYMONTH=1,6",
        "FREQ=WEEKLY;COUNT=2000",
    ],
)
def test_a_page_deep_in_a_series_takes_no_more_of_the_rule_than_the_first(
    rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page deep in a series takes no more of the rule than the first."""
    series = weekly(rule=rule)
    names(series)  # where a count ends is found once
    monkeypatch.setattr("shared.rrule.calendars.rrule", Counting)
    taken = []
    for first in ("2026-10-04", "2036-10-04", "2064-10-04"):
        Counting.taken = 0
        assert len(names(series, 5, first)) == 5
        taken.append(Counting.taken)

    assert max(taken) <= 5 + 1 + 2 * max(1, rule.count(","), 4 * rule.count("BYMONTH")) + 4


def _plain(series: Series) -> Iterator[str]:
    """What dateutil makes of a rule from its very start."""
    rule = series.recurrence.rrule or ""
    for moment in calendars.rrulestr(rule, dtstart=datetime.fromisoformat(series.starts_at)):
        yield moment.isoformat(timespec="minutes")


_days = st.lists(st.sampled_from(recurrence.DAYS), min_size=1, max_size=3, unique=True).map(",".join)
_intervals = st.integers(1, 9).map(lambda n: f";INTERVAL={n}")
_counts = st.sampled_from(["", ";COUNT=7", ";COUNT=60", ";UNTIL=20291231T120000"])
_rules = st.one_of(
    st.tuples(st.just("FREQ=DAILY"), _intervals, _counts),
    st.tuples(st.just("FREQ=WEEKLY"), _intervals, _days.map(lambda days: f";BYDAY={days}"), _counts),
    st.tuples(st.just("FREQ=WEEKLY;WKST=SU"), _intervals, _days.map(lambda days: f";BYDAY={days}"), _counts),
    st.tuples(st.just("FREQ=MONTHLY"), _intervals, _counts),
    st.tuples(st.just("FREQ=MONTHLY"), _intervals, st.sampled_from([";BYDAY=1SA", ";BYDAY=-1FR"]), _counts),
    st.tuples(st.just("FREQ=MONTHLY"), _intervals, st.just(";BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"), _counts),
    st.tuples(st.just("FREQ=YEARLY"), _intervals, st.sampled_from(["", ";BYWEEKNO=20", ";BYYEARDAY=-1"]), _counts),
).map("".join)
_starts = st.dates(date(2020, 1, 1), date(2028, 1, 1)).map(lambda day: f"{day}T10:30")


@given(_rules, _starts, st.integers(0, 9_000))
def test_beginning_late_yields_what_going_through_from_the_start_yields(rule: str, start: str, days: int) -> None:
    """Beginning late yields what going through from the start yields."""
    series = weekly(start, rule)
    first = (datetime.fromisoformat(start) + timedelta(days=days)).isoformat(timespec="minutes")
    beyond = list(islice((name for name in takewhile(lambda one: one < "2080", _plain(series)) if name >= first), 4))

    assert sorted(names(series, 4, first)) == beyond


@given(_rules, _starts)
def test_every_name_is_found_and_no_other(rule: str, start: str) -> None:
    """Every name is found and no other."""
    series = weekly(start, rule)
    found = list(islice(recurrence.occurrences(series), 6))

    assert [recurrence.find(series, one.name) for one in found] == found
    assert recurrence.find(series, f"{start[:-1]}x") is None
    for one in found:
        beside = (datetime.fromisoformat(one.name) + timedelta(minutes=1)).isoformat(timespec="minutes")
        assert recurrence.find(series, beside) is None


def test_a_rule_is_read_once() -> None:
    """A rule is read once."""
    assert rrule.pattern("FREQ=WEEKLY", "2026-10-04T10:00") is rrule.pattern("FREQ=WEEKLY", "2026-10-04T10:00")
