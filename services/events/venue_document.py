"""A venue as its owner keeps it, and who may do what with it. Pure."""

from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from shared import instants, recurrence
from shared.contracts.events import CampaignState
from shared.contracts.message import Fact
from shared.contracts.venue_states import VenueAnswer, VenueState
from shared.contracts.venues import OnVenue, Step, VenueFact
from shared.decider import Asked


class Check(Struct, frozen=True):
    """The one look that is planned: at which opening, for whom a missed heartbeat is then, and when."""

    occurrence: str
    starts_at_utc: str
    step: Step
    at: str


class Welcome(Struct, frozen=True):
    """A venue, the partner that it was created for, and what its heartbeat waits for.

    `campaign` and `acting` (partners by caller) are what the batch at hand needs to know of others.
    """

    state: VenueState | None = None
    partner_id: str | None = None
    check: Check | None = None
    campaign: CampaignState | None = None
    acting: dict[str, frozenset[str]] = {}


class Founded(Fact, frozen=True):
    """Private: the partner that the venue was created for."""

    partner_id: str | None


class Planned(Fact, frozen=True):
    """Private: the look that is planned now."""

    check: Check | None


initial: Final = Welcome()


def evolve(welcome: Welcome, fact: VenueFact | Founded | Planned) -> Welcome:
    """Take a fact as given."""
    match fact:
        case Founded(partner_id=partner_id):
            return replace(welcome, partner_id=partner_id)
        case Planned(check=check):
            return replace(welcome, check=check)
        case OnVenue(venue=venue):
            return replace(welcome, state=venue)


def manages(welcome: Welcome, person: str | None) -> bool:
    """Whether a person may change the venue: organisers, and members of the partner that it was created for."""
    if person is None:
        return False
    organises = welcome.campaign is not None and person in welcome.campaign.organisers
    return organises or welcome.partner_id in welcome.acting.get(person, frozenset())


def tends(welcome: Welcome, person: str | None) -> bool:
    """Whether a person may say when it is open: its hosts, and who may change it."""
    hosts = welcome.state.hosts if welcome.state else ()
    return person in hosts or manages(welcome, person)


def visible(welcome: Welcome, person: str | None) -> bool:
    """Whether a person may know of the venue."""
    return welcome.state is not None and (not welcome.state.hidden or tends(welcome, person))


def answer(state: VenueState) -> VenueAnswer:
    """A venue without the pseudonyms of its hosts."""
    return msgspec.convert(state, VenueAnswer, from_attributes=True)


def following(state: VenueState, asked: Asked) -> VenueState:
    """The state to be, before anything else changes in it; what is over is dropped, so that it does not grow."""
    yesterday = recurrence.local(instants.later(asked.at, days=-1), state.timezone)
    missed = state.missed
    return replace(
        state,
        version=state.version + 1,
        updated_at=asked.at,
        closures=tuple(closure for closure in state.closures if closure.date >= yesterday[:10]),
        extra_openings=tuple(extra for extra in state.extra_openings if extra.ends_at >= yesterday),
        confirmed=tuple(one for one in state.confirmed if one.ends_at_utc > asked.at),
        missed=missed if missed is not None and missed.ends_at_utc > asked.at else None,
    )
