"""Who is told what about shifts: the person whose place it is, who opened the shift, and the organisers. Pure.

That somebody lost a place is told; that a clearance was the reason only to that person. What was planned for a time is
told when it happens, by a fact that was decided on the state of then, so that nobody hears of what is off meanwhile.
"""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from services.notifications.telling import local
from shared.contracts import shifts
from shared.contracts.message import Fact

TO_THE_PERSON: Final[dict[type[Fact], str]] = {
    shifts.PlaceTaken: "shift-taken",
    shifts.PlaceProposed: "shift-proposed",
    shifts.PlaceReleased: "shift-released",
    shifts.PlaceCancelled: "shift-cancelled",
    shifts.PlaceLost: "shift-lost",
    shifts.RenewalAsked: "clearance-renewal",
    shifts.ComingAsked: "shift-coming",
    shifts.CoverOffered: "cover-offered",
    shifts.CoverNotFound: "cover-not-found",
}
TO_THE_ORGANISER: Final[dict[type[Fact], str]] = {
    shifts.PlaceLost: "shift-place-lost",
    shifts.CoverNotFound: "shift-cover-not-found",
    shifts.ShiftDeserted: "shift-deserted",
}


class Word(Struct, frozen=True):
    """Tell a person something, and maybe all organisers of the campaign; `purpose` is its text as well."""

    person: str
    purpose: str
    values: dict[str, str]
    url: str
    to_organisers: bool = False


def words(fact: shifts.OnShift) -> Iterator[Word]:
    """Who is told what about a fact."""
    shift = fact.shift
    reason = shift.cancellation.reason if shift.cancellation else ""
    values = {"role": shift.role.name, "starts_at": local(shift.starts_at), "ends_at": local(shift.ends_at)}
    if isinstance(fact, shifts.OnAssignment) and (purpose := TO_THE_PERSON.get(type(fact))):
        yield Word(fact.assignment.person, purpose, {**values, "reason": reason}, "/v1/me/shifts")
    if isinstance(fact, shifts.CoverFound):
        yield Word(fact.covered.person, "cover-found", values, "/v1/me/shifts")
    if purpose := TO_THE_ORGANISER.get(type(fact)):
        url = f"/v1/events/{shift.event_id}/shifts/{shift.id}"
        yield Word(shift.opened_by, purpose, values, url, to_organisers=True)
