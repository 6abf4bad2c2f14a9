"""How messages tell of what happens again (RFC 5545, sections 3.3.10 and 3.8.5)."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

Day = Literal["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


class Recurrence(Struct, frozen=True, omit_defaults=True):
    """A rule, the original local starts that are left out, and local starts besides; without a rule, those alone."""

    rrule: str | None = None
    exdates: tuple[str, ...] = ()
    rdates: tuple[str, ...] = ()


class RecurrenceChange(Struct, frozen=True, omit_defaults=True):
    """The fields of a recurrence that are to be others (JSON merge patch, RFC 7396)."""

    rrule: str | UnsetType | None = UNSET
    exdates: tuple[str, ...] | UnsetType = UNSET
    rdates: tuple[str, ...] | UnsetType = UNSET


class Hours(Struct, frozen=True):
    """Simple weekly hours: a day and two local times `HH:MM`; what closes by its opening time closes the day after."""

    day: Day
    opens: str
    closes: str
