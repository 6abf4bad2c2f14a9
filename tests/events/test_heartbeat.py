"""The heartbeat of a weekly opening, with a clock that the test moves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from services.events.heartbeat import GRACE_MS
from shared import instants, openings
from shared.contracts.recurrence import Hours
from shared.contracts.venues import (
    AddOpening,
    ChangeVenue,
    CheckOpening,
    CloseDay,
    ConfirmOpening,
    HideVenue,
    OnVenue,
    OpeningConfirmed,
    OpeningDoubted,
    OpeningMissed,
    PauseVenue,
    RemoveOpening,
    ReopenDay,
    ResumeVenue,
    UnhideVenue,
)
from tests.events.given import a_campaign, problem
from tests.events.venue_given import MONDAY, MONDAYS, VENUE, Town

START = "2026-03-09T10:00:00.000Z"
END = "2026-03-09T12:00:00.000Z"
ALARM = instants.later(START, minutes=15)
SECOND = instants.later(START, minutes=30)


def minutes(count: int, since: str = START) -> str:
    """The instant so many minutes after the start."""
    return instants.later(since, minutes=count)


def test_one_look_is_planned_at_a_time() -> None:
    """A quarter of an hour after the next opening begins."""
    town = Town().made()

    assert town.plans == [(ALARM, CheckOpening(VENUE, MONDAY, "hosts", ALARM))]


def test_a_confirmed_opening_is_never_doubted() -> None:
    """The next look is a week later; the one that was planned changes nothing."""
    town = Town().made()
    town.confirmed(at=minutes(5))
    town.until(minutes(60))

    assert town.told() == ["OpeningConfirmed"]
    assert [one.occurrence for one in town.state.confirmed] == [MONDAY]
    assert [at for at, _ in town.plans] == [instants.later(ALARM, days=7)]


def test_a_missed_heartbeat_tells_the_hosts_then_the_followers() -> None:
    """Each once, within the bound, and the next week is looked at again."""
    town = Town().made().until(minutes(14))
    assert town.told() == []
    town.until(ALARM)
    assert town.told() == ["OpeningMissed"]
    assert town.state.missed is not None
    assert (town.state.missed.occurrence, town.state.missed.followers_told) == (MONDAY, False)
    town.until(SECOND)
    assert town.told() == ["OpeningMissed", "OpeningDoubted"]
    assert town.state.missed is not None
    assert town.state.missed.followers_told
    town.until(END)
    assert [at for at, _ in town.plans] == [instants.later(ALARM, days=7)]
    assert town.versions() == [1, 2, 3]


@pytest.mark.parametrize(("at", "late"), [(20, False), (45, True)])
def test_a_late_confirmation_takes_the_doubt_back(at: int, late: bool) -> None:  # noqa: FBT001 -- a row of the table
    """Before the followers were told they are not told at all; after that they hear that it is open."""
    town = Town().made().until(minutes(at))
    town.confirmed(at=minutes(at))
    fact = town.facts[-1]
    town.until(END)

    assert town.state.missed is None
    assert isinstance(fact, OpeningConfirmed)
    assert fact.late is late
    assert town.told().count("OpeningDoubted") == int(late)
    assert town.told()[-1] == "OpeningConfirmed"


def test_who_may_say_so_and_when() -> None:
    """Hosts and who manages the venue, from a day before until it ends; a stranger may not, though they see it."""
    town = Town().made()

    assert problem(town.confirmed(person="bo"))[:2] == ("forbidden", 403)
    assert problem(town.confirmed("2026-03-10T10:00"))[:2] == ("not-found", 404)
    assert problem(town.confirmed()) == ("opening-not-now", 409, {"starts_at_utc": START, "ends_at_utc": END})
    assert town.confirmed(at="2026-03-08T10:00:00.000Z").facts
    assert town.confirmed(at=START).facts == ()
    assert problem(town.confirmed("2026-03-16T10:00", at=END))[0] == "opening-not-now"


@pytest.mark.parametrize(
    ("before", "sunday", "offset"),
    [("2026-03-23T12:00:00.000Z", "2026-03-29", "09:00"), ("2026-10-19T12:00:00.000Z", "2026-10-25", "10:00")],
)
def test_both_changes_of_the_clock(before: str, sunday: str, offset: str) -> None:
    """Open on Sundays and Mondays at ten: the alarm is a quarter past ten local time, never an hour off."""
    hours = (MONDAYS, Hours("SU", "10:00", "12:00"))
    monday = instants.later(f"{sunday}T00:00:00.000Z", days=1)[:10]
    missed = Town(before).made(hours=hours).until(f"{monday}T23:00:00.000Z")

    assert [fact.venue.updated_at for fact in missed.facts if isinstance(fact, OpeningMissed)] == [
        f"{sunday}T{offset[:2]}:15:00.000Z",
        f"{monday}T{offset[:2]}:15:00.000Z",
    ]

    kept = Town(before).made(hours=hours)
    for day in (sunday, monday):
        kept.until(f"{day}T{offset}:00.000Z")
        kept.confirmed(f"{day}T10:00", at=f"{day}T{offset}:00.000Z")
    kept.until(f"{monday}T23:00:00.000Z")
    assert kept.told() == ["OpeningConfirmed", "OpeningConfirmed"]


def test_a_year_of_openings_needs_one_plan_at_a_time() -> None:
    """No horizon: 52 weeks confirmed, over both clock changes, without one alarm and with one plan left."""
    town = Town().made()
    for week in range(52):
        occurrence = f"{instants.later(START, days=7 * week)[:10]}T10:00"
        opens = instants.to_utc(occurrence, "Europe/London")
        town.until(opens)
        town.confirmed(occurrence, at=opens)
        town.until(minutes(121, opens))

    assert town.told() == ["OpeningConfirmed"] * 52
    assert len(town.plans) == 1
    assert len(town.state.confirmed) <= 1


def test_after_a_long_stop_nothing_that_is_over_is_told() -> None:
    """Three weeks late: no alarm for what is over, one look ahead. VolunTrack#497, the other way round: no flood."""
    town = Town().made().until("2026-03-27T09:00:00.000Z", late_ms=18 * 24 * 3_600_000)

    assert town.told() == []
    assert town.plans == [
        ("2026-03-30T09:15:00.000Z", CheckOpening(VENUE, "2026-03-30T10:00", "hosts", "2026-03-30T09:15:00.000Z"))
    ]


