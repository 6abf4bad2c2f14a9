"""What facts mean for those who read."""

import msgspec
import pytest

from services.gateway import views
from shared.contracts.events import (
    CampaignCreated,
    CampaignState,
    EventCreated,
    MemberAdded,
    PartnerJoined,
    PartnerStatus,
    Venue,
)
from shared.contracts.notifications import FollowBegun, Followed, FollowerState
from shared.contracts.pledges import NeedOpened, PledgeHeld, PledgeMade
from tests.gateway.given import AT, CAMPAIGN, a_campaign, a_need, a_partner, a_pledge, an_event


def test_a_campaign_reads_as_its_state() -> None:
    """The body is the whole public state, field by field."""
    view = views.view_of(a_campaign())

    assert msgspec.json.decode(view.body, type=CampaignState) == a_campaign()
    assert (view.version, view.public, view.slugs, view.campaign) == (2, 1, ("as-one",), CAMPAIGN)


@pytest.mark.parametrize(
    "state",
    [
        a_campaign(status="draft"),
        an_event(status="draft", published_at=None),
        an_event(status="cancelled", published_at=None),
        an_event(visibility="members"),
        an_event(hidden=True),
        an_event(hidden=True, visibility="hidden_location"),
    ],
)
def test_what_is_not_public_stands_in_no_list_and_no_total(state: views.State) -> None:
    """Drafts, drafts called off and members' events are kept for their owner alone."""
    view = views.view_of(state)

    assert (view.public, view.entries, view.share) == (0, (), ())


def test_a_hidden_location_is_public_by_its_ward() -> None:
    """It stands in the lists; the fact tells no more of the place than the ward."""
    view = views.view_of(an_event(visibility="hidden_location", venue=Venue(ward="aston")))

    assert view.public
    assert "l:event:ward:aston" in view.entries


def test_a_partner_reads_without_its_members() -> None:
    """Who acts for a partner is told to nobody."""
    view = views.partner_view(a_partner())

    assert "members" not in msgspec.json.decode(view.body)
    assert "bo" not in view.body.split('"')


def test_a_cancelled_event_counts_in_no_total_and_is_not_upcoming() -> None:
    """People registered for it are not registered any more; the list still shows it."""
    view = views.view_of(an_event(status="cancelled", registered=7))

    assert view.share == ()
    assert "l:event:all" in view.entries
    assert not any(name.startswith("c:") for name in view.entries)


def test_an_open_need_is_urgent_by_its_date_and_then_its_age() -> None:
    """Without a date it comes after all that have one."""
    dated = views.view_of(a_need(by="2026-06-01"))
    undated = views.view_of(a_need(1))

    assert f"2026-06-01|{AT}|{a_need().id}" in dated.entries
    assert f"9999-12-31|{AT}|{a_need(1).id}" in undated.entries


def test_an_urgent_need_is_found_while_something_is_uncommitted() -> None:
    """Its step stays to be read; the list is of those that still need help."""
    waits = views.view_of(a_need(urgency="urgent"))
    closed = views.view_of(a_need(urgency="urgent", status="closed"))
    full = views.view_of(a_need(urgency="urgent", uncommitted=0))

    assert "l:need:urgency:urgent" in waits.entries
    assert "l:need:urgency:urgent" not in closed.entries + full.entries


def test_a_closed_need_adds_its_figures_and_is_not_open() -> None:
    """What was delivered stays in the totals."""
    view = views.view_of(a_need(status="closed", pledged=9, delivered=4))

    assert view.share == ("need", 0, "meal", 9, 4)
    assert f"c:{CAMPAIGN}:open" not in view.entries


def test_facts_tell_of_things_partners_and_volunteers() -> None:
    """Each fact names what it changes; people's own streams have no view."""
    need, partner = a_need(), a_partner()
    followed = FollowBegun(FollowerState("ana", 1, AT, AT, 1), Followed("need", need.id))

    assert views.state_of(CampaignCreated(a_campaign())) == a_campaign()
    assert views.state_of(EventCreated(an_event())) == an_event()
    assert views.state_of(NeedOpened(need, "ana")) == need
    assert views.state_of(followed) is None
    assert views.partner_of(PartnerJoined(a_campaign(), partner)) == partner
    assert views.partner_of(MemberAdded(a_campaign(), partner, "cy")) == partner
    assert views.volunteer_of(PledgeMade(need, a_pledge(need))) == views.Volunteer(CAMPAIGN, "cy")
    assert views.volunteer_of(PledgeHeld(need, a_pledge(need, status="held", held_until=AT))) is None


@pytest.mark.parametrize("status", ["invited", "pending", "left", "removed"])
def test_of_a_partner_that_is_not_active_only_the_version_is_kept(status: PartnerStatus) -> None:
    """So that it is not shown, and no older state brings it back."""
    shown, hidden = views.partner_view(a_partner()), views.partner_view(a_partner(version=2, status=status))

    assert '"verification":"provisional"' in shown.body
    assert (hidden.version, hidden.body) == (2, "")


@pytest.mark.parametrize("text", ["a:b", "a b", "", "A", "x" * 101, "*", "a\n", "é"])
def test_sec_26_text_that_could_leave_its_key_is_hashed(text: str) -> None:
    """A facet's name ends with a safe word, whatever the value."""
    made = views.facet("event", "category", text)

    assert made.startswith("l:event:category:~")
    assert made.count(":") == 3


def test_different_text_has_different_sets() -> None:
    """Hashing does not mix values up."""
    assert views.facet("event", "category", "a:b") != views.facet("event", "category", "a b")


def test_a_second_pledge_is_no_second_volunteer() -> None:
    """opencollective/opencollective#3256: it was counted as a second backer; here a person is a member of a set."""
    first, second = a_need(), a_need(1)

    found = {
        views.volunteer_of(PledgeMade(first, a_pledge(first))),
        views.volunteer_of(PledgeMade(first, a_pledge(first, id=f"{first.id}.again"))),
        views.volunteer_of(PledgeMade(second, a_pledge(second, offer_id="offer_o"))),
    }

    assert found == {views.Volunteer(CAMPAIGN, "cy")}
