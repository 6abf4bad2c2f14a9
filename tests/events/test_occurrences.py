"""Series: places by occurrence, one that is otherwise, this and all that follow, and what is over."""

from itertools import islice
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from services.events.document import Event, whereabouts
from services.events.occurrences import STEP
from shared import instants, series
from shared.contracts.events import (
    CancelEvent,
    CancelOccurrence,
    ChangeEvent,
    ChangeOccurrence,
    ChangeRegistration,
    LeaveEvent,
    Occurrence,
    OccurrenceState,
    PromoteWaiting,
    Register,
    RegistrationAnswer,
    ReviewOccurrences,
    Venue,
    VenueChange,
)
from shared.contracts.message import Command
from shared.contracts.recurrence import Recurrence, RecurrenceChange
from shared.contracts.shifts import CancelShifts
from shared.decider import Decision
from tests.events.given import EVENT, an_event, asked, decided, done, kinds, problem, state_of

SATURDAYS = Recurrence("FREQ=WEEKLY")
FIRST, SECOND, THIRD, FOURTH = "2026-07-04T14:00", "2026-07-11T14:00", "2026-07-18T14:00", "2026-07-25T14:00"
BETWEEN = "2026-07-12T10:00:00.000Z"
"""After the second."""
SYSTEM = asked("events", "system")


def a_series(**fields: Any) -> Event:  # noqa: ANN401 -- any field of the struct
    """Saturdays, from 4 July on."""
    return an_event(recurrence=SATURDAYS, **fields)


def register(person: str, name: str | None = FIRST, size: int = 1) -> Register:
    """The wish for places at an occurrence."""
    return Register(EVENT, f"{EVENT}.{person}.{name}", size, occurrence=name, single=f"{EVENT}.{person}")


def leave(person: str, name: str = FIRST) -> LeaveEvent:
    """The wish to give them back."""
    return LeaveEvent(EVENT, f"{EVENT}.{person}.{name}", name, f"{EVENT}.{person}")


def resize(person: str, size: int, name: str = FIRST) -> ChangeRegistration:
    """The wish to come with more or fewer."""
    return ChangeRegistration(EVENT, f"{EVENT}.{person}.{name}", size, name, f"{EVENT}.{person}")


def with_parties(event: Event, *parties: tuple[str, str, int]) -> Event:
    """The series after those people registered."""
    for person, name, size in parties:
        event, _ = decided(event, register(person, name, size), asked(person))
    return event


def touched(event: Event, name: str) -> OccurrenceState:
    """What is particular to an occurrence."""
    state = event.sessions[name].state
    assert state is not None
    return state


def standing(event: Event, person: str, name: str = FIRST) -> str:
    """Where a registration stands."""
    return event.places[f"{EVENT}.{person}.{name}"].registration.status


def names(event: Event, most: int = 5, first: str = "") -> list[str]:
    """The first occurrences."""
    exceptions = {name: one.state for name, one in event.sessions.items() if one.state}
    return [slot.name for slot in islice(series.between(state_of(event), first, "", exceptions), most)]


def shown(decision: Decision) -> Occurrence:
    """The occurrence that a command answered."""
    body = done(decision).body
    assert isinstance(body, Occurrence)
    return body


def reviewed(event: Event, after: str = "") -> tuple[Event, Decision]:
    """The series after the service looked at what a change meant, as the store would load it."""
    step = tuple(name for name in sorted(event.sessions) if name > after)[:STEP]
    event, decision = decided(replace(event, reviews={after: step}), ReviewOccurrences(EVENT, after), SYSTEM)
    for command in decision.then:
        event, _ = decided(event, command, SYSTEM)
    return event, decision


# ---------------------------------------------------------------- places by occurrence


def test_regular_groups_have_one_event_whose_dates_fill_one_by_one() -> None:
    """Meetable#187: without recurrence regular groups copied events; here each date has its own places."""
    event = with_parties(a_series(capacity=2), ("bo", FIRST, 2), ("cy", FIRST, 1), ("bo", SECOND, 1))

    assert (standing(event, "bo"), standing(event, "cy"), standing(event, "bo", SECOND)) == (
        "registered",
        "waiting",
        "registered",
    )
    assert (touched(event, FIRST).registered, touched(event, FIRST).waiting) == (2, 1)
    assert (touched(event, SECOND).registered, touched(event, SECOND).waiting) == (1, 0)
    assert (state_of(event).registered, state_of(event).waiting, state_of(event).left) == (3, 1, None)


