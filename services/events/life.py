"""What organisers do with an event beside planning it, seen as one by its rules. Pure."""

from services.events import attendance, completion
from services.events.document import Event
from shared.contracts.attendance import NoteAttendance, TakeHeadcount
from shared.contracts.completion import CompleteEvent, CorrectOutcome
from shared.contracts.events import EventState
from shared.contracts.life import LifeCommand
from shared.decider import Asked, Decision


def decide(event: Event, state: EventState, command: LifeCommand, asked: Asked) -> Decision:
    """Answer a command of somebody who manages the event."""
    match command:
        case CompleteEvent():
            return completion.complete(state, command, asked)
        case CorrectOutcome():
            return completion.correct(state, command, asked)
        case NoteAttendance():
            return attendance.note(event, state, command, asked)
        case TakeHeadcount():
            return attendance.count(state, command, asked)
