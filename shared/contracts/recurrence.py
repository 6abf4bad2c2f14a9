"""How messages tell of what happens again (RFC 5545, sections 3.3.10 and 3.8.5)."""

from typing import Literal

from msgspec import Struct

Day = Literal["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


class Recurrence(Struct, frozen=True, omit_defaults=True):
    """A rule, the original local starts that are left out, and local starts besides; without a rule, those alone."""

    rrule: str | None = None
    exdates: tuple[str, ...] = ()
    rdates: tuple[str, ...] = ()


class Hours(Struct, frozen=True):
    """Simple weekly hours: a day and two local times `HH:MM`; what closes by its opening time closes the day after."""

    day: Day
    opens: str
    closes: str
