"""The occurrences of an event as its state tells: its parts, what is particular to one, and what comes next. Pure.

An event that does not recur has one occurrence, at its own start. A series is a row of parts, each with a rule of its
own, and each occurrence belongs to the part that its name falls into; so a change never reaches what was before it.
What was moved to another time stays an occurrence whatever becomes of the rule.
"""

import heapq
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from shared import recurrence
from shared.contracts.event_states import (
    EventState,
    EventStatus,
    Occurrence,
    OccurrenceState,
    Part,
    Venue,
)
from shared.contracts.recurrence import Recurrence

Touched = Mapping[str, OccurrenceState]
"""What is particular to occurrences, by their names."""
NOTHING: Final[Touched] = {}
_WINDOWS: Final = (40, 400, 4_000, 40_000)
"""Days."""


class Slot(Struct, frozen=True, order=True):
    """When and where an occurrence is, and for how many: the series with what is particular to it."""

    starts_at_utc: str
    name: str
    starts_at: str
    ends_at: str
    ends_at_utc: str
    venue: Venue | None
    online_url: str | None
    capacity: int | None
    off: bool


def find(state: EventState, name: str, touched: OccurrenceState | None = None) -> Slot | None:
    """The occurrence of that name, if the event has it."""
    if touched is not None and touched.starts_at is not None:
        return _slot(state, _moved(state, touched), touched)
    part = _part(state, name)
    found = recurrence.find(_series(state, part), name) if name >= (part.since or "") else None
    return None if found is None else _slot(state, found, touched)


def between(state: EventState, first: str = "", last: str = "", exceptions: Touched = NOTHING) -> Iterator[Slot]:
    """Occurrences by their start, of those that start at local times from `first` to before `last`.

    `exceptions` has those that were moved or called off; called off ones are among what is told.
    """
    moved = [_moved(state, one) for one in exceptions.values() if one.starts_at is not None]
    inside = sorted(one for one in moved if first <= one.starts_at and (not last or one.starts_at < last))
    for one in heapq.merge(_by_rules(state, first, last, exceptions), inside):
        yield _slot(state, one, exceptions.get(one.name))


def upcoming(state: EventState, instant: str, exceptions: Touched = NOTHING) -> Iterator[Slot]:
    """Occurrences that take place and end after an instant, by their start."""
    longest = max(recurrence.days_between(one.starts_at, one.ends_at) for one in _parts(state))
    first = recurrence.days_before(recurrence.local(instant, state.timezone), longest + 2)
    slots = between(state, first, "", exceptions)
    return (slot for slot in slots if slot.ends_at_utc > instant and not slot.off)


def standing(state: EventState, instant: str, exceptions: Touched = NOTHING) -> Slot | None:
    """Where a series stands in a list: at what goes on or comes next; when it is over, at its last occurrence."""
    if state.recurrence is None:
        return find(state, state.starts_at)
    upcoming_one = next(upcoming(state, instant, exceptions), None)
    return upcoming_one or _last(state, instant, exceptions)


def shown(state: EventState, slot: Slot, touched: OccurrenceState | None = None) -> Occurrence:
    """An occurrence as it is read."""
    fields = {name: getattr(state, name) for name in EventState.__struct_fields__}
    if state.recurrence is None:
        return Occurrence(**fields, occurrence=slot.name)
    registered = touched.registered if touched else 0
    called_off = touched.cancellation if touched else None
    fields |= {
        "starts_at": slot.starts_at,
        "ends_at": slot.ends_at,
        "starts_at_utc": slot.starts_at_utc,
        "ends_at_utc": slot.ends_at_utc,
        "venue": slot.venue,
        "online_url": slot.online_url,
        "capacity": slot.capacity,
        "registered": registered,
        "waiting": touched.waiting if touched else 0,
        "left": None if slot.capacity is None else max(0, slot.capacity - registered),
        "status": _status(state, slot, touched),
        "cancellation": state.cancellation or called_off,
        "completion": touched.completion if touched else None,
        "attendance": touched.attendance if touched else None,
        "outcomes": touched.outcomes if touched else (),
    }
    return Occurrence(**fields, occurrence=slot.name)


def _status(state: EventState, slot: Slot, touched: OccurrenceState | None) -> EventStatus:
    if slot.off:
        return "cancelled"
    return "completed" if touched is not None and touched.completion is not None else state.status


def exceptional(touched: OccurrenceState) -> bool:
    """Whether an occurrence is at another time than the rule says, or does not take place."""
    return touched.starts_at is not None or touched.cancellation is not None


def part(state: EventState, until: str) -> Part:
    """The series as it is now, as an earlier part of what it will be."""
    return Part(
        until,
        state.starts_at,
        state.ends_at,
        state.recurrence or Recurrence(),
        state.venue,
        state.online_url,
        state.capacity,
        state.since,
    )


def begun(state: EventState, until: str) -> bool:
    """Whether the last part of a series has an occurrence named before a local time."""
    series = _series(state, _parts(state)[-1])
    return next(recurrence.occurrences(series, state.since or "", until), None) is not None


def _parts(state: EventState) -> tuple[Part, ...]:
    return (*state.earlier, part(state, ""))


def _part(state: EventState, name: str) -> Part:
    """The part that a name falls into, or behind."""
    return next((one for one in state.earlier if name < one.until), part(state, ""))


def _series(state: EventState, part_of: Part) -> recurrence.Series:
    return recurrence.Series(
        part_of.starts_at, part_of.ends_at, state.timezone, part_of.recurrence, until=part_of.until
    )


def _by_rules(state: EventState, first: str, last: str, exceptions: Touched) -> Iterator[recurrence.Occurrence]:
    """Occurrences by the rules, without the moved; a skipped time starts later than its name says."""
    begin = first and recurrence.days_before(first, 1)
    for one in _parts(state):
        for occurrence in recurrence.occurrences(_series(state, one), max(begin, one.since or ""), last):
            moved = occurrence.name in exceptions and exceptions[occurrence.name].starts_at is not None
            if not moved and first <= occurrence.starts_at and (not last or occurrence.starts_at < last):
                yield occurrence


def _moved(state: EventState, touched: OccurrenceState) -> recurrence.Occurrence:
    starts_at, ends_at = touched.starts_at or "", touched.ends_at or ""
    return recurrence.named(touched.occurrence, starts_at, ends_at, state.timezone)


def _slot(state: EventState, found: recurrence.Occurrence, touched: OccurrenceState | None) -> Slot:
    usual = _part(state, found.name)
    own = touched or OccurrenceState(state.id, found.name)
    return Slot(
        found.starts_at_utc,
        found.name,
        found.starts_at,
        found.ends_at,
        found.ends_at_utc,
        own.venue or usual.venue,
        own.online_url or usual.online_url,
        usual.capacity if own.capacity is None else own.capacity,
        state.status == "cancelled" or own.cancellation is not None,
    )


def _last(state: EventState, instant: str, exceptions: Touched) -> Slot | None:
    """The last occurrence that was, looked for backwards in growing windows; the first of all if none has been."""
    now = recurrence.local(instant, state.timezone)
    for days in _WINDOWS:
        found = list(between(state, recurrence.days_before(now, days), now, exceptions))
        if found:
            return next((slot for slot in reversed(found) if not slot.off), found[-1])
    return next(between(state, "", "", exceptions), None)
