"""Events of several organisers and their parts (MISSION row 16: a carnival by residents, groups, organisations)."""

from msgspec.structs import replace

from services.events.document import Event
from shared.contracts.events import CancelEvent, ChangeEvent, CreateEvent, EventCancelled, PublishEvent
from shared.contracts.hosting import AcceptCoHost, CancelPart, CancelSubEvents, InviteCoHost, NoteSubEvent, RemoveCoHost
from shared.contracts.shifts import CancelShifts
from tests.events.given import (
    CAMPAIGN,
    EVENT,
    a_campaign,
    a_plan,
    an_event,
    asked,
    decided,
    kinds,
    problem,
    state_of,
)

PARTNER = f"{CAMPAIGN}.p"
"""pat is its member."""
SYSTEM = asked("events", "system")


def test_a_partner_that_accepts_hosts_the_event() -> None:
    """Its members manage it from then on, and no more once it is taken out."""
    event, invited = decided(an_event(), InviteCoHost(EVENT, PARTNER))
    before = decided(event, ChangeEvent(EVENT, title="Ours"), asked("pat"))[1]
    event, accepted = decided(event, AcceptCoHost(EVENT, PARTNER), asked("pat"))
    changed = decided(event, ChangeEvent(EVENT, title="Ours"), asked("pat"))[1]
    out, removed = decided(event, RemoveCoHost(EVENT, PARTNER))

    assert [kinds(one) for one in (invited, accepted, changed, removed)] == [
        ["CoHostInvited"],
        ["CoHostAccepted"],
        ["EventChanged"],
        ["CoHostRemoved"],
    ]
    assert problem(before)[:2] == ("forbidden", 403)
    assert (state_of(event).hosts, state_of(out).hosts, event.invited) == ((PARTNER,), (), ())
    assert problem(decided(out, ChangeEvent(EVENT, title="Ours"), asked("pat"))[1])[:2] == ("forbidden", 403)


def test_who_is_invited_sees_the_draft() -> None:
    """And nobody else of the partners; the same again is no fact."""
    event, _ = decided(an_event(publish=False), InviteCoHost(EVENT, PARTNER))

    assert problem(decided(event, PublishEvent(EVENT), asked("pat"))[1])[:2] == ("forbidden", 403)
    assert problem(decided(an_event(publish=False), PublishEvent(EVENT), asked("pat"))[1])[:2] == ("not-found", 404)
    assert kinds(decided(event, InviteCoHost(EVENT, PARTNER))[1]) == []
    accepted, _ = decided(event, AcceptCoHost(EVENT, PARTNER), asked("pat"))
    assert kinds(decided(accepted, AcceptCoHost(EVENT, PARTNER), asked("pat"))[1]) == []


def test_nobody_hosts_unasked_or_for_others() -> None:
    """Neither a partner that was not invited, nor an organiser in a partner's place, nor a partner of elsewhere."""
    event, _ = decided(an_event(), InviteCoHost(EVENT, PARTNER))

    assert problem(decided(an_event(), AcceptCoHost(EVENT, PARTNER), asked("pat"))[1])[:2] == ("not-found", 404)
    assert problem(decided(event, AcceptCoHost(EVENT, PARTNER))[1])[:2] == ("forbidden", 403)
    assert problem(decided(event, RemoveCoHost(EVENT, PARTNER), asked("bo"))[1])[:2] == ("forbidden", 403)
    assert problem(decided(an_event(), InviteCoHost(EVENT, PARTNER), asked("pat"))[1])[:2] == ("forbidden", 403)
    assert problem(decided(an_event(), InviteCoHost(EVENT, "campaign_b.p"))[1])[:2] == ("not-found", 404)
    assert kinds(decided(event, RemoveCoHost(EVENT, PARTNER), asked("pat"))[1]) == ["CoHostRemoved"]


def a_part(parent: Event, **fields: object) -> tuple[Event, CreateEvent]:
    """An event to be, of which ana wants to make a part of another."""
    before = Event(campaign=a_campaign(), acting={"pat": frozenset({PARTNER})}, parent=parent)
    return before, replace(a_plan(parent_id=EVENT, **fields), event_id="event_part")


def test_a_part_is_planned_by_who_manages_the_whole() -> None:
    """The whole is told by a follow-up, and counts its parts."""
    before, command = a_part(an_event())
    part, decision = decided(before, command)
    whole, noted = decided(an_event(), NoteSubEvent(EVENT, "event_part"), SYSTEM)

    assert state_of(part).parent_id == EVENT
    assert decision.then == (NoteSubEvent(EVENT, "event_part"),)
    assert (kinds(noted), state_of(whole).sub_events) == (["SubEventAdded"], 1)
    assert problem(decided(before, command, asked("pat"))[1])[:2] == ("forbidden", 403)
    hosted, _ = decided(
        decided(an_event(), InviteCoHost(EVENT, PARTNER))[0], AcceptCoHost(EVENT, PARTNER), asked("pat")
    )
    assert kinds(decided(a_part(hosted)[0], command, asked("pat"))[1]) == ["EventCreated", "EventPublished"]


def test_a_part_of_nothing_or_of_what_is_off_is_refused() -> None:
    """Nor of another campaign's."""
    off, _ = decided(an_event(), CancelEvent(EVENT, "Storm"))
    elsewhere = replace(an_event(), state=replace(state_of(an_event()), campaign_id="campaign_b"))

    assert problem(decided(*a_part(Event()))[1])[:2] == ("not-found", 404)
    assert problem(decided(*a_part(elsewhere))[1])[:2] == ("not-found", 404)
    assert problem(decided(*a_part(off))[1]) == ("event-wrong-state", 409, {"status": "cancelled"})


def test_parts_are_called_off_with_the_whole() -> None:
    """Whichever comes first, the cancellation or the news of the part; an event without parts asks nobody."""
    whole, _ = decided(an_event(), NoteSubEvent(EVENT, "event_part"), SYSTEM)
    off, cancelled = decided(whole, CancelEvent(EVENT, "Storm"))
    _, step = decided(replace(off, parts=("event_part",)), CancelSubEvents(EVENT), SYSTEM)
    _, late = decided(off, NoteSubEvent(EVENT, "event_late"), SYSTEM)
    _, alone = decided(an_event(), CancelEvent(EVENT, "Storm"))
    part, _ = decided(*a_part(an_event()))
    gone, told = decided(part, CancelPart("event_part", "Storm"), SYSTEM)

    assert cancelled.then == (CancelShifts(EVENT), CancelSubEvents(EVENT))
    assert alone.then == (CancelShifts(EVENT),)
    assert step.then == (CancelPart("event_part", "Storm"),)
    assert late.then == (CancelPart("event_late", "Storm"),)
    [fact] = told.facts
    assert isinstance(fact, EventCancelled)
    assert fact.event.cancellation is not None
    assert (state_of(gone).status, fact.event.cancellation.reason) == ("cancelled", "Storm")
    assert kinds(decided(gone, CancelPart("event_part", "Storm"), SYSTEM)[1]) == []


def test_nobody_else_gives_the_services_own_commands() -> None:
    """Not even who manages the event, but for cancelling it in their own name."""
    event = an_event()

    for command in (NoteSubEvent(EVENT, "x"), CancelSubEvents(EVENT)):
        assert problem(decided(event, command)[1])[:2] == ("forbidden", 403)
    assert problem(decided(event, CancelPart(EVENT, "x"), asked("bo"))[1])[:2] == ("forbidden", 403)
