"""An event as its owner keeps it: more than its facts tell, and who may see what of it. Pure."""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from services.events.attached import Admission, Attached
from services.events.waiting import Place, WaitingList
from shared.contracts.attendance import AttendanceNoted, HeadcountTaken
from shared.contracts.completion import EventCompleted, OutcomesChanged
from shared.contracts.events import (
    CampaignState,
    Clash,
    EventFact,
    EventState,
    OccurrenceCancelled,
    OccurrenceChanged,
    OccurrenceState,
    RegistrationAnswer,
    RegistrationCancelled,
    RegistrationChanged,
    RegistrationFact,
    RegistrationPromoted,
    RegistrationWaitlisted,
    Venue,
)
from shared.contracts.hosting import CoHostAccepted, CoHostInvited, CoHostRemoved
from shared.contracts.message import Fact
from shared.contracts.programme import ProgrammeChanged
from shared.contracts.slots import SlotAdded, SlotBooked, SlotReleased
from shared.decider import Asked


class Hidden(Fact, frozen=True):
    """Private: why the event was taken away last, and whether an operator did it."""

    reason: str
    at: str
    by_operator: bool


class Whereabouts(Struct, frozen=True):
    """Where something really is."""

    venue: Venue | None
    online_url: str | None


class Session(Struct, frozen=True):
    """One occurrence of a series: what is particular to it, its waiting list, and where it really is, if elsewhere."""

    state: OccurrenceState | None = None
    waiting: WaitingList = WaitingList()
    venue: Venue | None = None
    online_url: str | None = None


class Event(Struct, frozen=True):
    """An event with what only its owner knows, and what deciding the batch at hand needs.

    `campaign` is there for commands that ask who may; `acting` names the partners of the campaign that each caller
    is a member of; `places` holds the registrations that the batch mentions or has promoted; `shifts` names those that
    may have to be cancelled next, with their occurrences; `attached` is what else hangs on the event and is mentioned.
    `engaged` is what callers who register come to elsewhere.
    Of a series, `whereabouts` tells where its earlier parts really are, `sessions` holds the occurrences that the batch
    mentions and something is particular to, `fullest` is the most people registered for one to come that has the
    series' capacity, `reviews` names the occurrences of each step of a review by where it begins.
    `invited` are partners that were asked to host it; `parent` is there when it is to be planned as a part of another,
    `parts` names those of its own that are to be called off next.
    """

    state: EventState | None = None
    venue: Venue | None = None
    online_url: str | None = None
    partner_id: str | None = None
    waiting: WaitingList = WaitingList()
    hidden: Hidden | None = None
    campaign: CampaignState | None = None
    acting: dict[str, frozenset[str]] = {}
    places: dict[str, Place] = {}
    shifts: tuple[tuple[str, str | None], ...] = ()
    attached: dict[str, Attached] = {}
    engaged: dict[str, tuple[Clash, ...]] = {}
    whereabouts: tuple[Whereabouts, ...] = ()
    sessions: dict[str, Session] = {}
    fullest: int = 0
    reviews: dict[str, tuple[str, ...]] = {}
    invited: tuple[str, ...] = ()
    parent: "Event | None" = None
    parts: tuple[str, ...] = ()


class Arranged(Fact, frozen=True):
    """Private: where the event really is, and was in each earlier part, and the partner it was created for."""

    venue: Venue | None
    online_url: str | None
    partner_id: str | None
    whereabouts: tuple[Whereabouts, ...] = ()


class ArrangedOccurrence(Fact, frozen=True):
    """Private: where an occurrence really is, if elsewhere than the series."""

    occurrence: str
    venue: Venue | None
    online_url: str | None


class Admitted(Fact, frozen=True):
    """Private: what is kept of the ages of a party."""

    admission: Admission


initial: Final = Event()


def evolve(event: Event, fact: EventFact | Arranged | ArrangedOccurrence | Hidden | Admitted) -> Event:
    """Take a fact as given."""
    match fact:
        case Arranged(venue=venue, online_url=online_url, partner_id=partner_id, whereabouts=whereabouts):
            return replace(event, venue=venue, online_url=online_url, partner_id=partner_id, whereabouts=whereabouts)
        case Hidden():
            return replace(event, hidden=fact)
        case Admitted(admission=admission):
            return replace(event, attached=event.attached | {admission.id: admission})
        case ProgrammeChanged(programme=thing) | SlotAdded(slot=thing):
            return replace(event, state=fact.event, attached=event.attached | {thing.id: thing})
        case SlotBooked(slot=slot, booking=booking) | SlotReleased(slot=slot, booking=booking):
            return replace(event, state=fact.event, attached=event.attached | {slot.id: slot, booking.id: booking})
        case ArrangedOccurrence(occurrence=name, venue=venue, online_url=online_url):
            session = event.sessions.get(name, Session())
            session = replace(session, venue=venue, online_url=online_url)
            return replace(event, sessions=event.sessions | {name: session})
        case OccurrenceChanged(occurrence=occurrence) | OccurrenceCancelled(occurrence=occurrence):
            session = replace(event.sessions.get(occurrence.occurrence, Session()), state=occurrence)
            return replace(event, state=fact.event, sessions=event.sessions | {occurrence.occurrence: session})
        case EventCompleted() | OutcomesChanged() | HeadcountTaken() | AttendanceNoted():
            return _resulted(event, fact)
        case _ if isinstance(fact, RegistrationFact):
            return _placed(event, fact)
        case CoHostInvited(partner_id=partner):
            return replace(event, state=fact.event, invited=(*event.invited, partner))
        case CoHostAccepted(partner_id=partner) | CoHostRemoved(partner_id=partner):
            return replace(event, state=fact.event, invited=tuple(one for one in event.invited if one != partner))
        case _:
            return replace(event, state=fact.event)


