"""The rules of slots inside an event: nobody gets what another has. Pure: no clock, no chance, no I/O."""

import msgspec
from msgspec.structs import replace

from services.events.document import Event, following, manages, visible
from shared.contracts.events import EventState
from shared.contracts.slots import (
    AddSlot,
    BookingAnswer,
    BookingState,
    BookSlot,
    ReleaseBooking,
    SlotAdded,
    SlotBooked,
    SlotReleased,
    SlotState,
)
from shared.decider import FORBIDDEN, NOT_FOUND, Asked, Decision, Done, Refused, refused


def decide(event: Event, state: EventState, command: AddSlot | BookSlot | ReleaseBooking, asked: Asked) -> Decision:
    """Answer who offers a slot (and manages the event), takes one, or gives it back."""
    match command:
        case AddSlot():
            return _add(event, state, command, asked)
        case BookSlot():
            return _book(event, state, command, asked)
        case ReleaseBooking():
            return _release(event, state, command, asked)


def _add(event: Event, state: EventState, command: AddSlot, asked: Asked) -> Decision:
    """Offer a slot of an event that is still to come; its time, if it has one, lies in order."""
    known = event.attached.get(command.slot_id)
    if isinstance(known, SlotState):
        return Decision(Done("slot", known.id, known, 201))
    if not command.slot_id.startswith(f"{state.id}."):
        return Decision(NOT_FOUND)
    if state.status not in {"draft", "published"}:
        return Decision(refused("event-wrong-state", status=state.status))
    if command.starts_at and command.ends_at and command.ends_at <= command.starts_at:
        return Decision(Refused("invalid-body", 422, errors=(("/ends_at", "is not after starts_at"),)))
    after = following(state, asked)
    slot = SlotState(
        id=command.slot_id,
        event_id=state.id,
        version=after.version,
        created_at=asked.at,
        updated_at=asked.at,
        kind=command.kind,
        title=command.title,
        starts_at=command.starts_at,
        ends_at=command.ends_at,
        places=command.places,
        left=command.places,
    )
    return Decision(Done("slot", slot.id, slot, 201), (SlotAdded(after, slot),))


def _book(event: Event, state: EventState, command: BookSlot, asked: Asked) -> Decision:
    """Take places; who has them is answered as the first time. For a partner its members alone may."""
    slot = event.attached.get(command.slot_id)
    if not isinstance(slot, SlotState) or not visible(event, asked.person):
        return Decision(NOT_FOUND)
    if not command.booking_id.startswith(f"{state.id}."):
        return Decision(NOT_FOUND)
    partner = command.partner_id
    if partner is not None and partner not in event.acting.get(asked.person, frozenset()):
        return Decision(FORBIDDEN)
    before = event.attached.get(command.booking_id)
    known = before if isinstance(before, BookingState) else None
    if known is not None and not _theirs(event, known, asked):
        return Decision(NOT_FOUND)
    if state.status != "published" or state.hidden or asked.at >= state.ends_at_utc:
        return Decision(refused("event-not-open", status=state.status))
    if known is not None and known.status == "booked":
        return Decision(_answer(known, 201))
    if command.places > slot.left:
        return Decision(refused("slot-full", left=slot.left))
    after = following(state, asked)
    booking = BookingState(
        id=command.booking_id,
        event_id=state.id,
        version=after.version,
        created_at=known.created_at if known else asked.at,
        updated_at=asked.at,
        slot_id=slot.id,
        person=asked.person,
        partner_id=partner,
        places=command.places,
        status="booked",
    )
    slot = replace(slot, version=after.version, updated_at=asked.at, left=slot.left - command.places)
    return Decision(_answer(booking, 201), (SlotBooked(after, slot, booking),))


def _release(event: Event, state: EventState, command: ReleaseBooking, asked: Asked) -> Decision:
    """Give the places back: who booked them, another member of their partner, or who manages the event."""
    slot, booking = event.attached.get(command.slot_id), event.attached.get(command.booking_id)
    if not isinstance(slot, SlotState) or not isinstance(booking, BookingState) or booking.slot_id != slot.id:
        return Decision(NOT_FOUND)
    if not (_theirs(event, booking, asked) or manages(event, asked.person)):
        return Decision(NOT_FOUND)
    if booking.status == "released":
        return Decision(_answer(booking))
    after = following(state, asked)
    booking = replace(booking, version=after.version, updated_at=asked.at, status="released")
    slot = replace(slot, version=after.version, updated_at=asked.at, left=slot.left + booking.places)
    return Decision(_answer(booking), (SlotReleased(after, slot, booking),))


def _theirs(event: Event, booking: BookingState, asked: Asked) -> bool:
    return booking.person == asked.person or booking.partner_id in event.acting.get(asked.person, frozenset())


def _answer(booking: BookingState, status: int = 200) -> Done:
    shown = msgspec.convert(booking, BookingAnswer, from_attributes=True)
    return Done("booking", booking.id, shown, status)
