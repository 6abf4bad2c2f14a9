"""Shifts as clients meet them: the real routes, the real events service."""

from typing import Any

from tests.gateway.edge import NEW, Edge

DBS = {"kind": "dbs", "level": "enhanced"}


async def an_event(edge: Edge, **fields: object) -> tuple[str, str]:
    """Where a campaign and a published event of it are read."""
    campaign = (await edge.ask("POST", "/v1/campaigns", NEW)).headers["location"]
    await edge.ask("POST", f"{campaign}/launch")
    body = {
        "campaign_id": campaign.rpartition("/")[2],
        "title": "Carnival",
        "category": "culture",
        "starts_at": "2030-05-01T10:00",
        "ends_at": "2030-05-01T18:00",
        "publish": True,
        **fields,
    }
    return campaign, (await edge.ask("POST", "/v1/events", body)).headers["location"]


async def a_shift(edge: Edge, event: str, role: str = "Steward", **fields: object) -> str:
    """Where a shift of it is read."""
    body = {
        "role": {"name": role},
        "starts_at": "2030-05-01T09:00",
        "ends_at": "2030-05-01T13:00",
        "places": 2,
        **fields,
    }
    made = await edge.ask("POST", f"{event}/shifts", body)
    assert made.status == 201, made.json()
    place: str = made.headers["location"]
    return place


async def person(edge: Edge, sub: str) -> str:
    """The pseudonym of somebody."""
    return str((await edge.ask("GET", "/v1/me", sub=sub)).json()["id"])


async def take(edge: Edge, shift: str, sub: str, **body: object) -> tuple[int, dict[str, Any]]:
    """Take a place."""
    answer = await edge.ask("POST", f"{shift}/assignments", body, sub=sub, roles=("resident",))
    return answer.status, answer.json()


async def test_everybody_reads_shifts_and_nobody_who_stands_on_them(edge: Edge) -> None:
    """Without signing in; one that is not there, or of an event that one may not see, is 404."""
    _, event = await an_event(edge)
    shift = await a_shift(edge, event)
    await take(edge, shift, "bo")
    bo = await person(edge, "bo")

    [listed] = (await edge.ask("GET", f"{event}/shifts", sub="")).json()["items"]
    one = await edge.ask("GET", shift, sub="")

    assert listed == one.json()
    assert (listed["taken"], listed["left"], listed["role"]["name"]) == (1, 1, "Steward")
    assert bo not in str(listed)
    assert (await edge.ask("GET", f"{shift}/assignments", sub="")).status == 401
    assert (await edge.ask("GET", f"{shift}/assignments", sub="cy")).status == 403
    [place] = (await edge.ask("GET", f"{shift}/assignments")).json()["items"]
    assert (place["person"], place["status"]) == (bo, "confirmed")
    _, draft = await an_event(edge, publish=False)
    hidden = await a_shift(edge, draft)
    assert [(await edge.ask("GET", hidden, sub=sub)).status for sub in ("ana", "bo", "")] == [200, 404, 404]


async def test_the_volunteer_sees_changes_and_cancels_their_own(edge: Edge) -> None:
    """Civicrm.volunteer#634, by HTTP; the note is read by both sides."""
    _, event = await an_event(edge)
    shift = await a_shift(edge, event)

    status, made = await take(edge, shift, "bo", note="By bus")
    assert (status, made["note"]) == (201, "By bus")
    noted = await edge.ask("PATCH", f"{shift}/assignments/me", {"note": "By tram"}, sub="bo")
    assert noted.json()["note"] == "By tram"
    [mine] = (await edge.ask("GET", "/v1/me/shifts", sub="bo")).json()["items"]
    assert (mine["id"], mine["note"], mine["shift_id"]) == (made["id"], "By tram", shift.rpartition("/")[2])
    gone = await edge.ask("DELETE", f"{shift}/assignments/me", sub="bo")
    assert (gone.status, gone.json()["status"]) == (200, "left")
    assert (await edge.ask("DELETE", f"{shift}/assignments/me", sub="cy")).status == 404


