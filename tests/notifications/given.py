"""Facts to tell stories with, and the records that carry them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import count
from typing import Any
from uuid import uuid4

from msgspec import structs

from services.notifications.deliveries import Deliveries
from services.notifications.ledger import Ledger
from services.notifications.reader import Reader
from services.notifications.store import FollowerStore
from shared import instants
from shared.contracts import events, pledges
from shared.contracts.catalogue import FACTS
from shared.contracts.message import Envelope, Fact, open_envelope
from shared.mongo import Client, Database
from shared.ports import Record, Trouble

AT = "2026-03-23T09:00:00.000Z"
NOW = "2026-03-23T09:00:01.000Z"

CAMPAIGN = events.CampaignState(
    id="campaign_tidy",
    version=1,
    revision=1,
    created_at=AT,
    updated_at=AT,
    name="Tidy streets",
    slug="tidy-streets",
    summary="Streets that are tidy",
    starts_on=None,
    ends_on=None,
    wards=(),
    principles=(),
    languages=(),
    successor_of=None,
    status="live",
    organisers=("olga",),
)
EVENT = events.EventState(
    id="event_sweep",
    version=1,
    revision=1,
    created_at=AT,
    updated_at=AT,
    campaign_id=CAMPAIGN.id,
    title="Big sweep",
    description=None,
    category="clean-up",
    starts_at="2026-04-01T10:00",
    ends_at="2026-04-01T12:00",
    timezone="Europe/London",
    starts_at_utc="2026-04-01T09:00:00.000Z",
    ends_at_utc="2026-04-01T11:00:00.000Z",
    venue=events.Venue(name="Secret yard", ward="ladywood"),
    online_url=None,
    visibility="public",
    capacity=50,
    waiting_list=True,
    principles=(),
    languages=(),
    age_min=None,
    age_max=None,
    status="published",
)
NEED = pledges.NeedState(
    id="need_soup",
    version=1,
    revision=1,
    created_at=AT,
    updated_at=AT,
    campaign_id=CAMPAIGN.id,
    partner_id=None,
    title="Soup",
    kind="meal",
    quantity=10,
    unit="bowls",
    currency=None,
    limit="hard",
    by=None,
    ward=None,
    description=None,
    principles=(),
    languages=(),
    related=(),
    status="open",
    uncommitted=10,
)
PLEDGE = pledges.PledgeState(
    id="need_soup.ana",
    version=1,
    revision=1,
    created_at=AT,
    updated_at=AT,
    need_id=NEED.id,
    campaign_id=CAMPAIGN.id,
    kind="meal",
    unit="bowls",
    donor="ana",
    anonymous=False,
    quantity=3,
    status="pledged",
)


def event(version: int = 1, **changes: Any) -> events.EventState:  # noqa: ANN401 -- any field
    """Give the event at a version."""
    return structs.replace(EVENT, version=version, **changes)


def need(version: int = 1, **changes: Any) -> pledges.NeedState:  # noqa: ANN401 -- any field
    """Give the need at a version."""
    return structs.replace(NEED, version=version, **changes)


def pledge(**changes: Any) -> pledges.PledgeState:  # noqa: ANN401 -- any field
    """Give the pledge."""
    return structs.replace(PLEDGE, **changes)


def party(person: str, **changes: Any) -> events.RegistrationState:  # noqa: ANN401 -- any field
    """Give a person's registration."""
    place = events.RegistrationState(f"event_sweep.{person}", 1, AT, AT, EVENT.id, None, person, 1, "registered")
    return structs.replace(place, **changes)


def registered(version: int, person: str) -> events.RegistrationMade:
    """Tell that a person registered."""
    return events.RegistrationMade(event(version), party(person))


def left(version: int, person: str) -> events.RegistrationCancelled:
    """Tell that a person left."""
    return events.RegistrationCancelled(event(version), party(person, status="cancelled"))


