"""The rules of a series as a whole: what a change means to what is over and to what is to come. Pure."""

from typing import Final

from msgspec.structs import replace

from services.events import plan as plans
from services.events.document import Arranged, Event, Whereabouts, following
from services.events.plan import Plan, Times
from shared import recurrence, series
from shared.contracts.events import ChangeEvent, EventChanged, EventState, Part, ReviewOccurrences
from shared.contracts.shifts import CancelShifts
from shared.decider import NOT_FOUND, Asked, Decision, Done, Refused, refused

MOST_PARTS: Final = 40
"""Earlier parts of a series: they stand in its document."""
OF_PARTS: Final = frozenset({"starts_at", "ends_at", "recurrence", "venue", "online_url", "capacity"})
"""What may be otherwise from one part to the next."""
REVIEWED: Final = frozenset({"starts_at", "ends_at", "timezone", "recurrence", "capacity"})
"""What touches the occurrences that people have registered for."""


def change(
    event: Event, state: EventState, command: ChangeEvent, planned: tuple[Plan, Times, tuple[str, ...]], asked: Asked
) -> Decision:
    """Change a series from an occurrence on, or once it is published from now on: what has begun stays as it was.

    Whoever registered for what is no more is told by a fact of its own, a step after this one.
    """
    plan, times, changed = planned
    begin = _begin(event, state, command, asked)
    if isinstance(begin, Refused):
        return Decision(begin)
    splits = bool(OF_PARTS.intersection(changed)) and bool(state.published_at or command.following)
    earlier, whereabouts = _earlier(event, state, begin) if splits else (state.earlier, event.whereabouts)
    if _kind(state) != _kind(plan) and (state.registered or state.waiting or earlier):
        return Decision(_invalid("/recurrence", "can come or go only while nobody is registered and nothing is over"))
    if "timezone" in changed and earlier:
        return Decision(_invalid("/timezone", "cannot change once a part of the series is over"))
    if len(earlier) > MOST_PARTS:
        return Decision(refused("series-changed-too-often", most=MOST_PARTS))
    fullest = _fullest(event, begin)
    if plan.capacity is not None and "capacity" in changed and plan.capacity < fullest:
        return Decision(refused("less-than-committed", registered=fullest))
    after = replace(
        following(state, asked),
        revision=state.revision + 1,
        starts_at_utc=times.starts_at_utc,
        ends_at_utc=times.ends_at_utc,
        left=None if plan.recurrence is not None else plan.capacity,
        earlier=earlier,
        since=begin if splits and plan.recurrence is not None else state.since,
        **plans.shown(plan),
    )
    private = Arranged(plan.venue, plan.online_url, event.partner_id, whereabouts)
    then = (
        (ReviewOccurrences(state.id), CancelShifts(state.id))
        if REVIEWED.intersection(changed) and plan.recurrence is not None
        else ()
    )
    return Decision(Done("event", after.id, after), (EventChanged(after, changed),), then, (private,))


def _begin(event: Event, state: EventState, command: ChangeEvent, asked: Asked) -> str | Refused:
    """The local time from which on the change holds: that of an occurrence to come, or now."""
    if command.following is None:
        now = recurrence.later(recurrence.local(asked.at, state.timezone), 1)
        return max(now, state.since or "")
    session = event.sessions.get(command.following)
    slot = series.find(state, command.following, session.state if session else None)
    if slot is None or state.recurrence is None:
        return NOT_FOUND
    if slot.starts_at_utc <= asked.at or command.following <= recurrence.local(asked.at, state.timezone):
        return refused("event-not-open", status=state.status)
    return command.following


def _earlier(event: Event, state: EventState, begin: str) -> tuple[tuple[Part, ...], tuple[Whereabouts, ...]]:
    """The parts that stay as they were, and where they really are."""
    parts = [*state.earlier, *((series.part(state, begin),) if series.begun(state, begin) else ())]
    places = [*event.whereabouts, Whereabouts(event.venue, event.online_url)]
    kept = [part for part in parts if part.until < begin]
    if len(kept) < len(parts):
        kept.append(replace(parts[len(kept)], until=begin))
    return tuple(kept), tuple(places[: len(kept)])


def _fullest(event: Event, begin: str) -> int:
    """Most people registered for an occurrence to come that has the series' capacity; the batch may have added some."""
    states = [session.state for session in event.sessions.values() if session.state is not None]
    return max(
        event.fullest,
        *(
            one.registered
            for one in states
            if one.occurrence >= begin and one.capacity is None and not one.cancellation
        ),
        0,
    )


def _kind(what: EventState | Plan) -> bool:
    return what.recurrence is not None


def _invalid(pointer: str, detail: str) -> Refused:
    return Refused("invalid-body", 422, errors=((pointer, detail),))