def test_a_look_that_is_late_while_it_is_still_open_is_made_up_for() -> None:
    """Then the hosts are told at once; and the followers not before they had their time."""
    town = Town().made().until(ALARM, late_ms=50 * 60_000)
    assert town.told() == ["OpeningMissed"]
    assert [at for at, _ in town.plans] == [minutes(80)]


def test_the_same_look_twice_is_once() -> None:
    """Two replicas append it; the second finds nothing to do."""
    town = Town().made().until(ALARM)
    look = CheckOpening(VENUE, MONDAY, "hosts", ALARM)

    assert town.ask(look, "events", role="system").facts == ()
    assert town.ask(replace(look, step="followers"), "events", role="system").facts == ()
    assert town.told() == ["OpeningMissed"]
    assert len(town.plans) == 1


def test_a_log_whose_clock_is_behind_does_not_lose_the_look() -> None:
    """It says what it is due for, and is believed."""
    town = Town().made()
    _, look = town.plans.pop()
    town.ask(look, "events", minutes(14), "system")

    assert town.told() == ["OpeningMissed"]
    assert [at for at, _ in town.plans] == [SECOND]


def test_nobody_else_asks_for_looks() -> None:
    """Not even an organiser."""
    town = Town().made()
    assert problem(town.ask(CheckOpening(VENUE, MONDAY, "hosts", ALARM), at=ALARM))[:2] == ("forbidden", 403)


@pytest.mark.parametrize("shut", [CloseDay(VENUE, "2026-03-09", "Burst pipe"), PauseVenue(VENUE), HideVenue(VENUE)])
def test_what_is_shut_is_not_doubted(shut: CloseDay | PauseVenue | HideVenue) -> None:
    """Closed today, paused or hidden: no alarm at all."""
    town = Town().made()
    town.ask(shut, at="2026-03-09T09:00:00.000Z")
    town.until("2026-03-09T23:00:00.000Z")

    assert "OpeningMissed" not in town.told()


def test_nothing_is_expected_of_a_campaign_that_is_not_live() -> None:
    """The look comes back a week later, in case it is live again."""
    town = Town().made()
    town.welcome = replace(town.welcome, campaign=a_campaign("paused"))
    town.until(END)
    assert town.told() == []
    town.welcome = replace(town.welcome, campaign=a_campaign())
    town.until(instants.later(END, days=7))
    assert town.told() == ["OpeningMissed", "OpeningDoubted"]


