"""Bodies and commands of events and registrations."""

from typing import Any

import pytest
from msgspec import UNSET

from services.gateway import events, occurrences
from services.gateway.events import (
    Cancelling,
    EventChange,
    Leaving,
    NewEvent,
    Party,
    change,
    create,
    own_place,
    registration_id,
)
from services.gateway.occurrences import OccurrenceChange, PartyChange
from services.gateway.problems import ProblemError
from shared.contracts.events import (
    ChangeEvent,
    ChangeOccurrence,
    ChangeRegistration,
    CreateEvent,
    LeaveEvent,
    Register,
    Venue,
    VenueChange,
)
from shared.contracts.recurrence import Recurrence, RecurrenceChange
from tests.gateway.wishes import ANA, CAMPAIGN, EVENT, flaws, read, wish

NEW: dict[str, Any] = {
    "campaign_id": CAMPAIGN,
    "title": "Clean-up on the green",
    "category": "clean-up",
    "starts_at": "2030-05-01T10:00",
    "ends_at": "2030-05-01T12:00",
}
MAY = "2030-05-08T10:00"
OCCURRENCES = {f"{write.method} {write.path}": write for write in occurrences.WRITES}
WRITES = {f"{write.method} {write.path}": write for write in events.WRITES}


def test_an_event_needs_five_fields() -> None:
    """All else has a default."""
    command = create(wish(read(NewEvent, **NEW)))

    assert command == CreateEvent(event_id=command.event_id, **NEW)
    assert (command.timezone, command.waiting_list, command.publish) == ("Europe/London", True, False)


def test_what_is_sent_is_what_is_asked() -> None:
    """Every field arrives, the venue's too."""
    venue = {
        "name": "Hall",
        "address": "1 High Street",
        "ward": "aston",
        "lat": 52.5,
        "lon": -1.9,
        "access": ["step-free"],
    }
    fields = NEW | {
        "timezone": "Asia/Karachi",
        "description": "Bring gloves.\nTea after.",
        "venue": venue,
        "online_url": "https://meet.example/1",
        "visibility": "hidden_location",
        "capacity": 50,
        "waiting_list": False,
        "principles": [7],
        "languages": ["ur"],
        "age_min": 8,
        "age_max": 99,
        "publish": True,
    }

    command = create(wish(read(NewEvent, **fields)))

    assert command.venue == Venue("Hall", "1 High Street", "aston", 52.5, -1.9, ("step-free",))
    for name in fields.keys() - {"venue", "principles", "languages"}:
        assert getattr(command, name) == fields[name]
    assert (command.principles, command.languages) == ((7,), ("ur",))


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [
        ("title", "", "/title"),
        ("category", "Clean Up", "/category"),
        ("starts_at", "2030-05-01", "/starts_at"),
        ("starts_at", "2030-05-01T10:00:00", "/starts_at"),
        ("starts_at", "2030-05-01T10:00Z", "/starts_at"),
        ("starts_at", "2030-02-30T10:00", "/starts_at"),
        ("ends_at", "2030-05-01T24:00", "/ends_at"),
        ("ends_at", None, "/ends_at"),
        ("timezone", "Europe/Atlantis", "/timezone"),
        ("timezone", "../../etc/passwd", "/timezone"),
        ("venue", {"ward": "atlantis"}, "/venue/ward"),
        ("venue", {"lat": 91}, "/venue/lat"),
        ("venue", {"lon": "1"}, "/venue/lon"),
        ("venue", {"access": ["Step Free"]}, "/venue/access/0"),
        ("venue", {"door": 1}, "/venue/door"),
        ("venue", "Hall", "/venue"),
        ("online_url", "ftp://x.example", "/online_url"),
        ("visibility", "secret", "/visibility"),
        ("capacity", 0, "/capacity"),
        ("capacity", 1.5, "/capacity"),
        ("capacity", True, "/capacity"),
        ("waiting_list", "yes", "/waiting_list"),
        ("age_min", -1, "/age_min"),
        ("registered", 3, "/registered"),
        ("status", "published", "/status"),
        ("recurrence", "FREQ=DAILY", "/recurrence"),
        ("recurrence", {"rule": "FREQ=DAILY"}, "/recurrence/rule"),
        ("recurrence", {"exdates": ["2030-05-01"]}, "/recurrence/exdates/0"),
        ("recurrence", {"weekly": [{"day": "WE", "opens": "9:00", "closes": "10:00"}]}, "/recurrence/weekly/0/opens"),
    ],
)
def test_a_flaw_is_pointed_at(field: str, value: object, pointer: str) -> None:
    """sec_13, sec_24: whatever is not asked for, or is of another kind, is refused where it stands."""
    assert list(flaws(NewEvent, NEW | {field: value})) == [pointer]


def test_a_campaign_that_cannot_exist_is_not_found() -> None:
    """404 without asking anybody."""
    with pytest.raises(ProblemError, match="not-found"):
        create(wish(read(NewEvent, **NEW | {"campaign_id": "as-one"})))


def test_a_patch_changes_what_it_names() -> None:
    """RFC 7396: null empties, absence keeps."""
    command = change(wish(read(EventChange, capacity=None, title="Clean-up"), EVENT, revision=3))

    assert command == ChangeEvent(EVENT, revision=3, capacity=None, title="Clean-up")
    assert command.description is UNSET


def test_a_venue_is_merged_field_by_field() -> None:
    """RFC 7396 goes as deep as the objects do."""
    inner = change(wish(read(EventChange, venue={"name": "Hall", "ward": None}), EVENT))

    assert inner.venue == VenueChange(name="Hall", ward=None)
    assert change(wish(read(EventChange, venue={}), EVENT)).venue == VenueChange()
    assert change(wish(read(EventChange, venue=None), EVENT)).venue is None


