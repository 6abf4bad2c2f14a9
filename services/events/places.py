"""The rules of an event's places: who gets one, who waits, who moves up. Pure: no clock, no chance, no I/O."""

from typing import Final

from msgspec.structs import asdict, replace

from services.events import admission
from services.events.document import Event, answer, cancelled, evolve, visible
from services.events.seats import Seats, are_given, are_open, counted, seats, status
from services.events.waiting import Place
from shared.contracts.events import (
    ChangeRegistration,
    EventFact,
    EventState,
    LeaveEvent,
    PromoteWaiting,
    Register,
    Registered,
    RegistrationCancelled,
    RegistrationChanged,
    RegistrationMade,
    RegistrationPromoted,
    RegistrationState,
    RegistrationWaitlisted,
)
from shared.contracts.message import Fact
from shared.decider import FORBIDDEN, NOT_FOUND, Asked, Decision, Done, Refused, refused

STEP: Final = 200
"""Parties that one command promotes at the most."""
LARGEST_PARTY: Final = 10
ACTIVE: Final = frozenset({"registered", "waiting"})

Mine = Register | LeaveEvent | ChangeRegistration


def decide(event: Event, state: EventState, command: Mine | PromoteWaiting, asked: Asked) -> Decision:
    """Answer a command about places."""
    match command:
        case Register():
            return register(event, state, command, asked)
        case LeaveEvent():
            return leave(event, state, command, asked)
        case ChangeRegistration():
            return resize(event, state, command, asked)
        case PromoteWaiting():
            return promote(event, state, command, asked)


def register(event: Event, state: EventState, command: Register, asked: Asked) -> Decision:
    """Take places, or wait; a party that has them or waits is answered as the first time."""
    name = name_of(state, command)
    before = event.places.get(name)
    theirs = before is None or before.registration.person == asked.person
    if not theirs or not visible(event, asked.person) or not name.startswith(f"{state.id}."):
        return Decision(NOT_FOUND)
    found = seats(event, state, command.occurrence)
    if isinstance(found, Refused):
        return Decision(found)
    if not are_given(state, found, asked):
        return Decision(refused("event-not-open", status=status(event, state, found)))
    if before and before.registration.status != "cancelled":
        return Decision(Done("registration", name, _warned(before, event, found), 201))
    if wrong := admission.refusal(state, command):
        return Decision(wrong)
    size = command.party_size
    if wrong := _wrong_size(size):
        return Decision(wrong)
    fits = (found.left is None or size <= found.left) and not found.line.fits(found.left)
    if not fits and not state.waiting_list:
        return Decision(refused("event-full", left=found.left))
    registration = RegistrationState(
        id=name,
        version=before.registration.version + 1 if before else 1,
        created_at=before.registration.created_at if before else asked.at,
        updated_at=asked.at,
        event_id=state.id,
        occurrence=found.name,
        person=asked.person,
        party_size=size,
        status="registered" if fits else "waiting",
    )
    if fits:
        after, occurrence = counted(event, state, found, asked, registered=size)
        fact: EventFact = RegistrationMade(after, registration, occurrence)
    else:
        after, occurrence = counted(event, state, found, asked, waiting=size)
        fact = RegistrationWaitlisted(after, registration, occurrence)
    body = _warned(evolve(event, fact).places[registration.id], event, found)
    private = admission.admitted(state, command, registration.id, asked)
    return Decision(Done("registration", registration.id, body, 201), (fact,), private=private)


def _warned(place: Place, event: Event, places: Seats) -> Registered:
    """A registration with what else its person comes to at that time."""
    mine = place.registration
    clashes = tuple(
        one
        for one in event.engaged.get(mine.person, ())
        if (one.event_id, one.occurrence) != (mine.event_id, places.name)
        and one.starts_at_utc < places.ends_at_utc
        and places.starts_at_utc < one.ends_at_utc
    )
    return Registered(**asdict(answer(place)), clashes=clashes)


