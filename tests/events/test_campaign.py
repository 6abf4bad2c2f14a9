import pytest
from msgspec.structs import replace

from services.events.campaign import MOST_PEOPLE, Campaign
from shared.contracts.events import (
    AddMember,
    AddOrganiser,
    AddPartner,
    CampaignState,
    CampaignStatus,
    CloseCampaign,
    CreateCampaign,
    LaunchCampaign,
    PartnerAnswer,
    RemoveMember,
    RemoveOrganiser,
    ReopenCampaign,
)
from shared.contracts.message import Command
from tests.events.given import AT, CAMPAIGN, LATER, a_campaign, asked, decided, done, kinds, problem

PARTNER = f"{CAMPAIGN}.p"
CREATE = CreateCampaign(CAMPAIGN, "As One", "as-one", "Neighbours", starts_on="2026-05-01", ends_on="2026-09-30")
JOIN = AddPartner(CAMPAIGN, PARTNER, "Made-up Mosque", "faith")


def state_of(campaign: Campaign) -> CampaignState:
    """The campaign's state; it exists."""
    assert campaign.state is not None
    return campaign.state


def with_partner(status: CampaignStatus = "live", *members: str) -> Campaign:
    """A campaign of ana's that pat's partner has joined."""
    campaign, _ = decided(Campaign(a_campaign()), JOIN, asked("pat", "partner"))
    partner = replace(campaign.partners[PARTNER], members=("pat", *members))
    return Campaign(replace(state_of(campaign), status=status), {PARTNER: partner})


def test_who_creates_a_campaign_is_its_first_organiser() -> None:
    """A draft, version 1, at the time of the append."""
    campaign, decision = decided(Campaign(), CREATE, asked("ana", "organiser"))

    state = state_of(campaign)
    assert kinds(decision) == ["CampaignCreated"]
    assert (state.status, state.organisers, state.version, state.revision) == ("draft", ("ana",), 1, 1)
    assert (state.created_at, state.updated_at) == (AT, AT)
    assert done(decision).status == 201
    assert done(decision).body == state


def test_sec_10_only_the_role_organiser_creates() -> None:
    """The service looks at the principal itself."""
    _, decision = decided(Campaign(), CREATE, asked("bo", "resident", "partner"))

    assert problem(decision) == ("forbidden", 403, {})


def test_a_slug_is_given_once() -> None:
    """Refused with the slug."""
    _, decision = decided(Campaign(taken=frozenset({"as-one"})), CREATE, asked("ana", "organiser"))

    assert problem(decision) == ("slug-taken", 409, {"slug": "as-one"})


def test_a_campaign_does_not_end_before_it_starts() -> None:
    """422 with a pointer."""
    _, decision = decided(Campaign(), replace(CREATE, ends_on="2026-04-01"), asked("ana", "organiser"))

    assert problem(decision) == ("invalid-body", 422, {})


@pytest.mark.parametrize(
    ("before", "command", "after"),
    [
        ("draft", LaunchCampaign(CAMPAIGN), "live"),
        ("draft", CloseCampaign(CAMPAIGN), "closed"),
        ("live", CloseCampaign(CAMPAIGN), "closed"),
        ("paused", CloseCampaign(CAMPAIGN), "closed"),
        ("closed", ReopenCampaign(CAMPAIGN), "live"),
    ],
)
def test_a_campaign_moves(before: CampaignStatus, command: Command, after: CampaignStatus) -> None:
    """One fact, one version, later updated; the editable fields stay as they were."""
    campaign, decision = decided(Campaign(a_campaign(before)), command, asked("ana", at=LATER))

    state = state_of(campaign)
    assert (state.status, state.version, state.revision, state.updated_at) == (after, 3, 1, LATER)
    assert len(decision.facts) == 1
    assert done(decision).body == state


@pytest.mark.parametrize(
    ("status", "command"),
    [
        ("live", LaunchCampaign(CAMPAIGN)),
        ("closed", CloseCampaign(CAMPAIGN)),
        ("live", ReopenCampaign(CAMPAIGN)),
        ("live", AddOrganiser(CAMPAIGN, "ana")),
        ("live", RemoveOrganiser(CAMPAIGN, "cy")),
    ],
)
def test_what_is_so_already_is_no_fact(status: CampaignStatus, command: Command) -> None:
    """200 with the current state."""
    before = Campaign(a_campaign(status))
    after, decision = decided(before, command)

    assert after == before
    assert decision.facts == ()
    assert (done(decision).status, done(decision).body) == (200, before.state)


@pytest.mark.parametrize(
    ("status", "command"),
    [
        ("closed", LaunchCampaign(CAMPAIGN)),
        ("paused", LaunchCampaign(CAMPAIGN)),
        ("draft", ReopenCampaign(CAMPAIGN)),
        ("evolved", CloseCampaign(CAMPAIGN)),
    ],
)
def test_a_campaign_does_not_jump(status: CampaignStatus, command: Command) -> None:
    """Refused with the status."""
    _, decision = decided(Campaign(a_campaign(status)), command)

    assert problem(decision) == ("campaign-wrong-state", 409, {"status": status})


@pytest.mark.parametrize(
    "command",
    [
        LaunchCampaign(CAMPAIGN),
        CloseCampaign(CAMPAIGN),
        ReopenCampaign(CAMPAIGN),
        AddOrganiser(CAMPAIGN, "bo"),
        RemoveOrganiser(CAMPAIGN, "ana"),
        AddMember(CAMPAIGN, PARTNER, "bo"),
        RemoveMember(CAMPAIGN, PARTNER, "pat"),
    ],
)
def test_sec_10_a_stranger_changes_nothing(command: Command) -> None:
    """The role alone gives no right to another's campaign."""
    _, decision = decided(with_partner(), command, asked("bo", "organiser", "partner"))

    assert problem(decision) == ("forbidden", 403, {})


