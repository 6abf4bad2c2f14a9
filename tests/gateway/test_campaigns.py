"""Bodies and commands of campaigns."""

import pytest

from services.gateway import campaign_life, campaigns
from services.gateway.campaigns import NewCampaign, Nothing, Whom, create, slug_of
from services.gateway.problems import ProblemError
from shared.contracts.events import CreateCampaign, LaunchCampaign
from tests.gateway.wishes import ANA, CAMPAIGN, flaws, read, wish

NEW = {"name": "As One", "summary": "One city, many neighbours."}
WRITES = {f"{write.method} {write.path}": write for write in (*campaigns.WRITES, *campaign_life.WRITES)}


def test_a_campaign_needs_a_name_and_a_summary_only() -> None:
    """All else has a default, and the slug is made of the name and can be nobody else's."""
    command = create(wish(read(NewCampaign, **NEW)))

    assert command == CreateCampaign(
        campaign_id=command.campaign_id, name="As One", slug=command.slug, summary=NEW["summary"]
    )
    assert command.slug == f"as-one-{command.campaign_id[-6:]}"


def test_a_repeat_makes_the_same_campaign() -> None:
    """The id derives from the command's."""
    body = read(NewCampaign, **NEW)

    assert create(wish(body)) == create(wish(body))
    assert create(wish(body)) != create(wish(body)._replace(command_id="another"))


def test_what_is_sent_is_what_is_asked() -> None:
    """Every field arrives."""
    fields = NEW | {
        "slug": "as-one",
        "starts_on": "2026-03-01",
        "ends_on": "2026-03-31",
        "wards": ["aston", "alum-rock"],
        "principles": [1, 8],
        "languages": ["en", "zh-Hant-TW"],
        "successor_of": CAMPAIGN,
    }

    command = create(wish(read(NewCampaign, **fields)))

    for name, value in fields.items():
        assert getattr(command, name) == (tuple(value) if isinstance(value, list) else value)


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [
        ("name", "", "/name"),
        ("name", " \t", "/name"),
        ("name", "two\nlines", "/name"),
        ("name", "x" * 201, "/name"),
        ("name", {"$gt": ""}, "/name"),
        ("name", None, "/name"),
        ("summary", "x" * 10_001, "/summary"),
        ("slug", "As One", "/slug"),
        ("slug", "-x", "/slug"),
        ("slug", "", "/slug"),
        ("starts_on", "2026-02-30", "/starts_on"),
        ("starts_on", "2026-3-1", "/starts_on"),
        ("starts_on", "20260301", "/starts_on"),
        ("ends_on", 20260301, "/ends_on"),
        ("wards", ["atlantis"], "/wards/0"),
        ("wards", ["aston", "aston"], "/wards"),
        ("wards", "aston", "/wards"),
        ("principles", [0], "/principles/0"),
        ("principles", [9], "/principles/0"),
        ("principles", ["1"], "/principles/0"),
        ("principles", [1.0], "/principles/0"),
        ("principles", [True], "/principles/0"),
        ("languages", ["english language"], "/languages/0"),
        ("languages", ["e"], "/languages/0"),
    ],
)
def test_a_flaw_is_pointed_at(field: str, value: object, pointer: str) -> None:
    """sec_24 among them: an object where text is expected is refused."""
    assert list(flaws(NewCampaign, NEW | {field: value})) == [pointer]


@pytest.mark.parametrize("field", ["id", "owner_id", "role", "status", "version", "organisers", "partner_count"])
def test_sec_13_nobody_sets_what_is_not_theirs_to_set(field: str) -> None:
    """An unknown field is refused."""
    assert flaws(NewCampaign, NEW | {field: 1}) == {f"/{field}": "Unknown field."}


def test_text_may_hold_what_databases_could_misread() -> None:
    """sec_24: `$` and `.` are text."""
    assert create(wish(read(NewCampaign, **NEW | {"name": "$where.1 == 1"}))).name == "$where.1 == 1"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("#BrumTogether 2020", "brumtogether-2020"),
        ("Café à Aston", "cafe-a-aston"),
        ("اردو", "campaign"),
        ("x" * 90, "x" * 60),
    ],
)
def test_a_slug_is_made_of_any_name(name: str, slug: str) -> None:
    """Whatever the script."""
    assert slug_of(name) == slug


def test_a_person_is_named_by_the_id_they_were_told() -> None:
    """`GET /v1/me` tells it."""
    assert flaws(Whom, {"person": ANA}) == {}
    assert list(flaws(Whom, {"person": "ana"})) == ["/person"]


def test_a_predecessor_that_cannot_exist_is_not_found() -> None:
    """404 without asking anybody."""
    with pytest.raises(ProblemError, match="not-found"):
        create(wish(read(NewCampaign, **NEW, successor_of="nothing")))


def test_launching_takes_an_empty_object() -> None:
    """And nothing in it."""
    assert WRITES["POST /v1/campaigns/{campaign_id}/launch"].build(wish(Nothing(), CAMPAIGN)) == LaunchCampaign(
        CAMPAIGN
    )
    assert list(flaws(Nothing, {"status": "live"})) == ["/status"]
