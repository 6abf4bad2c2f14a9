"""Who can have a place on a shift: there is room, they are cleared, and nowhere else at that time. Pure."""

from typing import Final

from services.events.roster import Booking, Shift, closed
from services.events.volunteer import suffices
from shared import instants
from shared.contracts.shifts import ShiftState
from shared.decider import Asked, Refused, refused

FIRST_CHECK_HOURS: Final = 48
"""From so many hours before the start on, a clearance must last for the whole shift."""


def unfit(
    shift: Shift,
    state: ShiftState,
    asked: Asked,
    person: str,
    override: tuple[str, ...] = (),
    *,
    has_place: bool = False,
) -> Refused | None:
    """Why a person cannot have a place, if so."""
    off = closed(shift, state, asked)
    if off is not None:
        return off
    if not has_place and state.left < 1:
        return refused("shift-full", left=state.left)
    wanted = state.role.requirement
    if wanted is not None and not suffices(shift.volunteers.get(person), wanted, day(state, asked)):
        return refused("clearance-required", kind=wanted.kind, level=wanted.level)
    other = clash(shift, state, person, override)
    if other is not None:
        return refused(
            "double-booked",
            shift_id=other.shift_id,
            starts_at=other.starts_at,
            ends_at=other.ends_at,
            timezone=other.timezone,
        )
    return None


def day(state: ShiftState, asked: Asked) -> str:
    """The day on which a clearance counts: today, or that of the end if the first check is past."""
    first = instants.later(state.starts_at_utc, minutes=-60 * FIRST_CHECK_HOURS)
    return asked.at[:10] if asked.at < first else last_day(state)


def last_day(state: ShiftState) -> str:
    """The day through which a clearance must last for the shift."""
    return state.ends_at[:10]


def clash(shift: Shift, state: ShiftState, person: str, override: tuple[str, ...]) -> Booking | None:
    """Another shift of the person at the same time that nobody named; one that ends as the other begins is none."""
    for booking in shift.bookings.get(person, ()):
        overlaps = booking.starts_at_utc < state.ends_at_utc and state.starts_at_utc < booking.ends_at_utc
        if overlaps and booking.shift_id != state.id and booking.shift_id not in override:
            return booking
    return None
