"""What facts mean for those who read: each state becomes a view with its entries in lists and its share in totals.

Pure. A fact carries the whole state after it, so the newest state of a thing is all that its view needs; views
compare by version and apply in any order. The set of volunteers (people who ever pledged, as pseudonyms that are
counted and never shown) only grows.
"""

import re
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Final, Literal

import msgspec
from msgspec import Struct

from shared import series
from shared.contracts.commitments import CommitmentState, OnCommitment
from shared.contracts.events import (
    CampaignState,
    EventState,
    OccurrenceCancelled,
    OccurrenceChanged,
    OccurrenceState,
    OnCampaign,
    OnEvent,
    OnPartner,
    PartnerAnswer,
    PartnerState,
    RegistrationFact,
)
from shared.contracts.message import Fact, encode
from shared.contracts.pledges import NeedState, OnNeed, OnPledge
from shared.contracts.venue_states import VenueAnswer, VenueState
from shared.contracts.venues import OnVenue

Kind = Literal["campaign", "event", "need", "commitment", "venue"]
State = CampaignState | EventState | NeedState | CommitmentState | VenueState

LATEST: Final = "9999-12-31"
_SAFE: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")


class View(Struct, frozen=True, array_like=True):
    """A thing as it is read, ready for `apply.lua`.

    `public` is 0 for what only its owner's query API may show. `entries` are set, member, set, member…;
    `share` is what the thing adds to its campaign's totals; `at` is when it changed. `slugs` all lead to it for ever.
    """

    id: str
    version: int
    public: int
    campaign: str
    body: str
    slugs: tuple[str, ...]
    entries: tuple[str, ...]
    share: tuple[str | int, ...]
    at: str


class Partner(Struct, frozen=True, array_like=True):
    """A partner as the aggregate of its campaign shows it, ready for `apply.lua`; without a body it is not shown."""

    campaign: str
    id: str
    version: int
    body: str
    at: str


class Touched(Struct, frozen=True, array_like=True):
    """What is particular to an occurrence, ready for `apply.lua`; `exceptional` if it was moved or called off."""

    event: str
    name: str
    version: int
    body: str
    exceptional: int


class Volunteer(Struct, frozen=True, array_like=True):
    """A person who pledged something for a campaign."""

    campaign: str
    person: str


def state_of(fact: Fact) -> State | None:
    """The thing that the fact's stream is about; None for streams without a view."""
    match fact:
        case OnCampaign(campaign=campaign):
            return campaign
        case OnEvent(event=event):
            return event
        case OnNeed(need=need):
            return need
        case OnCommitment(commitment=commitment):
            return commitment
        case OnVenue(venue=venue):
            return venue
        case _:
            return None


def partner_of(fact: Fact) -> PartnerState | None:
    """The partner that the fact tells of, if any."""
    return fact.partner if isinstance(fact, OnPartner) else None


def occurrence_of(fact: Fact) -> OccurrenceState | None:
    """The occurrence that the fact tells of, if any."""
    match fact:
        case OccurrenceChanged(occurrence=occurrence) | OccurrenceCancelled(occurrence=occurrence):
            return occurrence
        case _ if isinstance(fact, RegistrationFact):
            return fact.occurrence
        case _:
            return None


def touched_view(state: OccurrenceState) -> Touched:
    """An occurrence as lists look it up."""
    exceptional = int(series.exceptional(state))
    return Touched(state.event_id, state.occurrence, state.version, encode(state).decode(), exceptional)


def volunteer_of(fact: Fact) -> Volunteer | None:
    """Who has promised something by now; a hold is no promise yet."""
    match fact:
        case OnPledge(pledge=pledge) if pledge.status in {"pledged", "delivered"}:
            return Volunteer(pledge.campaign_id, pledge.donor)
        case _:
            return None


def figures(state: State) -> tuple[int, ...]:
    """The numbers of a state that are compared and summed."""
    match state:
        case CampaignState() | CommitmentState():
            return (state.version,)
        case EventState():
            return (state.version, state.registered)
        case NeedState():
            return (state.version, state.pledged, state.delivered)
        case VenueState():
            return (state.version,)


def kind_of(state: State) -> Kind:
    """Kind of a thing, as paths and lists name it."""
    match state:
        case CampaignState():
            return "campaign"
        case EventState():
            return "event"
        case NeedState():
            return "need"
        case CommitmentState():
            return "commitment"
        case VenueState():
            return "venue"


def campaign_of(state: State) -> str:
    """The campaign that a thing belongs to; a campaign belongs to itself."""
    return state.id if isinstance(state, CampaignState) else state.campaign_id


def view_of(state: State) -> View:
    """A state as it is read."""
    match state:
        case CampaignState():
            return _campaign(state)
        case EventState():
            return _event(state)
        case NeedState():
            return _need(state)
        case CommitmentState():
            return _commitment(state)
        case VenueState():
            return _venue(state)


def partner_view(state: PartnerState) -> Partner:
    """A partner without the pseudonyms of its members; nothing of one that is not active."""
    shown = msgspec.convert(state, PartnerAnswer, from_attributes=True)
    body = encode(shown).decode() if state.status == "active" else ""
    return Partner(state.campaign_id, state.id, state.version, body, state.updated_at)


