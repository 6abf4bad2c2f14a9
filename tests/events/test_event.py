from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from services.events.campaign import Campaign
from services.events.document import Event
from shared.contracts.events import (
    CampaignStatus,
    CancelEvent,
    ChangeEvent,
    CreateEvent,
    EventChanged,
    PublishEvent,
    Venue,
    VenueChange,
)
from shared.contracts.message import Command
from tests.events.given import (
    AFTER_THE_EVENT,
    AT,
    EVENT,
    LATER,
    a_campaign,
    a_plan,
    an_event,
    asked,
    decided,
    done,
    kinds,
    problem,
    promoting,
    registering,
    state_of,
    with_registrations,
)

PARTNER = "campaign_a.p"
HALL = Venue(name="Made-up Hall", address="1 Example Road", ward="moseley", lat=52.4, lon=-1.9, access=("step-free",))


def unplanned(status: CampaignStatus = "live") -> Event:
    """An event that is not there yet, of a campaign that ana organises and pat's partner has joined."""
    return Event(campaign=a_campaign(status), acting={"pat": frozenset({PARTNER})})


def change(**fields: Any) -> ChangeEvent:  # noqa: ANN401 -- any field of the command
    """A change of those fields."""
    return ChangeEvent(EVENT, **fields)


def test_an_event_is_planned_as_a_draft() -> None:
    """The local times of a summer day are one hour ahead of UTC."""
    event, decision = decided(unplanned(), a_plan(publish=False, capacity=50))

    state = state_of(event)
    assert kinds(decision) == ["EventCreated"]
    assert (state.status, state.version, state.revision, state.published_at) == ("draft", 1, 1, None)
    assert (state.starts_at_utc, state.ends_at_utc) == ("2026-07-04T13:00:00.000Z", "2026-07-04T15:00:00.000Z")
    assert (state.registered, state.waiting, state.left) == (0, 0, 50)
    assert (done(decision).status, done(decision).body) == (201, state)


def test_an_event_can_be_published_at_once() -> None:
    """Two facts, for those who wait to hear of announcements; without a capacity the places are unlimited."""
    event, decision = decided(unplanned(), a_plan())

    state = state_of(event)
    assert kinds(decision) == ["EventCreated", "EventPublished"]
    assert (state.status, state.version, state.revision, state.published_at) == ("published", 2, 1, AT)
    assert state.left is None
    assert done(decision).body == state


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"ends_at": "2026-07-04T14:00"}, "/ends_at"),
        ({"ends_at": "2026-07-04T13:59"}, "/ends_at"),
        ({"starts_at": "2026-03-29T01:30"}, "/starts_at"),
        ({"starts_at": "tomorrow"}, "/starts_at"),
        ({"starts_at": "0001-01-01T00:00", "timezone": "Asia/Tokyo"}, "/starts_at"),
        ({"timezone": "Europe/Brum"}, "/timezone"),
        ({"timezone": "../etc/passwd"}, "/timezone"),
        ({"timezone": "Europe"}, "/timezone"),
        ({"age_min": 12, "age_max": 11}, "/age_max"),
        ({"capacity": -1}, "/capacity"),
    ],
)
def test_a_plan_that_cannot_be(fields: dict[str, Any], pointer: str) -> None:
    """422 with a pointer at what is wrong."""
    _, decision = decided(unplanned(), a_plan(**fields))

    assert problem(decision) == ("invalid-body", 422, {})
    assert pointer in [where for where, _ in decision.answer.errors]  # type: ignore[union-attr] # it is a refusal


def test_an_hour_that_the_clock_repeats_is_its_first_one() -> None:
    """Half past one on the last Sunday of October comes twice."""
    event, _ = decided(unplanned(), a_plan(starts_at="2026-10-25T01:30", ends_at="2026-10-25T03:00"))

    assert state_of(event).starts_at_utc == "2026-10-25T00:30:00.000Z"


@pytest.mark.parametrize(
    ("status", "publish", "person", "expected"),
    [
        ("draft", True, "ana", ("campaign-not-live", 409, {"status": "draft"})),
        ("paused", True, "ana", ("campaign-not-live", 409, {"status": "paused"})),
        ("closed", False, "ana", ("campaign-not-live", 409, {"status": "closed"})),
        ("live", False, "bo", ("forbidden", 403, {})),
        ("draft", False, "bo", ("not-found", 404, {})),
    ],
)
def test_who_may_plan_what_where(
    *, status: CampaignStatus, publish: bool, person: str, expected: tuple[str, int, dict[str, str]]
) -> None:
    """Organisers, and members of partners, in a campaign that has not ended."""
    _, decision = decided(unplanned(status), a_plan(publish=publish), asked(person, "organiser"))

    assert problem(decision) == expected


