"""Made-up campaigns and events, and the fold that the processor would do."""

from collections.abc import Iterable
from typing import Any, TypeVar

from msgspec.structs import replace

from services.events import rules
from services.events.document import Event
from services.events.rules import State
from services.events.waiting import Place
from shared.contracts.events import (
    CampaignState,
    CampaignStatus,
    CreateEvent,
    EventFact,
    EventState,
    LeaveEvent,
    PromoteWaiting,
    Register,
    RegistrationState,
)
from shared.contracts.message import Command, Fact
from shared.decider import Asked, Decision, Done, Refused

AT = "2026-06-01T10:00:00.000Z"
LATER = "2026-06-02T10:00:00.000Z"
AFTER_THE_EVENT = "2026-07-05T10:00:00.000Z"
CAMPAIGN = "campaign_a"
EVENT = "event_a"
S = TypeVar("S", bound=State)


def asked(person: str = "ana", *roles: str, at: str = AT) -> Asked:
    """Who asks: ana, who organises, unless named."""
    return Asked("c1", person, frozenset(roles or ("resident",)), at)


def a_campaign(status: CampaignStatus = "live", **fields: Any) -> CampaignState:  # noqa: ANN401 -- any field of the struct
    """A campaign that ana organises."""
    state = CampaignState(
        id=CAMPAIGN,
        version=2,
        revision=1,
        created_at=AT,
        updated_at=AT,
        name="As One",
        slug="as-one",
        summary="Neighbours",
        starts_on=None,
        ends_on=None,
        wards=(),
        principles=(),
        languages=(),
        successor_of=None,
        status=status,
        organisers=("ana",),
    )
    return replace(state, **fields)


def a_plan(**fields: Any) -> CreateEvent:  # noqa: ANN401 -- any field of the struct
    """The wish for an event on a Saturday afternoon of July."""
    plan: dict[str, Any] = {
        "title": "Clean-up",
        "category": "environment",
        "starts_at": "2026-07-04T14:00",
        "ends_at": "2026-07-04T16:00",
        "publish": True,
    }
    return CreateEvent(EVENT, CAMPAIGN, **(plan | fields))


def an_event(campaign: CampaignState | None = None, **fields: Any) -> Event:  # noqa: ANN401 -- any field of the struct
    """A published event that ana organises."""
    before = Event(campaign=campaign or a_campaign(), acting={"pat": frozenset({"campaign_a.p"})})
    after, decision = decided(before, a_plan(**fields))
    assert isinstance(decision.answer, Done), decision.answer
    return after


def state_of(event: Event) -> EventState:
    """The event's public state; it exists."""
    assert event.state is not None
    return event.state


def decided(state: S, command: Command, by: Asked | None = None) -> tuple[S, Decision]:
    """Decide as the processor does: the state after, and the decision."""
    decision = rules.decide(state, command, by or asked())
    after = folded(state, (*decision.facts, *decision.private))
    return after, decision


def folded(state: S, facts: Iterable[Fact]) -> S:
    """The state after those facts."""
    for fact in facts:
        state = rules.evolve(state, fact)  # type: ignore[assignment] # a state keeps its kind
    return state


def registering(person: str, size: int = 1) -> tuple[Register, Asked]:
    """The wish of a person for places, and who asks."""
    return Register(EVENT, f"{EVENT}.{person}", size), asked(person)


def leaving(person: str) -> tuple[LeaveEvent, Asked]:
    """The wish of a person to give them back, and who asks."""
    return LeaveEvent(EVENT, f"{EVENT}.{person}"), asked(person)


def with_registrations(event: Event, *parties: tuple[str, int]) -> Event:
    """The event after those people registered, one after the other."""
    for person, size in parties:
        event, _ = decided(event, *registering(person, size))
    return event


def promoting() -> tuple[PromoteWaiting, Asked]:
    """The follow-up that goes on promoting, as the service asks it of itself."""
    return PromoteWaiting(EVENT), asked("events", "system")


def problem(decision: Decision) -> tuple[str, int, dict[str, str | int | None]]:
    """Slug, status and figures of a refusal that changed nothing."""
    assert isinstance(decision.answer, Refused), decision.answer
    assert decision.facts == ()
    assert decision.private == ()
    assert decision.then == ()
    return decision.answer.problem, decision.answer.status, decision.answer.figures


def done(decision: Decision) -> Done:
    """The answer of a command that took effect."""
    assert isinstance(decision.answer, Done), decision.answer
    return decision.answer


def kinds(decision: Decision) -> list[str]:
    """The names of the facts."""
    return [type(fact).__name__ for fact in decision.facts]


def status_of(event: Event, person: str) -> str:
    """Where a person's registration stands."""
    return event.places[f"{EVENT}.{person}"].registration.status


def people(event: Event, status: str) -> list[str]:
    """Who is registered or waits; those who wait, in their order."""
    places = [place for place in event.places.values() if place.registration.status == status]
    return [place.registration.person for place in sorted(places, key=lambda place: place.order or 0)]


def reloaded(event: Event, at_hand: int) -> Event:
    """The event as the store would load it, with so many of each waiting size at hand."""
    heads: dict[int, tuple[Place, ...]] = {}
    for size in event.waiting.sizes:
        line = [place for place in event.places.values() if _waits(place.registration, size)]
        heads[size] = tuple(sorted(line, key=lambda place: place.order or 0)[:at_hand])
    return replace(event, waiting=replace(event.waiting, heads=heads))


def the_facts(decision: Decision) -> list[EventFact]:
    """The facts of an event's decision."""
    return [fact for fact in decision.facts if isinstance(fact, EventFact)]


def _waits(registration: RegistrationState, size: int) -> bool:
    return registration.status == "waiting" and registration.party_size == size
