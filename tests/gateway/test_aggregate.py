"""A campaign with all that hangs on it, and its totals."""

import asyncio

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.gateway import aggregate, views
from services.gateway.view_store import ViewStore, Whole
from services.gateway.views import State
from shared.contracts.events import CampaignState, EventState
from shared.contracts.message import Fact
from shared.contracts.pledges import NeedState, PledgeMade
from shared.redis import Redis
from tests.gateway.given import (
    CAMPAIGN,
    LATER,
    a_batch,
    a_campaign,
    a_live_set,
    a_need,
    a_partner,
    a_pledge,
    a_root,
    an_event,
)

PLACE = "pledges.facts:0"


async def _whole(store: ViewStore, now: str = LATER) -> Whole:
    whole = await store.aggregate("id", CAMPAIGN, now)
    assert isinstance(whole, Whole)
    return whole


async def test_the_aggregate_shows_the_next_events_and_the_most_urgent_needs(store: ViewStore) -> None:
    """Ten of each, in order; what is past, cancelled, hidden or closed is not among them."""
    events = [an_event(n, starts_at_utc=f"2099-06-{n + 1:02d}T09:00:00.000Z") for n in range(12)]
    needs = [a_need(n, by=f"2099-01-{28 - n:02d}") for n in range(12)]
    await store.apply(
        a_batch(
            a_campaign(),
            *events,
            an_event(50, starts_at_utc="2020-01-01T00:00:00.000Z"),
            an_event(51, starts_at_utc="2099-01-01T00:00:00.000Z", status="cancelled"),
            an_event(52, starts_at_utc="2099-01-01T00:00:00.000Z", visibility="members"),
            *needs,
            a_need(50, by="2020-01-01", status="closed"),
            a_partner(1, created_at=LATER),
            a_partner(0),
        )
    )

    read = msgspec.json.decode(
        aggregate.assemble(await _whole(store), msgspec.json.encode(a_campaign())), type=aggregate.Aggregate
    )

    assert [event.id for event in read.events] == [event.id for event in events[:10]]
    assert [need.id for need in read.needs] == [need.id for need in needs[:1:-1]]
    assert [partner.name for partner in read.partners] == ["Kitchen 0", "Kitchen 1"]
    assert (read.totals.events, read.totals.needs_open, read.totals.partners) == (13, 12, 2)
    assert read.campaign == a_campaign()


async def test_as_of_is_when_the_newest_part_changed(store: ViewStore) -> None:
    """So two replicas, and views built anew, say the same."""
    await store.apply(a_batch(a_campaign(), a_need(updated_at=LATER)))
    await store.apply(a_batch(a_need(1)))

    assert (await _whole(store)).at == LATER


KINDS = ("meal", "food_parcel", "time")
needs = st.builds(
    lambda n, version, kind, status, pledged, share: a_need(
        n, version=version, kind=kind, status=status, pledged=pledged, delivered=pledged * share // 10
    ),
    st.integers(0, 5),
    st.integers(1, 20),
    st.sampled_from(KINDS),
    st.sampled_from(["open", "closed", "fulfilled"]),
    st.integers(0, 10**9),
    st.integers(0, 10),
)
events = st.builds(
    lambda n, version, status, visibility, registered: an_event(
        n, version=version, status=status, visibility=visibility, registered=registered
    ),
    st.integers(0, 5),
    st.integers(1, 20),
    st.sampled_from(["published", "cancelled", "completed"]),
    st.sampled_from(["public", "members", "hidden_location"]),
    st.integers(0, 500),
)
pledges = st.builds(
    lambda n, version, donor: PledgeMade(a_need(n, version=version), a_pledge(a_need(n), donor)),
    st.integers(0, 5),
    st.integers(1, 20),
    st.sampled_from(["ana", "bo", "cy"]),
)


def _folded(history: list[Fact | State]) -> aggregate.Totals:
    """The totals as a newcomer would write them: newest state of each thing, then sums."""
    newest: dict[str, State] = {}
    volunteers = set()
    for told in history:
        state = views.state_of(told) if isinstance(told, Fact) else told
        assert state is not None
        if isinstance(told, PledgeMade):
            volunteers.add(told.pledge.donor)
        if state.id not in newest or newest[state.id].version < state.version:
            newest[state.id] = state
    shown = [state for state in newest.values() if not isinstance(state, CampaignState)]
    counted = [
        state
        for state in shown
        if isinstance(state, EventState) and state.visibility != "members" and state.status != "cancelled"
    ]
    asked = [state for state in shown if isinstance(state, NeedState)]
    kinds = sorted({need.kind for need in asked})
    return aggregate.Totals(
        0,
        len(volunteers),
        len(counted),
        sum(event.registered for event in counted),
        sum(need.status == "open" for need in asked),
        {kind: sum(need.pledged for need in asked if need.kind == kind) for kind in kinds},
        {kind: sum(need.delivered for need in asked if need.kind == kind) for kind in kinds},
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(st.one_of(needs, events, pledges), max_size=30), size=st.integers(1, 7))
def test_totals_equal_a_plain_fold(redis: str, history: list[Fact | State], size: int) -> None:
    """Whatever comes in whatever batches; figures of equal versions are told apart by who came first."""

    async def totals() -> aggregate.Totals:
        server = Redis(redis, connections=2)
        store = ViewStore(server, a_root())
        await a_live_set(store)
        await store.apply(a_batch(a_campaign()))
        for start in range(0, len(history), size):
            await store.apply(a_batch(*history[start : start + size]))
        body = aggregate.assemble(await _whole(store), b"{}")
        await server.close()
        return msgspec.json.decode(msgspec.json.encode(msgspec.json.decode(body)["totals"]), type=aggregate.Totals)

    assert asyncio.run(totals()) == _folded(history)