@pytest.mark.parametrize(
    "field", ["title", "category", "starts_at", "ends_at", "timezone", "visibility", "waiting_list"]
)
def test_what_an_event_needs_cannot_be_emptied(field: str) -> None:
    """Null for it is refused."""
    assert list(flaws(EventChange, {field: None})) == [f"/{field}"]


@pytest.mark.parametrize("field", ["campaign_id", "id", "version", "publish", "status"])
def test_what_an_event_is_cannot_be_changed(field: str) -> None:
    """Not every field of a new one is a field of a change."""
    assert flaws(EventChange, {field: "x"}) == {f"/{field}": "Unknown field."}


def test_a_person_has_one_registration_an_event() -> None:
    """And leaves the one they made."""
    made = WRITES["POST /v1/events/{event_id}/registrations"].build(wish(read(Party, party_size=4), EVENT))
    left = WRITES["DELETE /v1/events/{event_id}/registrations/me"].build(wish(Leaving(), EVENT))

    assert isinstance(made, Register)
    assert isinstance(left, LeaveEvent)
    assert made.registration_id == left.registration_id == registration_id(EVENT, ANA)
    assert made.party_size == 4
    assert registration_id(EVENT, ANA) != registration_id(EVENT, "bo")
    assert registration_id(EVENT, ANA).startswith(f"{EVENT}.")


def test_a_person_has_one_registration_an_occurrence() -> None:
    """With the id of an event that does not recur beside it; without an occurrence ids are those of old."""
    made = WRITES["POST /v1/events/{event_id}/registrations"].build(wish(read(Party, occurrence=MAY), EVENT))
    left = WRITES["DELETE /v1/events/{event_id}/registrations/me"].build(wish(read(Leaving, occurrence=MAY), EVENT))
    more = OCCURRENCES["PATCH /v1/events/{event_id}/registrations/me"].build(
        wish(read(PartyChange, occurrence=MAY, party_size=2), EVENT)
    )

    for command in (made, left, more):
        assert isinstance(command, Register | LeaveEvent | ChangeRegistration)
        assert command.registration_id == registration_id(EVENT, ANA, MAY) != registration_id(EVENT, ANA)
        assert (command.occurrence, command.single) == (MAY, registration_id(EVENT, ANA))


def test_simple_weekly_hours_are_stored_as_a_rule() -> None:
    """openreferral/specification#598: simple hours in, RRULE stored; other hours than the event's are refused."""
    hours = [{"day": day, "opens": "10:00", "closes": "12:00"} for day in ("WE", "MO")]
    command = create(wish(read(NewEvent, **NEW, recurrence={"weekly": hours})))

    assert command.recurrence == Recurrence("FREQ=WEEKLY;BYDAY=MO,WE")
    for again in ({"weekly": hours, "rrule": "FREQ=DAILY"}, {"weekly": [hours[0] | {"opens": "09:00"}]}):
        with pytest.raises(ProblemError) as refused:
            create(wish(read(NewEvent, **NEW, recurrence=again)))
        assert [flaw.pointer for flaw in refused.value.errors] == ["/recurrence/weekly"]


def test_a_change_of_one_occurrence_and_of_all_that_follow() -> None:
    """The path names it; what is not sent is let alone, null is sent."""
    change = OCCURRENCES["PATCH /v1/events/{event_id}/occurrences/{occurrence}"]
    follow = OCCURRENCES["POST /v1/events/{event_id}/occurrences/{occurrence}/following"]
    body = read(OccurrenceChange, capacity=5, venue={"name": "Park"}, online_url=None)
    again = read(EventChange, recurrence={"exdates": [MAY]})

    assert change.build(wish(body, EVENT, MAY, revision=3)) == ChangeOccurrence(
        EVENT, MAY, revision=3, capacity=5, venue=VenueChange(name="Park"), online_url=None
    )
    assert follow.build(wish(again, EVENT, MAY)) == ChangeEvent(
        EVENT, recurrence=RecurrenceChange(exdates=(MAY,)), following=MAY
    )


def test_ages_and_consent_are_said_with_the_party() -> None:
    """As numbers; a date of birth is asked of nobody."""
    build = WRITES["POST /v1/events/{event_id}/registrations"].build
    command = build(wish(read(Party, party_size=2, ages=[41, 13], guardian_consent=True), EVENT))

    assert isinstance(command, Register)
    assert (command.ages, command.guardian_consent) == ((41, 13), True)
    assert list(flaws(Party, {"ages": [131]})) == ["/ages/0"]
    assert list(flaws(Party, {"born": "2012-01-01"})) == ["/born"]


@pytest.mark.parametrize("size", [0, 11, "2", None])
def test_a_party_is_one_to_ten(size: object) -> None:
    """Whole numbers only."""
    assert list(flaws(Party, {"party_size": size})) == ["/party_size"]


def test_who_hides_a_place_is_shown_it() -> None:
    """In the answer to the request that named it; a public place is in the answer anyway."""
    body = read(NewEvent, **NEW, venue={"ward": "aston", "name": "Safe house"}, visibility="hidden_location")

    assert own_place(body, {"visibility": "hidden_location"}) == {"venue": {"ward": "aston", "name": "Safe house"}}
    assert own_place(body, {"visibility": "public"}) == {}


def test_a_cancellation_has_a_reason() -> None:
    """Everybody reads it."""
    assert list(flaws(Cancelling, {})) == ["/reason"]
    assert list(flaws(Cancelling, {"reason": " "})) == ["/reason"]