def facet(kind: Kind, name: str, value: str) -> str:
    """Name of the set of all things of a kind that have a value; text that could leave its place is hashed."""
    safe = value if _SAFE.fullmatch(value) else "~" + blake2b(value.encode(), digest_size=16).hexdigest()
    return f"l:{kind}:{name}:{safe}"


def everything(kind: Kind) -> str:
    """Name of the set of all public things of a kind."""
    return f"l:{kind}:all"


def series_of(name: str) -> str:
    """Name of the set of series beside a set of events: they stand where they come next, so they are held apart."""
    return f"r{name.removeprefix('l')}"


def _entries(member: str, sets: Sequence[str]) -> Iterator[str]:
    for name in sets:
        yield name
        yield member


def _campaign(state: CampaignState) -> View:
    public = state.status != "draft"
    sets = [
        everything("campaign"),
        facet("campaign", "status", state.status),
        *(facet("campaign", "ward", ward) for ward in state.wards),
    ]
    entries = tuple(_entries(f"{state.created_at}|{state.id}", sets)) if public else ()
    return View(
        state.id,
        state.version,
        int(public),
        state.id,
        encode(state).decode(),
        (state.slug, *state.former_slugs),
        entries,
        (),
        state.updated_at,
    )


def _event(state: EventState) -> View:
    """Members of `upcoming` begin with the start, those of lists also hold the local date that people filter by."""
    public = state.published_at is not None and state.visibility != "members" and not state.hidden
    entries: tuple[str, ...] = ()
    share: tuple[str | int, ...] = ()
    if public:
        member = f"{state.starts_at_utc}|{state.starts_at[:10]}|{state.id}"
        entries = tuple(_entries(member, list(_event_sets(state))))
    if public and state.recurrence is not None:
        entries = tuple(_entries(state.id, [series_of(name) for name in _event_sets(state)]))
        if state.status == "published":
            entries += (f"c:{state.campaign_id}:series", state.id)
    elif public and state.status == "published":
        entries += (f"c:{state.campaign_id}:upcoming", f"{state.starts_at_utc}|{state.id}")
    if public and state.status != "cancelled":
        share = ("event", state.registered)
    return View(
        state.id,
        state.version,
        int(public),
        state.campaign_id,
        encode(state).decode(),
        (),
        entries,
        share,
        state.updated_at,
    )


def _event_sets(state: EventState) -> Iterator[str]:
    yield everything("event")
    yield facet("event", "campaign", state.campaign_id)
    yield facet("event", "category", state.category)
    if state.parent_id:
        yield facet("event", "parent", state.parent_id)
    if state.venue and state.venue.ward:
        yield facet("event", "ward", state.venue.ward)
    if state.venue and state.venue.access:
        yield facet("event", "accessible", "true")
    for principle in state.principles:
        yield facet("event", "principle", str(principle))
    for language in state.languages:
        yield facet("event", "language", language.lower())


def _need(state: NeedState) -> View:
    """A hidden need is in no list and in no sum."""
    entries: tuple[str, ...] = ()
    share: tuple[str | int, ...] = ()
    if not state.hidden:
        entries = tuple(_need_entries(state))
        share = ("need", int(state.status == "open"), state.kind, state.pledged, state.delivered)
    return View(
        state.id,
        state.version,
        int(not state.hidden),
        state.campaign_id,
        encode(state).decode(),
        (),
        entries,
        share,
        state.updated_at,
    )


def _need_entries(state: NeedState) -> Iterator[str]:
    sets = [
        everything("need"),
        facet("need", "campaign", state.campaign_id),
        facet("need", "kind", state.kind),
        facet("need", "status", state.status),
    ]
    if state.ward:
        sets.append(facet("need", "ward", state.ward))
    if state.subkind:
        sets.append(facet("need", "subkind", state.subkind))
    if state.urgency and state.status == "open" and state.uncommitted:
        sets.append(facet("need", "urgency", state.urgency))
    yield from _entries(f"{state.created_at}|{state.id}", sets)
    if state.status == "open":
        yield f"c:{state.campaign_id}:open"
        yield f"{state.by or LATEST}|{state.created_at}|{state.id}"


def _commitment(state: CommitmentState) -> View:
    """The register is public, ended ones included."""
    sets = [
        everything("commitment"),
        facet("commitment", "campaign", state.campaign_id),
        facet("commitment", "status", state.status),
        *(facet("commitment", "principle", str(principle)) for principle in state.principles),
    ]
    return View(
        state.id,
        state.version,
        1,
        state.campaign_id,
        encode(state).decode(),
        (),
        tuple(_entries(f"{state.created_at}|{state.id}", sets)),
        (),
        state.updated_at,
    )


def _venue(state: VenueState) -> View:
    """A hidden venue is in no list. Whether it is open depends on when it is read: that is no part of it."""
    sets = [
        everything("venue"),
        facet("venue", "campaign", state.campaign_id),
        facet("venue", "status", state.status),
        *(facet("venue", "language", language.lower()) for language in state.languages),
        *([facet("venue", "ward", state.ward)] if state.ward else []),
        *([facet("venue", "accessible", "true")] if state.access else []),
    ]
    return View(
        state.id,
        state.version,
        int(not state.hidden),
        state.campaign_id,
        encode(msgspec.convert(state, VenueAnswer, from_attributes=True)).decode(),
        (),
        () if state.hidden else tuple(_entries(f"{state.created_at}|{state.id}", sets)),
        (),
        state.updated_at,
    )
