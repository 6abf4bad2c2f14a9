"""Who is told what about places of welcome: the hosts first that nobody said it is open, then who follows it. Pure.

A day off is told to the followers, and so are new hours: one place's people hear of that one place.
"""

from collections.abc import Iterator

from msgspec import Struct

from services.notifications.telling import local
from shared.contracts import venues


class Word(Struct, frozen=True):
    """Tell the hosts or the organisers or, without any named, the followers; `purpose` is its text as well."""

    purpose: str
    values: dict[str, str]
    hosts: tuple[str, ...] = ()
    to_organisers: bool = False


def words(fact: venues.OnVenue) -> Iterator[Word]:
    """Who is told what about a fact; of a hidden venue followers are told nothing."""
    venue = fact.venue
    title = {"title": venue.name}
    match fact:
        case venues.OpeningMissed(occurrence=occurrence):
            values = {**title, "starts_at": local(occurrence)}
            if venue.hosts:
                yield Word("opening-missed", values, venue.hosts)
            yield Word("opening-not-said", values, to_organisers=True)
        case _ if venue.hidden:
            return
        case venues.OpeningDoubted(occurrence=occurrence):
            yield Word("opening-unconfirmed", {**title, "starts_at": local(occurrence)})
        case venues.OpeningConfirmed(late=True, occurrence=occurrence):
            yield Word("opening-confirmed", {**title, "starts_at": local(occurrence)})
        case venues.DayClosed(closure=closure):
            yield Word("venue-closed", {**title, "date": closure.date, "reason": closure.reason})
        case venues.DayReopened(date=date):
            yield Word("venue-reopened", {**title, "date": date})
        case venues.VenueChanged(changed=changed) if not {"hours", "timezone"}.isdisjoint(changed):
            yield Word("venue-hours", title)
        case venues.VenuePaused():
            yield Word("venue-paused", title)
        case venues.VenueResumed():
            yield Word("venue-resumed", title)
        case _:
            return
