from typing import Any

import pytest
from msgspec.structs import replace

from services.events.venue import MOST_DAYS, MOST_HOSTS
from shared.contracts.recurrence import Hours
from shared.contracts.venue_states import Closure, FivePs, OneOfFive
from shared.contracts.venues import (
    AddHost,
    AddOpening,
    ChangeVenue,
    CloseDay,
    FivePsChange,
    HideVenue,
    OneOfFiveChange,
    PauseVenue,
    RemoveHost,
    RemoveOpening,
    ReopenDay,
    ResumeVenue,
    UnhideVenue,
    VenueCommand,
)
from shared.decider import Decision, Refused
from tests.events.given import a_campaign, done, kinds, problem
from tests.events.venue_given import FRIDAY, MONDAYS, PARTNER, VENUE, Town, creating


def flaws(decision: Decision) -> list[str]:
    """Where a body was wrong."""
    assert isinstance(decision.answer, Refused), decision.answer
    assert decision.facts == ()
    return [pointer for pointer, _ in decision.answer.errors]


def test_who_opens_a_place_of_welcome_hosts_it() -> None:
    """Version 1, since today, its hours as rules; the answer names nobody."""
    town = Town()
    decision = town.ask(creating())

    assert kinds(decision) == ["VenueCreated"]
    assert (town.state.hosts, town.state.since, town.state.version) == (("ana",), "2026-03-06", 1)
    assert town.state.rules[0].rrule == "FREQ=WEEKLY;BYDAY=MO"
    assert done(decision).status == 201
    assert not hasattr(done(decision).body, "hosts")
    assert town.ask(creating()).facts == ()


def test_partners_have_venues_of_their_own() -> None:
    """A member of the partner manages it, another partner's does not."""
    town = Town()
    assert kinds(town.ask(creating(), "pat")) == ["VenueCreated"]
    assert town.welcome.partner_id == PARTNER
    assert town.ask(PauseVenue(VENUE), "pat").facts
    assert problem(town.ask(ResumeVenue(VENUE), "bo"))[:2] == ("forbidden", 403)


@pytest.mark.parametrize(
    ("status", "who", "expected"), [("live", "bo", 403), ("draft", "bo", 404), ("closed", "ana", 409)]
)
def test_not_everybody_opens_one(status: Any, who: str, expected: int) -> None:  # noqa: ANN401 -- a literal
    """Organisers and partners of a live campaign."""
    town = Town()
    town.welcome = replace(town.welcome, campaign=a_campaign(status))

    assert problem(town.ask(creating(), who))[1] == expected


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"timezone": "Europe/Brum"}, "/timezone"),
        ({"hours": (Hours("MO", "10", "12:00"),)}, "/hours"),
        ({"hours": (MONDAYS, Hours("MO", "11:00", "13:00"))}, "/hours"),
        ({"hours": (MONDAYS,) * 29}, "/hours"),
    ],
)
def test_hours_that_make_no_sense_are_pointed_at(fields: dict[str, Any], pointer: str) -> None:
    """When it is opened and when it is changed."""
    assert flaws(Town().ask(creating(**fields))) == [pointer]
    assert flaws(Town().made().ask(ChangeVenue(VENUE, **fields))) == [pointer]


def test_a_change_of_hours_is_felt_at_once() -> None:
    """openreferral/api-specification#23: the session moves to Tuesdays, and so does what is next."""
    town = Town().made()
    decision = town.ask(ChangeVenue(VENUE, hours=(Hours("TU", "14:00", "15:00"),)))

    assert kinds(decision) == ["VenueChanged"]
    assert decision.facts[0].changed == ("hours",)  # type: ignore[attr-defined]
    assert town.welcome.check is not None
    assert town.welcome.check.occurrence == "2026-03-10T14:00"
    assert town.state.revision == 2
    assert problem(town.ask(ChangeVenue(VENUE, 1, name="Hall")))[:2] == ("revision-mismatch", 412)
    assert town.ask(ChangeVenue(VENUE, 2, hours=town.state.hours)).facts == ()


def test_a_change_of_words_plans_nothing() -> None:
    """The look that is planned stays the planned one."""
    town = Town().made()
    decision = town.ask(ChangeVenue(VENUE, name="Lantern Rooms", access=("step-free",)))

    assert decision.later == ()
    assert decision.private == ()
    assert len(town.plans) == 1


def test_the_five_ps_are_merged() -> None:
    """RFC 7396, in depth: what is not named stays; null empties one."""
    town = Town().made(five_ps=FivePs(place=OneOfFive(met=True, text="Ramp at the side"), people=OneOfFive(met=True)))
    change = FivePsChange(place=OneOfFiveChange(text="Ramp at the front"), people=None)
    town.ask(ChangeVenue(VENUE, five_ps=change))

    assert town.state.five_ps == FivePs(place=OneOfFive(met=True, text="Ramp at the front"))


