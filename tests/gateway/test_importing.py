"""The upload of a list of people."""

from typing import Any

import pytest

from services.gateway import bodies, importing
from services.gateway.importing import MOST_ROWS
from tests.gateway.asgi import Answered
from tests.gateway.edge import NEW, Edge

EVENT: dict[str, Any] = {
    "title": "Games",
    "category": "sport",
    "starts_at": "2099-05-01T10:00",
    "ends_at": "2099-05-01T12:00",
    "publish": True,
}


async def a_place(edge: Edge, **fields: object) -> str:
    """Where a list for an event of Ana's is sent."""
    campaign = (await edge.ask("POST", "/v1/campaigns", NEW)).json()["id"]
    await edge.ask("POST", f"/v1/campaigns/{campaign}/launch", {})
    event = (await edge.ask("POST", "/v1/events", EVENT | {"campaign_id": campaign} | fields)).json()
    return f"/v1/events/{event['id']}/registrations/import"


async def send(edge: Edge, place: str, text: str, **said: Any) -> Answered:  # noqa: ANN401 -- as `ask` takes it
    """Send a list."""
    return await edge.ask("POST", place, text.encode(), content_type="text/csv", **said)


async def test_every_refused_row_has_a_line(edge: Edge) -> None:
    """Row 21: numbered as a spreadsheet numbers them, the heading being row 1."""
    place = await a_place(edge, capacity=3)
    text = (
        "\ufeffreference,party_size,ages,guardian_consent\r\n"
        "V-1,2,,\r\n"
        "V-1,,,\r\n"
        '"V,2",1,15,yes\r\n'
        "V-3,1,15,no\r\n"
        "V-4,many,,\r\n"
        "\r\n"
        "V-5,1\r\n"
        "V-6,1,,maybe\r\n"
        ",1,,\r\n"
        "V-7,,,"
    )

    answer = await send(edge, place, text)

    assert answer.status == 200, answer.body
    assert answer.json() == {
        "rows": 9,
        "registered": 2,
        "waiting": 1,
        "refused": 6,
        "report": [
            {"row": 3, "reason": "already-registered"},
            {"row": 5, "reason": "guardian-consent-required"},
            {"row": 6, "reason": "malformed"},
            {"row": 8, "reason": "malformed"},
            {"row": 9, "reason": "malformed"},
            {"row": 10, "reason": "malformed"},
        ],
    }
    appended = b"".join(record.value for record in edge.log.appended)
    assert b"V-1" not in appended


async def test_rows_name_dates_of_a_series(edge: Edge) -> None:
    """12,000 people may come to several dates; a row without one, or with one that is none, is refused by itself."""
    place = await a_place(edge, capacity=1, recurrence={"rrule": "FREQ=WEEKLY;COUNT=3"})
    text = (
        "reference,occurrence\n"
        "V-1,2099-05-01T10:00\n"
        "V-1,2099-05-08T10:00\n"
        "V-2,2099-05-08T10:00\n"
        "V-3,2099-05-09T10:00\n"
        "V-4,soon\n"
        "V-5,\n"
        "V-1,2099-05-01T10:00"
    )

    answer = (await send(edge, place, text)).json()

    assert (answer["registered"], answer["waiting"]) == (2, 1)
    assert answer["report"] == [
        {"row": 5, "reason": "invalid-body"},
        {"row": 6, "reason": "malformed"},
        {"row": 7, "reason": "invalid-body"},
        {"row": 8, "reason": "already-registered"},
    ]


async def test_a_repeat_with_the_key_is_answered_the_same(edge: Edge) -> None:
    """Without the key it is a new list, whose rows are all known; another list under the key is refused."""
    place = await a_place(edge)
    text = "reference\n" + "\n".join(f"V-{number}" for number in range(450))
    first = await send(edge, place, text, idempotency_key="k1")
    again = await send(edge, place, text, idempotency_key="k1")
    new = await send(edge, place, text)
    other = await send(edge, place, "reference\nW-1", idempotency_key="k1")

    assert (first.json()["registered"], first.json()["refused"]) == (450, 0)
    assert again.body == first.body
    assert (new.json()["registered"], new.json()["refused"]) == (0, 450)
    assert (other.status, other.json()["type"]) == (422, "/problems/key-reused")


async def test_who_may_not_is_told_before_anything_is_read(edge: Edge) -> None:
    """403 for who sees the event, 404 for who does not, 401 for nobody, 409 if it takes nobody."""
    place = await a_place(edge)
    draft = await a_place(edge, publish=False, title="Draft")

    assert (await send(edge, place, "nonsense", sub="bo")).status == 403
    assert (await send(edge, draft, "nonsense", sub="bo")).status == 404
    assert (await send(edge, place, "nonsense", sub="")).status == 401
    assert (await send(edge, draft, "reference\nV-1")).json()["type"] == "/problems/event-not-open"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", 422),
        ("name,reference\nBo,V-1", 422),
        ("party_size\n1", 422),
        ("reference,reference\na,b", 422),
        ("reference\n" + "x" * 5_000, 413),
    ],
)
async def test_a_list_that_makes_no_sense_is_refused(edge: Edge, text: str, status: int) -> None:
    """Names are never taken in the belief that they are kept."""
    assert (await send(edge, await a_place(edge), text)).status == status


async def test_no_other_type_and_no_other_text(edge: Edge) -> None:
    """CSV in UTF-8."""
    place = await a_place(edge)

    assert (await edge.ask("POST", place, {})).status == 415
    assert (await edge.ask("POST", place, b"reference\n\xff", content_type="text/csv")).status == 422


async def test_a_list_ends_somewhere(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report says where; it may be far larger than any other body."""
    monkeypatch.setattr(importing, "MOST_ROWS", 3)
    answer = await send(edge, await a_place(edge), "reference\n" + "\n".join(f"V-{n}" for n in range(5)))

    assert MOST_ROWS == 12_000
    assert MOST_ROWS * 10 > bodies.LIMIT
    assert answer.json()["registered"] == 3
    assert answer.json()["report"] == [{"row": 5, "reason": "too-many-rows"}]


async def test_a_service_that_is_away_is_asked_again_with_the_key(edge: Edge) -> None:
    """503; what was taken before is not taken twice."""
    place = await a_place(edge)
    edge.log.away = True
    away = await send(edge, place, "reference\nV-1", idempotency_key="k2")
    edge.log.away = False
    back = await send(edge, place, "reference\nV-1", idempotency_key="k2")

    assert (away.status, away.json()["type"]) == (503, "/problems/unavailable")
    assert (back.status, back.json()["registered"]) == (200, 1)
