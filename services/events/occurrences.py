"""The rules of the occurrences of a series: one that is otherwise, one that is called off. Pure."""

from typing import Any, Final

from msgspec import UNSET
from msgspec.structs import replace

from services.events import places
from services.events import plan as plans
from services.events.document import ArrangedOccurrence, Event, Session, evolve, following, whereabouts
from shared import instants, recurrence, series
from shared.contracts.events import (
    Cancellation,
    CancelOccurrence,
    ChangeOccurrence,
    EventState,
    OccurrenceCancelled,
    OccurrenceChanged,
    OccurrenceState,
    PromoteWaiting,
    ReviewOccurrences,
    Venue,
    VenueChange,
)
from shared.contracts.message import Command, Fact
from shared.contracts.shifts import CancelShifts
from shared.decider import FORBIDDEN, NOT_FOUND, Asked, Decision, Done, Refused, refused
from shared.series import Slot

STEP: Final = 200
"""Occurrences that one command looks at."""
GONE: Final = "The series was changed; this no longer takes place."


def decide(event: Event, state: EventState, command: ChangeOccurrence | CancelOccurrence, asked: Asked) -> Decision:
    """Answer a command of somebody who manages the event."""
    if isinstance(command, ChangeOccurrence):
        return change(event, state, command, asked)
    return cancel(event, state, command, asked)


def change(event: Event, state: EventState, command: ChangeOccurrence, asked: Asked) -> Decision:
    """Let one occurrence be at another time or place, or for more or fewer people. Nobody loses a place by it."""
    found = _to_come(event, state, command, asked)
    if isinstance(found, Refused):
        return Decision(found)
    if command.revision is not None and command.revision != state.revision:
        return Decision(Refused("revision-mismatch", 412, {"revision": state.revision}))
    slot, session, before = found
    wanted = _wanted(event, slot, command)
    if isinstance(wanted, Refused):
        return Decision(wanted)
    real = replace(before, venue=session.venue or before.venue, online_url=session.online_url or before.online_url)
    changed = tuple(name for name, value in wanted.items() if value != getattr(real, name))
    if not changed:
        return _answer(state, before)
    after = replace(following(state, asked), revision=state.revision + 1)
    public, private = _shown(state, replace(before, version=after.version, **wanted))
    moved = series.find(state, command.occurrence, public)
    if moved is None:  # put back to where the series no longer is
        return Decision(NOT_FOUND)
    if moved.starts_at_utc <= asked.at:
        return Decision(_invalid("/starts_at", "is over"))
    if moved.capacity is not None and moved.capacity < before.registered:
        return Decision(refused("less-than-committed", registered=before.registered))
    fact = OccurrenceChanged(after, public, changed)
    event, promoted, then = places.promotions(evolve(event, fact), asked, command.occurrence)
    now = event.sessions[command.occurrence].state or public
    return _answer(event.state or after, now, (fact, *promoted), then, (private,))


def cancel(event: Event, state: EventState, command: CancelOccurrence, asked: Asked) -> Decision:
    """Call one occurrence off, up to its end."""
    before = event.sessions.get(command.occurrence, Session()).state
    if before is not None and before.cancellation is not None:
        return _answer(state, before)
    slot = series.find(state, command.occurrence, before)
    if slot is None or state.recurrence is None:
        return Decision(NOT_FOUND)
    if state.status not in {"draft", "published"}:
        return Decision(refused("event-wrong-state", status=state.status))
    if slot.ends_at_utc <= asked.at:
        return Decision(refused("event-not-open", status=state.status))
    fact = _called_off(state, before or OccurrenceState(state.id, command.occurrence), command.reason, asked)
    return _answer(fact.event, fact.occurrence, (fact,), (CancelShifts(state.id),))


def review(event: Event, state: EventState, command: ReviewOccurrences, asked: Asked) -> Decision:
    """After a change of the series: call off what is in it no more, promote where there is more room."""
    if not asked.may("system"):
        return Decision(FORBIDDEN)
    names = event.reviews.get(command.after, ())
    facts: list[Fact] = []
    then: list[Command] = []
    for name in names:
        session = event.sessions[name]
        touched = session.state
        if touched is None or touched.cancellation is not None:
            continue
        slot = series.find(state, name, touched)
        if slot is None:
            fact = _called_off(state, touched, GONE, asked)
            facts.append(fact)
            state = fact.event
        elif slot.ends_at_utc > asked.at and session.waiting.fits(_left(slot, touched)):
            then.append(PromoteWaiting(state.id, name))
    if len(names) == STEP:
        then.append(ReviewOccurrences(state.id, names[-1]))
    return Decision(Done("event", state.id, None), tuple(facts), tuple(then))


