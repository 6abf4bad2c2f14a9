"""What came of an event, or of one date of it: who was there as numbers, and what it brought about.

Sheets of paper come late: what was noted has the instant at which it happened (`occurred_at`) beside that at which it
was written down (`at`). Nothing is overwritten silently: a figure that was wrong keeps what it was before.
"""

from typing import Annotated

from msgspec import Meta, Struct

Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]


class FigureCorrection(Struct, frozen=True):
    """An error put right: what was said before, why it changed."""

    before: int
    after: int
    reason: str
    at: str


class Outcome(Struct, frozen=True):
    """One figure of what an event brought about: 40 bags, 120 meals."""

    figure: str
    quantity: int
    unit: str
    at: str
    occurred_at: str
    corrections: tuple[FigureCorrection, ...] = ()


class Completion(Struct, frozen=True):
    """When an event was written down as done, and when it was."""

    at: str
    occurred_at: str


class Attendance(Struct, frozen=True):
    """How many people came: counted at the door (`headcount`), or party by party (`attended`, `no_show`)."""

    headcount: int | None = None
    attended: int = 0
    no_show: int = 0
    at: str = ""
    occurred_at: str = ""
    corrections: tuple[FigureCorrection, ...] = ()


class Result(Struct, frozen=True):
    """What came of one date of an event; `occurrence` is null where the event has one date only."""

    occurrence: str | None = None
    completion: Completion | None = None
    attendance: Attendance | None = None
    outcomes: tuple[Outcome, ...] = ()


class Figure(Struct, frozen=True):
    """A figure as it is reported."""

    figure: str
    quantity: Count
    unit: str
