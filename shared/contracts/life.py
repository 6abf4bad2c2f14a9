"""What happens to an event beside its plan and its places: all topics of that kind, for the families."""

from typing import Final, get_args

from shared.contracts.attendance import AttendanceNoted, HeadcountTaken, NoteAttendance, TakeHeadcount
from shared.contracts.completion import CompleteEvent, CorrectOutcome, EventCompleted, OutcomesChanged
from shared.contracts.hiding import EventHidden, EventUnhidden, HideEvent, UnhideEvent
from shared.contracts.hosting import (
    AcceptCoHost,
    CancelPart,
    CancelSubEvents,
    CoHostAccepted,
    CoHostInvited,
    CoHostRemoved,
    InviteCoHost,
    NoteSubEvent,
    RemoveCoHost,
    SubEventAdded,
)
from shared.contracts.importing import ImportRegistrations
from shared.contracts.message import Command, Fact
from shared.contracts.programme import AddAction, AddAgendaItem, ChangeAction, ProgrammeChanged
from shared.contracts.slots import AddSlot, BookSlot, ReleaseBooking, SlotAdded, SlotBooked, SlotReleased

LifeCommand = (
    CompleteEvent
    | CorrectOutcome
    | NoteAttendance
    | TakeHeadcount
    | HideEvent
    | UnhideEvent
    | AddAgendaItem
    | AddAction
    | ChangeAction
    | AddSlot
    | BookSlot
    | ReleaseBooking
    | ImportRegistrations
    | InviteCoHost
    | AcceptCoHost
    | RemoveCoHost
    | NoteSubEvent
    | CancelSubEvents
)
LifeFact = (
    EventCompleted
    | OutcomesChanged
    | AttendanceNoted
    | HeadcountTaken
    | EventHidden
    | EventUnhidden
    | ProgrammeChanged
    | SlotAdded
    | SlotBooked
    | SlotReleased
    | CoHostInvited
    | CoHostAccepted
    | CoHostRemoved
    | SubEventAdded
)

COMMANDS: Final[tuple[type[Command], ...]] = (*get_args(LifeCommand), CancelPart)
FACTS: Final[tuple[type[Fact], ...]] = get_args(LifeFact)