def _called_off(state: EventState, before: OccurrenceState, reason: str, asked: Asked) -> OccurrenceCancelled:
    """Its people count no more among those of the event; the occurrence goes on telling how many there were."""
    after = replace(
        following(state, asked),
        registered=state.registered - before.registered,
        waiting=state.waiting - before.waiting,
    )
    return OccurrenceCancelled(
        after, replace(before, version=after.version, cancellation=Cancellation(reason, asked.at))
    )


def _to_come(
    event: Event, state: EventState, command: ChangeOccurrence, asked: Asked
) -> tuple[Slot, Session, OccurrenceState] | Refused:
    """An occurrence that can still be otherwise."""
    session = event.sessions.get(command.occurrence, Session())
    before = session.state or OccurrenceState(state.id, command.occurrence)
    slot = series.find(state, command.occurrence, session.state)
    if slot is None or state.recurrence is None:
        return NOT_FOUND
    if state.status not in {"draft", "published"}:
        return refused("event-wrong-state", status=state.status)
    if slot.off or slot.starts_at_utc <= asked.at:
        return refused("event-not-open", status="cancelled" if slot.off else state.status)
    return slot, session, before


def _wanted(event: Event, slot: Slot, command: ChangeOccurrence) -> dict[str, Any] | Refused:
    """What is to be particular to the occurrence; null takes it back to what the series says."""
    fields = ("starts_at", "ends_at", "online_url", "capacity")
    wanted: dict[str, Any] = {name: value for name in fields if (value := getattr(command, name)) is not UNSET}
    if isinstance(command.venue, VenueChange):
        wanted["venue"] = plans.merged(whereabouts(event, command.occurrence).venue or Venue(), command.venue)
    elif command.venue is None:
        wanted["venue"] = None
    if "starts_at" in wanted or "ends_at" in wanted:
        times = _times(event, slot, wanted)
        if isinstance(times, Refused):
            return times
        wanted |= times
    return wanted


def _times(event: Event, slot: Slot, wanted: dict[str, Any]) -> dict[str, Any] | Refused:
    """Both times, or neither: a start alone takes the end along, so that it takes as long as it did."""
    state = event.state
    if state is None or ("starts_at" in wanted and wanted["starts_at"] is None):
        return {"starts_at": None, "ends_at": None}
    for name in ("starts_at", "ends_at"):
        wrong = plans.flaw_of(wanted.get(name) or slot.starts_at, state.timezone)
        if wrong:
            return _invalid(f"/{name}", wrong)
    starts = wanted.get("starts_at") or slot.starts_at
    lasts = recurrence.minutes_between(slot.starts_at, slot.ends_at)
    ends = wanted.get("ends_at") or (slot.ends_at if "starts_at" not in wanted else recurrence.later(starts, lasts))
    if wrong := plans.flaw_of(ends, state.timezone):
        return _invalid("/ends_at", wrong)
    if instants.to_utc(ends, state.timezone) <= instants.to_utc(starts, state.timezone):
        return _invalid("/ends_at", "is not after starts_at")
    if recurrence.days_between(starts, ends) >= recurrence.LONGEST_DAYS:
        return _invalid("/ends_at", f"is more than {recurrence.LONGEST_DAYS} days after starts_at")
    return {"starts_at": starts, "ends_at": ends}


def _shown(state: EventState, occurrence: OccurrenceState) -> tuple[OccurrenceState, ArrangedOccurrence]:
    """What is told of an occurrence, of a hidden location the ward alone, and where it really is."""
    private = ArrangedOccurrence(occurrence.occurrence, occurrence.venue, occurrence.online_url)
    if state.visibility != "hidden_location":
        return occurrence, private
    ward = occurrence.venue.ward if occurrence.venue else None
    return replace(occurrence, venue=Venue(ward=ward) if ward else None, online_url=None), private


def _left(slot: Slot, touched: OccurrenceState) -> int | None:
    return None if slot.capacity is None else slot.capacity - touched.registered


def _invalid(pointer: str, detail: str) -> Refused:
    return Refused("invalid-body", 422, errors=((pointer, detail),))


def _answer(
    state: EventState,
    occurrence: OccurrenceState,
    facts: tuple[Fact, ...] = (),
    then: tuple[Command, ...] = (),
    private: tuple[Fact, ...] = (),
) -> Decision:
    slot = series.find(state, occurrence.occurrence, occurrence)
    body = series.shown(state, slot, occurrence) if slot is not None else state
    return Decision(Done("event", state.id, body), facts, then, private)
