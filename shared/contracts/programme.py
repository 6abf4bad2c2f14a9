"""What a meeting is about and what it decided: agenda items, and the actions that follow from it."""

from typing import Literal

from msgspec import Struct

from shared.contracts.event_states import OfEvent, OnEvent

ActionState = Literal["open", "done", "dropped"]


class AgendaItem(Struct, frozen=True):
    """Something to be talked about; `url` leads to what was learnt or is to be read."""

    id: str
    title: str
    text: str | None
    url: str | None
    at: str


class Action(Struct, frozen=True):
    """Something that was agreed upon: `who` says who sees to it (an organisation or a role), `due` by which date."""

    id: str
    title: str
    who: str | None
    due: str | None
    state: ActionState
    note: str | None
    at: str
    changed_at: str


class ProgrammeState(Struct, frozen=True):
    """The programme of an event after a change; `version` is the event's at that change."""

    id: str
    event_id: str
    version: int
    agenda: tuple[AgendaItem, ...] = ()
    actions: tuple[Action, ...] = ()


class AddAgendaItem(OfEvent, frozen=True):
    """Put something on the agenda."""

    item_id: str
    title: str
    text: str | None = None
    url: str | None = None


class AddAction(OfEvent, frozen=True):
    """Write down what was agreed upon."""

    action_id: str
    title: str
    who: str | None = None
    due: str | None = None


class ChangeAction(OfEvent, frozen=True):
    """Say where an action stands."""

    action_id: str
    state: ActionState
    note: str | None = None


ProgrammeCommand = AddAgendaItem | AddAction | ChangeAction


class ProgrammeChanged(OnEvent, frozen=True):
    """The agenda or the actions are others."""

    programme: ProgrammeState
