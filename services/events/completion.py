"""The rules of what came of an event: completing it, its figures and their corrections. Pure."""

from typing import Final

from msgspec.structs import replace

from services.events.document import Event
from services.events.results import kept, written
from shared.contracts.completion import CompleteEvent, CorrectOutcome, EventCompleted, OutcomesChanged
from shared.contracts.events import EventState
from shared.contracts.message import Fact
from shared.contracts.results import Completion, Figure, FigureCorrection, Outcome
from shared.decider import NOT_FOUND, Asked, Decision, Done, Refused, refused

MOST_FIGURES: Final = 20
MOST_CORRECTIONS: Final = 20
"""Of one figure: an event's document does not grow without end."""


def complete(event: Event, state: EventState, command: CompleteEvent, asked: Asked) -> Decision:
    """Write the event, or a date of a series, down as done; asked again, add the figures that were not told yet.

    A figure that is there with another quantity is refused: it is corrected, so that the change is seen.
    """
    found = kept(event, state, command.occurrence)
    if isinstance(found, Refused):
        return Decision(found)
    if state.status not in {"published", "completed"} or found.off:
        return Decision(refused("event-wrong-state", status="cancelled" if found.off else state.status))
    occurred_at = command.occurred_at or found.ends_at_utc
    before = found.result
    known = {outcome.figure: outcome for outcome in before.outcomes}
    if wrong := ahead(command.occurred_at, asked) or _contradicts(command, known):
        return Decision(wrong)
    new = tuple(_outcome(told, asked, occurred_at) for told in command.outcomes if told.figure not in known)
    if len(known) + len(new) > MOST_FIGURES:
        return Decision(refused("too-many-figures", most=MOST_FIGURES))
    if before.completion is not None and not new:
        return Decision(Done("event", state.id, state))
    completion = before.completion or Completion(asked.at, occurred_at)
    result = replace(before, completion=completion, outcomes=(*before.outcomes, *new))
    after, occurrence = written(event, state, result, asked)
    if before.completion is None:
        after = replace(after, status="completed") if occurrence is None else after
        fact: Fact = EventCompleted(after, result, occurrence)
    else:
        fact = OutcomesChanged(after, result, tuple(outcome.figure for outcome in new), occurrence)
    return Decision(Done("event", after.id, after), (fact,))


def correct(event: Event, state: EventState, command: CorrectOutcome, asked: Asked) -> Decision:
    """Put a figure right; the same quantity again is no fact."""
    found = kept(event, state, command.occurrence)
    if isinstance(found, Refused):
        return Decision(found)
    outcomes = found.result.outcomes
    outcome = next((outcome for outcome in outcomes if outcome.figure == command.figure), None)
    if outcome is None:
        return Decision(NOT_FOUND)
    if outcome.quantity == command.quantity:
        return Decision(Done("event", state.id, state))
    if len(outcome.corrections) >= MOST_CORRECTIONS:
        return Decision(refused("too-many-corrections", most=MOST_CORRECTIONS))
    corrected = FigureCorrection(outcome.quantity, command.quantity, command.reason, asked.at)
    right = replace(outcome, quantity=command.quantity, corrections=(*outcome.corrections, corrected))
    result = replace(found.result, outcomes=tuple(right if one.figure == command.figure else one for one in outcomes))
    after, occurrence = written(event, state, result, asked)
    fact = OutcomesChanged(after, result, (command.figure,), occurrence)
    return Decision(Done("event", after.id, after), (fact,))


def _contradicts(command: CompleteEvent, known: dict[str, Outcome]) -> Refused | None:
    if len({told.figure for told in command.outcomes}) < len(command.outcomes):
        return Refused("invalid-body", 422, errors=(("/outcomes", "tells a figure twice"),))
    for told in command.outcomes:
        before = known.get(told.figure)
        if before is not None and (before.quantity, before.unit) != (told.quantity, told.unit):
            return refused("figure-told-already", figure=told.figure, quantity=before.quantity)
    return None


def ahead(occurred_at: str | None, asked: Asked) -> Refused | None:
    """Refuse what is said to have happened in time to come."""
    if occurred_at is None or occurred_at <= asked.at:
        return None
    return Refused("invalid-body", 422, errors=(("/occurred_at", "lies in the future"),))


def _outcome(told: Figure, asked: Asked, occurred_at: str) -> Outcome:
    return Outcome(told.figure, told.quantity, told.unit, asked.at, occurred_at)
