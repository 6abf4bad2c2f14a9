"""Shifts: what strangers are answered, and a day on which all that can be done with them happens once."""

from typing import Any, Final

from tests.system.life import Doing
from tests.system.platform import Person, an_event

_SHIFTS: Final = "/v1/events/{event_id}/shifts"
_SHIFT: Final = f"{_SHIFTS}/{{shift_id}}"
_PLACES: Final = f"{_SHIFT}/assignments"
_CLEARANCES: Final = "/v1/campaigns/{campaign_id}/clearances"
_CLEARANCE: Final = f"{_CLEARANCES}/{{person}}"
GONE: Final = 404

STRANGERS: Final[dict[str, int]] = dict.fromkeys(
    (
        # on a draft, and on a shift that it has not
        f"POST {_SHIFTS}",
        f"GET {_SHIFTS}",
        f"GET {_SHIFT}",
        f"PATCH {_SHIFT}",
        f"POST {_SHIFT}/cancel",
        f"POST {_PLACES}",
        f"GET {_PLACES}",
        f"PATCH {_PLACES}/me",
        f"DELETE {_PLACES}/me",
        f"POST {_PLACES}/me/confirm",
        f"POST {_PLACES}/me/decline",
        f"POST {_PLACES}/me/cover",
        f"POST {_PLACES}/{{person}}/release",
        # what a campaign that nobody knows of wrote down
        f"GET {_CLEARANCES}",
        f"PUT {_CLEARANCE}",
        f"DELETE {_CLEARANCE}",
    ),
    GONE,
)
BODIES: Final[dict[str, dict[str, Any]]] = {
    f"POST {_SHIFTS}": {
        "role": {"name": "Stewarding"},
        "starts_at": "2030-05-01T10:00",
        "ends_at": "2030-05-01T11:00",
        "places": 2,
    },
    f"PATCH {_SHIFT}": {"places": 3},
    f"POST {_SHIFT}/cancel": {"reason": "Because."},
    f"POST {_PLACES}/{{person}}/release": {"reason": "Because."},
    f"PUT {_CLEARANCE}": {"kind": "dbs", "level": "enhanced", "expires_on": "2090-01-01"},
    f"DELETE {_CLEARANCE}": {"kind": "dbs"},
}


def ids(event: str) -> dict[str, str]:
    """A shift that the event has not."""
    return {"shift_id": f"{event}.{'a' * 26}"}


async def live(do: Doing, ana: Person, cy: Person, campaign: str, person: str) -> None:
    """Ana plans shifts; Cy, who is `person`, takes a place, asks for cover, leaves, and is asked again and again."""
    cleared = {"campaign_id": campaign, "person": person}
    await do(ana, f"PUT {_CLEARANCE}", BODIES[f"PUT {_CLEARANCE}"], **cleared)
    await do(ana, f"GET {_CLEARANCES}", campaign_id=campaign)
    await do(cy, "GET /v1/me/clearances")
    on_it = {"event_id": await an_event(ana, campaign)}
    shift = on_it | {"shift_id": (await do(ana, f"POST {_SHIFTS}", BODIES[f"POST {_SHIFTS}"], **on_it))["id"]}
    await do(ana, f"PATCH {_SHIFT}", BODIES[f"PATCH {_SHIFT}"], **shift)
    await do(cy, f"POST {_PLACES}", {"note": "By bike."}, **shift)
    await do(cy, f"PATCH {_PLACES}/me", {"note": "On foot."}, **shift)
    await do(cy, f"POST {_PLACES}/me/cover", **shift)
    for key in (f"GET {_SHIFTS}", f"GET {_SHIFT}", f"GET {_PLACES}"):
        await do(ana, key, **shift)
    await do(cy, "GET /v1/me/shifts")
    await do(cy, f"DELETE {_PLACES}/me", **shift)
    for answer in ("confirm", "decline"):
        await do(ana, f"POST {_PLACES}", {"person": person}, **shift)
        await do(cy, f"POST {_PLACES}/me/{answer}", **shift)
        await do(
            ana, f"POST {_PLACES}/{{person}}/release", BODIES[f"POST {_PLACES}/{{person}}/release"], **shift | cleared
        )
    await do(ana, f"POST {_SHIFT}/cancel", BODIES[f"POST {_SHIFT}/cancel"], **shift)
    await do(ana, f"DELETE {_CLEARANCE}", BODIES[f"DELETE {_CLEARANCE}"], **cleared)