def test_hours_that_change_while_it_is_open_give_time_to_confirm() -> None:
    """A new hour of today is not missed before anybody could know of it."""
    town = Town().made(hours=())
    assert town.plans == []
    town.ask(ChangeVenue(VENUE, hours=(MONDAYS,)), at=minutes(40))

    assert [at for at, _ in town.plans] == [minutes(55)]


def test_a_short_opening_is_looked_at_before_it_ends() -> None:
    """After half of it."""
    town = Town().made(hours=(Hours("MO", "10:00", "10:20"),)).until("2026-03-09T10:20:00.000Z")

    assert [fact.venue.updated_at for fact in town.facts if isinstance(fact, OpeningMissed | OpeningDoubted)] == [
        minutes(10),
        minutes(15),
    ]


CHANGES = st.one_of(
    st.builds(CloseDay, st.just(VENUE), st.sampled_from(["2026-03-09", "2026-03-29", "2026-03-30"]), st.just("Off")),
    st.builds(ReopenDay, st.just(VENUE), st.sampled_from(["2026-03-09", "2026-03-29", "2026-03-30"])),
    st.sampled_from([PauseVenue(VENUE), ResumeVenue(VENUE), HideVenue(VENUE), UnhideVenue(VENUE)]),
    st.builds(
        lambda hours: ChangeVenue(VENUE, hours=hours),
        st.sampled_from([(), (MONDAYS,), (Hours("SU", "00:30", "02:30"), MONDAYS), (Hours("FR", "22:00", "02:00"),)]),
    ),
    st.just(AddOpening(VENUE, "2026-03-29T03:00", "2026-03-29T04:00")),
    st.just(RemoveOpening(VENUE, "2026-03-29T03:00")),
    st.just(None),
)


@given(st.lists(st.tuples(st.integers(1, 5_000), CHANGES, st.integers(0, 200)), max_size=25))
def test_no_history_alarms_wrongly_or_forgets_to(history: list[tuple[int, object, int]]) -> None:
    """Whatever changes when, and however late looks are: one live plan where one is due, no gap in the versions.

    Alarms are for openings that go on and that nobody has confirmed, after their time, each once.
    """
    town = Town().made()
    for step, command, late in history:
        before = town.at
        town.until(instants.later(town.at, minutes=step), late_ms=late * 60_000)
        if command is None:
            for opening in openings.not_over(town.state, before):
                town.ask(ConfirmOpening(VENUE, opening.name), "hal")
                break
        else:
            town.ask(command)  # type: ignore[arg-type]
        _consistent(town)
    seen = [(type(fact), fact.occurrence) for fact in town.facts if isinstance(fact, OpeningMissed | OpeningDoubted)]
    assert all(seen.count(one) == 1 or _interrupted(town) for one in seen)
    assert town.versions() == list(range(1, len(town.facts) + 1))


def _consistent(town: Town) -> None:
    check, state = town.welcome.check, town.state
    if check is not None:
        assert (check.at, CheckOpening(VENUE, check.occurrence, check.step, check.at)) in town.plans
    coming = next(openings.not_over(state, town.at), None)
    if coming is not None and not state.hidden:
        confirmed = {one.occurrence for one in state.confirmed}
        assert check is not None
        assert coming.name in confirmed | {check.occurrence} or (state.missed and state.missed.followers_told)
    for fact in town.facts:
        if isinstance(fact, OpeningMissed | OpeningDoubted):
            opening = openings.find(fact.venue, fact.occurrence)
            assert opening is not None
            assert opening.starts_at_utc < fact.venue.updated_at < opening.ends_at_utc
            assert fact.occurrence not in {one.occurrence for one in fact.venue.confirmed}
            due = instants.to_ms(fact.venue.updated_at) - instants.to_ms(opening.starts_at_utc)
            length = instants.to_ms(opening.ends_at_utc) - instants.to_ms(opening.starts_at_utc)
            assert due >= min(GRACE_MS, length // 2)


def _interrupted(town: Town) -> bool:
    """Whether hours were changed, so that an opening of the same name may have come and gone."""
    return any(
        isinstance(fact, OnVenue) and type(fact).__name__ in {"VenueChanged", "DayClosed"} for fact in town.facts
    )
