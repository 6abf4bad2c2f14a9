"""Bodies and commands of what a need goes through."""

import pytest

from services.gateway import need_life
from services.gateway.campaigns import Nothing
from services.gateway.need_life import Owner, WritingOff
from services.gateway.problems import ProblemError
from shared.contracts.message import Command
from shared.contracts.pledges import (
    AddOwner,
    HideNeed,
    PauseNeed,
    RemoveOwner,
    ResumeNeed,
    UnhideNeed,
    WriteOffNeed,
    WriteOffPledge,
)
from tests.gateway.wishes import CAMPAIGN, NEED, PLEDGE, flaws, read, wish

WRITES = {f"{write.method} {write.path}": write for write in need_life.WRITES}


@pytest.mark.parametrize(
    ("act", "command"),
    [
        ("pause", PauseNeed(NEED)),
        ("resume", ResumeNeed(NEED)),
        ("hide", HideNeed(NEED)),
        ("unhide", UnhideNeed(NEED)),
    ],
)
def test_an_act_names_the_need(act: str, command: Command) -> None:
    """They take an empty object."""
    assert WRITES[f"POST /v1/needs/{{need_id}}/{act}"].build(wish(Nothing(), NEED)) == command


def test_a_write_off_says_why() -> None:
    """Of a need or of one pledge; an answer tells the reason to who gave it."""
    body = read(WritingOff, reason="Nothing heard")
    write = WRITES["POST /v1/pledges/{pledge_id}/write-off"]

    assert WRITES["POST /v1/needs/{need_id}/write-off"].build(wish(body, NEED)) == WriteOffNeed(NEED, "Nothing heard")
    assert write.build(wish(body, PLEDGE)) == WriteOffPledge(NEED, PLEDGE, "Nothing heard")
    assert write.echo is not None
    assert write.echo(body, {}) == {"reason": "Nothing heard"}


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": " "}, {"reason": None}])
def test_a_write_off_without_a_reason_is_refused(body: dict[str, object]) -> None:
    """422 at its place."""
    assert list(flaws(WritingOff, body)) == ["/reason"]


def test_an_owner_is_named_by_its_id() -> None:
    """One that nothing can have is not found."""
    partner = f"{CAMPAIGN}.{'p' * 26}"
    body = read(Owner, partner_id=partner)

    assert WRITES["POST /v1/needs/{need_id}/owners"].build(wish(body, NEED)) == AddOwner(NEED, partner)
    assert WRITES["DELETE /v1/needs/{need_id}/owners"].build(wish(body, NEED)) == RemoveOwner(NEED, partner)
    with pytest.raises(ProblemError, match="not-found"):
        WRITES["POST /v1/needs/{need_id}/owners"].build(wish(read(Owner, partner_id="x"), NEED))
