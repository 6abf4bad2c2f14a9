"""Bodies and commands of matches."""

from typing import Any

import pytest

from services.gateway import befriending
from services.gateway.befriending import Ending, NewBefriending, Rematch
from services.gateway.campaigns import Nothing
from shared.contracts.pledges import (
    CheckBefriending,
    ConsentToBefriending,
    EndBefriending,
    ProposeBefriending,
    RematchBefriending,
)
from tests.gateway.wishes import ANA, CAMPAIGN, flaws, read, wish

MATCH = "befriending_" + "m" * 26
BO = "22222222-2222-5222-8222-222222222222"
PAIR: dict[str, Any] = {"campaign_id": CAMPAIGN, "guest": ANA, "friend": BO}
WRITES = {f"{write.method} {write.path}": write for write in befriending.WRITES}
PLACE = "POST /v1/befriendings/{befriending_id}"


def test_a_match_names_two_people_by_their_pseudonyms() -> None:
    """Where they live plays no part; the note is told back to who wrote it."""
    body = read(NewBefriending, **PAIR, note="Chess")
    command = befriending.propose(wish(body))
    write = WRITES["POST /v1/befriendings"]

    assert command == ProposeBefriending(command.befriending_id, CAMPAIGN, ANA, BO, "Chess")
    assert write.echo is not None
    assert write.echo(body, {}) == {"note": "Chess"}
    assert list(flaws(NewBefriending, PAIR | {"ward": "aston"})) == ["/ward"]


@pytest.mark.parametrize("value", ["Bo", "", None, 7])
def test_a_person_is_a_pseudonym(value: object) -> None:
    """A name is none."""
    assert list(flaws(NewBefriending, PAIR | {"friend": value})) == ["/friend"]


def test_acts_name_the_match() -> None:
    """Consent and check say nothing else."""
    assert WRITES[f"{PLACE}/consent"].build(wish(Nothing(), MATCH)) == ConsentToBefriending(MATCH)
    assert WRITES[f"{PLACE}/check"].build(wish(Nothing(), MATCH)) == CheckBefriending(MATCH)
    assert WRITES[f"{PLACE}/end"].build(wish(read(Ending), MATCH)) == EndBefriending(MATCH)
    again = WRITES[f"{PLACE}/rematch"].build(wish(read(Rematch, friend=BO), MATCH))
    assert isinstance(again, RematchBefriending)
    assert (again.previous, again.friend, again.note) == (MATCH, BO, None)
    assert again.befriending_id != MATCH
