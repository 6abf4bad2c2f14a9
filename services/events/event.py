"""The rules of one event: its plan, its places, its waiting list. Pure: no clock, no chance, no I/O."""

from msgspec.structs import replace

from services.events import campaign as campaigns
from services.events import course, life, occurrences, parts, places
from services.events import plan as plans
from services.events.document import Arranged, Event, evolve, following, initial, manages, visible
from shared.contracts.events import (
    CancelEvent,
    Cancellation,
    CancelOccurrence,
    ChangeEvent,
    ChangeOccurrence,
    ChangeRegistration,
    CreateEvent,
    EventCancelled,
    EventChanged,
    EventCommand,
    EventCreated,
    EventPublished,
    EventState,
    LeaveEvent,
    PromoteWaiting,
    PublishEvent,
    Register,
    ReviewOccurrences,
)
from shared.contracts.hosting import AcceptCoHost, CancelPart, CancelSubEvents, InviteCoHost, NoteSubEvent, RemoveCoHost
from shared.contracts.message import Fact
from shared.contracts.shifts import CancelShifts
from shared.contracts.slots import BookSlot, ReleaseBooking
from shared.decider import FORBIDDEN, NOT_FOUND, Asked, Decision, Done, Refused, refused

__all__ = ["decide", "evolve", "initial"]


def decide(event: Event, command: EventCommand, asked: Asked) -> Decision:
    """Answer a command; what is so already is answered 200 without a fact."""
    if isinstance(command, CreateEvent):
        return _create(event, command, asked)
    state = event.state
    if state is None:
        return Decision(NOT_FOUND)
    match command:
        case Register() | LeaveEvent() | ChangeRegistration() | PromoteWaiting():
            return places.decide(event, state, command, asked)
        case ReviewOccurrences():
            return occurrences.review(event, state, command, asked)
        case BookSlot() | ReleaseBooking() | InviteCoHost() | AcceptCoHost() | RemoveCoHost():
            return life.decide(event, state, command, asked)
        case NoteSubEvent() | CancelSubEvents():
            return life.decide(event, state, command, asked)
        case _ if not (manages(event, asked.person) or life.entitled(command, asked)):
            return Decision(FORBIDDEN if visible(event, asked.person) else NOT_FOUND)
        case PublishEvent():
            return _publish(event, state, asked)
        case ChangeEvent():
            return _change(event, state, command, asked)
        case CancelEvent() | CancelPart():
            return _cancel(state, command, asked)
        case ChangeOccurrence() | CancelOccurrence():
            return occurrences.decide(event, state, command, asked)
        case _:
            return life.decide(event, state, command, asked)


def _create(event: Event, command: CreateEvent, asked: Asked) -> Decision:
    campaign, acting = event.campaign, event.acting.get(asked.person, frozenset())
    if event.state is not None:
        return _unchanged(event.state, 201)
    if campaign is None or not (acting or campaigns.visible(campaign, asked.person)):
        return Decision(NOT_FOUND)
    if not acting and asked.person not in campaign.organisers:
        return Decision(FORBIDDEN)
    if campaign.status in campaigns.ENDED or (command.publish and campaign.status != "live"):
        return Decision(refused("campaign-not-live", status=campaign.status))
    if stands_against := parts.refusal(event, command, asked):
        return Decision(stands_against)
    plan = plans.proposed(command)
    times = plans.check(plan)
    if isinstance(times, Refused):
        return Decision(times)
    draft = EventState(
        id=command.event_id,
        version=1,
        revision=1,
        created_at=asked.at,
        updated_at=asked.at,
        campaign_id=campaign.id,
        starts_at_utc=times.starts_at_utc,
        ends_at_utc=times.ends_at_utc,
        status="draft",
        left=None if plan.recurrence is not None else plan.capacity,
        parent_id=command.parent_id,
        **plans.shown(plan),
    )
    state: EventState = draft
    facts: list[Fact] = [EventCreated(draft)]
    if command.publish:
        state = _published(draft, asked)
        facts.append(EventPublished(state))
    partner_id = None if asked.person in campaign.organisers else min(acting)
    private = Arranged(plan.venue, plan.online_url, partner_id)
    then = (NoteSubEvent(command.parent_id, state.id),) if command.parent_id else ()
    return Decision(Done("event", state.id, state, 201), tuple(facts), then, (private,))


def _publish(event: Event, state: EventState, asked: Asked) -> Decision:
    if state.status == "published":
        return _unchanged(state)
    if state.status != "draft":
        return Decision(refused("event-wrong-state", status=state.status))
    campaign_status = event.campaign.status if event.campaign else None
    if campaign_status != "live":
        return Decision(refused("campaign-not-live", status=campaign_status))
    after = _published(state, asked)
    return Decision(Done("event", after.id, after), (EventPublished(after),))


def _published(state: EventState, asked: Asked) -> EventState:
    return replace(following(state, asked), status="published", published_at=asked.at)


def _change(event: Event, state: EventState, command: ChangeEvent, asked: Asked) -> Decision:
    """Change the plan; a raised capacity promotes. Nobody loses a place: below who is registered is refused."""
    if command.revision is not None and command.revision != state.revision:
        return Decision(Refused("revision-mismatch", 412, {"revision": state.revision}))
    if state.status not in {"draft", "published"}:
        return Decision(refused("event-wrong-state", status=state.status))
    plan, changed = plans.changed(plans.current(state, event.venue, event.online_url), command)
    if not changed:
        return _unchanged(state)
    times = plans.check(plan)
    if isinstance(times, Refused):
        return Decision(times)
    if state.recurrence is not None or plan.recurrence is not None or command.following is not None:
        return course.change(event, state, command, (plan, times, changed), asked)
    if plan.capacity is not None and plan.capacity < state.registered:
        return Decision(refused("less-than-committed", registered=state.registered))
    after = replace(
        following(state, asked),
        revision=state.revision + 1,
        starts_at_utc=times.starts_at_utc,
        ends_at_utc=times.ends_at_utc,
        left=None if plan.capacity is None else plan.capacity - state.registered,
        **plans.shown(plan),
    )
    fact = EventChanged(after, changed)
    event, promoted, then = places.promotions(evolve(event, fact), asked)
    after = event.state or after
    private = Arranged(plan.venue, plan.online_url, event.partner_id)
    return Decision(Done("event", after.id, after), (fact, *promoted), then, (private,))


def _cancel(state: EventState, command: CancelEvent | CancelPart, asked: Asked) -> Decision:
    if state.status == "cancelled":
        return _unchanged(state)
    if state.status == "completed":
        return Decision(refused("event-wrong-state", status=state.status))
    after = replace(following(state, asked), status="cancelled", cancellation=Cancellation(command.reason, asked.at))
    then = (CancelShifts(after.id), *((CancelSubEvents(after.id),) if after.sub_events else ()))
    return Decision(Done("event", after.id, after), (EventCancelled(after),), then)


def _unchanged(state: EventState, status: int = 200) -> Decision:
    return Decision(Done("event", state.id, state, status))
