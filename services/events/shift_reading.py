"""What may be read of shifts: they themselves by all who may know of the event, who stands on them by few."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from services.events import campaign as campaigns
from services.events.document import Event, manages, visible
from services.events.roster import called_off, shown, told
from services.events.shift_store import held_of
from services.events.store import EventsStore
from shared.contracts.shifts import AssignmentAnswer, ClearancesAnswer, ShiftAnswer, ShiftState
from shared.decider import FORBIDDEN, NOT_FOUND, Refused
from shared.mongo import Collection, Document, find, translated
from shared.queries import BadQuery


class Shifts(Struct, frozen=True):
    """A page of shifts, the earliest first."""

    items: tuple[ShiftAnswer, ...]
    next: str | None


class Assignments(Struct, frozen=True):
    """A page of places on shifts."""

    items: tuple[AssignmentAnswer, ...]
    next: str | None


class Clearances(Struct, frozen=True):
    """A page of people with what was recorded of them."""

    items: tuple[ClearancesAnswer, ...]
    next: str | None


class ShiftReading:
    """Reads the documents of shifts on behalf of a person; `None` is nobody in particular."""

    def __init__(self, store: EventsStore) -> None:
        """Read what the store writes."""
        self._store = store
        self._database = store.database

    async def shifts(self, event_id: str, person: str | None, cursor: str | None, limit: int) -> Shifts | Refused:
        """The shifts of an event."""
        event = await self._event(event_id, person)
        if not visible(event, person):
            return NOT_FOUND
        field = "state.starts_at_utc"
        found, on = await _page(self._database.shifts, {"state.event_id": event_id}, cursor, limit, (field, 1))
        states = [msgspec.convert(one["state"], ShiftState) for one in found]
        event = await self._with_dates(event, [state.occurrence for state in states])
        return Shifts(tuple(shown(state, off=called_off(event, state.occurrence)) for state in states), on)

    async def shift(self, event_id: str, shift_id: str, person: str | None) -> ShiftAnswer | Refused:
        """One of them."""
        event = await self._event(event_id, person)
        query = {"_id": shift_id, "state.event_id": event_id}
        found = await find(self._database.shifts, query) if visible(event, person) else []
        if not found:
            return NOT_FOUND
        state = msgspec.convert(found[0]["state"], ShiftState)
        event = await self._with_dates(event, [state.occurrence])
        return shown(state, off=called_off(event, state.occurrence))

    async def assignments(
        self, event_id: str, shift_id: str, person: str | None, cursor: str | None, limit: int
    ) -> Assignments | Refused:
        """Who stands on a shift, or did, in the order in which they came; for those who organise the event."""
        event = await self._event(event_id, person)
        if not visible(event, person) or not shift_id.startswith(f"{event_id}."):
            return NOT_FOUND
        if person is None or not manages(event, person):
            return FORBIDDEN
        field = "state.created_at"
        found, on = await _page(self._database.assignments, {"state.shift_id": shift_id}, cursor, limit, (field, 1))
        covers = (await self._covers([shift_id])).get(shift_id, 0)
        held = [held_of(one) for one in found]
        event = await self._with_dates(event, [one.assignment.occurrence for one in held])
        items = [told(one, person, off=called_off(event, one.assignment.occurrence), covers=covers) for one in held]
        return Assignments(tuple(items), on)

    async def assignments_of(self, person: str, cursor: str | None, limit: int) -> Assignments:
        """A person's own places, the latest shift first."""
        field = "state.starts_at_utc"
        found, on = await _page(self._database.assignments, {"state.person": person}, cursor, limit, (field, -1))
        held = [held_of(one) for one in found]
        covers = await self._covers([one.assignment.shift_id for one in held if one.assignment.status == "asked"])
        events = await self._store.watched({one.assignment.event_id: {person} for one in held})
        dates = {(one.assignment.event_id, one.assignment.occurrence) for one in held}
        events = await self._store.shifts.with_sessions(events, dates)
        items = [
            told(
                one,
                person,
                off=called_off(events[mine.event_id], mine.occurrence),
                covers=covers.get(mine.shift_id, 0),
            )
            for one in held
            for mine in (one.assignment,)
        ]
        return Assignments(tuple(items), on)

    async def clearances_of(self, person: str, cursor: str | None, limit: int) -> Clearances:
        """What was recorded of a person, in each campaign."""
        return await self._clearances({"state.person": person}, cursor, limit)

    async def clearances_in(
        self, campaign_id: str, person: str | None, cursor: str | None, limit: int
    ) -> Clearances | Refused:
        """What was recorded for a campaign; for those who may record it."""
        campaign = (await self._store.campaigns([campaign_id])).get(campaign_id)
        acts = person is not None and bool((await self._store.acting([campaign_id], {person})).of(campaign_id, person))
        if campaign is None or not (acts or campaigns.visible(campaign, person)):
            return NOT_FOUND
        if not acts and person not in campaign.organisers:
            return FORBIDDEN
        return await self._clearances({"state.campaign_id": campaign_id}, cursor, limit)

    async def _with_dates(self, event: Event, dates: Sequence[str | None]) -> Event:
        """The event with what is particular to those dates of it."""
        if event.state is None:
            return event
        name = event.state.id
        return (await self._store.shifts.with_sessions({name: event}, {(name, date) for date in dates}))[name]

    async def _covers(self, shifts: Sequence[str]) -> dict[str, int]:
        """How many look for somebody to stand in, by shift."""
        query = {"_id": {"$in": list(shifts)}, "state.status": "open"}
        found = await find(self._database.shifts, query, {"state.covers": 1}) if shifts else []
        return {one["_id"]: one["state"].get("covers", 0) for one in found}

    async def _clearances(self, whose: Document, cursor: str | None, limit: int) -> Clearances:
        query = {**whose, "state.clearances": {"$ne": {}}}
        found, on = await _page(self._database.volunteers, query, cursor, limit, ("state.created_at", 1))
        return Clearances(tuple(msgspec.convert(one["state"], ClearancesAnswer) for one in found), on)

    async def _event(self, event_id: str, person: str | None) -> Event:
        watched = await self._store.watched({event_id: {person} if person is not None else set()})
        return watched.get(event_id, Event())


async def _page(
    collection: Collection, whose: Document, cursor: str | None, limit: int, order: tuple[str, int]
) -> tuple[Sequence[Document], str | None]:
    """A page in an order of its own, and where to go on."""
    field, way = order
    query = whose
    if cursor is not None:
        value, mark, name = cursor.partition("~")
        if not mark:
            raise BadQuery("cursor")
        compare = "$gt" if way > 0 else "$lt"
        query = {**whose, "$or": [{field: {compare: value}}, {field: value, "_id": {compare: name}}]}
    with translated():
        found = await find(collection, query, sort=[(field, way), ("_id", way)], limit=limit + 1)
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    return found[:limit], f"{last['state'][field.removeprefix('state.')]}~{last['_id']}"
