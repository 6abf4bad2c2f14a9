"""Venues on the real MongoDB: the look that is planned is written with the decision, and decided when it falls due."""

import asyncio

from starlette.applications import Starlette

from services.events import venue_api
from services.events.store import EventsStore
from services.events.venue_document import Check
from shared import instants
from shared.contracts.events import AddPartner, CreateCampaign, LaunchCampaign
from shared.contracts.recurrence import Hours
from shared.contracts.venues import AddHost, ConfirmOpening, HideVenue, OnVenue
from shared.decider import FORBIDDEN, NOT_FOUND
from shared.due import LEASE_MS, Clockwork
from shared.ports import Outgoing, Record, Trouble
from tests.events.given import AT, CAMPAIGN
from tests.events.log import TOPIC, Log
from tests.events.venue_given import VENUE, creating
from tests.gateway.asgi import ask

HOURS = (Hours("MO", "12:00", "14:00"),)
"""The log's time is a Monday, ten o'clock UTC and eleven here: it opens in an hour."""
OPENS = "2026-06-01T11:00:00.000Z"
DUE = "2026-06-01T11:15:00.000Z"


class Wall(Log):
    """A log whose time can be set, and a clockwork before it that may be cut off."""

    def __init__(self, store: EventsStore) -> None:
        """Begin at the log's time."""
        super().__init__(store)
        self.store = store
        self.now = AT
        self.away = 0
        self.due: list[Outgoing] = []

    def appended(self, key: bytes, value: bytes) -> Record:
        """A record at the time that it is now."""
        return Record(TOPIC, 0, self.offset, key, value, timestamp=instants.to_ms(self.now))

    async def append(self, records: list[Outgoing]) -> None:
        """Append what fell due, unless the log is away."""
        if self.away:
            self.away -= 1
            raise Trouble("no log")
        self.due += records

    async def tick(self, now: str, replicas: int = 1) -> None:
        """Let replicas look at the calendar at an instant, and decide what they appended."""
        self.now = now
        clocks = [Clockwork("events", self.store.calendar, self.append, now=lambda: now) for _ in range(replicas)]
        for outcome in await asyncio.gather(*(clock.turn() for clock in clocks), return_exceptions=True):
            assert not isinstance(outcome, BaseException) or isinstance(outcome, Trouble)
        records = []
        for outgoing in self.due:
            self.offset += 1
            records.append(self.appended(outgoing.key or b"", outgoing.value))
        self.due = []
        await self.process(records)

    def of_the_venue(self) -> list[str]:
        """Kinds of its facts."""
        return [type(fact).__name__ for fact in self.facts if isinstance(fact, OnVenue)]


async def a_wall(store: EventsStore) -> Wall:
    """A live campaign with a venue that opens in an hour."""
    wall = Wall(store)
    await wall.ask((CreateCampaign(CAMPAIGN, "As One", "as-one", "Neighbours"), "ana", "organiser"))
    await wall.ask((LaunchCampaign(CAMPAIGN), "ana", "organiser"))
    [(status, body)] = await wall.ask((creating(hours=HOURS), "ana", "resident"))
    assert status == 201, body
    return wall


async def test_a_venue_is_loaded_as_it_was_saved(store: EventsStore) -> None:
    """With its planned look; a plan alone leaves the version as it is."""
    wall = await a_wall(store)
    welcome = await store.venues.one(VENUE, "ana")

    assert welcome is not None
    assert welcome.state is not None
    assert (welcome.state.hosts, welcome.state.version) == (("ana",), 1)
    assert welcome.check == Check("2026-06-01T12:00", OPENS, "hosts", DUE)
    await wall.ask((ConfirmOpening(VENUE, "2026-06-01T12:00"), "ana", "resident"))
    await wall.tick(DUE)
    again = await store.venues.one(VENUE, None)
    assert again is not None
    assert again.state is not None
    assert again.state.version == 2
    assert again.check is not None
    assert again.check.at == instants.later(DUE, days=7)


