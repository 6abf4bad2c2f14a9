"""The rules of the pause switch. Pure: no clock, no chance, no I/O."""

from typing import Final

from msgspec.structs import replace

from services.events import places
from services.events.document import Event, Hidden, evolve, following
from shared.contracts.events import EventState, ReviewOccurrences
from shared.contracts.hiding import EventHidden, EventUnhidden, HideEvent
from shared.decider import FORBIDDEN, Asked, Decision, Done

MODERATOR: Final = "operator"
"""Whoever has this role may hide any event, and alone brings back what one of them hid."""


def hide(event: Event, state: EventState, command: HideEvent, asked: Asked) -> Decision:
    """Take it away at once; those who are registered stay so. An operator's word replaces an organiser's."""
    by_operator = asked.may(MODERATOR)
    replaces = by_operator and event.hidden is not None and not event.hidden.by_operator
    if state.hidden and not replaces:
        return Decision(Done("event", state.id, state))
    after = replace(following(state, asked), hidden=True)
    private = Hidden(command.reason, asked.at, by_operator)
    return Decision(Done("event", after.id, after), (EventHidden(after),), private=(private,))


def unhide(event: Event, state: EventState, asked: Asked) -> Decision:
    """Bring it back; those who waited move up into what came free meanwhile."""
    if not state.hidden:
        return Decision(Done("event", state.id, state))
    if event.hidden is not None and event.hidden.by_operator and not asked.may(MODERATOR):
        return Decision(FORBIDDEN)
    fact = EventUnhidden(replace(following(state, asked), hidden=False))
    if state.recurrence is not None:
        return Decision(Done("event", state.id, fact.event), (fact,), (ReviewOccurrences(state.id),))
    event, promoted, then = places.promotions(evolve(event, fact), asked)
    after = event.state or fact.event
    return Decision(Done("event", after.id, after), (fact, *promoted), then)