def test_an_occurrence_has_to_be_named_and_to_exist() -> None:
    """422 at /occurrence, for the start of another week, an hour off, and none at all."""
    for name in (None, "2026-07-05T14:00", "2026-07-04T15:00", "2026-06-27T14:00", "soon"):
        _, decision = decided(a_series(), register("bo", name), asked("bo"))

        assert problem(decision)[:2] == ("invalid-body", 422)
        assert [pointer for pointer, _ in decision.answer.errors] == ["/occurrence"]  # type: ignore[union-attr]


def test_an_event_that_does_not_recur_keeps_one_registration_a_person_however_it_is_named() -> None:
    """By its start or not at all; the id is that of old, the occurrence is null. Another start is 422."""
    event, decision = decided(an_event(), register("bo", "2026-07-04T14:00"), asked("bo"))
    after, again = decided(event, Register(EVENT, f"{EVENT}.bo", 3), asked("bo"))
    _, other = decided(event, register("cy", SECOND), asked("cy"))

    mine = done(decision).body
    assert isinstance(mine, RegistrationAnswer)
    assert (mine.id, mine.occurrence) == (f"{EVENT}.bo", None)
    assert (after, done(again).body) == (event, mine)
    assert problem(other)[:2] == ("invalid-body", 422)


def test_registering_twice_for_one_occurrence_is_answered_as_the_first_time() -> None:
    """No fact; for another occurrence it is another registration."""
    event = with_parties(a_series(), ("bo", FIRST, 2))
    after, decision = decided(event, register("bo", FIRST, 5), asked("bo"))
    _, other = decided(event, register("bo", SECOND), asked("bo"))

    assert (after, kinds(decision)) == (event, [])
    assert kinds(other) == ["RegistrationMade"]


def test_full_is_said_with_what_is_left_of_the_occurrence() -> None:
    """The other dates go on taking people."""
    event = with_parties(a_series(capacity=3, waiting_list=False), ("bo", FIRST, 2))
    _, full = decided(event, register("cy", FIRST, 2), asked("cy"))
    _, next_week = decided(event, register("cy", SECOND, 2), asked("cy"))

    assert problem(full) == ("event-full", 409, {"left": 1})
    assert kinds(next_week) == ["RegistrationMade"]


def test_promotion_is_first_come_first_served_in_each_occurrence() -> None:
    """decidim#14264: nobody manages a list by hand; who leaves one date moves nobody up at another."""
    event = a_series(capacity=2)
    event = with_parties(event, ("bo", FIRST, 2), ("cy", FIRST, 2), ("di", FIRST, 1), ("ed", SECOND, 2))
    event = with_parties(event, ("fi", SECOND, 1))
    event, decision = decided(event, leave("bo"), asked("bo"))

    assert kinds(decision) == ["RegistrationCancelled", "RegistrationPromoted"]
    assert [standing(event, person) for person in ("cy", "di")] == ["registered", "waiting"]
    assert standing(event, "fi", SECOND) == "waiting"


def test_leaving_the_line_yourself_takes_no_organiser() -> None:
    """pretix/pretix#837: who waits leaves alone, and stands at the end on coming back."""
    event = with_parties(a_series(capacity=1), ("bo", FIRST, 1), ("cy", FIRST, 1), ("di", FIRST, 1))
    event, decision = decided(event, leave("cy"), asked("cy"))
    event, back = decided(event, register("cy"), asked("cy"))

    assert kinds(decision) == ["RegistrationCancelled"]
    assert done(back).body.position == 2  # type: ignore[union-attr]


def test_leaving_without_naming_the_occurrence_is_422() -> None:
    """There might be several to leave."""
    event = with_parties(a_series(), ("bo", FIRST, 1))
    _, decision = decided(event, LeaveEvent(EVENT, f"{EVENT}.bo"), asked("bo"))

    assert problem(decision)[:2] == ("invalid-body", 422)


