"""Completing an event: what it brought about, in figures, and their corrections."""

from shared.contracts.event_states import OccurrenceState, OfEvent, OnEvent
from shared.contracts.results import Count, Figure, Result


class CompleteEvent(OfEvent, frozen=True):
    """Write an event down as done, with what it brought about; figures not told yet may follow later.

    `occurred_at`: when it was; its end, if not said.
    """

    outcomes: tuple[Figure, ...] = ()
    occurred_at: str | None = None
    occurrence: str | None = None


class CorrectOutcome(OfEvent, frozen=True):
    """Put a figure right; what it was before stays readable."""

    figure: str
    quantity: Count
    reason: str
    occurrence: str | None = None


class EventCompleted(OnEvent, frozen=True):
    """The event, or one date of a series (`occurrence`), is done; `result` is all that came of it."""

    result: Result
    occurrence: OccurrenceState | None = None


class OutcomesChanged(OnEvent, frozen=True):
    """Figures were added or put right after the event was done; `figures` names them."""

    result: Result
    figures: tuple[str, ...]
    occurrence: OccurrenceState | None = None
