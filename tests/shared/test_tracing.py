import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import tracing

_GIVEN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
_SHAPE = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[01]")


def test_a_child_keeps_the_trace_and_changes_the_span() -> None:
    """The trace id runs from the request to the last fact."""
    child = tracing.child(_GIVEN)

    assert _SHAPE.fullmatch(child)
    assert tracing.trace_id(child) == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert child.split("-")[2] != "00f067aa0ba902b7"


def test_an_unsampled_trace_stays_unsampled_and_unknown_flags_are_dropped() -> None:
    """W3C Trace Context, section 3.2.2.5."""
    assert tracing.child(_GIVEN[:-2] + "fe").endswith("-00")
    assert tracing.child(_GIVEN[:-2] + "ff").endswith("-01")


def test_a_later_version_is_read_as_ours() -> None:
    """What it appends after a dash is ignored (section 4.3)."""
    child = tracing.child("cc" + _GIVEN[2:] + "-what-comes-later")

    assert tracing.trace_id(child) == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert child.startswith("00-")


@pytest.mark.parametrize(
    "malformed",
    [
        None,
        "",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        _GIVEN + "-more",
        _GIVEN + "\n",
        _GIVEN[:-1] + "٣",
    ],
)
def test_a_malformed_header_gives_a_fresh_trace(malformed: str | None) -> None:
    """It is replaced, never passed on."""
    first, second = tracing.child(malformed), tracing.child(malformed)

    assert _SHAPE.fullmatch(first)
    assert first != second


@given(st.text())
def test_sec_27_whatever_comes_in_only_a_clean_traceparent_goes_out(given_header: str) -> None:
    """So that no header can carry a line break into a log or a record."""
    assert _SHAPE.fullmatch(tracing.child(given_header))
