"""What hangs on an event beside registrations: documents of their own, loaded by batches that mention them. Pure."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from shared.contracts.events import Register
from shared.contracts.importing import ImportRegistrations
from shared.contracts.message import Command
from shared.contracts.programme import AddAction, AddAgendaItem, ChangeAction, ProgrammeState
from shared.contracts.slots import AddSlot, BookingState, BookSlot, ReleaseBooking, SlotState


class Admission(Struct, frozen=True):
    """Private: how many of a party are under 18, and when a guardian agreed; `id` is the registration's."""

    id: str
    event_id: str
    version: int
    under_18: int
    consented_at: str


Attached = ProgrammeState | SlotState | BookingState | Admission

COLLECTIONS: Final[dict[str, type[Attached]]] = {
    "programmes": ProgrammeState,
    "slots": SlotState,
    "bookings": BookingState,
    "admissions": Admission,
}
"""Where each kind is kept. All have `id`, `event_id` and `version`."""


def mentioned(command: Command) -> Iterator[tuple[str, str]]:
    """The collections and ids of what deciding a command needs."""
    match command:
        case AddAgendaItem() | AddAction() | ChangeAction():
            yield "programmes", command.event_id
        case AddSlot(slot_id=slot):
            yield "slots", slot
        case BookSlot(slot_id=slot, booking_id=booking) | ReleaseBooking(slot_id=slot, booking_id=booking):
            yield "slots", slot
            yield "bookings", booking
        case Register(registration_id=party, single=single, ages=ages) if ages:
            yield "admissions", party
            yield "admissions", single
        case ImportRegistrations(rows=rows):
            yield from (("admissions", name) for row in rows if row.ages for name in (row.registration_id, row.single))
        case _:
            pass


def collection_of(thing: Attached) -> str:
    """Where it is kept."""
    return next(name for name, kind in COLLECTIONS.items() if isinstance(thing, kind))
