"""The rules of what came of an event: completing it, its figures and their corrections. Pure."""

from typing import Final

from msgspec.structs import replace

from services.events.document import following
from shared.contracts.completion import CompleteEvent, CorrectOutcome, EventCompleted, OutcomesChanged
from shared.contracts.events import EventState
from shared.contracts.message import Fact
from shared.contracts.results import Completion, Figure, FigureCorrection, Outcome, Result
from shared.decider import Asked, Decision, Done, Refused, refused

MOST_FIGURES: Final = 20
MOST_CORRECTIONS: Final = 20
"""Of one figure: an event's document does not grow without end."""


def complete(state: EventState, command: CompleteEvent, asked: Asked) -> Decision:
    """Write the event down as done; asked again, add the figures that were not told yet.

    A figure that is there with another quantity is refused: it is corrected, so that the change is seen.
    """
    if state.status not in {"published", "completed"}:
        return Decision(refused("event-wrong-state", status=state.status))
    occurred_at = command.occurred_at or state.ends_at_utc
    if wrong := ahead(command.occurred_at, asked):
        return Decision(wrong)
    if len({told.figure for told in command.outcomes}) < len(command.outcomes):
        return Decision(Refused("invalid-body", 422, errors=(("/outcomes", "tells a figure twice"),)))
    known = {outcome.figure: outcome for outcome in state.outcomes}
    for told in command.outcomes:
        before = known.get(told.figure)
        if before is not None and (before.quantity, before.unit) != (told.quantity, told.unit):
            return Decision(refused("figure-told-already", figure=told.figure, quantity=before.quantity))
    new = tuple(_outcome(told, asked, occurred_at) for told in command.outcomes if told.figure not in known)
    if len(known) + len(new) > MOST_FIGURES:
        return Decision(refused("too-many-figures", most=MOST_FIGURES))
    if state.status == "completed" and not new:
        return Decision(Done("event", state.id, state))
    after = replace(following(state, asked), outcomes=(*state.outcomes, *new))
    if state.status == "published":
        after = replace(after, status="completed", completion=Completion(asked.at, occurred_at))
        fact: Fact = EventCompleted(after, result_of(after))
    else:
        fact = OutcomesChanged(after, result_of(after), tuple(outcome.figure for outcome in new))
    return Decision(Done("event", after.id, after), (fact,))


def correct(state: EventState, command: CorrectOutcome, asked: Asked) -> Decision:
    """Put a figure right; the same quantity again is no fact."""
    outcome = next((outcome for outcome in state.outcomes if outcome.figure == command.figure), None)
    if outcome is None:
        return Decision(Refused("not-found", 404))
    if outcome.quantity == command.quantity:
        return Decision(Done("event", state.id, state))
    if len(outcome.corrections) >= MOST_CORRECTIONS:
        return Decision(refused("too-many-corrections", most=MOST_CORRECTIONS))
    corrected = FigureCorrection(outcome.quantity, command.quantity, command.reason, asked.at)
    right = replace(outcome, quantity=command.quantity, corrections=(*outcome.corrections, corrected))
    after = replace(
        following(state, asked),
        outcomes=tuple(right if one.figure == command.figure else one for one in state.outcomes),
    )
    return Decision(Done("event", after.id, after), (OutcomesChanged(after, result_of(after), (command.figure,)),))


def result_of(state: EventState) -> Result:
    """All that came of an event of one date."""
    return Result(None, state.completion, state.attendance, state.outcomes)


def ahead(occurred_at: str | None, asked: Asked) -> Refused | None:
    """Refuse what is said to have happened in time to come."""
    if occurred_at is None or occurred_at <= asked.at:
        return None
    return Refused("invalid-body", 422, errors=(("/occurred_at", "lies in the future"),))


def _outcome(told: Figure, asked: Asked, occurred_at: str) -> Outcome:
    return Outcome(told.figure, told.quantity, told.unit, asked.at, occurred_at)
