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
}
BODIES: Final[dict[str, dict[str, Any]]] = {
    f"POST {_PLACE}/outcomes/{{figure}}/correct": {"quantity": 1, "reason": "Because."},
    f"POST {_PLACE}/registrations/{{registration_id}}/attendance": {"status": "attended"},
    f"POST {_PLACE}/attendance": {"headcount": 4},
    f"POST {_PLACE}/hide": {"reason": "Because."},
}


def ids(event: str) -> dict[str, str]:
    """What stands in those paths."""
    return {"figure": "bags", "registration_id": f"{event}.{'r' * 26}"}


class Doing(Protocol):
    """Does what succeeds, and keeps the answer."""

    async def __call__(self, person: Person, key: str, body: Any = None, **ids: str) -> Any:  # noqa: ANN401 -- JSON
        """Ask by method and path, with ids for the path."""
        ...


async def live(do: Doing, ana: Person, cy: Person, campaign: str) -> None:
    """Let an event of Ana's, to which Cy comes, have a whole life."""
    event = {"event_id": await an_event(ana, campaign)}
    party = await do(cy, f"POST {_PLACE}/registrations", {"party_size": 2}, **event)
    await do(ana, f"POST {_PLACE}/hide", {"reason": "A threat was made."}, **event)
    await do(ana, f"GET {_PLACE}/hiding", **event)
    await do(ana, f"POST {_PLACE}/unhide", **event)
    came = {"status": "attended", "occurred_at": "2026-01-01T10:00:00Z"}
    place = f"POST {_PLACE}/registrations/{{registration_id}}/attendance"
    await do(ana, place, came, registration_id=party["id"], **event)
    await do(ana, f"POST {_PLACE}/attendance", {"headcount": 41}, **event)
    await do(ana, f"POST {_PLACE}/attendance", {"headcount": 38, "reason": "Helpers were counted."}, **event)
    await do(ana, f"POST {_PLACE}/complete", {"outcomes": [{"figure": "bags", "quantity": 40}]}, **event)
    correction = {"quantity": 38, "reason": "Counted twice."}
    await do(ana, f"POST {_PLACE}/outcomes/{{figure}}/correct", correction, figure="bags", **event)
