"""What hosts and followers of a place of welcome hear."""

import pytest
from msgspec.structs import replace

from services.notifications.policy import messages
from services.notifications.telling import Acting, Followers, Person
from services.notifications.texts import ENGLISH, render
from shared.contracts.message import Fact
from shared.contracts.venue_states import Closure, FivePs, VenueState
from shared.contracts.venues import (
    DayClosed,
    DayReopened,
    HostAdded,
    OpeningConfirmed,
    OpeningDoubted,
    OpeningMissed,
    VenueChanged,
    VenueCreated,
    VenuePaused,
    VenueResumed,
)

HALL = VenueState(
    id="venue_v",
    version=3,
    revision=1,
    created_at="2026-03-01T00:00:00.000Z",
    updated_at="2026-03-09T10:15:00.000Z",
    campaign_id="campaign_a",
    name="Lantern Hall",
    description=None,
    address=None,
    ward="aston",
    lat=None,
    lon=None,
    access=(),
    languages=(),
    five_ps=FivePs(),
    timezone="Europe/London",
    hours=(),
    since="2026-03-01",
    rules=(),
    hosts=("ana", "hal"),
)
MONDAY = "2026-03-09T10:00"
TO_FOLLOWERS: list[tuple[Fact, str]] = [
    (OpeningDoubted(HALL, MONDAY), "Lantern Hall: nobody there has said that they are open (2026-03-09 10:00)."),
    (OpeningConfirmed(HALL, MONDAY, late=True), "Lantern Hall is open after all (2026-03-09 10:00)."),
    (DayClosed(HALL, Closure("2026-03-09", "Burst pipe")), "Lantern Hall is closed on 2026-03-09: Burst pipe"),
    (DayReopened(HALL, "2026-03-09"), "Lantern Hall is not closed on 2026-03-09 after all."),
    (VenueChanged(HALL, ("name", "hours")), "Lantern Hall is open at other times from now on."),
    (VenuePaused(HALL), "Lantern Hall does not open for now."),
    (VenueResumed(HALL), "Lantern Hall opens again."),
]


def test_the_hosts_hear_first() -> None:
    """Each of them, and those who organise; no follower yet."""
    told = messages(OpeningMissed(HALL, MONDAY))

    assert [message.audience for message in told] == [Person("ana"), Person("hal"), Acting("campaign_a")]
    assert [message.purpose for message in told] == ["opening-missed", "opening-missed", "opening-not-said"]
    assert {(message.url, message.subject) for message in told} == {("/v1/venues/venue_v", "venue_v")}
    assert "Lantern Hall should be open since 2026-03-09 10:00" in render(told[0].text, told[0].values)[1]


def test_of_a_place_without_hosts_the_organisers_hear() -> None:
    """Somebody does, also while it is hidden."""
    [message] = messages(OpeningMissed(replace(HALL, hosts=(), hidden=True), MONDAY))

    assert message.audience == Acting("campaign_a")
    assert render(message.text, message.values)[1].startswith("Lantern Hall should be open since 2026-03-09 10:00")


@pytest.mark.parametrize(("fact", "text"), TO_FOLLOWERS, ids=[type(fact).__name__ for fact, _ in TO_FOLLOWERS])
def test_followers_hear_of_the_place_that_they_follow(fact: Fact, text: str) -> None:
    """codeforboston/pantry_pickup#7: an alert for one place goes to the people of that place, not to everybody."""
    [message] = messages(fact)

    assert (message.audience, message.topic) == (Followers("venue_v"), "event-change")
    assert render(message.text, message.values)[1] == text


@pytest.mark.parametrize(
    "fact",
    [
        VenueCreated(HALL),
        HostAdded(HALL, "ed"),
        VenueChanged(HALL, ("name",)),
        OpeningConfirmed(HALL, MONDAY, late=False),
        OpeningDoubted(replace(HALL, hidden=True), MONDAY),
        DayClosed(replace(HALL, hidden=True), Closure("2026-03-09", "Burst pipe")),
    ],
)
def test_what_upsets_no_plans_is_told_to_nobody(fact: Fact) -> None:
    """Nor is what is hidden."""
    assert messages(fact) == ()


def test_every_text_of_a_venue_is_here() -> None:
    """The list above is whole."""
    facts = [OpeningMissed(HALL, MONDAY), *(fact for fact, _ in TO_FOLLOWERS)]
    used = {message.text for fact in facts for message in messages(fact)}

    assert used == {name for name in ENGLISH if name.startswith(("venue-", "opening-"))}