def test_hosts_close_days_and_open_once_more() -> None:
    """But do not change the weekly hours; strangers do neither."""
    town = Town().made()

    assert kinds(town.ask(CloseDay(VENUE, "2026-03-09", "Burst pipe"), "hal")) == ["DayClosed"]
    assert town.ask(CloseDay(VENUE, "2026-03-09", "Burst pipe"), "hal").facts == ()
    assert kinds(town.ask(CloseDay(VENUE, "2026-03-09", "Flood"), "hal")) == ["DayClosed"]
    assert town.state.closures == (Closure("2026-03-09", "Flood"),)
    assert kinds(town.ask(AddOpening(VENUE, "2026-03-10T10:00", "2026-03-10T12:00"), "hal")) == ["OpeningAdded"]
    assert town.welcome.check is not None
    assert town.welcome.check.occurrence == "2026-03-10T10:00"
    assert kinds(town.ask(RemoveOpening(VENUE, "2026-03-10T10:00"), "hal")) == ["OpeningRemoved"]
    assert kinds(town.ask(ReopenDay(VENUE, "2026-03-09"), "hal")) == ["DayReopened"]
    assert town.ask(ReopenDay(VENUE, "2026-03-09"), "hal").facts == ()
    for command in (ChangeVenue(VENUE, name="Mine"), AddHost(VENUE, "bo"), PauseVenue(VENUE)):
        assert problem(town.ask(command, "hal"))[1] == 403
    assert problem(town.ask(CloseDay(VENUE, "2026-03-09", "No"), "bo"))[1] == 403


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "pointer"),
    [
        ("2026-03-29T01:30", "2026-03-29T04:00", "/starts_at"),
        ("2026-03-10T10:00", "2026-03-10T10:00", "/ends_at"),
        ("2026-03-10T10:00", "2026-03-12T10:00", "/ends_at"),
        ("2026-03-05T10:00", "2026-03-05T12:00", "/ends_at"),
        ("2026-03-09T11:00", "2026-03-09T13:00", "/starts_at"),
        ("2026-03-16T14:00", "2026-03-16T15:00", "/starts_at"),
        ("soon", "2026-03-16T15:00", "/starts_at"),
    ],
)
def test_an_extra_opening_that_cannot_be(starts_at: str, ends_at: str, pointer: str) -> None:
    """Skipped by a clock change, backwards, too long, over, within another, on a closed day."""
    town = Town().made()
    town.ask(CloseDay(VENUE, "2026-03-16", "Holiday"))

    assert flaws(town.ask(AddOpening(VENUE, starts_at, ends_at))) == [pointer]


def test_a_day_that_is_over_is_not_closed() -> None:
    """By the venue's own date."""
    assert flaws(Town().made().ask(CloseDay(VENUE, "2026-03-05", "Late"))) == ["/date"]


def test_a_hidden_venue_is_there_for_those_who_tend_it() -> None:
    """404 for everybody else; a pause shows."""
    town = Town().made()
    for command, kind in ((HideVenue(VENUE), "VenueHidden"), (PauseVenue(VENUE), "VenuePaused")):
        assert kinds(town.ask(command)) == [kind]
        assert town.ask(command).facts == ()
    assert problem(town.ask(CloseDay(VENUE, "2026-03-09", "x"), "bo"))[1] == 404
    assert kinds(town.ask(CloseDay(VENUE, "2026-03-09", "x"), "hal")) == ["DayClosed"]
    assert town.welcome.check is None
    assert kinds(town.ask(UnhideVenue(VENUE))) == ["VenueUnhidden"]
    assert kinds(town.ask(ResumeVenue(VENUE))) == ["VenueResumed"]
    assert town.welcome.check is not None


def test_what_is_over_does_not_pile_up() -> None:
    """Closures and extra openings of the past are dropped with the next change; those ahead are bounded."""
    town = Town().made()
    for day in range(6, 9):
        town.ask(CloseDay(VENUE, f"2026-03-{day:02d}", "Paint"))
    town.ask(AddOpening(VENUE, "2026-03-10T10:00", "2026-03-10T12:00"))
    town.ask(ChangeVenue(VENUE, name="New"), at="2026-04-01T00:00:00.000Z")
    assert (town.state.closures, town.state.extra_openings) == ((), ())

    many = tuple(Closure(f"2027-{1 + n // 28:02d}-{1 + n % 28:02d}", "x") for n in range(MOST_DAYS))
    town.welcome = replace(town.welcome, state=replace(town.state, closures=many))
    assert problem(town.ask(CloseDay(VENUE, "2026-12-24", "x"))) == ("too-many-days", 409, {"most": MOST_DAYS})


def test_hosts_come_and_go() -> None:
    """Bounded; twice is once."""
    town = Town().made()
    assert kinds(town.ask(AddHost(VENUE, "ed"))) == ["HostAdded"]
    assert town.ask(AddHost(VENUE, "ed")).facts == ()
    assert kinds(town.ask(RemoveHost(VENUE, "ed"))) == ["HostRemoved"]
    assert town.ask(RemoveHost(VENUE, "ed")).facts == ()
    town.welcome = replace(town.welcome, state=replace(town.state, hosts=tuple(f"h{n}" for n in range(MOST_HOSTS))))
    assert problem(town.ask(AddHost(VENUE, "ed"))) == ("too-many-hosts", 409, {"most": MOST_HOSTS})


def test_what_does_not_exist_is_not_found() -> None:
    """For any command but its creation."""
    command: VenueCommand = PauseVenue(VENUE)
    assert problem(Town(FRIDAY).ask(command))[:2] == ("not-found", 404)
