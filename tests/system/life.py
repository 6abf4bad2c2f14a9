"""What happens to an event beside its plan: what strangers are answered, and a life in which all of it happens once."""

from typing import Any, Final, Protocol

from tests.system.platform import Person, an_event

_PLACE: Final = "/v1/events/{event_id}"
GONE: Final = 404

STRANGERS: Final[dict[str, int]] = {
    # on a draft, of which nobody else knows
    f"POST {_PLACE}/complete": GONE,
    f"POST {_PLACE}/outcomes/{{figure}}/correct": GONE,
    f"POST {_PLACE}/registrations/{{registration_id}}/attendance": GONE,
    f"POST {_PLACE}/attendance": GONE,
    f"POST {_PLACE}/hide": GONE,
    f"POST {_PLACE}/unhide": GONE,
    f"GET {_PLACE}/hiding": GONE,
    f"POST {_PLACE}/registrations/import": GONE,
    f"POST {_PLACE}/hosts": GONE,
    f"POST {_PLACE}/hosts/{{partner_id}}/accept": GONE,
    f"DELETE {_PLACE}/hosts/{{partner_id}}": GONE,
    f"POST {_PLACE}/agenda": GONE,
    f"POST {_PLACE}/actions": GONE,
    f"PATCH {_PLACE}/actions/{{action_id}}": GONE,
    f"GET {_PLACE}/programme": GONE,
    f"POST {_PLACE}/slots": GONE,
    f"GET {_PLACE}/slots": GONE,
    f"POST {_PLACE}/slots/{{slot_id}}/bookings": GONE,
    f"GET {_PLACE}/slots/{{slot_id}}/bookings": GONE,
    f"DELETE {_PLACE}/slots/{{slot_id}}/bookings/{{booking_id}}": GONE,
}
BODIES: Final[dict[str, dict[str, Any]]] = {
    f"POST {_PLACE}/hosts": {"partner_id": f"campaign_{'c' * 26}.{'p' * 26}"},
    f"POST {_PLACE}/outcomes/{{figure}}/correct": {"quantity": 1, "reason": "Because."},
    f"POST {_PLACE}/registrations/{{registration_id}}/attendance": {"status": "attended"},
    f"POST {_PLACE}/attendance": {"headcount": 4},
    f"POST {_PLACE}/hide": {"reason": "Because."},
    f"POST {_PLACE}/agenda": {"title": "Litter"},
    f"POST {_PLACE}/actions": {"title": "Bins"},
    f"PATCH {_PLACE}/actions/{{action_id}}": {"state": "done"},
    f"POST {_PLACE}/slots": {"kind": "stall", "title": "Stall"},
}


def ids(event: str) -> dict[str, str]:
    """What stands in those paths."""
    on_it = {name: f"{event}.{name[0] * 26}" for name in ("registration_id", "slot_id", "booking_id")}
    return {"figure": "bags", "action_id": "a" * 26, **on_it}


class Doing(Protocol):
    """Does what succeeds, and keeps the answer."""

    async def __call__(self, person: Person, key: str, body: Any = None, /, **ids: str) -> Any:  # noqa: ANN401 -- JSON
        """Ask by method and path, with ids for the path."""
        ...


async def live(do: Doing, ana: Person, cy: Person, campaign: str) -> None:
    """Let an event of Ana's, to which Cy comes, have a whole life."""
    event = {"event_id": await an_event(ana, campaign)}
    party = await do(cy, f"POST {_PLACE}/registrations", {"party_size": 2}, **event)
    await do(ana, f"POST {_PLACE}/hide", {"reason": "A threat was made."}, **event)
    await do(ana, f"GET {_PLACE}/hiding", **event)
    await do(ana, f"POST {_PLACE}/unhide", **event)
    await do(ana, f"POST {_PLACE}/agenda", {"title": "Litter"}, **event)
    programme = await do(ana, f"POST {_PLACE}/actions", {"title": "Bins", "due": "2030-09-01"}, **event)
    action = programme["actions"][0]["id"]
    await do(ana, f"PATCH {_PLACE}/actions/{{action_id}}", {"state": "done"}, action_id=action, **event)
    await do(cy, f"GET {_PLACE}/programme", **event)
    slot = (await do(ana, f"POST {_PLACE}/slots", {"kind": "stall", "title": "Stall"}, **event))["id"]
    place = f"{_PLACE}/slots/{{slot_id}}/bookings"
    booking = (await do(cy, f"POST {place}", slot_id=slot, **event))["id"]
    await do(cy, f"GET {_PLACE}/slots", **event)
    await do(ana, f"GET {place}", slot_id=slot, **event)
    await do(cy, f"DELETE {place}/{{booking_id}}", slot_id=slot, booking_id=booking, **event)
    came = {"status": "attended", "occurred_at": "2026-01-01T10:00:00Z"}
    place = f"POST {_PLACE}/registrations/{{registration_id}}/attendance"
    await do(ana, place, came, registration_id=party["id"], **event)
    await do(ana, f"POST {_PLACE}/attendance", {"headcount": 41}, **event)
    await do(ana, f"POST {_PLACE}/attendance", {"headcount": 38, "reason": "Helpers were counted."}, **event)
    await do(ana, f"POST {_PLACE}/complete", {"outcomes": [{"figure": "bags", "quantity": 40}]}, **event)
    correction = {"quantity": 38, "reason": "Counted twice."}
    await do(ana, f"POST {_PLACE}/outcomes/{{figure}}/correct", correction, figure="bags", **event)


async def host(do: Doing, ana: Person, event: str, partner: str) -> None:
    """Ana asks a partner, for which she acts herself, to host an event with her, for a while."""
    on_it = {"event_id": event, "partner_id": partner}
    await do(ana, f"POST {_PLACE}/hosts", {"partner_id": partner}, **on_it)
    await do(ana, f"POST {_PLACE}/hosts/{{partner_id}}/accept", **on_it)
    await do(ana, f"DELETE {_PLACE}/hosts/{{partner_id}}", **on_it)
