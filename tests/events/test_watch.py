"""What time brings to a shift. Complaints are those of MISSION §2.3."""

from typing import Any

import pytest
from msgspec.structs import replace

from services.events.document import Session
from shared.contracts.event_states import Cancellation, OccurrenceState
from shared.contracts.message import encode
from shared.contracts.recurrence import Recurrence
from shared.contracts.shifts import (
    CancelShift,
    ChangeShift,
    ConfirmPlace,
    LeavePlace,
    PrepareShift,
    Role,
    WithdrawClearance,
)
from shared.decider import Done
from tests.events.given import CAMPAIGN, asked, kinds, problem
from tests.events.shifts_given import DBS, SHIFT, Town, a_town, cleared, opening, proposing, taking, with_event

TWO_DAYS_BEFORE = "2026-07-02T12:00:00.000Z"
A_DAY_BEFORE = "2026-07-03T12:00:00.000Z"
AN_HOUR_BEFORE = "2026-07-04T11:00:00.000Z"


def a_creche(*people: str, until: str = "2027-01-01", places: int = 3) -> Town:
    """A town with a shift that asks for a check, on which these people stand."""
    town = a_town(opening(role=Role("Crèche", DBS), places=places))
    for person in people:
        town.ask(cleared(person, until))
        assert kinds(town.ask(taking(), person))[0] == "PlaceTaken"
    return town


def news(town: Town, at: str) -> list[str]:
    """The facts that time brings by then."""
    return [name for decision in town.until(at) for name in kinds(decision)]


def test_a_clearance_is_looked_at_again_before_the_shift() -> None:
    """MISSION row 53: who was not cleared anew loses the place, which is free again; that says nothing of why."""
    town = a_creche("bo", "cy", "di")
    town.ask(WithdrawClearance(CAMPAIGN, "cy", "dbs"))
    town.ask(cleared("di", "2026-07-03"))

    assert news(town, TWO_DAYS_BEFORE) == ["PlaceLost", "PlaceLost"]
    assert town.standing() == ["bo"]
    assert town.shifts[SHIFT].left == 2
    assert b"2026-07-03" not in b"".join(map(encode, town.facts[-2:]))
    assert problem(town.ask(taking(), asked("di", at=TWO_DAYS_BEFORE)))[0] == "clearance-required"


@pytest.mark.parametrize("at", [TWO_DAYS_BEFORE, A_DAY_BEFORE, AN_HOUR_BEFORE])
def test_it_is_looked_at_two_days_a_day_and_an_hour_before(at: str) -> None:
    """So that nobody slips through who was fine at the time before."""
    town = a_creche("bo")
    day, _, time = at.partition("T")
    just_before = f"{day}T{int(time[:2]) - 1:02d}:59:00.000Z"
    town.until(just_before)
    town.ask(WithdrawClearance(CAMPAIGN, "bo", "dbs"))

    assert news(town, just_before) == []
    assert news(town, at) == ["PlaceLost"]


@pytest.mark.parametrize(
    ("until", "told_at"),
    [("2026-07-04", None), ("2026-07-03", "2026-06-01T10:00:00.000Z"), ("2026-06-20", "2026-06-01T10:00:00.000Z")],
)
def test_who_will_lose_the_place_is_told_before(until: str, told_at: str | None) -> None:
    """CareTogetherCMS#32, #1221: approvals expire; need a renewal window before expiry. Here within sixty days."""
    town = a_creche("bo", until=until)

    assert ("RenewalAsked" in [type(fact).__name__ for fact in town.facts]) == (told_at is not None)
    assert until.encode() not in b"".join(encode(fact) for fact in town.facts if "Renewal" in type(fact).__name__)


def test_a_renewal_far_ahead_is_asked_for_in_its_time() -> None:
    """Sixty days before the clearance runs out, unless the person has left or was cleared anew by then."""
    far: dict[str, Any] = {"starts_at": "2027-03-01T10:00", "ends_at": "2027-03-01T12:00", "places": 3}
    town = a_town(opening(role=Role("Crèche", DBS), **far))
    for person in ("bo", "cy", "di"):
        town.ask(cleared(person, "2027-01-30"))
        assert kinds(town.ask(taking(), person)) == ["PlaceTaken"]
    town.ask(LeavePlace(SHIFT), "cy")
    town.ask(cleared("di", "2028-01-01"))

    assert news(town, "2026-12-01T08:59:00.000Z") == []
    assert news(town, "2026-12-01T09:00:00.000Z") == ["RenewalAsked"]
    assert news(town, "2027-02-28T00:00:00.000Z") == ["PlaceLost"]
    assert town.standing() == ["di"]