def test_what_is_over_takes_nobody_and_lets_nobody_go() -> None:
    """409, while the dates to come are open."""
    event = with_parties(a_series(), ("bo", FIRST, 1))
    for command in (register("cy"), leave("bo"), resize("bo", 2)):
        _, decision = decided(event, command, asked(command.registration_id.split(".")[1], at=BETWEEN))
        assert problem(decision)[:2] == ("event-not-open", 409)
    _, third = decided(event, register("cy", THIRD), asked("cy", at=BETWEEN))

    assert kinds(third) == ["RegistrationMade"]


# ---------------------------------------------------------------- how many come


def test_a_smaller_party_lets_the_next_move_up() -> None:
    """pretix/pretix#1404: a quantity for each entry, to be changed by whoever made it."""
    event = with_parties(a_series(capacity=4), ("bo", FIRST, 4), ("cy", FIRST, 2))
    event, decision = decided(event, resize("bo", 2), asked("bo"))

    assert kinds(decision) == ["RegistrationChanged", "RegistrationPromoted"]
    assert (touched(event, FIRST).registered, touched(event, FIRST).waiting) == (4, 0)
    assert done(decision).body.party_size == 2  # type: ignore[union-attr]


def test_a_larger_party_needs_the_places_at_once() -> None:
    """Else 409 with what is left, and it stays as it was."""
    event = with_parties(a_series(capacity=4), ("bo", FIRST, 2))
    _, too_many = decided(event, resize("bo", 5), asked("bo"))
    event, decision = decided(event, resize("bo", 4), asked("bo"))

    assert problem(too_many) == ("event-full", 409, {"left": 2})
    assert (kinds(decision), touched(event, FIRST).registered) == (["RegistrationChanged"], 4)


def test_who_waits_with_fewer_keeps_the_place_in_the_line() -> None:
    """And moves up if they fit now, before who came later."""
    event = with_parties(a_series(capacity=3), ("bo", FIRST, 2), ("cy", FIRST, 4), ("di", FIRST, 2), ("ed", FIRST, 2))
    event, first = decided(event, resize("cy", 2), asked("cy"))
    event, second = decided(event, resize("bo", 1), asked("bo"))

    assert kinds(first) == ["RegistrationChanged"]
    assert kinds(second) == ["RegistrationChanged", "RegistrationPromoted"]
    assert [standing(event, person) for person in ("cy", "di", "ed")] == ["registered", "waiting", "waiting"]


def test_another_persons_party_is_not_found() -> None:
    """Nor is one that has left to be changed."""
    event = with_parties(a_series(), ("bo", FIRST, 2))
    _, theirs = decided(event, resize("bo", 1), asked("cy"))
    event, _ = decided(event, leave("bo"), asked("bo"))
    _, gone = decided(event, resize("bo", 1), asked("bo"))

    assert problem(theirs)[:2] == ("not-found", 404)
    assert problem(gone) == ("registration-wrong-state", 409, {"status": "cancelled"})


def test_the_party_of_an_event_that_does_not_recur_changes_as_well() -> None:
    """By the event alone."""
    event, _ = decided(an_event(capacity=3), Register(EVENT, f"{EVENT}.bo", 3), asked("bo"))
    event, _ = decided(event, Register(EVENT, f"{EVENT}.cy", 2), asked("cy"))
    event, decision = decided(event, ChangeRegistration(EVENT, f"{EVENT}.bo", 1), asked("bo"))

    assert kinds(decision) == ["RegistrationChanged", "RegistrationPromoted"]
    assert (state_of(event).registered, state_of(event).left) == (3, 0)


# ---------------------------------------------------------------- one occurrence otherwise


