from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.events.document import Event
from services.events.places import STEP
from shared.contracts.events import CancelEvent, ChangeEvent, RegistrationAnswer, RegistrationPromoted
from shared.contracts.message import Command
from shared.decider import Asked, Decision
from tests.events.given import (
    AFTER_THE_EVENT,
    EVENT,
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
    reloaded,
    state_of,
    status_of,
    the_facts,
    with_registrations,
)


def answered(decision: Decision) -> RegistrationAnswer:
    """The registration that a command answered."""
    body = done(decision).body
    assert isinstance(body, RegistrationAnswer)
    return body


def test_200_people_for_50_places() -> None:
    """Exactly 50 are registered, the others wait in order; exact after every fact."""
    event = an_event(capacity=50)
    for number in range(1, 201):
        event, decision = decided(event, *registering(f"p{number}"))

        state = state_of(event)
        assert state.registered == min(number, 50)
        assert state.waiting == max(number - 50, 0)
        assert state.left == 50 - state.registered
        assert answered(decision).position == (number - 50 if number > 50 else None)

    assert people(event, "registered") == [f"p{number}" for number in range(1, 51)]
    assert people(event, "waiting") == [f"p{number}" for number in range(51, 201)]
    assert state_of(event).version == 202


def test_registering_twice_is_answered_as_the_first_time() -> None:
    """Whatever the size: no fact, the same registration, the same position."""
    event = with_registrations(an_event(capacity=1), ("bo", 1), ("cy", 1), ("di", 1))
    for person, size in (("bo", 1), ("bo", 3), ("di", 1)):
        command, by = registering(person, size)
        after, decision = decided(event, command, by)

        assert after == event
        assert done(decision).status == 201
        assert answered(decision).party_size == 1
        assert answered(decision).position == (2 if person == "di" else None)


def test_without_a_waiting_list_full_is_full() -> None:
    """Refused with what is left; a smaller party still fits."""
    event = with_registrations(an_event(capacity=5, waiting_list=False), ("bo", 3))
    _, full = decided(event, *registering("cy", 3))
    _, fits = decided(event, *registering("cy", 2))

    assert problem(full) == ("event-full", 409, {"left": 2})
    assert kinds(fits) == ["RegistrationMade"]


def test_a_party_too_large_blocks_nobody_behind_it() -> None:
    """It waits; a smaller newcomer takes what it cannot."""
    event = with_registrations(an_event(capacity=5), ("bo", 3), ("cy", 4), ("di", 2))

    assert status_of(event, "cy") == "waiting"
    assert status_of(event, "di") == "registered"


def test_a_leave_promotes_first_come_first_served() -> None:
    """The longest waiting party that fits, then the next, in one decision."""
    event = with_registrations(an_event(capacity=4), ("bo", 3), ("cy", 1), ("di", 4), ("ed", 2), ("fi", 1), ("gu", 1))
    event, decision = decided(event, *leaving("bo"))

    assert kinds(decision) == ["RegistrationCancelled", "RegistrationPromoted", "RegistrationPromoted"]
    assert [status_of(event, person) for person in ("di", "ed", "fi", "gu")] == [
        "waiting",
        "registered",
        "registered",
        "waiting",
    ]
    assert (state_of(event).registered, state_of(event).waiting, state_of(event).left) == (4, 5, 0)
    assert answered(decision).status == "cancelled"


def test_who_leaves_the_line_changes_nothing_else() -> None:
    """One fact; nobody moves up by it."""
    event = with_registrations(an_event(capacity=1), ("bo", 1), ("cy", 2), ("di", 1))
    event, decision = decided(event, *leaving("cy"))

    assert kinds(decision) == ["RegistrationCancelled"]
    assert (state_of(event).registered, state_of(event).waiting) == (1, 1)


def test_who_comes_back_stands_at_the_end() -> None:
    """With the same registration, one version on, and the day it was first made."""
    event = with_registrations(an_event(capacity=1), ("bo", 1), ("cy", 1), ("di", 1))
    event, _ = decided(event, *leaving("cy"))
    event, decision = decided(event, *registering("cy", 2))

    back = answered(decision)
    assert (back.status, back.position, back.version, back.party_size) == ("waiting", 2, 3, 2)
    assert people(event, "waiting") == ["di", "cy"]


