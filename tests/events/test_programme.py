"""Agenda and actions of summits and public meetings (MISSION rows 12 and 61)."""

import pytest

from services.events.programme import MOST
from shared.contracts.completion import CompleteEvent
from shared.contracts.programme import AddAction, AddAgendaItem, ChangeAction, ProgrammeChanged, ProgrammeState
from tests.events.given import AFTER_THE_EVENT, EVENT, LATER, an_event, asked, decided, done, kinds, problem, state_of

ITEM = AddAgendaItem(EVENT, "i1", "Litter", url="https://learning.example/litter")
ACTION = AddAction(EVENT, "a1", "Two more bins", "Council", "2026-09-01")


def shown(answer: object) -> ProgrammeState:
    """The programme that was answered."""
    assert isinstance(answer, ProgrammeState)
    return answer


def test_items_and_actions_are_written_down_in_order() -> None:
    """A repeat is answered as the first time; each change is a fact with the whole programme."""
    event, _ = decided(an_event(type="summit"), ITEM)
    event, decision = decided(event, ACTION, asked(at=LATER))
    _, again = decided(event, ACTION)
    [fact] = decision.facts

    programme = shown(done(decision).body)
    assert isinstance(fact, ProgrammeChanged)
    assert fact.programme == programme
    assert [item.title for item in programme.agenda] == ["Litter"]
    assert [(action.title, action.state, action.at) for action in programme.actions] == [
        ("Two more bins", "open", LATER)
    ]
    assert (programme.version, state_of(event).version) == (fact.event.version, fact.event.version)
    assert (kinds(again), done(again).status) == ([], 201)


def test_an_action_is_done_or_dropped_at_any_time() -> None:
    """Also after the meeting; a note stays unless there is another."""
    event, _ = decided(an_event(), ACTION)
    event, _ = decided(event, CompleteEvent(EVENT), asked(at=AFTER_THE_EVENT))
    event, _ = decided(event, ChangeAction(EVENT, "a1", "done", "Delivered in May"), asked(at=AFTER_THE_EVENT))
    event, decision = decided(event, ChangeAction(EVENT, "a1", "open"), asked(at=AFTER_THE_EVENT))
    _, same = decided(event, ChangeAction(EVENT, "a1", "open"))
    [action] = shown(done(decision).body).actions

    assert (action.state, action.note, action.changed_at) == ("open", "Delivered in May", AFTER_THE_EVENT)
    assert kinds(same) == []
    assert problem(decided(event, ChangeAction(EVENT, "a2", "done"))[1])[:2] == ("not-found", 404)


def test_a_programme_ends_somewhere() -> None:
    """Refused with how many there may be."""
    event = an_event()
    for number in range(MOST):
        event, _ = decided(event, AddAction(EVENT, f"a{number}", "Bin"))
        event, _ = decided(event, AddAgendaItem(EVENT, f"i{number}", "Bin"))

    assert problem(decided(event, AddAction(EVENT, "b", "Bin"))[1]) == ("too-many-items", 409, {"most": MOST})
    assert problem(decided(event, AddAgendaItem(EVENT, "b", "Bin"))[1]) == ("too-many-items", 409, {"most": MOST})


@pytest.mark.parametrize("command", [ITEM, ACTION, ChangeAction(EVENT, "a1", "done")])
def test_who_manages_the_event_writes_its_programme(command: AddAgendaItem | AddAction | ChangeAction) -> None:
    """Nobody else."""
    event, _ = decided(an_event(), ACTION)

    assert problem(decided(event, command, asked("bo"))[1])[:2] == ("forbidden", 403)