@pytest.mark.parametrize("command", [LaunchCampaign(CAMPAIGN), JOIN, AddMember(CAMPAIGN, PARTNER, "bo")])
def test_a_campaign_that_is_not_there(command: Command) -> None:
    """404."""
    _, decision = decided(Campaign(), command, asked("ana", "organiser"))

    assert problem(decision) == ("not-found", 404, {})


def test_organisers_come_and_go() -> None:
    """Each is a fact that names the person; the last one stays."""
    campaign, added = decided(Campaign(a_campaign()), AddOrganiser(CAMPAIGN, "bo"))
    campaign, removed = decided(campaign, RemoveOrganiser(CAMPAIGN, "ana"), asked("bo"))
    campaign, last = decided(campaign, RemoveOrganiser(CAMPAIGN, "bo"), asked("bo"))

    assert kinds(added) == ["OrganiserAdded"]
    assert kinds(removed) == ["OrganiserRemoved"]
    assert problem(last) == ("last-organiser", 409, {})
    assert state_of(campaign).organisers == ("bo",)
    assert state_of(campaign).version == 4


def test_organisers_are_bounded() -> None:
    """They stand in one document."""
    crowd = tuple(f"p{number}" for number in range(MOST_PEOPLE - 1))
    campaign = Campaign(a_campaign(organisers=("ana", *crowd)))
    _, decision = decided(campaign, AddOrganiser(CAMPAIGN, "bo"))

    assert problem(decision) == ("too-many-organisers", 409, {"most": MOST_PEOPLE})


def test_a_partner_joins_and_its_creator_is_its_first_member() -> None:
    """The answer holds no members: they are in no public representation."""
    campaign, decision = decided(Campaign(a_campaign()), JOIN, asked("pat", "partner"))

    assert kinds(decision) == ["PartnerJoined"]
    assert campaign.partners[PARTNER].members == ("pat",)
    assert state_of(campaign).partner_count == 1
    assert state_of(campaign).version == 3
    body = done(decision).body
    assert isinstance(body, PartnerAnswer)
    assert not hasattr(body, "members")
    assert (done(decision).status, body.version, body.name) == (201, 1, "Made-up Mosque")


@pytest.mark.parametrize("status", ["closed", "evolved"])
def test_no_partner_joins_what_has_ended(status: CampaignStatus) -> None:
    """Refused with the status."""
    _, decision = decided(Campaign(a_campaign(status)), JOIN, asked("pat", "partner"))

    assert problem(decision) == ("campaign-not-live", 409, {"status": status})


def test_a_resident_joins_as_no_partner() -> None:
    """403, unless they organise the campaign."""
    _, stranger = decided(Campaign(a_campaign()), JOIN, asked("bo", "resident"))
    _, organiser = decided(Campaign(a_campaign()), JOIN, asked("ana", "resident"))

    assert problem(stranger) == ("forbidden", 403, {})
    assert kinds(organiser) == ["PartnerJoined"]


def test_a_draft_is_its_organisers_own() -> None:
    """Who may not see it is told that there is nothing."""
    _, stranger = decided(Campaign(a_campaign("draft")), JOIN, asked("pat", "partner"))
    _, organiser = decided(Campaign(a_campaign("draft")), JOIN, asked("ana", "organiser"))

    assert problem(stranger) == ("not-found", 404, {})
    assert kinds(organiser) == ["PartnerJoined"]


def test_members_come_and_go() -> None:
    """Members and organisers change them; each fact counts on the campaign and on the partner; the last one stays."""
    campaign, added = decided(with_partner(), AddMember(CAMPAIGN, PARTNER, "bo"), asked("pat"))
    campaign, removed = decided(campaign, RemoveMember(CAMPAIGN, PARTNER, "pat"), asked("ana"))
    campaign, last = decided(campaign, RemoveMember(CAMPAIGN, PARTNER, "bo"), asked("bo"))

    assert kinds(added) == ["MemberAdded"]
    assert kinds(removed) == ["MemberRemoved"]
    assert problem(last) == ("last-member", 409, {})
    assert campaign.partners[PARTNER].members == ("bo",)
    assert campaign.partners[PARTNER].version == 3
    assert state_of(campaign).version == 5


def test_a_member_who_is_one_already_is_no_fact() -> None:
    """200 with the partner as it is."""
    _, decision = decided(with_partner(), AddMember(CAMPAIGN, PARTNER, "pat"), asked("pat"))

    assert decision.facts == ()
    assert done(decision).status == 200


def test_members_are_bounded() -> None:
    """They stand in one document."""
    crowd = tuple(f"p{number}" for number in range(MOST_PEOPLE - 1))
    _, decision = decided(with_partner("live", *crowd), AddMember(CAMPAIGN, PARTNER, "bo"), asked("pat"))

    assert problem(decision) == ("too-many-members", 409, {"most": MOST_PEOPLE})


def test_a_partner_that_is_not_there() -> None:
    """404."""
    _, decision = decided(with_partner(), AddMember(CAMPAIGN, f"{CAMPAIGN}.q", "bo"), asked("ana"))

    assert problem(decision) == ("not-found", 404, {})
