"""Writes on commitments, and how they read."""

from typing import Any

import pytest

from services.gateway import lists, views
from services.gateway.campaigns import Nothing
from services.gateway.commitments import WRITES as ALL
from services.gateway.commitments import CommitmentChange, NewCommitment, Renewal, Shown, create
from services.gateway.problems import ProblemError
from shared.contracts.commitments import (
    ChangeCommitment,
    CommitmentMade,
    CommitmentState,
    EndCommitment,
    MakeCommitment,
    RenewCommitment,
    ShowEvidence,
)
from tests.gateway.given import AT, name
from tests.gateway.given import CAMPAIGN as PLACE
from tests.gateway.wishes import CAMPAIGN, flaws, read, wish

WRITES = {f"{write.method} {write.path}": write for write in ALL}
COMMITMENT = "commitment_" + "v" * 26
NEW: dict[str, Any] = {
    "campaign_id": CAMPAIGN,
    "organisation": "Box makers",
    "principles": [1, 4],
    "actions": ["Pay a living wage"],
    "review_on": "2026-06-30",
}
STATE = CommitmentState(name("commitment"), 1, 1, AT, AT, PLACE, None, "Box makers", (1, 4), ("Pay",), "2026-06-30", AT)


def test_a_commitment_is_made() -> None:
    """Its id derives from the command's."""
    command = create(wish(read(NewCommitment, **NEW)))

    assert command.commitment_id.startswith("commitment_")
    assert command == MakeCommitment(
        command.commitment_id, CAMPAIGN, "Box makers", (1, 4), ("Pay a living wage",), "2026-06-30"
    )
    assert create(wish(read(NewCommitment, **NEW))) == command


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [
        ("principles", [], "/principles"),
        ("principles", [9], "/principles/0"),
        ("actions", [], "/actions"),
        ("actions", ["Pay", ""], "/actions/1"),
        ("organisation", " ", "/organisation"),
        ("review_on", "2026-02-30", "/review_on"),
        ("mood", "good", "/mood"),
    ],
)
def test_a_flaw_is_named(field: str, value: object, pointer: str) -> None:
    """By its pointer."""
    assert list(flaws(NewCommitment, {**NEW, field: value})) == [pointer]


@pytest.mark.parametrize("missing", list(NEW))
def test_each_part_is_needed(missing: str) -> None:
    """As the contract says."""
    assert list(flaws(NewCommitment, {key: value for key, value in NEW.items() if key != missing})) == [f"/{missing}"]


@pytest.mark.parametrize(("field", "value"), [("campaign_id", "soup"), ("partner_id", "soup")])
def test_an_id_that_cannot_be_one_is_404(field: str, value: str) -> None:
    """At once."""
    with pytest.raises(ProblemError, match="not-found"):
        create(wish(read(NewCommitment, **{**NEW, field: value})))


def test_what_becomes_of_it() -> None:
    """Each way has its command."""
    place = "/v1/commitments/{commitment_id}"
    change = read(CommitmentChange, actions=["Open on Mondays"])
    shown = read(Shown, kind="link", ref="https://box.example/report")

    assert WRITES[f"PATCH {place}"].build(wish(change, COMMITMENT, revision=2)) == ChangeCommitment(
        COMMITMENT, revision=2, actions=("Open on Mondays",)
    )
    assert WRITES[f"POST {place}/evidence"].build(wish(shown, COMMITMENT)) == ShowEvidence(
        COMMITMENT, "link", "https://box.example/report"
    )
    renewal = read(Renewal, review_on="2027-06-30")
    assert WRITES[f"POST {place}/renew"].build(wish(renewal, COMMITMENT)) == RenewCommitment(COMMITMENT, "2027-06-30")
    assert WRITES[f"POST {place}/end"].build(wish(Nothing(), COMMITMENT)) == EndCommitment(COMMITMENT)


def test_a_link_is_an_address() -> None:
    """A reference is any words; what attaches itself is nobody's to give."""
    build = WRITES["POST /v1/commitments/{commitment_id}/evidence"].build

    with pytest.raises(ProblemError, match="invalid-body"):
        build(wish(read(Shown, kind="link", ref="javascript:alert(1)"), COMMITMENT))
    assert build(wish(read(Shown, kind="reference", ref="Minutes of May"), COMMITMENT)) == ShowEvidence(
        COMMITMENT, "reference", "Minutes of May"
    )
    assert list(flaws(Shown, {"kind": "delivery", "ref": "need_n.1"})) == ["/kind"]


def test_the_register_lists_them_by_campaign_principle_and_status() -> None:
    """Who made one is told to nobody."""
    view = views.view_of(STATE)

    assert views.state_of(CommitmentMade(STATE, "pat")) == STATE
    assert set(view.entries[::2]) == {
        "l:commitment:all",
        f"l:commitment:campaign:{PLACE}",
        "l:commitment:status:current",
        "l:commitment:principle:1",
        "l:commitment:principle:4",
    }
    assert (view.public, view.share, "pat" in view.body) == (1, (), False)
    asked = lists.wanted(lists.COMMITMENTS, f"campaign={PLACE}&principle=4&status=current".encode())
    assert set(asked.ask.sets) <= set(view.entries[::2])