def test_one_occurrence_is_elsewhere_at_another_time_for_fewer() -> None:
    """It keeps its name; the others stay."""
    command = ChangeOccurrence(
        EVENT, SECOND, starts_at="2026-07-12T15:00", venue=VenueChange(name="Park", ward="aston"), capacity=5
    )
    event, decision = decided(a_series(capacity=20), command)

    body = shown(decision)
    assert (body.occurrence, body.starts_at, body.ends_at) == (SECOND, "2026-07-12T15:00", "2026-07-12T17:00")
    assert (body.starts_at_utc, body.capacity, body.left) == ("2026-07-12T14:00:00.000Z", 5, 5)
    assert body.venue == Venue(name="Park", ward="aston")
    assert names(event, 3) == [FIRST, SECOND, THIRD]
    _, here = decided(event, register("bo", SECOND), asked("bo"))
    assert kinds(here) == ["RegistrationMade"]


def test_null_takes_an_occurrence_back_to_the_series() -> None:
    """Time, place and capacity one by one."""
    event, _ = decided(a_series(), ChangeOccurrence(EVENT, SECOND, starts_at="2026-07-12T15:00", capacity=5))
    event, decision = decided(event, ChangeOccurrence(EVENT, SECOND, starts_at=None, capacity=None))

    assert (shown(decision).starts_at, shown(decision).capacity) == (SECOND, None)
    assert decided(event, ChangeOccurrence(EVENT, SECOND, capacity=None))[0] == event


def test_more_room_at_an_occurrence_promotes_there() -> None:
    """Less than are registered is refused."""
    event = with_parties(a_series(capacity=2), ("bo", FIRST, 2), ("cy", FIRST, 1))
    _, less = decided(event, ChangeOccurrence(EVENT, FIRST, capacity=1))
    event, more = decided(event, ChangeOccurrence(EVENT, FIRST, capacity=3))

    assert problem(less) == ("less-than-committed", 409, {"registered": 2})
    assert kinds(more) == ["OccurrenceChanged", "RegistrationPromoted"]
    assert (shown(more).registered, shown(more).left) == (3, 0)


def test_times_of_an_occurrence_are_checked() -> None:
    """Order, clock changes, form, the past; what does not exist is 404, what has begun 409."""
    event = a_series()
    for fields, pointer in (
        ({"ends_at": "2026-07-11T13:00"}, "/ends_at"),
        ({"starts_at": "2027-03-28T01:30"}, "/starts_at"),
        ({"starts_at": "tomorrow"}, "/starts_at"),
        ({"starts_at": "2026-05-01T10:00"}, "/starts_at"),
        ({"ends_at": "2026-09-11T13:00"}, "/ends_at"),
    ):
        _, decision = decided(event, ChangeOccurrence(EVENT, SECOND, **fields))  # type: ignore[arg-type]
        assert decision.answer.errors[0][0] == pointer  # type: ignore[union-attr]
    _, none = decided(event, ChangeOccurrence(EVENT, "2026-07-05T14:00", capacity=5))
    _, begun = decided(event, ChangeOccurrence(EVENT, FIRST, capacity=5), asked(at=BETWEEN))
    _, stranger = decided(event, ChangeOccurrence(EVENT, SECOND, capacity=5), asked("bo"))

    assert problem(none)[:2] == ("not-found", 404)
    assert problem(begun)[:2] == ("event-not-open", 409)
    assert problem(stranger)[:2] == ("forbidden", 403)


def test_one_occurrence_is_called_off() -> None:
    """Its people count no more in the series, nobody registers there, leaving reads as done; once is enough."""
    event = with_parties(a_series(capacity=2), ("bo", FIRST, 2), ("cy", FIRST, 1), ("bo", SECOND, 1))
    event, decision = decided(event, CancelOccurrence(EVENT, FIRST, "Flood"))

    body = shown(decision)
    assert (body.status, body.registered, body.waiting) == ("cancelled", 2, 1)
    assert body.cancellation is not None
    assert body.cancellation.reason == "Flood"
    assert (state_of(event).status, state_of(event).registered, state_of(event).waiting) == ("published", 1, 0)
    _, closed = decided(event, register("di"), asked("di"))
    assert problem(closed) == ("event-not-open", 409, {"status": "cancelled"})
    same, left = decided(event, leave("bo"), asked("bo"))
    assert (same, done(left).body.status) == (event, "cancelled")  # type: ignore[union-attr]
    assert decided(event, CancelOccurrence(EVENT, FIRST, "Fire"))[0] == event
    assert problem(decided(event, ChangeOccurrence(EVENT, FIRST, capacity=9))[1])[0] == "event-not-open"


