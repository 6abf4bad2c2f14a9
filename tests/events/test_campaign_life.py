from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from services.events.campaign import Campaign
from services.events.campaign_life import MOST_SLUGS
from shared.contracts.events import (
    CampaignState,
    CampaignStatus,
    ChangeCampaign,
    CloseCampaign,
    LaunchCampaign,
    OnCampaign,
    PauseCampaign,
    ReopenCampaign,
    ResumeCampaign,
)
from shared.contracts.message import Command
from shared.decider import Done
from tests.events.given import CAMPAIGN, LATER, a_campaign, asked, decided, done, kinds, problem

ARROWS: dict[type[Command], dict[CampaignStatus, CampaignStatus]] = {
    LaunchCampaign: {"draft": "live"},
    PauseCampaign: {"live": "paused"},
    ResumeCampaign: {"paused": "live"},
    CloseCampaign: {"draft": "closed", "live": "closed", "paused": "closed"},
    ReopenCampaign: {"closed": "live"},
}
"""The life of a campaign as a person would draw it."""

changes = st.builds(
    ChangeCampaign,
    st.just(CAMPAIGN),
    name=st.sampled_from(["As One", "Together"]),
    slug=st.sampled_from(["as-one", "together", "brum"]),
    principles=st.sampled_from([(), (1,), (1, 8)]),
)
commands = st.one_of(changes, st.sampled_from([kind(CAMPAIGN) for kind in ARROWS]))


def changing(before: Campaign, **fields: Any) -> tuple[Campaign, Any]:  # noqa: ANN401 -- any field of the command
    """Have ana change the campaign."""
    return decided(before, ChangeCampaign(CAMPAIGN, **fields), asked("ana", at=LATER))


def state_of(campaign: Campaign) -> CampaignState:
    """The campaign's state; it exists."""
    assert campaign.state is not None
    return campaign.state


@pytest.mark.parametrize("status", ["draft", "live", "paused", "closed"])
def test_fields_change_in_any_status_but_the_last(status: CampaignStatus) -> None:
    """One fact that names them; version and revision count, the status stays."""
    fields = {"name": "Together", "starts_on": "2026-05-01", "wards": ("aston",), "languages": ("en", "ur")}
    after, decision = changing(Campaign(a_campaign(status)), **fields)

    [fact] = decision.facts
    assert fact.changed == tuple(fields)
    assert done(decision).body == after.state
    assert after.state == replace(a_campaign(status), **fields, version=3, revision=2, updated_at=LATER)


def test_null_empties_what_may_be_empty() -> None:
    """JSON merge patch."""
    after, _ = changing(Campaign(a_campaign(starts_on="2026-05-01", ends_on="2026-06-01")), starts_on=None)

    assert (state_of(after).starts_on, state_of(after).ends_on) == (None, "2026-06-01")


def test_nothing_new_is_no_fact() -> None:
    """200 with the campaign as it is."""
    before = Campaign(a_campaign())
    after, decision = changing(before, name="As One", wards=())

    assert (after, decision.facts, done(decision).body) == (before, (), before.state)


def test_a_change_of_another_revision_is_refused() -> None:
    """412 with the current one; before anything else is looked at."""
    _, decision = changing(Campaign(a_campaign()), revision=2, name="As One")

    assert problem(decision) == ("revision-mismatch", 412, {"revision": 1})


def test_a_successor_speaks_for_itself() -> None:
    """What has evolved is history."""
    _, decision = changing(Campaign(a_campaign("evolved")), name="Other")

    assert problem(decision) == ("campaign-wrong-state", 409, {"status": "evolved"})


def test_dates_are_looked_at_together() -> None:
    """Also where one of them is as before."""
    _, decision = changing(Campaign(a_campaign(starts_on="2026-05-01")), ends_on="2026-04-30")

    assert problem(decision) == ("invalid-body", 422, {})


def test_a_slug_that_is_given_up_stays_the_campaigns_own() -> None:
    """It may come back to it."""
    once, _ = changing(Campaign(a_campaign()), slug="together")
    twice, _ = changing(once, slug="as-one")

    assert (state_of(once).slug, state_of(once).former_slugs) == ("together", ("as-one",))
    assert (state_of(twice).slug, state_of(twice).former_slugs) == ("as-one", ("together",))


def test_a_slug_of_another_campaign_is_taken() -> None:
    """The one that is named, not any that the batch mentions."""
    before = Campaign(a_campaign(), taken=frozenset({"brum"}))
    _, refused = changing(before, slug="brum")
    _, granted = changing(before, slug="birmingham")

    assert problem(refused) == ("slug-taken", 409, {"slug": "brum"})
    assert kinds(granted) == ["CampaignChanged"]


def test_slugs_are_bounded() -> None:
    """They stand in the campaign's document."""
    former = tuple(f"s{number}" for number in range(MOST_SLUGS))
    _, decision = changing(Campaign(a_campaign(former_slugs=former)), slug="one-more")

    assert problem(decision) == ("too-many-slugs", 409, {"most": MOST_SLUGS})


@pytest.mark.parametrize("status", ["draft", "live", "paused", "closed", "evolved"])
@pytest.mark.parametrize("kind", ARROWS, ids=lambda kind: kind.__name__)
def test_a_campaign_goes_by_its_arrows(kind: type[Command], status: CampaignStatus) -> None:
    """Where an arrow leads is 200 without a fact; where none begins is refused with the status."""
    before = Campaign(a_campaign(status))
    after, decision = decided(before, kind(CAMPAIGN))

    if status in ARROWS[kind]:
        assert (state_of(after).status, state_of(after).version) == (ARROWS[kind][status], 3)
        assert len(decision.facts) == 1
    elif status in ARROWS[kind].values():
        assert (after, decision.facts, done(decision).status) == (before, (), 200)
    else:
        assert problem(decision) == ("campaign-wrong-state", 409, {"status": status})


@given(st.lists(commands, max_size=30))
def test_no_history_leaves_the_arrows(history: list[Command]) -> None:
    """Versions without a gap; a revision for every change; a slug is never forgotten; a repeat changes nothing."""
    campaign = Campaign(a_campaign("draft", version=1))
    slugs = {"as-one"}
    for command in history:
        before = state_of(campaign)
        campaign, decision = decided(campaign, command)
        after = state_of(campaign)
        versions = [fact.streamversion for fact in decision.facts]
        assert versions == list(range(before.version + 1, after.version + 1))
        assert all(isinstance(fact, OnCampaign) and fact.campaign == after for fact in decision.facts)
        if before.status != after.status:
            assert ARROWS[type(command)][before.status] == after.status
        assert after.revision - before.revision == (isinstance(command, ChangeCampaign) and bool(decision.facts))
        slugs.add(after.slug)
        assert {after.slug, *after.former_slugs} == slugs
        assert after.slug not in after.former_slugs
        again, repeated = decided(campaign, command)
        assert again == campaign
        assert repeated.facts == ()
        if isinstance(decision.answer, Done):
            assert isinstance(repeated.answer, Done)
