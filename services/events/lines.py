"""Reads waiting lists: the heads that a batch may need for promotion, and positions."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from services.events.document import Event
from services.events.places import STEP
from services.events.seats import seats
from services.events.sessions import named_by
from services.events.waiting import Place
from shared.contracts.events import (
    ChangeEvent,
    ChangeOccurrence,
    ChangeRegistration,
    LeaveEvent,
    PromoteWaiting,
    RegistrationState,
)
from shared.contracts.hiding import UnhideEvent
from shared.contracts.message import Command
from shared.decider import Refused
from shared.mongo import QUERY_MS, Collection, Document

MOST_HEADS: Final = 50
"""Heads that one aggregation reads."""


Line = tuple[str, str | None]
"""An event, and the occurrence if it recurs."""


class Lines:
    """The waiting parties among an event service's registrations."""

    def __init__(self, registrations: Collection) -> None:
        """Read this collection."""
        self._registrations = registrations

    async def add_heads(self, events: dict[str, Event], commands: Iterable[Command]) -> None:
        """Add to the events, and to the occurrences at hand, the heads from which these commands may promote."""
        asked: dict[Line, list[Command]] = defaultdict(list)
        for command in commands:
            asked[command.stream, line_of(events[command.stream], command)].append(command)
        wanted = [
            (line, size, most)
            for line, its in asked.items()
            for size, most in heads_wanted(events[line[0]], line[1], its).items()
        ]
        heads: dict[Line, dict[int, tuple[Place, ...]]] = defaultdict(dict)
        for start in range(0, len(wanted), MOST_HEADS):
            for line, size, head in await self._heads(wanted[start : start + MOST_HEADS]):
                heads[line][size] = head
        for (stream, name), found in heads.items():
            event = events[stream]
            if name is None:
                events[stream] = replace(event, waiting=replace(event.waiting, heads=found))
            else:
                session = event.sessions[name]
                session = replace(session, waiting=replace(session.waiting, heads=found))
                events[stream] = replace(event, sessions=event.sessions | {name: session})

    async def position(self, event_id: str, name: str | None, order: int) -> int:
        """How many parties wait up to this place in the line of an event or occurrence."""
        return await self._registrations.count_documents(
            {"state.event_id": event_id, "state.occurrence": name, "order": {"$lte": order}}, maxTimeMS=QUERY_MS
        )

    async def _heads(self, wanted: Sequence[tuple[Line, int, int]]) -> Iterator[tuple[Line, int, tuple[Place, ...]]]:
        first, *others = [_head(*one) for one in wanted]
        union = [{"$unionWith": {"coll": self._registrations.name, "pipeline": other}} for other in others]
        heads: dict[tuple[Line, int], list[Place]] = defaultdict(list)
        async for document in self._registrations.aggregate([*first, *union], maxTimeMS=QUERY_MS):
            place = place_of(document)
            mine = place.registration
            heads[(mine.event_id, mine.occurrence), mine.party_size].append(place)
        return ((line, size, tuple(heads[line, size])) for line, size, _ in wanted)


def line_of(event: Event, command: Command) -> str | None:
    """The occurrence whose line a command may move; none of an event that does not recur."""
    recurs = event.state is not None and event.state.recurrence is not None
    return named_by(command) if recurs else None


def heads_wanted(event: Event, name: str | None, commands: Iterable[Command]) -> Mapping[int, int]:
    """For each party size, how many waiting ones these commands could promote at the most.

    Fewer would be no mistake: the rules go on by a follow-up where the head at hand ends.
    """
    found = seats(event, event.state, name) if event.state is not None else None
    if found is None or isinstance(found, Refused):
        return {}
    left, looks = found.left, False
    for command in commands:
        match command:
            case (
                LeaveEvent(registration_id=mine, single=single)
                | ChangeRegistration(registration_id=mine, single=single)
            ):
                looks = True
                place = event.places.get(mine) or event.places.get(single)
                if left is not None and place is not None and place.registration.status == "registered":
                    left += place.registration.party_size
            case ChangeEvent() | ChangeOccurrence():
                looks, left = True, None
            case PromoteWaiting() | UnhideEvent():
                looks = True
            case _:
                pass
    if not looks:
        return {}
    fitting = [size for size in found.line.sizes if left is None or size <= left]
    return {size: STEP if left is None else min(STEP, left // size) for size in fitting}


def place_of(document: Document) -> Place:
    """A registration with its place in the line."""
    return Place(msgspec.convert(document["state"], RegistrationState), document.get("order"), document.get("position"))


def _head(line: Line, size: int, most: int) -> list[dict[str, Any]]:
    event, name = line
    mine = {"state.event_id": event, "state.occurrence": name, "state.party_size": size, "order": {"$exists": True}}
    return [{"$match": mine}, {"$sort": {"order": 1}}, {"$limit": most}]