def test_when_the_event_is_called_off_so_is_every_occurrence() -> None:
    """At once, without a fact for each."""
    event = with_parties(a_series(), ("bo", FIRST, 1))
    event, _ = decided(event, CancelEvent(EVENT, "Flood"))
    _, decision = decided(event, register("cy", SECOND), asked("cy"))

    assert problem(decision) == ("event-not-open", 409, {"status": "cancelled"})
    assert all(slot.off for slot in islice(series.between(state_of(event)), 3))


def test_the_place_of_a_hidden_occurrence_is_in_no_fact() -> None:
    """The ward is; the owner knows the rest."""
    event = a_series(visibility="hidden_location", venue=Venue(name="Refuge", ward="aston"))
    change = ChangeOccurrence(EVENT, SECOND, venue=VenueChange(name="Safe house"), online_url="https://meet.example/x")
    event, decision = decided(event, change)

    assert touched(event, SECOND).venue == Venue(ward="aston")
    assert shown(decision).venue == Venue(ward="aston")
    assert "Safe house" not in str((decision.facts, decision.answer))
    assert "meet.example" not in str((decision.facts, decision.answer))
    assert whereabouts(event, SECOND).venue == Venue(name="Safe house", ward="aston")
    assert whereabouts(event, FIRST).venue == Venue(name="Refuge", ward="aston")


# ---------------------------------------------------------------- the series as a whole


def test_this_and_all_that_follow_are_otherwise() -> None:
    """From an occurrence on: times, place, capacity; before it all is as it was."""
    event = a_series(capacity=20, venue=Venue(name="Hall"))
    command = ChangeEvent(
        EVENT,
        starts_at="2026-07-16T18:00",
        ends_at="2026-07-16T19:00",
        capacity=5,
        venue=VenueChange(name="Park"),
        following=THIRD,
    )
    event, decision = decided(event, command)

    assert kinds(decision) == ["EventChanged"]
    assert names(event, 4) == [FIRST, SECOND, "2026-07-23T18:00", "2026-07-30T18:00"]
    first, _, third = islice(series.between(state_of(event)), 3)
    assert (first.capacity, first.ends_at, first.venue) == (20, "2026-07-04T16:00", Venue(name="Hall"))
    assert (third.capacity, third.ends_at, third.venue) == (5, "2026-07-23T19:00", Venue(name="Park"))
    assert whereabouts(event, FIRST).venue == Venue(name="Hall")


def test_a_change_without_more_said_holds_from_now_on() -> None:
    """ChurchCRM/CRM#9708: history is immutable; what was and who was there stays, whatever the rule becomes."""
    event = with_parties(a_series(capacity=2), ("bo", FIRST, 2), ("bo", SECOND, 1), ("bo", THIRD, 1))
    before = [event.sessions[name] for name in (FIRST, SECOND)]
    rule = RecurrenceChange("FREQ=WEEKLY;BYDAY=WE")
    event, decision = decided(event, ChangeEvent(EVENT, recurrence=rule, capacity=9), asked(at=BETWEEN))
    event, told = reviewed(event)

    assert names(event, 3) == [FIRST, SECOND, "2026-07-15T14:00"]
    assert [event.sessions[name] for name in (FIRST, SECOND)] == before
    assert next(series.between(state_of(event))).capacity == 2
    assert decision.then == (ReviewOccurrences(EVENT), CancelShifts(EVENT))
    assert kinds(told) == ["OccurrenceCancelled"]
    assert touched(event, THIRD).cancellation is not None
    assert state_of(event).registered == 3


def test_an_end_of_a_series_is_a_change_of_what_follows() -> None:
    """Nothing comes after; who registered for later is told."""
    event = with_parties(a_series(), ("bo", FIRST, 1), ("bo", FOURTH, 1))
    event, _ = decided(event, ChangeEvent(EVENT, recurrence=RecurrenceChange("FREQ=WEEKLY;UNTIL=20260711")))
    event, told = reviewed(event)

    assert names(event) == [FIRST, SECOND]
    assert kinds(told) == ["OccurrenceCancelled"]


