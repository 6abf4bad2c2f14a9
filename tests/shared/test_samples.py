"""Recorded messages decode for ever."""

import msgspec
import pytest

from shared.contracts.message import Family, open_envelope
from tests.samples.record import FAMILIES, FOLDER

KINDS = [(family, name) for family in FAMILIES for name in family.kinds]


@pytest.mark.parametrize(("family", "name"), KINDS, ids=[name for _, name in KINDS])
def test_a_recorded_message_decodes(family: Family, name: str) -> None:  # type: ignore[type-arg]
    """Every kind has a sample; nothing of what was recorded is lost or renamed."""
    path = FOLDER / f"{name}.json"
    assert path.exists(), "record it: python -m tests.samples.record"
    recorded = path.read_bytes()

    message = family.decode(open_envelope(recorded))

    now = msgspec.json.decode(msgspec.json.encode(message))
    then = msgspec.json.decode(recorded)["data"]
    assert {key: now[key] for key in then} == then


def test_no_sample_is_left_without_its_kind() -> None:
    """A kind that was recorded once is still known."""
    known = {name for _, name in KINDS}

    assert {path.stem for path in FOLDER.glob("*.json")} == known
