"""Who was there: party by party, or as a number where names would harm."""

from typing import Literal

from shared.contracts.event_states import OccurrenceState, OfEvent, OnEvent, RegistrationState
from shared.contracts.results import Count, Result

Presence = Literal["attended", "no_show"]


class NoteAttendance(OfEvent, frozen=True):
    """Say whether a party came. `occurred_at`: when it did, for sheets that are typed in later."""

    registration_id: str
    status: Presence
    occurred_at: str | None = None


class TakeHeadcount(OfEvent, frozen=True):
    """Say how many people came, whoever they are; another number later is a correction."""

    headcount: Count
    occurrence: str | None = None
    occurred_at: str | None = None
    reason: str = ""


class AttendanceNoted(OnEvent, frozen=True):
    """It is known whether a party came."""

    registration: RegistrationState
    result: Result
    occurrence: OccurrenceState | None = None


class HeadcountTaken(OnEvent, frozen=True):
    """It is known how many people came."""

    result: Result
    occurrence: OccurrenceState | None = None
