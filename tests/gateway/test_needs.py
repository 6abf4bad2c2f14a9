"""Bodies and commands of needs."""

from typing import Any

import pytest
from msgspec import UNSET

from services.gateway import needs
from services.gateway.campaigns import Nothing
from services.gateway.needs import NeedChange, NewNeed, create
from services.gateway.problems import ProblemError
from shared.contracts.pledges import ChangeNeed, CloseNeed, OpenNeed, ReopenNeed
from tests.gateway.wishes import CAMPAIGN, NEED, flaws, read, wish

NEW: dict[str, Any] = {
    "campaign_id": CAMPAIGN,
    "title": "Soup for the hall",
    "kind": "meal",
    "quantity": 40,
    "unit": "meals",
}
WRITES = {f"{write.method} {write.path}": write for write in needs.WRITES}


def test_a_need_says_what_how_much_and_for_whom() -> None:
    """All else has a default."""
    command = create(wish(read(NewNeed, **NEW)))

    assert command == OpenNeed(need_id=command.need_id, **NEW)


def test_what_is_sent_is_what_is_asked() -> None:
    """Every field arrives."""
    fields = NEW | {
        "kind": "money",
        "unit": "pence",
        "currency": "GBP",
        "limit": "soft",
        "by": "2030-01-01",
        "ward": "aston",
        "description": "For the winter.",
        "principles": [5],
        "languages": ["en"],
        "related": [NEED],
    }

    command = create(wish(read(NewNeed, **fields)))

    for name, value in fields.items():
        assert getattr(command, name) == (tuple(value) if isinstance(value, list) else value)


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [
        ("kind", "advice", "/kind"),
        ("quantity", 0, "/quantity"),
        ("quantity", 1_000_000_001, "/quantity"),
        ("quantity", 2**63, "/quantity"),
        ("quantity", 1.5, "/quantity"),
        ("quantity", "1", "/quantity"),
        ("unit", "", "/unit"),
        ("unit", "x" * 51, "/unit"),
        ("currency", "gbp", "/currency"),
        ("limit", "none", "/limit"),
        ("by", "tomorrow", "/by"),
        ("ward", "atlantis", "/ward"),
        ("pledged", 40, "/pledged"),
        ("uncommitted", 0, "/uncommitted"),
        ("partner_id", "x", "/partner_id"),
    ],
)
def test_a_flaw_is_pointed_at(field: str, value: object, pointer: str) -> None:
    """sec_13, sec_20: figures are the ledger's own, numbers are whole and fit."""
    assert list(flaws(NewNeed, NEW | {field: value})) == [pointer]


def test_a_campaign_that_cannot_exist_is_not_found() -> None:
    """404 without asking anybody."""
    with pytest.raises(ProblemError, match="not-found"):
        create(wish(read(NewNeed, **NEW | {"campaign_id": "x"})))


def test_a_patch_changes_what_it_names() -> None:
    """RFC 7396: null empties, absence keeps; If-Match names the revision."""
    command = WRITES["PATCH /v1/needs/{need_id}"].build(wish(read(NeedChange, quantity=50, by=None), NEED, revision=2))

    assert command == ChangeNeed(NEED, revision=2, quantity=50, by=None)
    assert isinstance(command, ChangeNeed)
    assert command.title is UNSET


@pytest.mark.parametrize("field", ["title", "quantity", "unit", "limit", "principles"])
def test_what_a_need_needs_cannot_be_emptied(field: str) -> None:
    """Null for it is refused."""
    assert list(flaws(NeedChange, {field: None})) == [f"/{field}"]


@pytest.mark.parametrize("field", ["kind", "currency", "campaign_id", "status", "delivered"])
def test_what_a_need_is_cannot_be_changed(field: str) -> None:
    """Pledges were made on it."""
    assert flaws(NeedChange, {field: "x"}) == {f"/{field}": "Unknown field."}


def test_closing_and_reopening_name_the_need() -> None:
    """They take an empty object."""
    assert WRITES["POST /v1/needs/{need_id}/close"].build(wish(Nothing(), NEED)) == CloseNeed(NEED)
    assert WRITES["POST /v1/needs/{need_id}/reopen"].build(wish(Nothing(), NEED)) == ReopenNeed(NEED)
