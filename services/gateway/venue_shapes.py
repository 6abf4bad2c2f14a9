"""What a venue's view becomes at the instant of reading: open now, open next, closed today. Pure."""

import re
from collections.abc import Mapping
from math import asin, cos, radians, sin, sqrt
from typing import Final, Literal

import msgspec
from msgspec import Struct

from shared import openings
from shared.contracts.message import encode
from shared.contracts.venue_states import Closure, VenueAnswer
from shared.recurrence import Occurrence

NEAR: Final = re.compile(r"(-?[0-9]{1,2}(?:\.[0-9]{1,8})?),(-?[0-9]{1,3}(?:\.[0-9]{1,8})?)")
_EARTH_M: Final = 6_371_000

Standing = Literal["expected", "confirmed", "unconfirmed"]


class Opening(Struct, frozen=True):
    """An opening in local times and instants, and whether anybody there has said so."""

    occurrence: str
    starts_at: str
    ends_at: str
    starts_at_utc: str
    ends_at_utc: str
    status: Standing


class PlaceOfWelcome(VenueAnswer, frozen=True):
    """A venue as it is read. `open_now` is by its hours; `opening` goes on now, `next_open` is to come.

    `closed_today` is a closure of this local day. A missed heartbeat shows as `unconfirmed`.
    """

    open_now: bool = False
    opening: Opening | None = None
    next_open: Opening | None = None
    closed_today: Closure | None = None


_venues: Final = msgspec.json.Decoder(VenueAnswer)


def shown(body: bytes, now: str, chosen: Mapping[str, str]) -> tuple[bytes | None, str]:
    """The body as it is read now, and until when; None for the body if it does not fit what was chosen."""
    venue = _venues.decode(body)
    stands = openings.now(venue, now)
    read = PlaceOfWelcome(
        **msgspec.structs.asdict(venue),
        open_now=stands.opening is not None,
        opening=_opening(venue, stands.opening),
        next_open=_opening(venue, stands.next),
        closed_today=stands.closed_today,
    )
    fits = (read.open_now or "open" not in chosen) and _is_near(venue, chosen)
    return encode(read) if fits else None, stands.until


def _opening(venue: VenueAnswer, opening: Occurrence | None) -> Opening | None:
    if opening is None:
        return None
    status: Standing = "expected"
    if any(one.occurrence == opening.name for one in venue.confirmed):
        status = "confirmed"
    elif venue.missed is not None and venue.missed.occurrence == opening.name:
        status = "unconfirmed"
    return Opening(opening.name, opening.starts_at, opening.ends_at, opening.starts_at_utc, opening.ends_at_utc, status)


def _is_near(venue: VenueAnswer, chosen: Mapping[str, str]) -> bool:
    near = NEAR.fullmatch(chosen.get("near", ""))
    if near is None:
        return True
    if venue.lat is None or venue.lon is None:
        return False
    return metres(float(near[1]), float(near[2]), venue.lat, venue.lon) <= int(chosen["radius_m"])


def metres(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Distance on the globe by the haversine formula."""
    up, along = radians(other_lat - lat) / 2, radians(other_lon - lon) / 2
    chord = sin(up) ** 2 + cos(radians(lat)) * cos(radians(other_lat)) * sin(along) ** 2
    return 2 * _EARTH_M * asin(sqrt(min(1.0, chord)))