def _resulted(event: Event, fact: EventCompleted | OutcomesChanged | HeadcountTaken | AttendanceNoted) -> Event:
    """The event once more is known of what came of it, or of one date of it."""
    event = replace(event, state=fact.event)
    if isinstance(fact, AttendanceNoted):
        event = replace(event, places=event.places | {fact.registration.id: Place(fact.registration)})
    if fact.occurrence is None:
        return event
    session = replace(event.sessions.get(fact.occurrence.occurrence, Session()), state=fact.occurrence)
    return replace(event, sessions=event.sessions | {fact.occurrence.occurrence: session})


def _placed(event: Event, fact: RegistrationFact) -> Event:
    """The event after somebody came, left, moved up or changed, in the line that this is about."""
    registration, occurrence = fact.registration, fact.occurrence
    session = event.sessions.get(occurrence.occurrence, Session()) if occurrence else None
    waiting, place = session.waiting if session else event.waiting, Place(registration)
    match fact:
        case RegistrationWaitlisted():
            waiting, place = waiting.joined(registration)
        case RegistrationPromoted():
            waiting = waiting.without(registration)
        case RegistrationChanged() if event.places[registration.id].order is not None:
            waiting, place = waiting.resized(event.places[registration.id], registration)
        case RegistrationCancelled() if event.places[registration.id].order is not None:
            waiting = waiting.without(registration)
        case _:
            pass
    places = event.places | {registration.id: place}
    if occurrence is None or session is None:
        return replace(event, state=fact.event, waiting=waiting, places=places)
    session = replace(session, state=occurrence, waiting=waiting)
    return replace(event, state=fact.event, sessions=event.sessions | {occurrence.occurrence: session}, places=places)


def manages(event: Event, person: str | None) -> bool:
    """Whether a person may change the event: organisers, and members of the partners that host it."""
    if person is None:
        return False
    organises = event.campaign is not None and person in event.campaign.organisers
    hosts = {event.partner_id, *(event.state.hosts if event.state else ())}
    return organises or not hosts.isdisjoint(event.acting.get(person, frozenset()))


def visible(event: Event, person: str | None) -> bool:
    """Whether a person may know of the event."""
    if event.state is None:
        return False
    if manages(event, person):
        return True
    if person is not None and not event.acting.get(person, frozenset()).isdisjoint(event.invited):
        return True
    if event.state.published_at is None or event.state.hidden:
        return False
    return event.state.visibility != "members" or person in event.acting


def whereabouts(event: Event, occurrence: str) -> Whereabouts:
    """Where an occurrence really is: its own place, else that of its part of the series."""
    earlier = event.state.earlier if event.state else ()
    usual = Whereabouts(event.venue, event.online_url)
    for part, place in zip(earlier, event.whereabouts, strict=False):
        if occurrence < part.until:
            usual = place
            break
    session = event.sessions.get(occurrence, Session())
    return Whereabouts(session.venue or usual.venue, session.online_url or usual.online_url)


def attends(place: Place) -> bool:
    """Whether a registration holds places, so that its person is told where a hidden location is."""
    return place.registration.status in {"registered", "attended"}


def answer(place: Place, position: int | None = None) -> RegistrationAnswer:
    """A registration as its owner reads it; `position` is the one it was told first, unless given."""
    mine = place.registration
    return RegistrationAnswer(
        id=mine.id,
        version=mine.version,
        created_at=mine.created_at,
        updated_at=mine.updated_at,
        event_id=mine.event_id,
        occurrence=mine.occurrence,
        party_size=mine.party_size,
        status=mine.status,
        position=(position or place.position) if mine.status == "waiting" else None,
        occurred_at=mine.occurred_at,
    )


def cancelled(place: Place) -> Place:
    """A registration as it reads once its event is cancelled."""
    return Place(replace(place.registration, status="cancelled"))


def following(state: EventState, asked: Asked) -> EventState:
    """The state to be, before anything else changes in it."""
    return replace(state, version=state.version + 1, updated_at=asked.at)
