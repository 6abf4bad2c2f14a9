"""The documents of venues: each with its contract's `state`, the partner that it is of, and its planned look."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol

import msgspec
from msgspec.structs import replace

from services.events.acting import Acting
from services.events.venue_document import Check, Welcome, tends, visible
from shared.contracts.event_states import CampaignState
from shared.contracts.venue_states import VenueState
from shared.contracts.venues import CreateVenue
from shared.decider import FORBIDDEN, NOT_FOUND, Refused
from shared.mongo import Database, Document, find, translated
from shared.ports import Ask

COLLECTIONS: Final = ("venues",)

Change = tuple[str, Document, int | None]
"""A document for a collection, with the version it was loaded with; None for a new one."""


class Campaigns(Protocol):
    """Who reads campaigns and partners: the store of the service."""

    async def campaigns(self, names: Iterable[str]) -> dict[str, CampaignState]:
        """Campaigns by id."""
        ...

    async def acting(self, campaigns: Iterable[str], people: set[str]) -> Acting:
        """For which partners of these campaigns people act."""
        ...


class VenueStore:
    """Reads what the commands of venues need."""

    def __init__(self, database: Database, campaigns: Campaigns) -> None:
        """Read this database."""
        self._venues = database.venues
        self._campaigns = campaigns

    async def load(self, asks: Sequence[Ask]) -> dict[str, Welcome]:
        """The venues that the commands name."""
        if not asks:
            return {}
        people: dict[str, set[str]] = defaultdict(set)
        created = {}
        for ask in asks:
            people[ask.stream].add(ask.asked.person)
            if isinstance(ask.command, CreateVenue):
                created[ask.stream] = ask.command.campaign_id
        return await self._found(people, created)

    async def one(self, name: str, person: str | None) -> Welcome | None:
        """A venue as far as a person may know of it."""
        with translated():
            found = await self._found({name: {person} if person else set()}, {})
        welcome = found[name]
        return welcome if visible(welcome, person) else None

    async def hosts(self, name: str, person: str | None) -> tuple[str, ...] | Refused:
        """A venue's hosts, for those who tend it."""
        welcome = await self.one(name, person)
        if welcome is None or welcome.state is None:
            return NOT_FOUND
        return welcome.state.hosts if tends(welcome, person) else FORBIDDEN

    async def _found(self, people: dict[str, set[str]], created: dict[str, str]) -> dict[str, Welcome]:
        """Venues by id, each with what tells whether these people may see and change it."""
        found = await find(self._venues, {"_id": {"$in": sorted(people)}})
        known = {document["_id"]: welcome_of(document) for document in found}
        wanted = created | {name: one.state.campaign_id for name, one in known.items() if one.state}
        if not wanted:
            return {name: Welcome() for name in people}
        campaigns = await self._campaigns.campaigns(set(wanted.values()))
        acting = await self._campaigns.acting(set(wanted.values()), set().union(*people.values()))
        return {
            name: replace(
                known.get(name, Welcome()),
                campaign=campaigns.get(campaign),
                acting={who: names for who in people[name] if (names := acting.of(campaign, who, opened_by))},
            )
            for name in people
            for campaign, opened_by in [(wanted.get(name, ""), known.get(name, Welcome()).partner_id)]
        }


def venue_changes(was: Welcome, now: Welcome) -> Iterator[Change]:
    """The document that is new after a batch; a plan alone is one, too, and leaves the version as it is."""
    if now.state is not None and (now.state is not was.state or now.check != was.check):
        document = {
            "_id": now.state.id,
            "state": msgspec.to_builtins(now.state),
            "partner_id": now.partner_id,
            "check": msgspec.to_builtins(now.check),
        }
        yield "venues", document, was.state.version if was.state else None


def welcome_of(document: Document) -> Welcome:
    """A venue as its document tells it."""
    return Welcome(
        msgspec.convert(document["state"], VenueState),
        document["partner_id"],
        msgspec.convert(document["check"], Check | None),
    )