def test_an_event_of_no_campaign() -> None:
    """404."""
    _, decision = decided(Event(), a_plan())

    assert problem(decision) == ("not-found", 404, {})


def test_a_member_plans_for_the_partner() -> None:
    """Its members manage the event from then on; members of other partners do not."""
    event, decision = decided(unplanned(), a_plan(), asked("pat"))
    others = replace(event, acting={"pat": frozenset({PARTNER}), "di": frozenset({"campaign_a.q"})})
    _, by_pat = decided(others, change(title="Tidy-up"), asked("pat"))
    _, by_di = decided(others, change(title="Tidy-up"), asked("di"))

    assert done(decision).status == 201
    assert kinds(by_pat) == ["EventChanged"]
    assert problem(by_di) == ("forbidden", 403, {})


def test_a_draft_is_published_once_the_campaign_is_live() -> None:
    """Not before; and publishing it again is no fact."""
    draft, _ = decided(unplanned("draft"), a_plan(publish=False))
    _, early = decided(draft, PublishEvent(EVENT))
    published, decision = decided(replace(draft, campaign=a_campaign()), PublishEvent(EVENT))
    _, again = decided(published, PublishEvent(EVENT))

    assert problem(early) == ("campaign-not-live", 409, {"status": "draft"})
    assert kinds(decision) == ["EventPublished"]
    assert state_of(published).published_at == AT
    assert (again.facts, done(again).body) == ((), published.state)


def test_a_change_counts_its_revision() -> None:
    """The fact names what is new; what is the same as before is not."""
    event, decision = decided(an_event(), change(title="Tidy-up", category="environment"), asked(at=LATER))

    state = state_of(event)
    [fact] = decision.facts
    assert isinstance(fact, EventChanged)
    assert fact.changed == ("title",)
    assert (state.title, state.revision, state.version, state.updated_at) == ("Tidy-up", 2, 3, LATER)


def test_a_change_that_changes_nothing_is_no_fact() -> None:
    """200, with the revision as it was."""
    _, decision = decided(an_event(), change(title="Clean-up", revision=1))

    assert decision.facts == ()
    assert done(decision).status == 200


def test_a_change_of_another_revision_is_refused() -> None:
    """412 with the current one, even if it would change nothing."""
    _, decision = decided(an_event(), change(revision=7))

    assert problem(decision) == ("revision-mismatch", 412, {"revision": 1})


def test_registrations_do_not_count_as_revisions() -> None:
    """An event that people rush to can still be edited."""
    event = with_registrations(an_event(capacity=10), ("bo", 1), ("cy", 1))
    event, decision = decided(event, change(title="Tidy-up", revision=1))

    assert kinds(decision) == ["EventChanged"]
    assert state_of(event).revision == 2


def test_a_moved_event_has_new_instants() -> None:
    """Both are computed again, in the zone that holds now."""
    event, _ = decided(an_event(), change(timezone="Asia/Karachi"))

    assert state_of(event).starts_at_utc == "2026-07-04T09:00:00.000Z"


def test_a_capacity_does_not_fall_below_who_is_registered() -> None:
    """Nobody loses a place."""
    event = with_registrations(an_event(capacity=10), ("bo", 3), ("cy", 2))
    _, too_low = decided(event, change(capacity=4))
    event, exact = decided(event, change(capacity=5))

    assert problem(too_low) == ("less-than-committed", 409, {"registered": 5})
    assert kinds(exact) == ["EventChanged"]
    assert state_of(event).left == 0


def test_a_venue_is_merged() -> None:
    """RFC 7396: what is not named stays, null empties, and the whole may be emptied."""
    event, _ = decided(an_event(venue=HALL), change(venue=VenueChange(name="Other Hall", lat=None, access=None)))
    gone, _ = decided(event, change(venue=None))

    assert state_of(event).venue == replace(HALL, name="Other Hall", lat=None, access=())
    assert state_of(gone).venue is None


def test_a_hidden_location_tells_the_ward_alone() -> None:
    """Its place is kept by the owner: neither a fact nor an answer holds it."""
    plan = a_plan(visibility="hidden_location", venue=HALL, online_url="https://meet.example/secret")
    event, decision = decided(unplanned(), plan)

    told = msgspec.json.encode([decision.facts, done(decision).body])
    assert state_of(event).venue == Venue(ward="moseley")
    assert b"Example Road" not in told
    assert b"secret" not in told
    assert (event.venue, event.online_url) == (HALL, "https://meet.example/secret")


