"""The times that a pledge of time or skill is promised for: one, or many with an end."""

from itertools import islice
from typing import Annotated, Final

from pydantic import Field

from services.gateway.bodies import Body
from services.gateway.fields import LocalTime, TimeZone
from services.gateway.problems import Flaw, ProblemError
from shared.contracts.recurrence import Recurrence
from shared.recurrence import Series, flaws, occurrences

MOST_SESSIONS: Final = 60
"""Of one pledge: they travel with each of its facts. A meeting a week for a year has room."""


class Sessions(Body):
    """The first session and how it comes again (RFC 5545); a rule has an end, `COUNT` or `UNTIL`."""

    starts_at: LocalTime
    ends_at: LocalTime
    timezone: TimeZone = "Europe/London"
    rrule: Annotated[str, Field(max_length=500)] | None = None
    dates: Annotated[tuple[LocalTime, ...], Field(max_length=MOST_SESSIONS)] = ()


def starts(sessions: Sessions) -> tuple[str, ...]:
    """Local starts of all sessions; `invalid-body` (422) for those that do not end, or are none."""
    if sessions.ends_at <= sessions.starts_at:
        raise _invalid("/ends_at", "A session ends after it starts.")
    again = Recurrence(sessions.rrule, (), (sessions.starts_at, *sessions.dates))
    series = Series(sessions.starts_at, sessions.ends_at, sessions.timezone, again)
    found = flaws(series)
    if found:
        raise ProblemError("invalid-body", errors=[Flaw(f"/sessions{pointer}", detail) for pointer, detail in found])
    names = [one.name for one in islice(occurrences(series), MOST_SESSIONS + 1)]
    if len(names) > MOST_SESSIONS:
        raise _invalid("/rrule", f"There are more than {MOST_SESSIONS} sessions; give the rule an end.")
    return tuple(names)


def _invalid(pointer: str, detail: str) -> ProblemError:
    return ProblemError("invalid-body", errors=[Flaw(f"/sessions{pointer}", detail)])
