"""Places of welcome: what strangers are answered, and a life in which all that can be done with one happens once."""

from typing import Any, Final

from tests.system.life import Doing
from tests.system.platform import Person

_PLACE: Final = "/v1/venues/{venue_id}"
_OPENING: Final = f"{_PLACE}/openings/{{occurrence}}"
GONE: Final = 404
NOBODY: Final = "7883ed1a-bfb6-50c1-81cf-388fefd45c6e"

STRANGERS: Final[dict[str, int]] = {
    # on a venue that is hidden
    f"GET {_PLACE}": GONE,
    f"PATCH {_PLACE}": GONE,
    f"POST {_PLACE}/pause": GONE,
    f"POST {_PLACE}/resume": GONE,
    f"POST {_PLACE}/hide": GONE,
    f"POST {_PLACE}/unhide": GONE,
    f"GET {_PLACE}/hosts": GONE,
    f"POST {_PLACE}/hosts": GONE,
    f"DELETE {_PLACE}/hosts": GONE,
    f"POST {_PLACE}/closures": GONE,
    f"DELETE {_PLACE}/closures/{{date}}": GONE,
    f"POST {_PLACE}/openings": GONE,
    f"DELETE {_OPENING}": GONE,
    f"POST {_OPENING}/confirm": GONE,
}
BODIES: Final[dict[str, dict[str, Any]]] = {
    f"PATCH {_PLACE}": {"name": "Mine"},
    f"POST {_PLACE}/hosts": {"person": NOBODY},
    f"DELETE {_PLACE}/hosts": {"person": NOBODY},
    f"POST {_PLACE}/closures": {"date": "2090-01-02", "reason": "Because."},
    f"POST {_PLACE}/openings": {"starts_at": "2090-01-03T23:59", "ends_at": "2090-01-04T00:00"},
}
IDS: Final = {"date": "2090-01-02", "occurrence": "2090-01-03T23:59"}


async def live(do: Doing, ana: Person, cy: Person, campaign: str) -> dict[str, str]:
    """Ana opens a place that is open but for a minute a day, and does everything with it; it ends hidden."""
    days = [{"day": day, "opens": "00:00", "closes": "23:59"} for day in ("MO", "TU", "WE", "TH", "FR", "SA", "SU")]
    hall = {"campaign_id": campaign, "name": "Lantern Hall", "ward": "aston", "hours": days, "lat": 52.5, "lon": -1.9}
    venue = {"venue_id": (await do(ana, "POST /v1/venues", hall))["id"]}
    await do(ana, f"PATCH {_PLACE}", {"five_ps": {"place": {"met": True, "text": "Ramp"}}}, **venue)
    shown = await do(cy, f"GET {_PLACE}", **venue)
    opening = shown["opening"] or shown["next_open"]
    await do(ana, f"POST {_OPENING}/confirm", occurrence=opening["occurrence"], **venue)
    await do(cy, "GET /v1/venues")
    for key, body in BODIES.items():
        if "PATCH" not in key:
            await do(ana, key, body, **venue)
    await do(ana, f"DELETE {_PLACE}/closures/{{date}}", date=IDS["date"], **venue)
    await do(ana, f"DELETE {_OPENING}", occurrence=IDS["occurrence"], **venue)
    await do(ana, f"GET {_PLACE}/hosts", **venue)
    for way in ("pause", "resume", "hide", "unhide", "hide"):
        await do(ana, f"POST {_PLACE}/{way}", **venue)
    return {**venue, **IDS}
