from msgspec import structs

from services.pledges import documents
from services.pledges.policy import CampaignCopy, campaign_copy
from shared.contracts.additions import AddedNeedKind
from shared.contracts.events import (
    CampaignCreated,
    CampaignLaunched,
    CampaignState,
    MemberAdded,
    OnPartner,
    OrganiserAdded,
    PartnerApplied,
    PartnerJoined,
    PartnerLeft,
    PartnerRemoved,
    PartnerState,
    PartnerStatus,
)
from shared.contracts.pledges import NeedClosed
from shared.contracts.vocabularies import NeedKindAdded
from tests.pledges.given import OLGA, PAT, START, given

DRAFT = CampaignState(
    id="campaign_c",
    version=1,
    revision=1,
    created_at=START,
    updated_at=START,
    name="Boxes",
    slug="boxes",
    summary="All about boxes",
    starts_on=None,
    ends_on=None,
    wards=(),
    principles=(),
    languages=(),
    successor_of=None,
    status="draft",
    organisers=(OLGA,),
)
LIVE = structs.replace(DRAFT, version=2, status="live")
PARTNER = PartnerState("campaign_c.p", 1, START, START, "campaign_c", "Box makers", "business", None, None, (PAT,))


def test_a_copy_knows_the_campaigns_own_kinds_of_need() -> None:
    """By slug, with the fixed kind that each is of."""
    pack = AddedNeedKind("dignity_pack", "goods", {"en": "Dignity packs"})
    copy = campaign_copy(None, NeedKindAdded(structs.replace(LIVE, need_kinds=(pack,))))

    assert copy is not None
    assert copy.need_kinds == {"dignity_pack": "goods"}


def test_a_copy_follows_its_campaign() -> None:
    """Status, organisers and who acts for which partner."""
    both = structs.replace(LIVE, version=4, organisers=(OLGA, "tom"))
    facts = [
        CampaignCreated(DRAFT),
        CampaignLaunched(LIVE),
        PartnerJoined(structs.replace(LIVE, version=3), PARTNER),
        OrganiserAdded(both, "tom"),
        MemberAdded(structs.replace(both, version=5), structs.replace(PARTNER, members=(PAT, "una")), "una"),
    ]
    copy = None
    for fact in facts:
        copy = campaign_copy(copy, fact)

    assert copy == CampaignCopy("campaign_c", 5, "live", (OLGA, "tom"), {"campaign_c.p": (PAT, "una")})


def test_a_partner_opens_needs_while_it_is_active() -> None:
    """Not before, not afterwards; who has left still looks after what it has opened, who was removed does not."""
    history: list[tuple[type[OnPartner], PartnerStatus]] = [
        (PartnerApplied, "pending"),
        (PartnerJoined, "active"),
        (PartnerLeft, "left"),
        (PartnerRemoved, "removed"),
    ]
    copy, found = None, []
    for version, (kind, status) in enumerate(history, 3):
        copy = campaign_copy(
            copy, kind(structs.replace(LIVE, version=version), structs.replace(PARTNER, status=status))
        )
        assert copy is not None
        found.append((copy.partner_of(PAT), copy.has_member(PAT, PARTNER.id)))

    assert found == [(None, False), (PARTNER.id, True), (None, True), (None, False)]


def test_a_copy_is_read_as_it_was_written() -> None:
    """Also one that was written before partners could leave."""
    copy = CampaignCopy("campaign_c", 5, "live", (OLGA,), {"campaign_c.p": (PAT,)}, former={"campaign_c.q": ("una",)})
    document = documents.of_campaign(copy)
    before = {name: value for name, value in document.items() if name != "former"}

    assert documents.campaign(document) == copy
    assert documents.campaign(before) == structs.replace(copy, former={})


def test_what_a_copy_knows_changes_nothing() -> None:
    """Facts come at least once."""
    copy = campaign_copy(None, CampaignLaunched(LIVE))

    assert campaign_copy(copy, CampaignCreated(DRAFT)) == copy
    assert campaign_copy(copy, CampaignLaunched(LIVE)) == copy


def test_other_facts_are_none_of_its_business() -> None:
    """Only a campaign's."""
    state = given().state
    assert state is not None

    assert campaign_copy(None, NeedClosed(state)) is None


def test_who_acts_for_several_partners_acts_for_the_first() -> None:
    """So that the same person always opens needs for the same one."""
    copy = CampaignCopy("campaign_c", 5, "live", (), {"a": ("x",), "b": (PAT,), "c": (PAT,)})

    assert copy.partner_of(PAT) == "b"
    assert copy.partner_of(OLGA) is None