async def test_double_booking_says_with_what(edge: Edge) -> None:
    """Across events; overridden by name, by an organiser with a reason."""
    _, event = await an_event(edge)
    _, other = await an_event(edge)
    first, second = await a_shift(edge, event), await a_shift(edge, other)
    name = first.rpartition("/")[2]
    await take(edge, first, "bo")

    status, problem = await take(edge, second, "bo")
    assert (status, problem["type"], problem["shift_id"]) == (409, "/problems/double-booked", name)
    assert (problem["starts_at"], problem["timezone"]) == ("2030-05-01T09:00", "Europe/London")
    bo = await person(edge, "bo")
    asked = {"person": bo, "override": name}
    silent = await edge.ask("POST", f"{second}/assignments", asked)
    assert (silent.status, silent.json()["errors"][0]["pointer"]) == (422, "/reason")
    proposed = await edge.ask("POST", f"{second}/assignments", {**asked, "reason": "Next door"})
    assert (proposed.status, proposed.json()["status"]) == (201, "proposed")
    declined = await edge.ask("POST", f"{second}/assignments/me/decline", sub="bo")
    assert declined.json()["status"] == "declined"
    assert (await take(edge, second, "bo", override=[name]))[0] == 201


async def test_a_clearance_opens_the_door(edge: Edge) -> None:
    """Recorded by an organiser, read by them and the person; others may not, and learn nothing."""
    campaign, event = await an_event(edge)
    shift = await a_shift(edge, event, role="x")
    await edge.ask("PATCH", shift, {"role": {"name": "Crèche", "requirement": DBS}})
    bo = await person(edge, "bo")

    assert (await take(edge, shift, "bo"))[1]["level"] == "enhanced"
    place = f"{campaign}/clearances/{bo}"
    seen = {**DBS, "expires_on": "2031-01-01"}
    assert (await edge.ask("PUT", place, seen, sub="cy")).status == 403
    kept = await edge.ask("PUT", place, seen)
    assert (kept.status, kept.json()["level"], kept.headers["location"]) == (200, "enhanced", f"{campaign}/clearances")
    [mine] = (await edge.ask("GET", "/v1/me/clearances", sub="bo")).json()["items"]
    assert mine["clearances"]["dbs"]["expires_on"] == "2031-01-01"
    assert (await edge.ask("GET", f"{campaign}/clearances", sub="cy")).status == 403
    assert len((await edge.ask("GET", f"{campaign}/clearances")).json()["items"]) == 1
    assert (await take(edge, shift, "bo"))[0] == 201
    assert (await edge.ask("DELETE", f"{place}?kind=dbs")).status == 200
    assert (await edge.ask("GET", "/v1/me/clearances", sub="bo")).json()["items"] == []


async def test_somebody_stands_in_for_somebody(edge: Edge) -> None:
    """Asked for, offered, taken over; the one who was relieved reads it."""
    _, event = await an_event(edge)
    morning = await a_shift(edge, event, starts_at="2030-05-01T07:00", ends_at="2030-05-01T08:00")
    shift = await a_shift(edge, event)
    await take(edge, morning, "cy")
    await take(edge, shift, "bo")

    sought = await edge.ask("POST", f"{shift}/assignments/me/cover", sub="bo")
    assert (sought.status, sought.json()["status"]) == (200, "confirmed")
    offers = (await edge.ask("GET", "/v1/me/shifts", sub="cy")).json()["items"]
    assert [one["status"] for one in offers] == ["asked", "confirmed"]
    taken = await edge.ask("POST", f"{shift}/assignments/me/confirm", sub="cy")
    assert (taken.status, taken.json()["status"]) == (200, "confirmed")
    [mine] = (await edge.ask("GET", "/v1/me/shifts", sub="bo")).json()["items"]
    assert mine["status"] == "covered"


async def test_organisers_change_cancel_and_release(edge: Edge) -> None:
    """With `If-Match`; the reason for taking a place back is not told to the person."""
    _, event = await an_event(edge)
    shift = await a_shift(edge, event)
    bo = await person(edge, "bo")
    await take(edge, shift, "bo")

    assert (await edge.ask("PATCH", shift, {"places": 5}, if_match='"7"')).status == 412
    assert (await edge.ask("PATCH", shift, {"places": 5}, if_match='"1"')).json()["left"] == 4
    assert (await edge.ask("PATCH", shift, {"places": 5}, sub="bo")).status == 403
    released = await edge.ask("POST", f"{shift}/assignments/{bo}/release", {"reason": "Rude"})
    assert (released.status, released.json()["status"]) == (200, "released")
    assert "Rude" not in (await edge.ask("GET", "/v1/me/shifts", sub="bo")).body.decode()
    assert "Rude" in (await edge.ask("GET", f"{shift}/assignments")).body.decode()
    off = await edge.ask("POST", f"{shift}/cancel", {"reason": "Rain"})
    assert (off.status, off.json()["status"]) == (200, "cancelled")
    assert (await take(edge, shift, "cy"))[1]["state"] == "cancelled"
