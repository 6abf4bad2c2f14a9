"""The rules of a meeting's agenda and of the actions that follow from it. Pure: no clock, no chance, no I/O."""

from typing import Final

from msgspec.structs import replace

from services.events.document import Event, following
from shared.contracts.events import EventState
from shared.contracts.programme import (
    Action,
    AddAction,
    AddAgendaItem,
    AgendaItem,
    ChangeAction,
    ProgrammeChanged,
    ProgrammeCommand,
    ProgrammeState,
)
from shared.decider import NOT_FOUND, Asked, Decision, Done, refused

MOST: Final = 100
"""Agenda items, and actions, of one event."""


def decide(event: Event, state: EventState, command: ProgrammeCommand, asked: Asked) -> Decision:
    """Answer those who manage the event."""
    match command:
        case AddAgendaItem():
            return _add_item(event, state, command, asked)
        case AddAction():
            return _add_action(event, state, command, asked)
        case ChangeAction():
            return _change_action(event, state, command, asked)


def _add_item(event: Event, state: EventState, command: AddAgendaItem, asked: Asked) -> Decision:
    """Put something on the agenda, at its end."""
    programme = programme_of(event, state)
    if any(item.id == command.item_id for item in programme.agenda):
        return _done(programme, 201)
    if len(programme.agenda) >= MOST:
        return Decision(refused("too-many-items", most=MOST))
    item = AgendaItem(command.item_id, command.title, command.text, command.url, asked.at)
    return _changed(state, replace(programme, agenda=(*programme.agenda, item)), asked, 201)


def _add_action(event: Event, state: EventState, command: AddAction, asked: Asked) -> Decision:
    """Write down what was agreed upon; it is open."""
    programme = programme_of(event, state)
    if any(action.id == command.action_id for action in programme.actions):
        return _done(programme, 201)
    if len(programme.actions) >= MOST:
        return Decision(refused("too-many-items", most=MOST))
    action = Action(command.action_id, command.title, command.who, command.due, "open", None, asked.at, asked.at)
    return _changed(state, replace(programme, actions=(*programme.actions, action)), asked, 201)


def _change_action(event: Event, state: EventState, command: ChangeAction, asked: Asked) -> Decision:
    """Say where an action stands, at any time: also long after the meeting, when the next one looks at it."""
    programme = programme_of(event, state)
    action = next((action for action in programme.actions if action.id == command.action_id), None)
    if action is None:
        return Decision(NOT_FOUND)
    changed = replace(action, state=command.state, note=command.note or action.note)
    if changed == action:
        return _done(programme)
    changed = replace(changed, changed_at=asked.at)
    actions = tuple(changed if one.id == changed.id else one for one in programme.actions)
    return _changed(state, replace(programme, actions=actions), asked)


def programme_of(event: Event, state: EventState) -> ProgrammeState:
    """The programme at hand; an event that has none yet has an empty one."""
    known = event.attached.get(state.id)
    return known if isinstance(known, ProgrammeState) else ProgrammeState(state.id, state.id, 0)


def _changed(state: EventState, programme: ProgrammeState, asked: Asked, status: int = 200) -> Decision:
    after = following(state, asked)
    programme = replace(programme, version=after.version)
    return Decision(_done(programme, status).answer, (ProgrammeChanged(after, programme),))


def _done(programme: ProgrammeState, status: int = 200) -> Decision:
    return Decision(Done("programme", programme.id, programme, status))
