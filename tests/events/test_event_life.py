"""The life of an event as a person would draw it, in every history."""

from hypothesis import given
from hypothesis import strategies as st

from services.events.document import Event
from shared.contracts.completion import CompleteEvent
from shared.contracts.events import CancelEvent, ChangeEvent, PublishEvent
from shared.contracts.message import Command
from shared.contracts.results import Figure
from shared.decider import Asked
from tests.events.given import (
    AFTER_THE_EVENT,
    AT,
    EVENT,
    a_campaign,
    a_plan,
    asked,
    decided,
    leaving,
    registering,
    state_of,
)

ARROWS: dict[type[Command], dict[str, str]] = {
    PublishEvent: {"draft": "published"},
    CancelEvent: {"draft": "cancelled", "published": "cancelled"},
    CompleteEvent: {"published": "completed"},
}
moves: tuple[Command, ...] = (
    PublishEvent(EVENT),
    CancelEvent(EVENT, "Rain"),
    CompleteEvent(EVENT, (Figure("bags", 3, "bags"),)),
)
whats: st.SearchStrategy[tuple[Command, str]] = st.one_of(
    st.tuples(st.sampled_from(moves), st.sampled_from(["ana", "bo"])),
    st.tuples(
        st.builds(
            ChangeEvent, st.just(EVENT), title=st.sampled_from(["Clean-up", "Litter"]), capacity=st.integers(1, 4)
        ),
        st.just("ana"),
    ),
    st.sampled_from([(registering(who)[0], who) for who in ("bo", "cy", "di")]),
    st.sampled_from([(leaving(who)[0], who) for who in ("bo", "cy", "di")]),
)


@given(st.lists(st.tuples(whats, st.sampled_from([AT, AFTER_THE_EVENT])), max_size=30))
def test_no_history_leaves_the_arrows(history: list[tuple[tuple[Command, str], str]]) -> None:
    """Versions without a gap; what has ended takes nobody any more; who may not act moves nothing."""
    event, _ = decided(Event(campaign=a_campaign()), a_plan(publish=False, capacity=2))
    now = AT
    for (command, who), at in history:
        now = max(now, at)
        before = state_of(event)
        event, decision = decided(event, command, _asked(who, now))
        after = state_of(event)
        versions = [fact.streamversion for fact in decision.facts]
        assert versions == list(range(before.version + 1, after.version + 1))
        if before.status != after.status:
            assert (who, ARROWS[type(command)][before.status]) == ("ana", after.status)
        if before.status != "published":
            assert after.registered <= before.registered
        assert after.registered <= (after.capacity or 0)
        assert (after.cancellation is not None) == (after.status == "cancelled")


def _asked(who: str, at: str) -> Asked:
    return asked(who, at=at)
