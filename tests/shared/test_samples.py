"""Recorded messages decode for ever."""

from typing import Any

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
    assert _kept(now, then) == then


def _kept(now: Any, then: Any) -> Any:  # noqa: ANN401 -- JSON
    """What there is now of what was recorded: fields that came later are left out, at every depth."""
    if isinstance(now, dict) and isinstance(then, dict):
        return {key: _kept(now[key], each) for key, each in then.items()}
    if isinstance(now, list) and isinstance(then, list) and len(now) == len(then):
        return [_kept(*pair) for pair in zip(now, then, strict=True)]
    return now


def test_no_sample_is_left_without_its_kind() -> None:
    """A kind that was recorded once is still known."""
    known = {name for _, name in KINDS}

    assert {path.stem for path in FOLDER.glob("*.json")} == known
