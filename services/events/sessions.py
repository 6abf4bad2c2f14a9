"""The documents of occurrences: one for each that something is particular to, `<event>@<original local start>`.

There is none for an occurrence that nobody has touched, so a series costs what people do with it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from services.events.document import Event, Session
from services.events.occurrences import STEP
from services.events.waiting import WaitingList
from shared import recurrence, series
from shared.contracts.attendance import NoteAttendance, TakeHeadcount
from shared.contracts.completion import CompleteEvent, CorrectOutcome
from shared.contracts.events import (
    CancelOccurrence,
    ChangeEvent,
    ChangeOccurrence,
    ChangeRegistration,
    LeaveEvent,
    OccurrenceState,
    PromoteWaiting,
    Register,
    ReviewOccurrences,
    Venue,
)
from shared.contracts.importing import ImportRegistrations
from shared.contracts.message import Command
from shared.mongo import QUERY_MS, Collection, Document, find
from shared.ports import Ask

Key = tuple[str, str]
"""An event and the name of an occurrence."""


class Sessions:
    """The occurrences among an event service's documents."""

    def __init__(self, occurrences: Collection) -> None:
        """Read this collection."""
        self._occurrences = occurrences

    async def prepare(self) -> None:
        """Make the indexes."""
        await self._occurrences.create_index([("event_id", 1), ("name", 1)], name="name")
        await self._occurrences.create_index([("event_id", 1), ("state.registered", -1)], name="fullest")

    async def add(self, events: dict[str, Event], asks: Sequence[Ask]) -> None:
        """Add to series the occurrences that the commands mention, and what their changes have to look at."""
        named = {(ask.stream, name) for ask in asks if (name := named_by(ask.command))}
        named |= {(ask.stream, name) for ask in asks for name in _listed(ask.command)}
        named |= {(ask.stream, name) for ask in asks if (name := _attended(events[ask.stream], ask.command))}
        found = await self.by_name(named)
        for ask in asks:
            event = events[ask.stream]
            if event.state is None or event.state.recurrence is None:
                continue
            match ask.command:
                case ReviewOccurrences(after=after):
                    step = await self._step(ask.stream, after)
                    found |= {(ask.stream, name): session for name, session in step.items()}
                    events[ask.stream] = replace(event, reviews=event.reviews | {after: tuple(step)})
                case ChangeEvent(capacity=int(), following=following):
                    begin = following or recurrence.local(ask.asked.at, event.state.timezone)
                    fullest = max(event.fullest, await self._fullest(ask.stream, begin))
                    events[ask.stream] = replace(event, fullest=fullest)
                case _:
                    pass
        sessions: dict[str, dict[str, Session]] = defaultdict(dict)
        for (stream, name), session in found.items():
            sessions[stream][name] = session
        for stream, its in sessions.items():
            events[stream] = replace(events[stream], sessions=its)

    async def by_name(self, named: Iterable[Key]) -> dict[Key, Session]:
        """Those of the occurrences that something is particular to."""
        wanted = [f"{event}@{name}" for event, name in named]
        found = await find(self._occurrences, {"_id": {"$in": wanted}}) if wanted else []
        return {(document["event_id"], document["name"]): session_of(document) for document in found}

    async def exceptions(self, event: str) -> dict[str, OccurrenceState]:
        """Occurrences of an event that were moved or called off."""
        found = await find(self._occurrences, {"event_id": event, "exceptional": True}, {"state": 1, "name": 1})
        return {document["name"]: msgspec.convert(document["state"], OccurrenceState) for document in found}

    async def _step(self, event: str, after: str) -> dict[str, Session]:
        query = {"event_id": event, "name": {"$gt": after}}
        documents = self._occurrences.find(query, max_time_ms=QUERY_MS).sort([("name", 1)])
        return {document["name"]: session_of(document) for document in await documents.to_list(STEP)}

    async def _fullest(self, event: str, begin: str) -> int:
        """Most people registered for an occurrence, from a name on, that has the series' own capacity."""
        query = {"event_id": event, "name": {"$gte": begin}, "limited": False}
        documents = self._occurrences.find(query, max_time_ms=QUERY_MS).sort([("state.registered", -1)])
        return next((document["state"].get("registered", 0) for document in await documents.to_list(1)), 0)


def named_by(command: Command) -> str | None:
    """The occurrence that a command mentions."""
    match command:
        case (
            Register(occurrence=name)
            | LeaveEvent(occurrence=name)
            | ChangeRegistration(occurrence=name)
            | PromoteWaiting(occurrence=name)
            | ChangeOccurrence(occurrence=name)
            | CancelOccurrence(occurrence=name)
            | ChangeEvent(following=name)
            | CompleteEvent(occurrence=name)
            | CorrectOutcome(occurrence=name)
            | TakeHeadcount(occurrence=name)
        ):
            return name
        case _:
            return None


def _listed(command: Command) -> set[str]:
    """The occurrences that the rows of a list name."""
    rows = command.rows if isinstance(command, ImportRegistrations) else ()
    return {row.occurrence for row in rows if row.occurrence is not None}


def _attended(event: Event, command: Command) -> str | None:
    """The occurrence of the party whose attendance is noted."""
    place = event.places.get(command.registration_id) if isinstance(command, NoteAttendance) else None
    return place.registration.occurrence if place is not None else None


def session_of(document: Document) -> Session:
    """An occurrence as its document tells it, without the heads of its waiting list."""
    sizes = {int(size): count for size, count in document["waiting"].items()}
    return Session(
        msgspec.convert(document["state"], OccurrenceState),
        WaitingList(sizes, {}, document["next_order"]),
        msgspec.convert(document["venue"], Venue | None),
        document["online_url"],
    )


def document_of(session: Session, state: OccurrenceState) -> Document:
    """The document of an occurrence; `limited` if it has a capacity of its own."""
    return {
        "_id": f"{state.event_id}@{state.occurrence}",
        "event_id": state.event_id,
        "name": state.occurrence,
        "exceptional": series.exceptional(state),
        "limited": state.capacity is not None or state.cancellation is not None,
        "state": msgspec.to_builtins(state),
        "venue": msgspec.to_builtins(session.venue),
        "online_url": session.online_url,
        "waiting": {str(size): count for size, count in session.waiting.sizes.items()},
        "next_order": session.waiting.next_order,
    }
