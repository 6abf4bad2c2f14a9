"""What came of an event: MISSION rows 14, 15, 20.

The complaints: opencollective#3135 (what was honoured is unknown, as nobody could write it down) and
Asymmetric-al#822 (the correction of an error is no ordinary change).
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.events.completion import MOST_CORRECTIONS, MOST_FIGURES
from services.events.document import Event
from shared.contracts.completion import CompleteEvent, CorrectOutcome, EventCompleted, OutcomesChanged
from shared.contracts.events import CancelEvent, ChangeEvent, Venue
from shared.contracts.results import Completion, Figure, Outcome
from shared.decider import Refused
from tests.events.given import (
    AFTER_THE_EVENT,
    EVENT,
    an_event,
    asked,
    decided,
    done,
    kinds,
    leaving,
    problem,
    registering,
    state_of,
    with_registrations,
)

BAGS = Figure("bags", 40, "bags")
MEALS = Figure("meals", 120, "portions")
AFTER = asked(at=AFTER_THE_EVENT)
ENDED = "2026-07-04T15:00:00.000Z"


def completed(*figures: Figure, event: Event | None = None) -> Event:
    """An event that is done."""
    after, decision = decided(event or an_event(), CompleteEvent(EVENT, figures), AFTER)
    assert kinds(decision) == ["EventCompleted"]
    return after


def right(figure: str, quantity: int) -> CorrectOutcome:
    """The wish to put a figure right."""
    return CorrectOutcome(EVENT, figure, quantity, "Counted twice")


def test_an_event_is_completed_with_its_figures() -> None:
    """Row 15: bags; the fact carries all that impact needs, campaign, principles and ward included."""
    event = an_event(venue=Venue(ward="aston"), principles=(7,))
    event, decision = decided(event, CompleteEvent(EVENT, (BAGS, MEALS)), AFTER)
    [fact] = decision.facts

    assert isinstance(fact, EventCompleted)
    assert fact.event == state_of(event) == done(decision).body
    assert (fact.event.status, fact.event.campaign_id, fact.event.principles) == ("completed", "campaign_a", (7,))
    assert fact.event.venue == Venue(ward="aston")
    assert fact.event.completion == fact.result.completion == Completion(AFTER_THE_EVENT, ENDED)
    assert fact.result.outcomes == (
        Outcome("bags", 40, "bags", AFTER_THE_EVENT, ENDED),
        Outcome("meals", 120, "portions", AFTER_THE_EVENT, ENDED),
    )


def test_late_paper_has_both_times() -> None:
    """MISSION 3, 15: when it was, beside when it was written down; a time to come is none."""
    early = "2026-07-03T09:00:00.000Z"
    event, _ = decided(an_event(), CompleteEvent(EVENT, (BAGS,), early), AFTER)
    _, ahead = decided(an_event(), CompleteEvent(EVENT, (BAGS,), "2027-01-01T00:00:00.000Z"), AFTER)

    assert [(one.occurred_at, one.at) for one in state_of(event).outcomes] == [(early, AFTER_THE_EVENT)]
    assert isinstance(ahead.answer, Refused)
    assert (ahead.answer.status, ahead.facts) == (422, ())


def test_what_is_done_is_done_once() -> None:
    """The same again is no fact; a figure that comes later is added; another quantity has to be a correction."""
    event = completed(BAGS)
    _, same = decided(event, CompleteEvent(EVENT, (BAGS,)), AFTER)
    _, nothing = decided(event, CompleteEvent(EVENT), AFTER)
    more, added = decided(event, CompleteEvent(EVENT, (BAGS, MEALS)), AFTER)
    _, other = decided(event, CompleteEvent(EVENT, (Figure("bags", 41, "bags"),)), AFTER)

    assert (kinds(same), kinds(nothing), kinds(added)) == ([], [], ["OutcomesChanged"])
    assert [one.figure for one in state_of(more).outcomes] == ["bags", "meals"]
    assert problem(other) == ("figure-told-already", 409, {"figure": "bags", "quantity": 40})


def test_a_correction_stays_visible_as_one() -> None:
    """What was said before, why and when; the same quantity again is no fact."""
    event, decision = decided(completed(BAGS, MEALS), right("bags", 38), AFTER)
    [fact] = decision.facts
    _, again = decided(event, right("bags", 38), AFTER)
    [bags, meals] = state_of(event).outcomes

    assert isinstance(fact, OutcomesChanged)
    assert fact.figures == ("bags",)
    assert (bags.quantity, meals.quantity) == (38, 120)
    assert [(one.before, one.after, one.reason) for one in bags.corrections] == [(40, 38, "Counted twice")]
    assert kinds(again) == []


def test_figures_and_corrections_end_somewhere() -> None:
    """A document does not grow for ever."""
    event = completed(*(Figure(f"f{number}", 1, "x") for number in range(MOST_FIGURES)))
    _, figures = decided(event, CompleteEvent(EVENT, (BAGS,)), AFTER)
    for number in range(MOST_CORRECTIONS):
        event, _ = decided(event, right("f0", number + 2), AFTER)
    _, corrections = decided(event, right("f0", 99), AFTER)

    assert problem(figures) == ("too-many-figures", 409, {"most": MOST_FIGURES})
    assert problem(corrections) == ("too-many-corrections", 409, {"most": MOST_CORRECTIONS})


def test_a_figure_that_nobody_told_cannot_be_corrected() -> None:
    """404."""
    assert problem(decided(completed(BAGS), right("meals", 1), AFTER)[1])[:2] == ("not-found", 404)


def test_drafts_and_cancelled_events_are_not_completed() -> None:
    """409, with where they stand."""
    draft = an_event(publish=False)
    off, _ = decided(an_event(), CancelEvent(EVENT, "Storm"))

    assert problem(decided(draft, CompleteEvent(EVENT), AFTER)[1]) == ("event-wrong-state", 409, {"status": "draft"})
    assert problem(decided(off, CompleteEvent(EVENT), AFTER)[1]) == ("event-wrong-state", 409, {"status": "cancelled"})


def test_a_completed_event_changes_no_more() -> None:
    """No registrations, no leaving, no change, no cancellation; registrations stay what they are."""
    event = completed(BAGS, event=with_registrations(an_event(), ("bo", 2)))

    for command, by in (registering("cy"), leaving("bo")):
        assert problem(decided(event, command, by)[1])[0] == "event-not-open"
    for change in (ChangeEvent(EVENT, title="Other"), CancelEvent(EVENT, "Late")):
        assert problem(decided(event, change)[1])[0] == "event-wrong-state"
    assert state_of(event).registered == 2


@pytest.mark.parametrize("command", [CompleteEvent(EVENT), right("bags", 1)])
def test_organisers_alone_complete(command: CompleteEvent | CorrectOutcome) -> None:
    """403 for those who may see the event; 404 for those who may not."""
    members, _ = decided(an_event(visibility="members"), CompleteEvent(EVENT, (BAGS,)), AFTER)

    assert problem(decided(completed(BAGS), command, asked("bo"))[1])[:2] == ("forbidden", 403)
    assert problem(decided(members, command, asked("bo"))[1])[:2] == ("not-found", 404)


figures = st.builds(Figure, st.sampled_from(["bags", "meals", "people"]), st.integers(0, 5), st.just("x"))
commands = st.one_of(
    st.builds(CompleteEvent, st.just(EVENT), st.lists(figures, max_size=3).map(tuple)),
    st.builds(right, st.sampled_from(["bags", "meals", "people"]), st.integers(0, 5)),
)


@given(st.lists(commands, max_size=30))
def test_no_figure_changes_without_a_trace(history: list[CompleteEvent | CorrectOutcome]) -> None:
    """Each figure is what was told first, changed by its corrections, one after the other, and is told once."""
    event = an_event()
    told: dict[str, int] = {}
    for command in history:
        before = state_of(event)
        event, decision = decided(event, command, AFTER)
        state = state_of(event)
        assert state.version == before.version + len(decision.facts)
        for one in state.outcomes:
            told.setdefault(one.figure, one.quantity)
            chain = [told[one.figure], *(made.after for made in one.corrections)]
            assert [made.before for made in one.corrections] == chain[:-1]
            assert one.quantity == chain[-1]
    names = [one.figure for one in state_of(event).outcomes]
    assert len(set(names)) == len(names)
