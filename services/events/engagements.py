"""Reads what people come to already, so that who registers is warned of what falls on the same time."""

from collections import defaultdict
from collections.abc import Collection
from typing import Final

import msgspec

from services.events.document import Session
from services.events.places import ACTIVE
from services.events.roster import ACTIVE as ON_SHIFT
from services.events.sessions import Sessions
from shared import series
from shared.contracts.events import Clash, EventState, RegistrationState
from shared.contracts.shifts import AssignmentState
from shared.mongo import Database, by_id, find

MOST: Final = 50
"""Registrations of a person that are looked at, on average: the newest."""


class Engagements:
    """Registrations and shifts that are still to come."""

    def __init__(self, database: Database, sessions: Sessions) -> None:
        """Read this database."""
        self._database = database
        self._sessions = sessions

    async def of(self, people: Collection[str], now: str) -> dict[str, tuple[Clash, ...]]:
        """What each of these people comes to that is not over; who comes to nothing is missing."""
        found: dict[str, list[Clash]] = defaultdict(list)
        for mine in await self._registrations(people):
            found[mine.person].append(Clash(mine.event_id, mine.occurrence, "", ""))
        placed = await self._placed({one for some in found.values() for one in some})
        known = {person: [placed[one] for one in some if one in placed] for person, some in found.items()}
        for place in await self._assignments(people, now):
            clash = Clash(place.event_id, place.occurrence, place.starts_at_utc, place.ends_at_utc, place.shift_id)
            known.setdefault(place.person, []).append(clash)
        ahead = {
            person: tuple(sorted((one for one in some if one.ends_at_utc > now), key=lambda one: one.starts_at_utc))
            for person, some in known.items()
        }
        return {person: some for person, some in ahead.items() if some}

    async def _registrations(self, people: Collection[str]) -> list[RegistrationState]:
        query = {"state.person": {"$in": [*people]}, "state.status": {"$in": [*ACTIVE]}}
        newest = [("state.created_at", -1)]
        found = await find(self._database.registrations, query, sort=newest, limit=MOST * len(people))
        return [msgspec.convert(document["state"], RegistrationState) for document in found]

    async def _assignments(self, people: Collection[str], now: str) -> list[AssignmentState]:
        query = {"state.person": {"$in": [*people]}, "state.status": {"$in": [*ON_SHIFT]}}
        found = await find(self._database.assignments, {**query, "state.ends_at_utc": {"$gt": now}})
        return [msgspec.convert(document["state"], AssignmentState) for document in found]

    async def _placed(self, wanted: Collection[Clash]) -> dict[Clash, Clash]:
        """When they are, as far as they take place."""
        documents = await by_id(self._database.events, {one.event_id for one in wanted})
        events = {name: msgspec.convert(document["state"], EventState) for name, document in documents.items()}
        dates = {(one.event_id, one.occurrence) for one in wanted if one.occurrence is not None}
        sessions = await self._sessions.by_name((event, name) for event, name in dates if name)
        placed = {}
        for one in wanted:
            event = events.get(one.event_id)
            if event is None:
                continue
            session = sessions.get((one.event_id, one.occurrence or ""), Session())
            slot = series.find(event, one.occurrence or event.starts_at, session.state)
            if slot is not None and not slot.off:
                placed[one] = Clash(one.event_id, one.occurrence, slot.starts_at_utc, slot.ends_at_utc)
        return placed