def test_what_was_moved_stays_whatever_becomes_of_the_rule() -> None:
    """It was promised apart from it."""
    event, _ = decided(a_series(), ChangeOccurrence(EVENT, THIRD, starts_at="2026-07-19T10:00"))
    event, _ = decided(event, ChangeEvent(EVENT, recurrence=RecurrenceChange("FREQ=WEEKLY;BYDAY=WE")))
    event, told = reviewed(event)

    assert kinds(told) == []
    assert THIRD in names(event)


def test_more_room_in_the_series_promotes_in_each_occurrence_to_come() -> None:
    """By follow-ups; one with a capacity of its own is let alone."""
    event = a_series(capacity=1)
    for name in (SECOND, THIRD):
        event = with_parties(event, ("bo", name, 1), ("cy", name, 1))
    event, _ = decided(event, ChangeOccurrence(EVENT, THIRD, capacity=1))
    event, _ = decided(event, ChangeEvent(EVENT, capacity=2))
    event, told = reviewed(event)

    assert told.then == (PromoteWaiting(EVENT, SECOND),)
    assert (standing(event, "cy", SECOND), standing(event, "cy", THIRD)) == ("registered", "waiting")


def test_less_room_than_the_fullest_occurrence_has_people_is_refused() -> None:
    """Of those to come; what is over and what has its own capacity does not count."""
    event = with_parties(a_series(capacity=9), ("bo", FIRST, 9), ("bo", THIRD, 4), ("bo", FOURTH, 6))
    event, _ = decided(event, ChangeOccurrence(EVENT, FOURTH, capacity=6))
    _, less = decided(event, ChangeEvent(EVENT, capacity=3), asked(at=BETWEEN))
    _, enough = decided(event, ChangeEvent(EVENT, capacity=4), asked(at=BETWEEN))

    assert problem(less) == ("less-than-committed", 409, {"registered": 4})
    assert kinds(enough) == ["EventChanged"]


def test_what_cannot_change_in_a_series() -> None:
    """The zone once something is over, whether it recurs once somebody is registered, from where there is nothing."""
    begun = with_parties(a_series(), ("bo", THIRD, 1))
    for event, command, pointer in (
        (begun, ChangeEvent(EVENT, timezone="Asia/Karachi", capacity=5), "/timezone"),
        (begun, ChangeEvent(EVENT, recurrence=None), "/recurrence"),
        (a_series(), ChangeEvent(EVENT, recurrence=RecurrenceChange("FREQ=HOURLY")), "/recurrence/rrule"),
    ):
        _, decision = decided(event, command, asked(at=BETWEEN))
        assert [pointer for pointer, _ in decision.answer.errors] == [pointer]  # type: ignore[union-attr]
    _, none = decided(a_series(), ChangeEvent(EVENT, capacity=5, following="2026-07-05T14:00"))
    _, over = decided(a_series(), ChangeEvent(EVENT, capacity=5, following=FIRST), asked(at=BETWEEN))

    assert problem(none)[:2] == ("not-found", 404)
    assert problem(over)[:2] == ("event-not-open", 409)


def test_a_review_is_the_services_own_and_goes_in_steps() -> None:
    """200 occurrences a command; nobody else may ask."""
    event = an_event(recurrence=Recurrence("FREQ=DAILY"))
    days = [slot.name for slot in islice(series.between(state_of(event)), STEP + 5)]
    event = with_parties(event, *(("bo", name, 1) for name in days))
    event, _ = decided(event, ChangeEvent(EVENT, recurrence=RecurrenceChange("FREQ=YEARLY")))
    event, first = reviewed(event)

    assert len(first.facts) == STEP - 1
    assert first.then == (ReviewOccurrences(EVENT, days[STEP - 1]),)
    event, second = reviewed(event, days[STEP - 1])
    assert (len(second.facts), second.then, state_of(event).registered) == (5, (), 1)
    assert problem(decided(event, ReviewOccurrences(EVENT))[1])[:2] == ("forbidden", 403)


