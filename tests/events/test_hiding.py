"""The pause switch (MISSION row 54: respond to risks, tackle tensions)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.events.document import Event, Hidden
from shared.contracts.events import ChangeEvent, EventCommand, PublishEvent
from shared.contracts.hiding import EventHidden, HideEvent, UnhideEvent
from shared.decider import Asked
from tests.events.given import (
    EVENT,
    LATER,
    a_plan,
    an_event,
    asked,
    decided,
    done,
    kinds,
    leaving,
    people,
    problem,
    promoting,
    registering,
    state_of,
    status_of,
    with_registrations,
)

HIDE, UNHIDE = HideEvent(EVENT, "A threat was made"), UnhideEvent(EVENT)
MODERATOR = asked("op", "operator")


def hidden(event: Event | None = None, by: Asked | None = None) -> Event:
    """An event that was taken away."""
    after, decision = decided(event or an_event(), HIDE, by)
    assert kinds(decision) == ["EventHidden"]
    return after


def test_an_event_is_hidden_and_comes_back() -> None:
    """A fact each; the same again is none."""
    event, decision = decided(an_event(), HIDE, asked(at=LATER))
    _, again = decided(event, HIDE)
    back, shown = decided(event, UNHIDE)
    _, twice = decided(back, UNHIDE)

    assert (kinds(decision), kinds(again), kinds(shown), kinds(twice)) == (["EventHidden"], [], ["EventUnhidden"], [])
    assert (state_of(event).hidden, state_of(event).status, state_of(back).hidden) == (True, "published", False)


def test_why_is_private() -> None:
    """In no fact and no answer; in the owner's document alone."""
    event, decision = decided(an_event(), HIDE)

    assert "threat" not in repr((decision.facts, decision.answer))
    assert event.hidden == Hidden("A threat was made", state_of(event).updated_at, by_operator=False)


def test_nothing_new_is_registered_and_what_is_stays() -> None:
    """To others it does not exist; who has a place keeps it, and may give it back."""
    event = hidden(with_registrations(an_event(capacity=2), ("bo", 1), ("cy", 1), ("di", 1)))
    _, new = decided(event, *registering("ed"))
    _, organiser = decided(event, *registering("ana"))
    left, leave = decided(event, *leaving("bo"))

    assert problem(new)[:2] == ("not-found", 404)
    assert problem(organiser)[:2] == ("event-not-open", 409)
    assert [status_of(event, person) for person in ("bo", "cy", "di")] == ["registered", "registered", "waiting"]
    assert kinds(leave) == ["RegistrationCancelled"]
    assert status_of(left, "di") == "waiting"


def test_who_waited_moves_up_when_it_comes_back() -> None:
    """What came free meanwhile is given in order; a capacity raised meanwhile, too."""
    event = hidden(with_registrations(an_event(capacity=2), ("bo", 1), ("cy", 1), ("di", 1), ("ed", 1), ("fi", 1)))
    event, _ = decided(event, *leaving("bo"))
    event, raised = decided(event, ChangeEvent(EVENT, capacity=3))
    _, follow_up = decided(event, *promoting())
    event, shown = decided(event, UNHIDE)

    assert (kinds(raised), kinds(follow_up)) == (["EventChanged"], [])
    assert kinds(shown) == ["EventUnhidden", "RegistrationPromoted", "RegistrationPromoted"]
    assert (people(event, "registered"), people(event, "waiting")) == (["cy", "di", "ed"], ["fi"])
    assert done(shown).body == state_of(event)


def test_operators_may_hide_what_they_do_not_manage() -> None:
    """And what they hid, or confirmed, organisers do not bring back."""
    event = hidden(by=MODERATOR)
    confirmed, _ = decided(hidden(), HIDE, MODERATOR)

    for one in (event, confirmed):
        assert problem(decided(one, UNHIDE)[1])[:2] == ("forbidden", 403)
        assert kinds(decided(one, HIDE)[1]) == []
        assert kinds(decided(one, UNHIDE, MODERATOR)[1]) == ["EventUnhidden"]


@pytest.mark.parametrize("command", [HIDE, UNHIDE])
def test_others_may_not(command: HideEvent | UnhideEvent) -> None:
    """403 while they see the event, 404 once they do not."""
    assert problem(decided(an_event(), command, asked("bo"))[1])[:2] == ("forbidden", 403)
    assert problem(decided(hidden(), command, asked("bo"))[1])[:2] == ("not-found", 404)


def test_a_draft_may_be_hidden() -> None:
    """It is published behind the curtain."""
    event, decision = decided(hidden(an_event(publish=False)), PublishEvent(EVENT))

    assert kinds(decision) == ["EventPublished"]
    assert state_of(event).hidden


names = st.sampled_from(["bo", "cy", "di", "ed"])
steps = st.one_of(
    st.sampled_from([(HIDE, asked()), (UNHIDE, asked()), promoting(), (ChangeEvent(EVENT, capacity=3), asked())]),
    st.builds(registering, names, st.integers(1, 2)),
    st.builds(leaving, names),
)


@given(st.lists(steps, max_size=40))
def test_nobody_gets_a_place_in_what_is_hidden(history: list[tuple[EventCommand, Asked]]) -> None:
    """Whatever happens: fewer people or as many, and when it is shown again nobody waits who fits."""
    event, _ = decided(Event(campaign=an_event().campaign), a_plan(capacity=2))
    for command, by in history:
        before = state_of(event)
        event, decision = decided(event, command, by)
        after = state_of(event)
        if before.hidden and after.hidden:
            assert after.registered <= before.registered
            assert not any(isinstance(fact, EventHidden) for fact in decision.facts)
        if not after.hidden and not decision.then:
            assert not event.waiting.fits(after.left)
