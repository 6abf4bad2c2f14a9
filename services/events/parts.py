"""The rules of sub-events: a part lives and is called off with the event that it is a part of. Pure.

Parts are streams of their own. That one was planned is told to the whole by a follow-up; whichever of it and of a
cancellation comes first, the part is called off.
"""

from typing import Final

from msgspec.structs import replace

from services.events.document import Event, following, manages, visible
from shared.contracts.events import CreateEvent, EventState
from shared.contracts.hosting import CancelPart, CancelSubEvents, NoteSubEvent, SubEventAdded
from shared.contracts.message import Command
from shared.decider import FORBIDDEN, NOT_FOUND, Asked, Decision, Done, Refused, refused

STEP: Final = 200
"""Parts that one command calls off."""


def refusal(event: Event, command: CreateEvent, asked: Asked) -> Refused | None:
    """What stands against planning the event as a part of another."""
    if command.parent_id is None:
        return None
    if event.parent is None or event.parent.state is None or event.parent.state.campaign_id != command.campaign_id:
        return NOT_FOUND
    whole = replace(event.parent, campaign=event.campaign, acting=event.acting)
    if not manages(whole, asked.person):
        return FORBIDDEN if visible(whole, asked.person) else NOT_FOUND
    if event.parent.state.status not in {"draft", "published"}:
        return refused("event-wrong-state", status=event.parent.state.status)
    return None


def decide(event: Event, state: EventState, command: NoteSubEvent | CancelSubEvents, asked: Asked) -> Decision:
    """Answer the service itself."""
    if not asked.may("system"):
        return Decision(FORBIDDEN)
    return _note(state, command, asked) if isinstance(command, NoteSubEvent) else _cancel(event, state)


def _note(state: EventState, command: NoteSubEvent, asked: Asked) -> Decision:
    """Take a part in; if the whole was called off meanwhile, the part is, too."""
    answer = Done("event", state.id, None)
    if state.cancellation is not None:
        return Decision(answer, then=(CancelPart(command.part_id, state.cancellation.reason),))
    after = replace(following(state, asked), sub_events=state.sub_events + 1)
    return Decision(answer, (SubEventAdded(after, command.part_id),))


def _cancel(event: Event, state: EventState) -> Decision:
    """Call the next parts off, a step at a time."""
    reason = state.cancellation.reason if state.cancellation else ""
    then: list[Command] = [CancelPart(part, reason) for part in event.parts if reason]
    if len(event.parts) == STEP:
        then.append(CancelSubEvents(state.id, event.parts[-1]))
    return Decision(Done("event", state.id, None), then=tuple(then))
