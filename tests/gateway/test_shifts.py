"""Bodies and commands of shifts, places and clearances."""

from typing import Any

import pytest

from services.gateway import outcome, shifts
from services.gateway.campaigns import Nothing
from services.gateway.events import Cancelling
from services.gateway.problems import ProblemError
from services.gateway.shifts import Coming, Confirming, NewShift, NoteChange, OfKind, Seen, ShiftChange
from shared.contracts.shifts import (
    ChangeShift,
    OpenShift,
    ProposePlace,
    RecordClearance,
    ReleasePlace,
    Requirement,
    Role,
    TakePlace,
    WithdrawClearance,
)
from tests.gateway.wishes import ANA, CAMPAIGN, EVENT, flaws, read, wish

SHIFT = f"{EVENT}.{'s' * 26}"
FOREIGN = f"event_{'f' * 26}.{'s' * 26}"
BO = "22222222-2222-5222-8222-222222222222"
NEW: dict[str, Any] = {
    "role": {"name": "Crèche", "requirement": {"kind": "dbs", "level": "enhanced"}},
    "starts_at": "2030-05-01T09:00",
    "ends_at": "2030-05-01T12:00",
    "places": 4,
}
WRITES = {f"{write.method} {write.path}": write for write in shifts.WRITES}


def test_a_shift_is_asked_for() -> None:
    """Its id begins with the event's, so that every path to it is known."""
    command = shifts.open_shift(wish(read(NewShift, **NEW), EVENT))

    role = Role("Crèche", Requirement("dbs", "enhanced"))
    assert command == OpenShift(command.shift_id, EVENT, role, NEW["starts_at"], NEW["ends_at"], 4)
    assert command.shift_id.startswith(f"{EVENT}.")


@pytest.mark.parametrize(
    ("model", "fields", "pointer"),
    [
        (NewShift, NEW | {"places": 0}, "/places"),
        (NewShift, NEW | {"places": 151}, "/places"),
        (NewShift, NEW | {"role": {"name": ""}}, "/role/name"),
        (
            NewShift,
            NEW | {"role": {"name": "x", "requirement": {"kind": "magic", "level": "x"}}},
            "/role/requirement/kind",
        ),
        (NewShift, NEW | {"who": "x"}, "/who"),
        (ShiftChange, {"places": None}, "/places"),
        (ShiftChange, {"role": None}, "/role"),
        (Coming, {"person": "bo"}, "/person"),
        (Coming, {"override": ""}, "/override"),
        (Seen, {"kind": "dbs", "level": "enhanced", "expires_on": "2030-02-30"}, "/expires_on"),
        (Seen, {"kind": "dbs", "level": "enhanced"}, "/expires_on"),
        (NoteChange, {"note": 1}, "/note"),
    ],
)
def test_what_does_not_fit_is_pointed_at(model: Any, fields: dict[str, Any], pointer: str) -> None:  # noqa: ANN401 -- a model
    """422 at the field."""
    assert pointer in flaws(model, fields)


def test_a_change_holds_what_was_sent() -> None:
    """Nothing else is touched."""
    changed = shifts.change_shift(wish(read(ShiftChange, places=3), EVENT, SHIFT, revision=2))

    assert changed == ChangeShift(SHIFT, revision=2, places=3)
    renamed = shifts.change_shift(wish(read(ShiftChange, role={"name": "Stall"}), EVENT, SHIFT))
    assert renamed == ChangeShift(SHIFT, role=Role("Stall"))


def test_who_comes_and_who_is_asked_to() -> None:
    """Oneself takes a place, whether one says so or not; another is proposed."""
    for fields in ({}, {"person": ANA}):
        assert shifts.come(wish(read(Coming, **fields), EVENT, SHIFT)) == TakePlace(SHIFT)
    noted = shifts.come(wish(read(Coming, note="Hi", override=FOREIGN), EVENT, SHIFT))
    assert noted == TakePlace(SHIFT, (FOREIGN,), "Hi")
    proposed = shifts.come(wish(read(Coming, person=BO, override=[FOREIGN, "x"], reason="Both"), EVENT, SHIFT))
    assert proposed == ProposePlace(SHIFT, BO, (FOREIGN, "x"), "Both")


@pytest.mark.parametrize("key", [key for key in WRITES if "{shift_id}" in key])
def test_a_shift_of_another_event_is_none(key: str) -> None:
    """404 without asking anybody."""
    bodies: dict[Any, Any] = {
        ShiftChange: read(ShiftChange),
        Cancelling: read(Cancelling, reason="x"),
        Coming: read(Coming),
        Confirming: read(Confirming),
        NoteChange: read(NoteChange),
        Nothing: Nothing(),
    }
    write = WRITES[key]

    with pytest.raises(ProblemError):
        write.build(wish(bodies[write.body], EVENT, FOREIGN, BO))


def test_commands_name_the_shift_and_the_person() -> None:
    """As the path does."""
    release = WRITES["POST /v1/events/{event_id}/shifts/{shift_id}/assignments/{person}/release"]
    record = WRITES["PUT /v1/campaigns/{campaign_id}/clearances/{person}"]
    withdraw = WRITES["DELETE /v1/campaigns/{campaign_id}/clearances/{person}"]
    seen = read(Seen, kind="dbs", level="enhanced", expires_on="2030-01-01")

    assert release.build(wish(read(Cancelling, reason="x"), EVENT, SHIFT, BO)) == ReleasePlace(SHIFT, BO, "x")
    assert record.build(wish(seen, CAMPAIGN, BO)) == RecordClearance(CAMPAIGN, BO, "dbs", "enhanced", "2030-01-01")
    assert withdraw.build(wish(read(OfKind, kind="dbs"), CAMPAIGN, BO)) == WithdrawClearance(CAMPAIGN, BO, "dbs")


def test_private_words_come_back_to_who_wrote_them() -> None:
    """No message tells them."""
    assert shifts.own_note(read(Coming, note="Hi"), {}) == {"note": "Hi"}
    seen = {"kind": "dbs", "level": "enhanced", "expires_on": "2030-01-01"}
    assert shifts.own_clearance(read(Seen, **seen), {}) == seen


def test_where_they_are_read() -> None:
    """A place among one's own, a clearance among the campaign's."""
    assert outcome.url_of("shift", SHIFT) == f"/v1/events/{EVENT}/shifts/{SHIFT}"
    assert outcome.url_of("assignment", f"{SHIFT}.{BO}") == "/v1/me/shifts"
    assert outcome.url_of("clearance", f"{CAMPAIGN}.{BO}") == f"/v1/campaigns/{CAMPAIGN}/clearances"
