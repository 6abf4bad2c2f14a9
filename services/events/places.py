"""The rules of an event's places: who gets one, who waits, who moves up. Pure: no clock, no chance, no I/O."""

from typing import Final

from msgspec.structs import replace

from services.events import admission
from services.events.document import Event, answer, cancelled, evolve, following, visible
from services.events.waiting import Place
from shared.contracts.events import (
    EventFact,
    EventState,
    LeaveEvent,
    PromoteWaiting,
    Register,
    RegistrationCancelled,
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


def register(event: Event, state: EventState, command: Register, asked: Asked) -> Decision:
    """Take places, or wait; a party that has them or waits is answered as the first time."""
    before = event.places.get(command.registration_id)
    theirs = before is None or before.registration.person == asked.person
    if not theirs or not visible(event, asked.person) or not command.registration_id.startswith(f"{state.id}."):
        return Decision(NOT_FOUND)
    if not _taking(state, asked):
        return Decision(refused("event-not-open", status=state.status))
    if before and before.registration.status != "cancelled":
        return Decision(Done("registration", command.registration_id, answer(before), 201))
    if wrong := admission.refusal(state, command):
        return Decision(wrong)
    size = command.party_size
    if not 1 <= size <= LARGEST_PARTY:
        return Decision(Refused("invalid-body", 422, errors=(("/party_size", f"is not 1 to {LARGEST_PARTY}"),)))
    fits = (state.left is None or size <= state.left) and not event.waiting.fits(state.left)
    if not fits and not state.waiting_list:
        return Decision(refused("event-full", left=state.left))
    registration = RegistrationState(
        id=command.registration_id,
        version=before.registration.version + 1 if before else 1,
        created_at=before.registration.created_at if before else asked.at,
        updated_at=asked.at,
        event_id=state.id,
        occurrence=None,
        person=asked.person,
        party_size=size,
        status="registered" if fits else "waiting",
    )
    if fits:
        fact: EventFact = RegistrationMade(_counted(state, asked, registered=size), registration)
    else:
        fact = RegistrationWaitlisted(_counted(state, asked, waiting=size), registration)
    body = answer(evolve(event, fact).places[registration.id])
    private = admission.admitted(state, command, registration.id, asked)
    return Decision(Done("registration", registration.id, body, 201), (fact,), private=private)


def leave(event: Event, state: EventState, command: LeaveEvent, asked: Asked) -> Decision:
    """Give the places back, or stop waiting; those who then fit move up."""
    place = event.places.get(command.registration_id)
    if place is None or place.registration.person != asked.person:
        return Decision(NOT_FOUND)
    if state.status == "cancelled":
        place = cancelled(place)
    mine = place.registration
    if mine.status not in ACTIVE:
        return Decision(Done("registration", mine.id, answer(place)))
    if not _open(state, asked):
        return Decision(refused("event-not-open", status=state.status))
    # While a waiting party fits, a follow-up that goes on promoting is on its way already.
    settled = not event.waiting.fits(state.left)
    size = mine.party_size
    after = (
        _counted(state, asked, waiting=-size) if mine.status == "waiting" else _counted(state, asked, registered=-size)
    )
    mine = replace(mine, version=mine.version + 1, updated_at=asked.at, status="cancelled")
    fact = RegistrationCancelled(after, mine)
    _, promoted, then = promotions(evolve(event, fact), asked) if settled else (event, (), ())
    return Decision(Done("registration", mine.id, answer(Place(mine))), (fact, *promoted), then)


def promote(event: Event, state: EventState, asked: Asked) -> Decision:
    """Go on promoting; only the service asks this of itself."""
    if not asked.may("system"):
        return Decision(FORBIDDEN)
    _, promoted, then = promotions(event, asked)
    return Decision(Done("event", state.id, None), promoted, then)


def promotions(event: Event, asked: Asked) -> tuple[Event, tuple[Fact, ...], tuple[PromoteWaiting, ...]]:
    """Give free places to those who wait, a step at a time; a follow-up goes on with what remains.

    It goes on, too, when the next in line is not at hand.
    """
    facts: list[Fact] = []
    state = event.state
    if state is None or not _taking(state, asked):
        return event, (), ()
    while len(facts) < STEP and (place := event.waiting.first(state.left)) is not None:
        mine = place.registration
        size = mine.party_size
        fact = RegistrationPromoted(
            _counted(state, asked, registered=size, waiting=-size),
            replace(mine, version=mine.version + 1, updated_at=asked.at, status="registered"),
        )
        facts.append(fact)
        event, state = evolve(event, fact), fact.event
    then = (PromoteWaiting(state.id),) if event.waiting.fits(state.left) else ()
    return event, tuple(facts), then


def _open(state: EventState, asked: Asked) -> bool:
    return state.status == "published" and asked.at < state.ends_at_utc


def _taking(state: EventState, asked: Asked) -> bool:
    """Whether places are given: while an event is hidden they can be given back only."""
    return _open(state, asked) and not state.hidden


def _counted(state: EventState, asked: Asked, *, registered: int = 0, waiting: int = 0) -> EventState:
    """The event's next state, with that many people more (or fewer)."""
    return replace(
        following(state, asked),
        registered=state.registered + registered,
        waiting=state.waiting + waiting,
        left=None if state.left is None else state.left - registered,
    )