# ---------------------------------------------------------------- for every history

_people = st.sampled_from(["bo", "cy", "di", "ed", "fi"])
_names = st.sampled_from([FIRST, SECOND, THIRD])
_sizes = st.integers(1, 4)
_commands: st.SearchStrategy[tuple[Command, str]] = st.one_of(
    st.builds(lambda who, name, size: (register(who, name, size), who), _people, _names, _sizes),
    st.builds(lambda who, name: (leave(who, name), who), _people, _names),
    st.builds(lambda who, name, size: (resize(who, size, name), who), _people, _names, _sizes),
    st.builds(lambda name, capacity: (ChangeOccurrence(EVENT, name, capacity=capacity), "ana"), _names, _sizes),
    st.builds(lambda name: (CancelOccurrence(EVENT, name, "Rain"), "ana"), _names),
    st.builds(lambda capacity: (ChangeEvent(EVENT, capacity=capacity), "ana"), _sizes),
    st.builds(lambda capacity: (ChangeEvent(EVENT, capacity=capacity, following=SECOND), "ana"), _sizes),
)


def _people_of(event: Event, name: str, status: str) -> int:
    mine = [place.registration for place in event.places.values() if place.registration.occurrence == name]
    return sum(one.party_size for one in mine if one.status == status)


@given(st.lists(_commands, max_size=25))
def test_nobody_is_beyond_the_capacity_of_an_occurrence_in_any_prefix(history: list[tuple[Command, str]]) -> None:
    """SparkDevNetwork/Rock#2510: two browsers cannot overfill; figures are the sums of the parties, always."""
    event = a_series(capacity=3)
    version = state_of(event).version
    for command, person in history:
        event, decision = decided(event, command, asked(person))
        for fact in decision.facts:
            version += 1
            assert fact.streamversion == version
        if any(isinstance(one, ReviewOccurrences) for one in decision.then):
            event, told = reviewed(event)
            version = state_of(event).version
            assert kinds(told) == []
        for name in (FIRST, SECOND, THIRD):
            if name not in event.sessions:
                continue
            one = touched(event, name)
            slot = series.find(state_of(event), name, one)
            assert slot is not None
            assert slot.capacity is not None
            assert slot.off or one.registered <= slot.capacity
            assert (one.registered, one.waiting) == (
                _people_of(event, name, "registered"),
                _people_of(event, name, "waiting"),
            )
            line = event.sessions[name].waiting
            assert sum(size * count for size, count in line.sizes.items()) == one.waiting
        alive = [one.state for one in event.sessions.values() if one.state and not one.state.cancellation]
        assert state_of(event).registered == sum(one.registered for one in alive)
        assert state_of(event).waiting == sum(one.waiting for one in alive)


_rules = st.sampled_from(["FREQ=WEEKLY", "FREQ=DAILY", "FREQ=WEEKLY;INTERVAL=2", "FREQ=MONTHLY", "FREQ=WEEKLY;COUNT=9"])
_times = st.sampled_from(["2026-07-04T14:00", "2026-07-06T09:30", "2026-08-01T20:00"])


@given(st.lists(st.tuples(_rules, _times, _sizes, st.integers(0, 15)), max_size=4))
def test_no_change_of_the_rule_reaches_what_was(changes: list[tuple[str, str, int, int]]) -> None:
    """ChurchCRM/CRM#9708: whatever is changed and when, what had begun by then is as it was told."""
    event = a_series(capacity=4)
    day = 0
    for rule, start, capacity, later in changes:
        day += later
        now = instants.later("2026-07-01T12:00:00.000Z", days=day)
        begun = [slot for slot in series.between(state_of(event), "", "2026-09-03") if slot.starts_at_utc <= now]
        command = ChangeEvent(
            EVENT,
            starts_at=start,
            ends_at=f"{start[:11]}{int(start[11:13]) + 1:02d}{start[13:]}",
            capacity=capacity,
            recurrence=RecurrenceChange(rule),
        )
        event, _ = decided(event, command, asked(at=now))

        after = [slot for slot in series.between(state_of(event), "", "2026-09-03") if slot.starts_at_utc <= now]
        assert after == begun
