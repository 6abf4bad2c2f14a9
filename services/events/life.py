"""What organisers do with an event beside planning it, seen as one by its rules. Pure."""

from services.events import attendance, completion, hiding, hosting, importing, parts, programme, slots
from services.events.document import Event
from shared.contracts.attendance import NoteAttendance, TakeHeadcount
from shared.contracts.completion import CompleteEvent, CorrectOutcome
from shared.contracts.events import EventState
from shared.contracts.hiding import HideEvent, UnhideEvent
from shared.contracts.hosting import AcceptCoHost, CancelPart, CancelSubEvents, InviteCoHost, NoteSubEvent, RemoveCoHost
from shared.contracts.importing import ImportRegistrations
from shared.contracts.life import LifeCommand
from shared.contracts.message import Command
from shared.contracts.programme import AddAction, AddAgendaItem, ChangeAction
from shared.contracts.slots import AddSlot, BookSlot, ReleaseBooking
from shared.decider import Asked, Decision


def decide(event: Event, state: EventState, command: LifeCommand, asked: Asked) -> Decision:
    """Answer a command of somebody who manages the event, or that everybody may give."""
    match command:
        case CompleteEvent():
            return completion.complete(event, state, command, asked)
        case CorrectOutcome():
            return completion.correct(event, state, command, asked)
        case NoteAttendance():
            return attendance.note(event, state, command, asked)
        case TakeHeadcount():
            return attendance.count(event, state, command, asked)
        case HideEvent():
            return hiding.hide(event, state, command, asked)
        case UnhideEvent():
            return hiding.unhide(event, state, asked)
        case InviteCoHost() | AcceptCoHost() | RemoveCoHost():
            return hosting.decide(event, state, command, asked)
        case NoteSubEvent() | CancelSubEvents():
            return parts.decide(event, state, command, asked)
        case ImportRegistrations():
            return importing.take(event, state, command, asked)
        case AddAgendaItem() | AddAction() | ChangeAction():
            return programme.decide(event, state, command, asked)
        case AddSlot() | BookSlot() | ReleaseBooking():
            return slots.decide(event, state, command, asked)


def entitled(command: Command, asked: Asked) -> bool:
    """Whether the command is one that operators, or the service itself, may give without managing the event."""
    if isinstance(command, CancelPart):
        return asked.may("system")
    return isinstance(command, HideEvent | UnhideEvent) and asked.may(hiding.MODERATOR)
