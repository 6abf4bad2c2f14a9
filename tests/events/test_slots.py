"""Slots inside an event (MISSION row 57); SparkDevNetwork/Rock#2510: the write decides who gets the last one."""

from hypothesis import given
from hypothesis import strategies as st

from services.events.document import Event
from shared.contracts.events import CancelEvent
from shared.contracts.slots import AddSlot, BookingAnswer, BookingState, BookSlot, ReleaseBooking, SlotState
from shared.decider import Asked
from tests.events.given import (
    AFTER_THE_EVENT,
    EVENT,
    an_event,
    asked,
    decided,
    done,
    kinds,
    problem,
)

SLOT = f"{EVENT}.stall"
PARTNER = "campaign_a.p"


def with_a_slot(places: int = 3) -> Event:
    """An event that ana organises, with stalls."""
    event, decision = decided(an_event(), AddSlot(EVENT, SLOT, "stall", "Market stall", places))
    assert kinds(decision) == ["SlotAdded"]
    return event


def booking(who: str, places: int = 1, partner: str | None = None) -> BookSlot:
    """The wish for places, under the name the gateway would make."""
    return BookSlot(EVENT, SLOT, f"{EVENT}.{partner or who}", places, partner)


def left(event: Event) -> int:
    """Free places."""
    slot = event.attached[SLOT]
    assert isinstance(slot, SlotState)
    return slot.left


def test_places_of_a_slot_are_taken_and_given_back() -> None:
    """A repeat is answered as the first time, whatever it asks for."""
    event, decision = decided(with_a_slot(), booking("bo", 2), asked("bo"))
    _, again = decided(event, booking("bo", 3), asked("bo"))
    freed, release = decided(event, ReleaseBooking(EVENT, SLOT, f"{EVENT}.bo"), asked("bo"))
    _, twice = decided(freed, ReleaseBooking(EVENT, SLOT, f"{EVENT}.bo"), asked("bo"))

    answer = done(decision).body
    assert isinstance(answer, BookingAnswer)
    assert (answer.places, answer.status, done(decision).status) == (2, "booked", 201)
    assert (left(event), left(freed)) == (1, 3)
    assert (kinds(again), kinds(release), kinds(twice)) == ([], ["SlotReleased"], [])


def test_the_last_place_is_taken_once() -> None:
    """Refused with what is left."""
    event, _ = decided(with_a_slot(), booking("bo", 2), asked("bo"))

    assert problem(decided(event, booking("cy", 2), asked("cy"))[1]) == ("slot-full", 409, {"left": 1})


def test_a_partner_has_one_booking_through_any_member() -> None:
    """Only its members book for it; another member, or who manages the event, gives it back."""
    event, decision = decided(with_a_slot(), booking("pat", partner=PARTNER), asked("pat"))
    back = ReleaseBooking(EVENT, SLOT, f"{EVENT}.{PARTNER}")

    assert kinds(decision) == ["SlotBooked"]
    assert problem(decided(event, booking("bo", partner=PARTNER), asked("bo"))[1])[:2] == ("forbidden", 403)
    assert problem(decided(event, back, asked("bo"))[1])[:2] == ("not-found", 404)
    assert [kinds(decided(event, back, asked(who))[1]) for who in ("pat", "ana")] == [["SlotReleased"]] * 2


def test_what_is_over_or_off_is_not_booked() -> None:
    """Nor what one may not see, nor what is not there."""
    event = with_a_slot()
    off, _ = decided(event, CancelEvent(EVENT, "Storm"))

    assert problem(decided(event, booking("bo"), asked("bo", at=AFTER_THE_EVENT))[1])[0] == "event-not-open"
    assert problem(decided(off, booking("bo"), asked("bo"))[1])[0] == "event-not-open"
    draft, _ = decided(an_event(publish=False), AddSlot(EVENT, SLOT, "stall", "Stall"))
    assert problem(decided(draft, booking("bo"), asked("bo"))[1])[0] == "not-found"
    assert problem(decided(an_event(), booking("bo"), asked("bo"))[1])[0] == "not-found"


def test_who_manages_the_event_offers_slots() -> None:
    """Nobody else; time on a stage lies in order."""
    stage = AddSlot(EVENT, f"{EVENT}.s", "stage", "Main stage", 1, "2026-07-04T15:00", "2026-07-04T14:30")

    assert problem(decided(an_event(), AddSlot(EVENT, SLOT, "stall", "Stall"), asked("bo"))[1])[:2] == (
        "forbidden",
        403,
    )
    assert decided(an_event(), stage)[1].facts == ()


people = st.sampled_from(["bo", "cy", "di", "pat"])
steps = st.one_of(
    st.builds(lambda who, places: (booking(who, places), asked(who)), people, st.integers(1, 3)),
    st.builds(lambda who: (ReleaseBooking(EVENT, SLOT, f"{EVENT}.{who}"), asked(who)), people),
)


@given(st.integers(1, 4), st.lists(steps, max_size=30))
def test_no_slot_is_sold_twice(places: int, history: list[tuple[BookSlot | ReleaseBooking, Asked]]) -> None:
    """After every step what is left and what is booked make up the places."""
    event = with_a_slot(places)
    for command, by in history:
        event, _ = decided(event, command, by)
        taken = sum(
            thing.places
            for thing in event.attached.values()
            if isinstance(thing, BookingState) and thing.status == "booked"
        )
        assert left(event) + taken == places
        assert left(event) >= 0
