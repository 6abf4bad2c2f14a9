"""Slots inside an event: a stall, a table, time on a stage."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from shared.contracts.event_states import OfEvent, OnEvent

BookingStatus = Literal["booked", "released"]
Places = Annotated[int, Meta(ge=1, le=1_000)]


class SlotState(Struct, frozen=True):
    """A kind of slot with its places, of which `left` are free; `version` is the event's at its last change.

    `starts_at` and `ends_at` are local times in the event's zone, for time on a stage.
    """

    id: str
    event_id: str
    version: int
    created_at: str
    updated_at: str
    kind: str
    title: str
    starts_at: str | None
    ends_at: str | None
    places: int
    left: int


class BookingState(Struct, frozen=True):
    """Who has places of a slot: `person` booked them, for the partner `partner_id` if that is named."""

    id: str
    event_id: str
    version: int
    created_at: str
    updated_at: str
    slot_id: str
    person: str
    partner_id: str | None
    places: int
    status: BookingStatus


class BookingAnswer(Struct, frozen=True):
    """A booking as those concerned read it."""

    id: str
    event_id: str
    version: int
    created_at: str
    updated_at: str
    slot_id: str
    partner_id: str | None
    places: int
    status: BookingStatus


class AddSlot(OfEvent, frozen=True):
    """Offer a slot."""

    slot_id: str
    kind: str
    title: str
    places: Places = 1
    starts_at: str | None = None
    ends_at: str | None = None


class BookSlot(OfEvent, frozen=True):
    """Take places of a slot; `booking_id` derives from the slot and who takes them."""

    slot_id: str
    booking_id: str
    places: Places = 1
    partner_id: str | None = None


class ReleaseBooking(OfEvent, frozen=True):
    """Give them back; organisers may, too."""

    slot_id: str
    booking_id: str


class SlotAdded(OnEvent, frozen=True):
    """A slot is offered."""

    slot: SlotState


class SlotBooked(OnEvent, frozen=True):
    """Places of a slot are taken."""

    slot: SlotState
    booking: BookingState


class SlotReleased(OnEvent, frozen=True):
    """They are free again."""

    slot: SlotState
    booking: BookingState
