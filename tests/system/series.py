"""What can be done to a series, for the tests of access."""

from typing import Any, Final

from tests.system.life import GONE, Doing
from tests.system.platform import Person

_PLACE: Final = "/v1/events/{event_id}"
_ONE: Final = f"{_PLACE}/occurrences/{{occurrence}}"
FIRST: Final = "2030-05-04T10:00"
SECOND: Final = "2030-05-11T10:00"

STRANGERS: Final[dict[str, int]] = {
    # on a draft, of which nobody else knows
    f"GET {_PLACE}/occurrences": GONE,
    f"GET {_ONE}": GONE,
    f"PATCH {_ONE}": GONE,
    f"POST {_ONE}/cancel": GONE,
    f"POST {_ONE}/following": GONE,
    f"PATCH {_PLACE}/registrations/me": GONE,
}
BODIES: Final[dict[str, dict[str, Any]]] = {
    f"PATCH {_ONE}": {"capacity": 1},
    f"POST {_ONE}/cancel": {"reason": "Because."},
    f"PATCH {_PLACE}/registrations/me": {"party_size": 1},
}


async def live(do: Doing, ana: Person, cy: Person, campaign: str) -> None:
    """Let a series of Ana's, to which Cy comes, be changed in every way."""
    plan = {
        "campaign_id": campaign,
        "title": "Coffee morning",
        "category": "social",
        "starts_at": FIRST,
        "ends_at": "2030-05-04T12:00",
        "recurrence": {"weekly": [{"day": "SA", "opens": "10:00", "closes": "12:00"}]},
        "publish": True,
    }
    event = {"event_id": (await do(ana, "POST /v1/events", plan))["id"]}
    await do(cy, f"POST {_PLACE}/registrations", {"occurrence": FIRST, "party_size": 2}, **event)
    await do(cy, f"PATCH {_PLACE}/registrations/me", {"occurrence": FIRST, "party_size": 1}, **event)
    await do(ana, f"PATCH {_ONE}", {"capacity": 5}, occurrence=FIRST, **event)
    await do(ana, f"POST {_ONE}/cancel", {"reason": "Flood."}, occurrence=SECOND, **event)
    await do(ana, f"POST {_ONE}/following", {"title": "Tea morning"}, occurrence="2030-05-18T10:00", **event)
    await do(cy, f"GET {_PLACE}/occurrences", **event)
    await do(cy, f"GET {_ONE}", occurrence=SECOND, **event)