async def test_a_missed_opening_is_told_once_by_two_replicas(store: EventsStore) -> None:
    """The hosts first, then the followers, and the next look a week later."""
    wall = await a_wall(store)
    await wall.tick(instants.later(DUE, milliseconds=-1), replicas=2)
    assert wall.of_the_venue() == ["VenueCreated"]
    for minutes in (0, 1, 15, 16, 200):
        await wall.tick(instants.later(DUE, minutes=minutes), replicas=2)

    assert wall.of_the_venue() == ["VenueCreated", "OpeningMissed", "OpeningDoubted"]
    assert await store.calendar.next("2026-06-08T00:00:00.000Z") == instants.later(DUE, days=7)
    assert await store.calendar.overdue(wall.now) == (0, 0.0)


async def test_a_clockwork_that_was_stopped_catches_up_without_a_flood(store: EventsStore) -> None:
    """Ten weeks later: what is over is passed by, what is overdue was seen, and one look is planned."""
    wall = await a_wall(store)
    later = instants.later(DUE, days=70, minutes=300)
    assert await store.calendar.overdue(later) == (1, (70 * 24 * 60 + 300) * 60.0)
    for _ in range(3):
        await wall.tick(later)

    assert wall.of_the_venue() == ["VenueCreated"]
    assert await store.calendar.overdue(later) == (0, 0.0)
    assert await store.calendar.next(later) == instants.later(DUE, days=77)


async def test_a_look_that_could_not_be_appended_comes_again(store: EventsStore) -> None:
    """Under the same id, when the claim has ended; appended twice it takes effect once."""
    wall = await a_wall(store)
    wall.away = 1
    await wall.tick(DUE)
    assert wall.of_the_venue() == ["VenueCreated"]
    await wall.tick(instants.later(DUE, milliseconds=LEASE_MS))
    assert wall.of_the_venue() == ["VenueCreated", "OpeningMissed"]


async def test_a_batch_confirms_and_changes_in_order(store: EventsStore) -> None:
    """Gap-free versions through one transaction."""
    wall = await a_wall(store)
    answers = await wall.ask(
        (AddHost(VENUE, "hal"), "ana", "resident"),
        (ConfirmOpening(VENUE, "2026-06-01T12:00"), "hal", "resident"),
        (ConfirmOpening(VENUE, "2026-06-01T12:00"), "bo", "resident"),
        (HideVenue(VENUE), "ana", "resident"),
        (ConfirmOpening(VENUE, "2026-06-01T12:00"), "bo", "resident"),
    )

    assert [status for status, _ in answers] == [200, 200, 403, 200, 404]
    assert [fact.streamversion for fact in wall.facts if isinstance(fact, OnVenue)] == [1, 2, 3, 4]
    assert all("hosts" not in body for status, body in answers if status == 200)


async def test_what_is_hidden_and_who_hosts_is_for_those_who_tend_it(store: EventsStore) -> None:
    """404 and 403 for others, over the internal API."""
    wall = await a_wall(store)
    partner = f"{CAMPAIGN}.p"
    await wall.ask((AddPartner(CAMPAIGN, partner, "Made-up Mosque", "faith"), "pat", "partner"))
    await wall.ask((AddHost(VENUE, "hal"), "ana", "resident"))
    app = Starlette(routes=venue_api.routes(store.venues))

    assert (await ask(app, "GET", f"/venues/{VENUE}/hosts?person=hal")).json() == {
        "items": [{"person": "ana"}, {"person": "hal"}],
        "next": None,
    }
    assert await store.venues.hosts(VENUE, "bo") == FORBIDDEN
    assert (await ask(app, "GET", f"/venues/{VENUE}")).status == 200
    await wall.ask((HideVenue(VENUE), "ana", "resident"))
    assert (await ask(app, "GET", f"/venues/{VENUE}")).status == 404
    assert (await ask(app, "GET", f"/venues/{VENUE}/hosts?person=bo")).status == 404
    assert await store.venues.hosts("venue_x", "ana") == NOT_FOUND
    shown = (await ask(app, "GET", f"/venues/{VENUE}?person=hal")).json()
    assert shown["hidden"]
    assert "hosts" not in shown
