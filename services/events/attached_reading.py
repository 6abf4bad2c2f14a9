"""Reads what hangs on an event beside registrations, for whoever may see the event."""

from typing import Any, Final

import msgspec

from services.events.attached import COLLECTIONS
from services.events.reading import Reading
from shared.contracts.events import EventState
from shared.contracts.programme import ProgrammeState
from shared.contracts.slots import BookingAnswer
from shared.decider import NOT_FOUND, Refused
from shared.mongo import QUERY_MS, Document, find, translated

MOST_BACK: Final = 12
"""Meetings that are looked back at."""
MOST: Final = 1_000
"""Slots of an event, bookings of a slot, that are listed."""


class AttachedReading:
    """Reads the documents on behalf of a person; `None` is nobody in particular."""

    def __init__(self, reading: Reading) -> None:
        """Let `reading` say who may see an event."""
        self._reading = reading
        self._database = reading.store.database

    async def programme(self, event_id: str, person: str | None) -> dict[str, Any] | Refused:
        """Agenda and actions; and `carried`, what the meetings before agreed upon and where it stands.

        Of the last meeting that is everything, of earlier ones what is still open.
        """
        event = await self._reading.event(event_id, person)
        if event is None:
            return NOT_FOUND
        mine = await self._programme(event_id)
        carried: list[dict[str, Any]] = []
        seen = {event_id}
        while event.previous is not None and event.previous not in seen and len(seen) <= MOST_BACK:
            seen.add(event.previous)
            event = await self._reading.event(event.previous, person)
            if event is None:
                break
            actions = (await self._programme(event.id)).actions
            shown = [action for action in actions if len(seen) == 2 or action.state == "open"]  # noqa: PLR2004 -- the last
            if shown:
                carried.append(_meeting(event) | {"actions": shown})
        return {"event_id": event_id, "agenda": mine.agenda, "actions": mine.actions, "carried": carried}

    async def slots(self, event_id: str, person: str | None) -> dict[str, Any] | Refused:
        """The slots of an event in the order in which they were offered."""
        if await self._reading.event(event_id, person) is None:
            return NOT_FOUND
        return {"items": await self._all("slots", {"state.event_id": event_id}), "next": None}

    async def bookings(self, event_id: str, slot_id: str, person: str | None) -> dict[str, Any] | Refused:
        """Who has places of a slot: the partners by name, people not even by pseudonym; to who manages the event."""
        event = await self._reading.managed(event_id, person)
        if isinstance(event, Refused):
            return event
        found = await self._all("bookings", {"state.slot_id": slot_id, "state.event_id": event_id})
        shown = [msgspec.convert(one, BookingAnswer, from_attributes=True) for one in found]
        return {"items": shown, "next": None}

    async def _programme(self, event_id: str) -> ProgrammeState:
        with translated():
            document = await self._database.programmes.find_one({"_id": event_id}, max_time_ms=QUERY_MS)
        return msgspec.convert(document["state"], ProgrammeState) if document else ProgrammeState(event_id, event_id, 0)

    async def _all(self, collection: str, query: Document) -> list[Any]:
        with translated():
            documents = await find(self._database[collection], query)
        found = [msgspec.convert(document["state"], COLLECTIONS[collection]) for document in documents[:MOST]]
        return sorted(found, key=lambda thing: (thing.version, thing.id))


def _meeting(event: EventState) -> dict[str, Any]:
    return {"event_id": event.id, "title": event.title, "starts_at": event.starts_at}