def test_leaving_twice_is_no_fact() -> None:
    """200 with the registration as it is."""
    event = with_registrations(an_event(capacity=1), ("bo", 1))
    event, _ = decided(event, *leaving("bo"))
    after, decision = decided(event, *leaving("bo"))

    assert after == event
    assert (done(decision).status, answered(decision).status) == (200, "cancelled")


def test_who_is_not_registered_cannot_leave() -> None:
    """404; so is another person's registration, for leaving and for registering."""
    event = with_registrations(an_event(), ("bo", 1))
    _, nobody = decided(event, *leaving("cy"))
    _, other = decided(event, leaving("bo")[0], asked("cy"))
    _, theirs = decided(event, registering("bo")[0], asked("cy"))

    assert [problem(decision)[1] for decision in (nobody, other, theirs)] == [404, 404, 404]


def test_what_is_cancelled_or_past_is_not_open() -> None:
    """Nobody registers; who leaves a cancelled event has left already; a past one keeps who was there."""
    event = with_registrations(an_event(), ("bo", 1))
    cancelled, _ = decided(event, CancelEvent(EVENT, "Storm"))
    _, called_off = decided(cancelled, *registering("cy"))
    _, left = decided(cancelled, *leaving("bo"))
    _, late = decided(event, registering("cy")[0], asked("cy", at=AFTER_THE_EVENT))
    _, left_late = decided(event, leaving("bo")[0], asked("bo", at=AFTER_THE_EVENT))

    assert problem(called_off) == ("event-not-open", 409, {"status": "cancelled"})
    assert (left.facts, answered(left).status) == ((), "cancelled")
    assert problem(late) == ("event-not-open", 409, {"status": "published"})
    assert problem(left_late) == ("event-not-open", 409, {"status": "published"})


@pytest.mark.parametrize("size", [0, 11, 10**30])
def test_a_party_is_one_to_ten(size: int) -> None:
    """The service checks what the gateway promises."""
    _, decision = decided(an_event(), *registering("bo", size))

    assert problem(decision) == ("invalid-body", 422, {})


def test_a_newcomer_does_not_overtake_who_fits() -> None:
    """While promotion is on its way, even one for whom there would be room joins the line."""
    event = with_registrations(an_event(capacity=1), ("bo", 1), ("cy", 1))
    event, raised = decided(reloaded(event, 0), ChangeEvent(EVENT, capacity=5))
    event, decision = decided(event, *registering("di"))

    assert kinds(raised) == ["EventChanged"]
    assert raised.then == (promoting()[0],)
    assert (answered(decision).status, answered(decision).position) == ("waiting", 2)


def test_a_leave_while_promotion_is_on_its_way_starts_no_other() -> None:
    """One chain of follow-ups, whatever happens meanwhile."""
    event = with_registrations(an_event(capacity=2), ("bo", 1), ("cy", 1), ("di", 1), ("ed", 1))
    event, first = decided(reloaded(event, 0), *leaving("bo"))
    event, second = decided(event, *leaving("cy"))
    event, third = decided(reloaded(event, 200), *promoting())

    assert len(first.then) == 1
    assert second.then == ()
    assert kinds(third) == ["RegistrationPromoted", "RegistrationPromoted"]
    assert third.then == ()


@pytest.mark.parametrize("capacity", [5_000, None])
def test_a_capacity_raised_by_thousands_promotes_in_steps(capacity: int | None) -> None:
    """At most 200 a command, in order, each step calling the next, until all who fit have moved up."""
    event = with_registrations(an_event(capacity=1), *((f"p{number}", 1) for number in range(1_001)))
    event, decision = decided(reloaded(event, STEP), ChangeEvent(EVENT, capacity=capacity))
    promoted = [fact for fact in decision.facts if isinstance(fact, RegistrationPromoted)]
    steps = 1
    while decision.then:
        event, decision = decided(reloaded(event, STEP), *promoting())
        assert len(decision.facts) <= STEP
        promoted += [fact for fact in decision.facts if isinstance(fact, RegistrationPromoted)]
        steps += 1

    assert steps == 5
    assert [fact.registration.person for fact in promoted] == [f"p{number}" for number in range(1, 1_001)]
    assert (state_of(event).registered, state_of(event).waiting) == (1_001, 0)


def test_promotion_that_has_nothing_to_do_is_no_fact() -> None:
    """A follow-up may come late, or after the event."""
    event = with_registrations(an_event(capacity=1), ("bo", 1), ("cy", 1))
    _, settled = decided(event, *promoting())
    unsettled, _ = decided(reloaded(event, 0), *leaving("bo"))
    _, late = decided(reloaded(unsettled, 9), promoting()[0], asked("events", "system", at=AFTER_THE_EVENT))

    assert (settled.facts, settled.then) == ((), ())
    assert (late.facts, late.then) == ((), ())


