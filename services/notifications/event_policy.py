"""Who is told what about events: who comes or waits, of the date that they come to, and who follows. Pure."""

from collections.abc import Iterator
from typing import Final

from services.notifications.telling import Acting, Audience, Followers, Message, Person, Registered, Topic, local
from shared import series
from shared.contracts import events, hosting
from shared.contracts.message import Fact

MOVED: Final = frozenset({"venue", "online_url"})
RETIMED: Final = frozenset({"starts_at", "ends_at", "timezone"})
STANDING: Final[dict[type[Fact], str]] = {
    events.RegistrationMade: "registered",
    events.RegistrationWaitlisted: "waiting",
    events.RegistrationPromoted: "promoted",
}

Date = events.OccurrenceState | None
"""One date of a series; None of an event that does not recur, or where all of it is meant."""


def messages(fact: events.OnEvent) -> Iterator[Message]:
    """Who is told what about a fact."""
    event = fact.event
    match fact:
        case events.RegistrationMade() | events.RegistrationWaitlisted() | events.RegistrationPromoted():
            party, purpose = fact.registration, STANDING[type(fact)]
            places = str(party.party_size)
            yield _about(event, fact.occurrence, Person(party.person), "registration", purpose, places=places)
        case events.EventCreated() | events.EventPublished():
            if event.status == "published":
                followers = Followers(event.campaign_id, _within(event))
                yield _about(event, None, followers, "campaign", "event-published")
        case hosting.CoHostInvited(partner_id=partner):
            yield _about(event, None, Acting(partner), "campaign", "co-host-invited")
        case hosting.CoHostAccepted():
            yield _about(event, None, Acting(event.campaign_id), "campaign", "co-host-accepted")
        case events.EventCancelled():
            yield from _off(event, None, event.cancellation)
        case events.OccurrenceCancelled(occurrence=date):
            yield from _off(event, date, date.cancellation)
        case events.EventChanged(changed=changed):
            yield from _otherwise(event, None, frozenset(changed))
        case events.OccurrenceChanged(occurrence=date, changed=changed):
            yield from _otherwise(event, date, frozenset(changed))
        case _:
            pass


def _off(event: events.EventState, date: Date, cancellation: events.Cancellation | None) -> Iterator[Message]:
    reason = cancellation.reason if cancellation else ""
    for audience in _concerned(event, date):
        yield _about(event, date, audience, "event-change", "event-cancelled", reason=reason)


def _otherwise(event: events.EventState, date: Date, changed: frozenset[str]) -> Iterator[Message]:
    text = _change(changed)
    if text is not None and event.status == "published":
        for audience in _concerned(event, date):
            yield _about(event, date, audience, "event-change", "event-changed", text)


def _concerned(event: events.EventState, date: Date) -> tuple[Audience, ...]:
    """Who is told of a change: those whose place is kept, and the followers who may see it still."""
    coming = Registered(event.id, date.occurrence if date else None)
    return (coming,) if event.hidden else (coming, Followers(event.id, _within(event)))


def _within(event: events.EventState) -> str | None:
    """The campaign whose people alone may see the event; None if everybody may."""
    return event.campaign_id if event.visibility == "members" else None


def _about(
    event: events.EventState,
    date: Date,
    audience: Audience,
    topic: Topic,
    purpose: str,
    text: str = "",
    **more: str,
) -> Message:
    """Say something of an event, or of the one date of it that is meant."""
    starts_at, ends_at = _time(event, date)
    values = {"title": event.title, "starts_at": local(starts_at), "ends_at": local(ends_at), **more}
    return Message(audience, topic, purpose, text or purpose, values, f"/v1/events/{event.id}", event.id)


def _time(event: events.EventState, date: Date) -> tuple[str, str]:
    """Local start and end; of a date that is in the series no more only the name is left, its original start."""
    if date is None:
        return event.starts_at, event.ends_at
    if date.starts_at is not None and date.ends_at is not None:
        return date.starts_at, date.ends_at
    slot = series.find(event, date.occurrence, date)
    return (slot.starts_at, slot.ends_at) if slot else (date.occurrence, date.occurrence)


def _change(changed: frozenset[str]) -> str | None:
    """Text for a change that upsets somebody's plans; None if it does not."""
    match bool(changed & MOVED), bool(changed & RETIMED):
        case True, True:
            return "event-moved-and-retimed"
        case True, False:
            return "event-moved"
        case False, True:
            return "event-retimed"
        case _:
            return None