def test_a_hidden_location_moves_without_telling_where() -> None:
    """The change is told, the place is not; unhidden, it is."""
    event = an_event(visibility="hidden_location", venue=HALL)
    moved, decision = decided(event, change(venue=VenueChange(address="2 Example Road")))
    shown, _ = decided(moved, change(visibility="public"))

    [fact] = decision.facts
    assert isinstance(fact, EventChanged)
    assert fact.changed == ("venue",)
    assert fact.event.venue == Venue(ward="moseley")
    assert moved.venue == replace(HALL, address="2 Example Road")
    assert state_of(shown).venue == moved.venue


def test_an_event_is_called_off_once() -> None:
    """With the reason and the time; again is no fact, whatever the reason."""
    event, decision = decided(an_event(), CancelEvent(EVENT, "Storm"), asked(at=LATER))
    _, again = decided(event, CancelEvent(EVENT, "Rain"))

    state = state_of(event)
    assert kinds(decision) == ["EventCancelled"]
    assert state.status == "cancelled"
    assert state.cancellation is not None
    assert (state.cancellation.reason, state.cancellation.at) == ("Storm", LATER)
    assert (again.facts, done(again).body) == ((), state)


def test_an_event_that_has_ended_is_not_changed() -> None:
    """Refused with the status."""
    cancelled, _ = decided(an_event(), CancelEvent(EVENT, "Storm"))
    completed = replace(cancelled, state=replace(state_of(cancelled), status="completed"))
    _, changed = decided(cancelled, change(title="Tidy-up"))
    _, published = decided(cancelled, PublishEvent(EVENT))
    _, called_off = decided(completed, CancelEvent(EVENT, "Storm"))

    assert problem(changed) == ("event-wrong-state", 409, {"status": "cancelled"})
    assert problem(published) == ("event-wrong-state", 409, {"status": "cancelled"})
    assert problem(called_off) == ("event-wrong-state", 409, {"status": "completed"})


@pytest.mark.parametrize("command", [PublishEvent(EVENT), change(title="Mine"), CancelEvent(EVENT, "Spite")])
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ("forbidden", 403, {})),
        ({"visibility": "members"}, ("not-found", 404, {})),
        ({"publish": False}, ("not-found", 404, {})),
    ],
)
def test_sec_10_a_stranger_changes_nothing(
    command: Command, fields: dict[str, Any], expected: tuple[str, int, dict[str, str]]
) -> None:
    """403 for what they may see, 404 for what they may not."""
    _, decision = decided(an_event(**fields), command, asked("bo", "organiser"))

    assert problem(decision) == expected


@pytest.mark.parametrize("fields", [{"visibility": "members"}, {"publish": False}])
def test_strangers_do_not_register_for_what_they_may_not_see(fields: dict[str, Any]) -> None:
    """404, also once a draft was called off."""
    event = an_event(**fields)
    cancelled, _ = decided(event, CancelEvent(EVENT, "Storm"))
    _, decision = decided(event, *registering("bo"))
    _, after = decided(cancelled, *registering("bo"))

    assert problem(decision) == ("not-found", 404, {})
    assert problem(after) == ("not-found", 404, {})


def test_members_register_for_a_members_event() -> None:
    """Members of any partner, and organisers."""
    event = an_event(visibility="members")
    _, member = decided(event, *registering("pat"))
    _, organiser = decided(event, *registering("ana"))

    assert kinds(member) == ["RegistrationMade"]
    assert kinds(organiser) == ["RegistrationMade"]


def test_only_the_service_promotes() -> None:
    """No person asks for it."""
    command, _ = promoting()
    _, decision = decided(an_event(), command, asked("ana", "organiser", "operator"))

    assert problem(decision) == ("forbidden", 403, {})


def test_an_event_that_is_not_there() -> None:
    """404 for everything but creating it."""
    _, decision = decided(Event(campaign=a_campaign()), CancelEvent(EVENT, "Storm"), asked(at=AFTER_THE_EVENT))

    assert problem(decision) == ("not-found", 404, {})


def test_a_command_on_a_stream_of_another_kind() -> None:
    """An event id that names a campaign finds no event."""
    _, decision = decided(Campaign(a_campaign()), CreateEvent("campaign_a", "campaign_a", "T", "c", "a", "b"))

    assert problem(decision) == ("not-found", 404, {})
