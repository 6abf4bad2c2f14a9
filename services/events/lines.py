"""Reads waiting lists: the heads that a batch may need for promotion, and positions."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from services.events.document import Event
from services.events.places import STEP
from services.events.waiting import Place
from shared.contracts.events import ChangeEvent, LeaveEvent, PromoteWaiting, RegistrationState
from shared.contracts.hiding import UnhideEvent
from shared.contracts.message import Command
from shared.mongo import QUERY_MS, Collection, Document

MOST_HEADS: Final = 50
"""Heads that one aggregation reads."""


class Lines:
    """The waiting parties among an event service's registrations."""

    def __init__(self, registrations: Collection) -> None:
        """Read this collection."""
        self._registrations = registrations

    async def add_heads(self, events: dict[str, Event], commands: Iterable[Command]) -> None:
        """Add to the events the heads from which these commands may promote."""
        asked: dict[str, list[Command]] = defaultdict(list)
        for command in commands:
            asked[command.stream].append(command)
        wanted = [
            (stream, size, most)
            for stream, its in asked.items()
            for size, most in heads_wanted(events[stream], its).items()
        ]
        heads: dict[str, dict[int, tuple[Place, ...]]] = defaultdict(dict)
        for start in range(0, len(wanted), MOST_HEADS):
            for stream, size, head in await self._heads(wanted[start : start + MOST_HEADS]):
                heads[stream][size] = head
        for stream, found in heads.items():
            events[stream] = replace(events[stream], waiting=replace(events[stream].waiting, heads=found))

    async def position(self, event_id: str, order: int) -> int:
        """How many parties wait up to this place in the line."""
        return await self._registrations.count_documents(
            {"state.event_id": event_id, "order": {"$lte": order}}, maxTimeMS=QUERY_MS
        )

    async def _heads(self, wanted: Sequence[tuple[str, int, int]]) -> Iterator[tuple[str, int, tuple[Place, ...]]]:
        first, *others = [_head(*one) for one in wanted]
        union = [{"$unionWith": {"coll": self._registrations.name, "pipeline": other}} for other in others]
        heads: dict[tuple[str, int], list[Place]] = defaultdict(list)
        async for document in self._registrations.aggregate([*first, *union], maxTimeMS=QUERY_MS):
            place = place_of(document)
            heads[place.registration.event_id, place.registration.party_size].append(place)
        return ((stream, size, tuple(heads[stream, size])) for stream, size, _ in wanted)


def heads_wanted(event: Event, commands: Iterable[Command]) -> Mapping[int, int]:
    """For each party size, how many waiting ones these commands could promote at the most.

    Fewer would be no mistake: the rules go on by a follow-up where the head at hand ends.
    """
    if event.state is None:
        return {}
    left, looks = event.state.left, False
    for command in commands:
        match command:
            case LeaveEvent(registration_id=name):
                looks = True
                place = event.places.get(name)
                if left is not None and place is not None and place.registration.status == "registered":
                    left += place.registration.party_size
            case ChangeEvent():
                looks, left = True, None
            case PromoteWaiting() | UnhideEvent():
                looks = True
            case _:
                pass
    if not looks:
        return {}
    fitting = [size for size in event.waiting.sizes if left is None or size <= left]
    return {size: STEP if left is None else min(STEP, left // size) for size in fitting}


def place_of(document: Document) -> Place:
    """A registration with its place in the line."""
    return Place(msgspec.convert(document["state"], RegistrationState), document.get("order"), document.get("position"))


def _head(event_id: str, size: int, most: int) -> list[dict[str, Any]]:
    return [
        {"$match": {"state.event_id": event_id, "state.party_size": size, "order": {"$exists": True}}},
        {"$sort": {"order": 1}},
        {"$limit": most},
    ]