def test_everybody_is_asked_a_day_before_whether_they_come() -> None:
    """bmlt-enabled/yap#468: so that somebody else can be found. Karrot#1027, #1209: not who has left by then."""
    town = a_town(places=4, taken=["bo", "cy", "di"])
    town.ask(proposing("ed"))
    town.ask(LeavePlace(SHIFT), "cy")

    assert news(town, A_DAY_BEFORE) == ["ComingAsked", "ComingAsked"]
    assert kinds(town.ask(ConfirmPlace(SHIFT), asked("bo", at=A_DAY_BEFORE))) == ["ComingAffirmed"]
    assert kinds(town.ask(ConfirmPlace(SHIFT), asked("bo", at=A_DAY_BEFORE))) == []
    assert (town.place("bo").sure_at, town.place("di").sure_at) == (A_DAY_BEFORE, None)
    assert (town.place("cy").asked_at, town.place("ed").asked_at) == (None, None)
    assert news(town, AN_HOUR_BEFORE) == []


@pytest.mark.parametrize("what", ["cancelled", "event cancelled", "moved"])
def test_a_shift_that_is_off_or_moved_asks_nobody(what: str) -> None:
    """Karrot-backend#1209: reminders were sent for disabled activities."""
    town = a_town(taken=["bo"])
    match what:
        case "cancelled":
            town.ask(CancelShift(SHIFT, "Rain"))
        case "event cancelled":
            with_event(town, status="cancelled")
        case _:
            town.ask(ChangeShift(SHIFT, starts_at="2026-07-05T13:00", ends_at="2026-07-05T17:00"))
            town.ask(ConfirmPlace(SHIFT), "bo")

    assert news(town, AN_HOUR_BEFORE) == []
    if what == "moved":
        assert news(town, "2026-07-04T12:00:00.000Z") == ["ComingAsked"]


@pytest.mark.parametrize(("off", "asked_then"), [("2026-07-04", []), ("2026-07-11", ["ComingAsked"])])
def test_a_date_that_was_called_off_asks_nobody(off: str, asked_then: list[str]) -> None:
    """Looked at again when it is time, before any shift was cancelled; another date that is off changes nothing."""
    town = Town()
    with_event(town, recurrence=Recurrence(rrule="FREQ=WEEKLY"))
    assert town.event.state is not None
    first = town.event.state.starts_at
    assert isinstance(town.ask(opening(occurrence=first)).answer, Done)
    assert kinds(town.ask(taking(), "bo")) == ["PlaceTaken"]

    name = f"{off}T{first.partition('T')[2]}"
    date = OccurrenceState(town.event.state.id, name, cancellation=Cancellation("Rain", A_DAY_BEFORE))
    town.event = replace(town.event, sessions={name: Session(date)})

    assert news(town, AN_HOUR_BEFORE) == asked_then


def test_an_empty_shift_is_told_of_after_an_hour() -> None:
    """karrot-frontend#1108: late drop-outs waste food; alert when all left and nobody re-joined within an hour."""
    town = a_town(taken=["bo", "cy"])
    for person, minute in (("bo", "00"), ("cy", "20")):
        town.ask(LeavePlace(SHIFT), asked(person, at=f"2026-06-10T10:{minute}:00.000Z"))

    assert news(town, "2026-06-10T11:19:00.000Z") == []
    assert news(town, "2026-06-10T11:20:00.000Z") == ["ShiftDeserted"]


def test_whoever_comes_within_the_hour_ends_the_alarm() -> None:
    """Also if they leave again, which begins another hour; a shift nobody ever took is no alarm."""
    town = a_town(taken=["bo"])
    town.ask(LeavePlace(SHIFT), asked("bo", at="2026-06-10T10:00:00.000Z"))
    town.ask(taking(), asked("cy", at="2026-06-10T10:30:00.000Z"))
    assert news(town, "2026-06-10T11:00:00.000Z") == []
    town.ask(LeavePlace(SHIFT), asked("cy", at="2026-06-10T11:30:00.000Z"))

    assert news(town, "2026-06-10T12:29:00.000Z") == []
    assert news(town, "2026-06-10T12:30:00.000Z") == ["ShiftDeserted"]
    assert news(a_town(), AN_HOUR_BEFORE) == []


def test_places_that_were_lost_leave_a_shift_empty_as_well() -> None:
    """Whatever the reason."""
    town = a_creche("bo")
    town.ask(WithdrawClearance(CAMPAIGN, "bo", "dbs"))

    assert news(town, "2026-07-02T13:00:00.000Z") == ["PlaceLost", "ShiftDeserted"]


def test_looks_that_would_be_late_are_not_planned() -> None:
    """A shift that is opened at short notice."""
    town = Town()
    decision = town.ask(opening(), asked(at="2026-07-03T18:00:00.000Z"))

    assert [(later.at, later.command) for later in decision.later] == [
        (AN_HOUR_BEFORE, PrepareShift(SHIFT, "2026-07-04T12:00:00.000Z", 1))
    ]


def test_only_the_service_asks_that_of_itself() -> None:
    """Whatever a person sends is not taken for time."""
    assert problem(a_town().ask(PrepareShift(SHIFT, "2026-07-04T12:00:00.000Z", 24)))[1] == 403
