"""What others may read here beyond the public views: drafts, members' events, hidden places, registrations."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from services.events import campaign as campaigns
from services.events.document import Event, Session, answer, attends, cancelled, manages, visible, whereabouts
from services.events.lines import place_of
from services.events.store import EventsStore, event_of
from services.events.waiting import Place
from shared import series
from shared.contracts.events import CampaignState, EventState, Occurrence, PartnerState, RegistrationAnswer
from shared.decider import FORBIDDEN, NOT_FOUND, Refused
from shared.mongo import QUERY_MS, Document, find, translated
from shared.queries import BadQuery

SNAPSHOT_MS: Final = 60_000
"""`maxTimeMS` of each collection of a snapshot."""
KINDS: Final = {
    "campaign": "campaigns",
    "partner": "partners",
    "event": "events",
    "occurrence": "occurrences",
    "venue": "venues",
}

STATES: Final[Mapping[str, type[CampaignState | PartnerState | EventState]]] = {
    "campaign": CampaignState,
    "partner": PartnerState,
    "event": EventState,
}
"""What a history begins with."""


class Page(Struct, frozen=True):
    """Registrations in a stable order, and where to go on."""

    items: tuple[RegistrationAnswer, ...]
    next: str | None


class Reading:
    """Reads the documents on behalf of a person; `None` is nobody in particular."""

    def __init__(self, store: EventsStore) -> None:
        """Read what the store writes."""
        self.store = store
        self._database = store.database

    async def campaign(self, name: str, person: str | None) -> CampaignState | None:
        """A campaign by id or slug, if the person may know of it."""
        with translated():
            found = await self.store.campaigns([name])
            if not found:
                slug = await self._database.slugs.find_one({"_id": name}, max_time_ms=QUERY_MS)
                found = await self.store.campaigns([slug["campaign_id"]] if slug else [])
        state = next(iter(found.values()), None)
        return state if state is not None and campaigns.visible(state, person) else None

    async def event(self, name: str, person: str | None) -> EventState | None:
        """An event, if the person may know of it; with its place, if they organise it or take part."""
        with translated():
            event = await self._event(name, person)
            if event is None or event.state is None or not (visible(event, person) or event.state.hidden):
                return None
            if not (event.state.hidden or event.state.visibility == "hidden_location") or person is None:
                return event.state if visible(event, person) else None
            standing = await self.store.shifts.stands(name, person)
            told = manages(event, person) or standing or bool(await self._attended(name, person))
        if not told and not visible(event, person):
            return None
        return replace(event.state, venue=event.venue, online_url=event.online_url) if told else event.state

    async def occurrence(self, name: str, occurrence: str, person: str | None) -> Occurrence | None:
        """One occurrence, if the person may know of it; with its place, if they organise it or go there."""
        with translated():
            event = await self._event(name, person)
            if event is None or event.state is None or not visible(event, person):
                return None
            found = await self.store.sessions.by_name([(name, occurrence)])
            session = found.get((name, occurrence), Session())
            slot = series.find(event.state, occurrence, session.state)
            if slot is None:
                return None
            shown = series.shown(event.state, slot, session.state)
            if event.state.visibility != "hidden_location" or person is None:
                return shown
            told = manages(event, person) or occurrence in await self._attended(name, person)
        real = whereabouts(replace(event, sessions={occurrence: session}), occurrence)
        return replace(shown, venue=real.venue, online_url=real.online_url) if told else shown

    async def managed(self, name: str, person: str | None) -> Event | Refused:
        """An event, for those who manage it."""
        with translated():
            event = await self._event(name, person)
        if event is None or not visible(event, person):
            return NOT_FOUND
        return event if manages(event, person) else FORBIDDEN

    async def hiding(self, name: str, person: str | None) -> dict[str, Any] | Refused:
        """Whether an event is hidden and why it was hidden last, for those who manage it."""
        event = await self.managed(name, person)
        if isinstance(event, Refused):
            return event
        last = event.hidden
        return {
            "hidden": event.state is not None and event.state.hidden,
            "reason": last.reason if last else None,
            "at": last.at if last else None,
        }

    async def registrations_of(self, person: str, cursor: str | None, limit: int) -> Page:
        """A person's registrations, the newest first."""
        with translated():
            return await self._page({"state.person": person}, cursor, limit, newest_first=True)

    async def registrations_at(
        self, event_id: str, person: str | None, cursor: str | None, limit: int
    ) -> Page | Refused:
        """An event's registrations in the order in which they were first made, for those who organise it."""
        with translated():
            event = await self._event(event_id, person)
            if event is None or not visible(event, person):
                return NOT_FOUND
            if not manages(event, person):
                return FORBIDDEN
            return await self._page({"state.event_id": event_id}, cursor, limit, newest_first=False)

    async def snapshot(self) -> AsyncIterator[dict[str, Any]]:
        """Every campaign, partner, event and touched occurrence in turn, as its state stands when it is its turn."""
        with translated():
            for kind, collection in KINDS.items():
                found = self._database[collection].find({}, {"state": 1}, max_time_ms=SNAPSHOT_MS, batch_size=500)
                async for document in found:
                    yield {"kind": kind, "state": document["state"]}

    async def states(self) -> AsyncIterator[tuple[CampaignState | PartnerState | EventState, str]]:
        """Every campaign, partner and event as it stands, each with its campaign, to begin a history with."""
        async for line in self.snapshot():
            kind = STATES.get(line["kind"])
            if kind is not None:
                yield msgspec.convert(line["state"], kind), line["state"].get("campaign_id", line["state"]["id"])

    async def _event(self, name: str, person: str | None) -> Event | None:
        """An event with what tells whether the person may see it."""
        document = await self._database.events.find_one({"_id": name}, max_time_ms=QUERY_MS)
        if document is None:
            return None
        event = event_of(document)
        campaign_id = document["state"]["campaign_id"]
        found = await self.store.campaigns([campaign_id])
        names: frozenset[str] = frozenset()
        if person is not None:
            known = await self.store.acting([campaign_id], {person})
            names = known.of(campaign_id, person, event.partner_id)
        return replace(event, campaign=found.get(campaign_id), acting={person: names} if person and names else {})

    async def _page(self, whose: Document, cursor: str | None, limit: int, *, newest_first: bool) -> Page:
        query = whose if cursor is None else {**whose, "$or": _beyond(cursor, "$lt" if newest_first else "$gt")}
        way = -1 if newest_first else 1
        found = self._database.registrations.find(query, max_time_ms=QUERY_MS)
        documents = await found.sort([("state.created_at", way), ("_id", way)]).to_list(limit + 1)
        places = [place_of(document) for document in documents[:limit]]
        off = await self._off(places)
        items = [await self._answer(place, off) for place in places]
        more = len(documents) > limit
        return Page(tuple(items), f"{items[-1].created_at}~{items[-1].id}" if more else None)

    async def _answer(self, place: Place, off: frozenset[str]) -> RegistrationAnswer:
        mine = place.registration
        if mine.id in off:
            return answer(cancelled(place))
        if place.order is None:
            return answer(place)
        return answer(place, await self.store.lines.position(mine.event_id, mine.occurrence, place.order))

    async def _attended(self, event_id: str, person: str) -> frozenset[str | None]:
        """The occurrences of an event that a person has places at; None stands for an event that does not recur."""
        query = {"state.person": person, "state.event_id": event_id}
        documents = await self._database.registrations.find(query, max_time_ms=QUERY_MS).to_list(None)
        places = [place for document in documents if attends(place := place_of(document))]
        off = await self._off([place for place in places if place.registration.occurrence is not None])
        return frozenset(place.registration.occurrence for place in places if place.registration.id not in off)

    async def _off(self, places: Sequence[Place]) -> frozenset[str]:
        """Those of the registrations whose event or occurrence is called off, or is in the series no more."""
        mine = [place.registration for place in places]
        events = await find(
            self._database.events, {"_id": {"$in": sorted({one.event_id for one in mine})}}, {"state": 1}
        )
        states = {document["_id"]: msgspec.convert(document["state"], EventState) for document in events}
        keys = {(one.event_id, one.occurrence) for one in mine if one.occurrence is not None}
        sessions = await self.store.sessions.by_name(keys)
        off = set()
        for one in mine:
            state, name = states.get(one.event_id), one.occurrence
            if state is None:
                continue
            session = sessions.get((one.event_id, name), Session()) if name is not None else Session()
            slot = series.find(state, name, session.state) if name is not None else None
            gone = name is not None and (slot is None or slot.off)
            if gone or state.status == "cancelled":
                off.add(one.id)
        return frozenset(off)


def _beyond(cursor: str, compare: str) -> Sequence[dict[str, Any]]:
    at, mark, name = cursor.partition("~")
    if not mark:
        raise BadQuery("cursor")
    return [{"state.created_at": {compare: at}}, {"state.created_at": at, "_id": {compare: name}}]
