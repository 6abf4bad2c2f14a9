"""Bodies and commands of what came of an event."""

from typing import Any

import pytest

from services.gateway import results
from services.gateway.results import Completing, Headcount, Present, Right
from shared.contracts.attendance import NoteAttendance, TakeHeadcount
from shared.contracts.completion import CompleteEvent, CorrectOutcome
from shared.contracts.results import Figure
from tests.gateway.wishes import EVENT, flaws, read, wish

WRITES = {f"{write.method} {write.path}": write for write in results.WRITES}


def test_completing_needs_nothing() -> None:
    """Figures may come with it; a unit that is not said is the figure's name."""
    build = WRITES["POST /v1/events/{event_id}/complete"].build
    told: dict[str, Any] = {
        "outcomes": [{"figure": "bags", "quantity": 40}, {"figure": "litter", "quantity": 300, "unit": "kg"}],
        "occurred_at": "2026-07-04T15:00:00Z",
    }

    assert build(wish(read(Completing), EVENT)) == CompleteEvent(EVENT)
    assert build(wish(read(Completing, **told), EVENT)) == CompleteEvent(
        EVENT, (Figure("bags", 40, "bags"), Figure("litter", 300, "kg")), "2026-07-04T15:00:00.000Z"
    )


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"outcomes": [{"figure": "Bags", "quantity": 1}]}, "/outcomes/0/figure"),
        ({"outcomes": [{"figure": "bags"}]}, "/outcomes/0/quantity"),
        ({"outcomes": [{"figure": "bags", "quantity": -1}]}, "/outcomes/0/quantity"),
        ({"outcomes": [{"figure": "bags", "quantity": 1.5}]}, "/outcomes/0/quantity"),
        ({"outcomes": [{"figure": "bags", "quantity": 1, "names": ["Bo"]}]}, "/outcomes/0/names"),
        ({"outcomes": [{"figure": f"f{number}", "quantity": 1} for number in range(21)]}, "/outcomes"),
        ({"occurred_at": "2026-07-04"}, "/occurred_at"),
        ({"occurred_at": "2026-07-04T15:00:00+01:00"}, "/occurred_at"),
        ({"occurred_at": "2026-13-04T15:00:00Z"}, "/occurred_at"),
        ({"done": True}, "/done"),
    ],
)
def test_a_flaw_is_pointed_at(body: dict[str, Any], pointer: str) -> None:
    """Strict, and instants are RFC 3339 with Z."""
    assert list(flaws(Completing, body)) == [pointer]


def test_a_correction_says_why() -> None:
    """The figure stands in the path."""
    build = WRITES["POST /v1/events/{event_id}/outcomes/{figure}/correct"].build

    assert build(wish(read(Right, quantity=38, reason="Counted twice"), EVENT, "bags")) == CorrectOutcome(
        EVENT, "bags", 38, "Counted twice"
    )
    assert list(flaws(Right, {"quantity": 1})) == ["/reason"]


def test_attendance_is_noted_of_a_party() -> None:
    """Whose id stands in the path."""
    build = WRITES["POST /v1/events/{event_id}/registrations/{registration_id}/attendance"].build
    party = f"{EVENT}.{'r' * 26}"

    assert build(wish(read(Present, status="attended"), EVENT, party)) == NoteAttendance(EVENT, party, "attended")
    assert list(flaws(Present, {"status": "registered"})) == ["/status"]
    assert list(flaws(Present, {"status": "attended", "name": "Bo"})) == ["/name"]


def test_a_headcount_is_a_number() -> None:
    """Of one date, if there are several."""
    build = WRITES["POST /v1/events/{event_id}/attendance"].build

    assert build(wish(read(Headcount, headcount=0), EVENT)) == TakeHeadcount(EVENT, 0)
    assert build(wish(read(Headcount, headcount=41, occurrence="2026-07-04T14:00"), EVENT)) == TakeHeadcount(
        EVENT, 41, "2026-07-04T14:00"
    )
    assert list(flaws(Headcount, {})) == ["/headcount"]
    assert list(flaws(Headcount, {"headcount": -1, "names": []})) == ["/headcount", "/names"]