def leave(event: Event, state: EventState, command: LeaveEvent, asked: Asked) -> Decision:
    """Give the places back, or stop waiting; those who then fit move up."""
    if state.recurrence is not None and command.occurrence is None:
        return Decision(Refused("invalid-body", 422, errors=(("/occurrence", "is needed: the event recurs"),)))
    place = event.places.get(name_of(state, command))
    if place is None or place.registration.person != asked.person:
        return Decision(NOT_FOUND)
    found = seats(event, state, place.registration.occurrence)
    if isinstance(found, Refused) or status(event, state, found) == "cancelled":
        place = cancelled(place)
    mine = place.registration
    if isinstance(found, Refused) or mine.status not in ACTIVE:
        return Decision(Done("registration", mine.id, answer(place)))
    if not are_open(found, asked):
        return Decision(refused("event-not-open", status=status(event, state, found)))
    # While a waiting party fits, a follow-up that goes on promoting is on its way already.
    settled = not found.line.fits(found.left)
    waited = mine.status == "waiting"
    after, occurrence = counted(
        event, state, found, asked, waiting=-waited * mine.party_size, registered=-(not waited) * mine.party_size
    )
    mine = replace(mine, version=mine.version + 1, updated_at=asked.at, status="cancelled")
    fact = RegistrationCancelled(after, mine, occurrence)
    _, promoted, then = promotions(evolve(event, fact), asked, found.name) if settled else (event, (), ())
    return Decision(Done("registration", mine.id, answer(Place(mine))), (fact, *promoted), then)


def resize(event: Event, state: EventState, command: ChangeRegistration, asked: Asked) -> Decision:
    """Come with more or fewer people. A smaller party lets others move up; a larger one needs the places at once.

    Who waits keeps their place in the line.
    """
    place = event.places.get(name_of(state, command))
    if place is None or place.registration.person != asked.person:
        return Decision(NOT_FOUND)
    mine, size = place.registration, command.party_size
    found = seats(event, state, mine.occurrence)
    if isinstance(found, Refused):
        return Decision(refused("event-not-open", status="cancelled"))
    if not are_open(found, asked):
        return Decision(refused("event-not-open", status=status(event, state, found)))
    if mine.status not in ACTIVE:
        return Decision(refused("registration-wrong-state", status=mine.status))
    more = size - mine.party_size
    if more == 0:
        return Decision(Done("registration", mine.id, answer(place)))
    if wrong := _wrong_size(size):
        return Decision(wrong)
    waited = mine.status == "waiting"
    settled = not found.line.fits(found.left)
    if more > 0 and state.hidden:
        return Decision(refused("event-not-open", status=state.status))
    if not waited and more > 0 and found.left is not None and (more > found.left or not settled):
        return Decision(refused("event-full", left=found.left))
    after, occurrence = counted(event, state, found, asked, waiting=waited * more, registered=(not waited) * more)
    mine = replace(mine, version=mine.version + 1, updated_at=asked.at, party_size=size)
    fact = RegistrationChanged(after, mine, occurrence)
    changed = evolve(event, fact)
    changed, promoted, then = promotions(changed, asked, found.name) if settled else (changed, (), ())
    return Decision(Done("registration", mine.id, answer(changed.places[mine.id])), (fact, *promoted), then)


def promote(event: Event, state: EventState, command: PromoteWaiting, asked: Asked) -> Decision:
    """Go on promoting; only the service asks this of itself."""
    if not asked.may("system"):
        return Decision(FORBIDDEN)
    _, promoted, then = promotions(event, asked, command.occurrence)
    return Decision(Done("event", state.id, None), promoted, then)


def promotions(
    event: Event, asked: Asked, name: str | None = None
) -> tuple[Event, tuple[Fact, ...], tuple[PromoteWaiting, ...]]:
    """Give free places to those who wait, a step at a time; a follow-up goes on with what remains.

    It goes on, too, when the next in line is not at hand.
    """
    facts: list[Fact] = []
    found = _seats(event, name)
    if found is None or event.state is None or not are_given(event.state, found, asked):
        return event, (), ()
    while len(facts) < STEP and (place := found.line.first(found.left)) is not None:
        mine = place.registration
        size = mine.party_size
        assert event.state is not None  # noqa: S101 -- it has seats
        after, occurrence = counted(event, event.state, found, asked, registered=size, waiting=-size)
        promoted = replace(mine, version=mine.version + 1, updated_at=asked.at, status="registered")
        fact = RegistrationPromoted(after, promoted, occurrence)
        facts.append(fact)
        event = evolve(event, fact)
        found = _seats(event, name) or found
    then = (PromoteWaiting(event.state.id, name),) if event.state and found.line.fits(found.left) else ()
    return event, tuple(facts), then


def _seats(event: Event, name: str | None) -> Seats | None:
    """The places that can be promoted to; none where there is no such occurrence any more."""
    found = seats(event, event.state, name) if event.state is not None else None
    return None if isinstance(found, Refused) else found


def name_of(state: EventState, command: Mine) -> str:
    """The registration that a command means: an event that does not recur has one a person, however it is named."""
    return command.single if command.single and state.recurrence is None else command.registration_id


def _wrong_size(size: int) -> Refused | None:
    if 1 <= size <= LARGEST_PARTY:
        return None
    return Refused("invalid-body", 422, errors=(("/party_size", f"is not 1 to {LARGEST_PARTY}"),))