class Model:
    """First come, first served, said in the plainest way: the line is a list."""

    def __init__(self, capacity: int | None) -> None:
        """Start empty."""
        self.capacity = capacity
        self.inside: dict[str, int] = {}
        self.line: list[tuple[str, int]] = []

    def left(self) -> float:
        """Places left."""
        return float("inf") if self.capacity is None else self.capacity - sum(self.inside.values())

    def apply(self, step: tuple[str, str, int]) -> None:
        """Do what a command asks for."""
        what, person, number = step
        if what == "register" and person not in self.inside and person not in dict(self.line):
            self.line.append((person, number))
        elif what == "leave":
            self.inside.pop(person, None)
            self.line = [party for party in self.line if party[0] != person]
        elif what == "capacity" and number * 2 >= sum(self.inside.values()):
            self.capacity = number * 2
        elif what == "unlimited":
            self.capacity = None
        for party in list(self.line):
            if party[1] <= self.left():
                self.line.remove(party)
                self.inside[party[0]] = party[1]


def asked_for(step: tuple[str, str, int]) -> tuple[Command, Asked]:
    """The command of a step."""
    what, person, number = step
    match what:
        case "register":
            return registering(person, number)
        case "leave":
            return leaving(person)
        case "capacity":
            return ChangeEvent(EVENT, capacity=number * 2), asked()
        case _:
            return ChangeEvent(EVENT, capacity=None), asked()


def exact(before: Event, decision: Decision, event: Event) -> None:
    """Check the counters at every fact, and that the versions have no gap."""
    version = state_of(before).version
    for number, fact in enumerate(the_facts(decision), 1):
        assert fact.event.version == version + number
        assert fact.event.registered >= 0
        assert fact.event.waiting >= 0
        if fact.event.capacity is not None:
            assert fact.event.registered <= fact.event.capacity
            assert fact.event.left == fact.event.capacity - fact.event.registered
    sizes = {"registered": 0, "waiting": 0, "cancelled": 0}
    for place in event.places.values():
        sizes[place.registration.status] += place.registration.party_size
    assert (sizes["registered"], sizes["waiting"]) == (state_of(event).registered, state_of(event).waiting)


STEPS = st.tuples(
    st.sampled_from(["register"] * 6 + ["leave"] * 3 + ["capacity", "capacity", "unlimited"]),
    st.sampled_from([f"p{number}" for number in range(12)]),
    st.integers(1, 10),
)


@given(st.lists(STEPS, max_size=40), st.integers(1, 12), st.integers(1, 3))
def test_every_history_gives_what_the_plain_model_gives(
    history: list[tuple[str, str, int]], capacity: int, at_hand: int
) -> None:
    """However little of the line is at hand, once the follow-ups are through."""
    event, model = an_event(capacity=capacity), Model(capacity)
    for step in history:
        model.apply(step)
        waiting: deque[tuple[Command, Asked]] = deque([asked_for(step)])
        while waiting:
            before = reloaded(event, at_hand)
            event, decision = decided(before, *waiting.popleft())
            exact(before, decision, event)
            waiting.extend((command, promoting()[1]) for command in decision.then)

        assert sorted(people(event, "registered")) == sorted(model.inside)
        assert people(event, "waiting") == [person for person, _ in model.line]


@given(st.lists(STEPS, max_size=60), st.integers(1, 12), st.integers(0, 3), st.integers(1, 7))
def test_no_history_overfills_an_event(
    history: list[tuple[str, str, int]], capacity: int, at_hand: int, batch: int
) -> None:
    """With many commands to one load, and the follow-ups behind what was asked meanwhile; in the end all is settled."""
    event = an_event(capacity=capacity)
    log: deque[tuple[Command, Asked]] = deque(asked_for(step) for step in history)
    loads = 0
    while log:
        event = reloaded(event, at_hand if loads % 2 else at_hand + 1)
        loads += 1
        assert loads < 1_000
        for command, by in [log.popleft() for _ in range(min(batch, len(log)))]:
            before = event
            event, decision = decided(before, command, by)
            exact(before, decision, event)
            log.extend((follow_up, promoting()[1]) for follow_up in decision.then)

    assert not event.waiting.fits(state_of(event).left)