def cancelled(version: int) -> events.EventCancelled:
    """Tell that the event is off."""
    return events.EventCancelled(event(version, status="cancelled", cancellation=events.Cancellation("Rain", AT)))


def pledged(version: int, person: str = "ana") -> pledges.PledgeMade:
    """Tell that a person pledged."""
    return pledges.PledgeMade(need(version), pledge(id=f"need_soup.{person}", donor=person))


def wrapped(fact: Fact, *, at: str = AT) -> bytes:
    """Put a fact into its envelope; the same fact has the same id, each time."""
    owner = _owner(fact)
    return FACTS[owner].wrap(
        fact,
        id=f"{fact.stream}-{fact.streamversion}.1",
        subject=fact.stream,
        time=at,
        streamversion=fact.streamversion,
    )


_offsets = count()


def record(fact: Fact, *, at: str = AT) -> Record:
    """Put a fact into a record of its topic."""
    return Record(
        f"{_owner(fact)}.facts",
        0,
        next(_offsets),
        fact.stream.encode(),
        wrapped(fact, at=at),
        (),
        instants.to_ms(at),
    )


def _owner(fact: Fact) -> str:
    return next(owner for owner, family in FACTS.items() if type(fact) in family.kinds.values())


class Archive:
    """The owners' histories, as far as they are told; counts the questions, and may be out of reach."""

    def __init__(self, *facts: Fact) -> None:
        """Know these facts."""
        self.facts = facts
        self.questions = 0
        self.reachable = True

    async def after(self, owner: str, stream: str, version: int) -> list[Envelope]:
        """Answer as an owner does, at most three facts at a time."""
        self.questions += 1
        if not self.reachable:
            raise Trouble("out of reach")
        found = [
            fact
            for fact in self.facts
            if (_owner(fact), fact.stream) == (owner, stream) and fact.streamversion > version
        ]
        found.sort(key=lambda fact: fact.streamversion)
        return [open_envelope(wrapped(fact)) for fact in found[:3]]


class Desk:
    """A notifications database of its own with what works on it."""

    def __init__(self, client: Client, database: Database) -> None:
        """Use an empty database."""
        self.client = client
        self.database = database
        self.ledger = Ledger(database)
        self.deliveries = Deliveries(database)
        self.store = FollowerStore(client, database)
        self.archive = Archive()
        self.woken = 0

    def reader(self, ledger: Ledger | None = None, now: str = NOW) -> Reader:
        """Give a reader, as of a process that just started."""
        return Reader(ledger or self.ledger, self.deliveries, self.archive, now=lambda: now, wake=self._wake)

    def _wake(self) -> None:
        self.woken += 1

    async def follow(self, target_id: str, *people: str) -> None:
        """Have people follow something, without the ceremony of commands."""
        kind = target_id.partition("_")[0]
        await self.database.follows.insert_many(
            [
                {"_id": f"{target_id}|{person}", "person": person, "kind": kind, "id": target_id, "since": AT}
                for person in people
            ]
        )

    async def told(self) -> list[tuple[str, str]]:
        """List (person, purpose) of every delivery, sorted."""
        return sorted(
            [(row["person"], row["letter"].rpartition("|")[2]) async for row in self.database.deliveries.find({})]
        )

    async def found(self) -> list[str]:
        """List the ids of what people find in the app."""
        return [row["_id"] async for row in self.database.notifications.find({})]

    async def rows(self) -> list[Mapping[str, Any]]:
        """List every delivery as it is stored."""
        return [row async for row in self.database.deliveries.find({})]


@asynccontextmanager
async def desk(mongo: str) -> AsyncIterator[Desk]:
    """Open a database of its own, dropped at the end."""
    client = Client(mongo)
    name = f"test_notifications_{uuid4().hex}"
    database = client.database(name)
    try:
        found = Desk(client, database)
        await found.deliveries.prepare()
        await found.store.prepare()
        await found.ledger.prepare()
        yield found
        await database.client.drop_database(database.name)
    finally:
        client.close()
