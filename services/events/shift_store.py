"""The documents of shifts: `shifts`, `assignments`, `volunteers` and `rosters`, each with its contract's `state`.

A roster says nothing but how often a person was given a place: it is written with each of these, so that of two
shifts at one time, decided at one time, only one is saved. What overlaps is found among the assignments.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from services.events.acting import Acting
from services.events.clearance import Standing
from services.events.document import Event
from services.events.roster import ACTIVE, Booking, Held, Shift, called_off, counts
from services.events.sessions import Sessions
from shared.contracts.event_states import CampaignState
from shared.contracts.shifts import (
    AskCover,
    AssignmentState,
    CancelShift,
    ChangePlace,
    ChangeShift,
    ConfirmPlace,
    EndCover,
    LeavePlace,
    OfVolunteer,
    OpenShift,
    PrepareShift,
    ProposePlace,
    ReleasePlace,
    RemindRenewal,
    ShiftState,
    TakePlace,
    VolunteerState,
)
from shared.mongo import Collection, Database, Document, find, translated
from shared.ports import Ask, TooLarge

COLLECTIONS: Final = ("shifts", "assignments", "volunteers", "rosters")
MOST_CANDIDATES: Final = 200
"""People among whom those are chosen who are asked to stand in."""
UNIQUE: Final = ("volunteers", "rosters")
"""Documents that two streams of one batch may both want to write."""

Change = tuple[str, Document, int | None]
"""A document for a collection, with the version it was loaded with; None for a new one."""
Watched = Callable[[Mapping[str, set[str]]], Awaitable[dict[str, Event]]]
"""Events by id, each with what tells whether these people may see and change it."""


class ShiftStore:
    """Reads what the commands of shifts need."""

    def __init__(self, database: Database, watched: Watched, sessions: Sessions) -> None:
        """Read this database; `watched` reads events, `sessions` what is particular to a date of theirs."""
        self._sessions = sessions
        self._database = database
        self._watched = watched

    async def prepare(self) -> None:
        """Make the indexes."""
        database = self._database
        with translated():
            shifts, assignments = database.shifts, database.assignments
            await shifts.create_index([("state.event_id", 1), ("state.starts_at_utc", 1), ("_id", 1)], name="event")
            await assignments.create_index([("state.shift_id", 1), ("state.created_at", 1), ("_id", 1)], name="shift")
            await assignments.create_index(
                [("state.person", 1), ("state.starts_at_utc", -1), ("_id", -1)], name="person"
            )
            volunteers = database.volunteers
            await volunteers.create_index(
                [("state.campaign_id", 1), ("state.created_at", 1), ("_id", 1)], name="campaign"
            )
            await volunteers.create_index([("state.campaign_id", 1), ("state.asked_at", 1), ("_id", 1)], name="asking")
            sought = {"state.cover_until": {"$type": "string"}}
            await assignments.create_index([("state.shift_id", 1)], name="cover", partialFilterExpression=sought)
            await volunteers.create_index([("state.person", 1)], name="person")

    async def load(self, asks: Sequence[Ask]) -> dict[str, Shift]:
        """The shifts that the commands name."""
        if not asks:
            return {}
        shifts = {ask.stream: Shift() for ask in asks}
        for document in await _by_id(self._database.shifts, shifts):
            shifts[document["_id"]] = Shift(msgspec.convert(document["state"], ShiftState))
        await self._add_events(shifts, asks)
        await self._add_candidates(shifts, asks)
        await self._add_held(shifts, asks)
        await self._add_people(shifts, asks)
        return shifts

    async def standings(
        self,
        asks: Sequence[Ask],
        campaigns: Mapping[str, CampaignState],
        acting: Acting,
    ) -> dict[str, Standing]:
        """What the commands on people's clearances look at."""
        known = await self._volunteers({ask.stream for ask in asks})
        return {
            ask.stream: Standing(
                known.get(ask.stream),
                campaigns.get(ask.command.campaign_id),
                acting.people(ask.command.campaign_id),
            )
            for ask in asks
            if isinstance(ask.command, OfVolunteer)
        }

    async def open_shifts(self, event_id: str, after: str, at: str, most: int) -> tuple[tuple[str, str | None], ...]:
        """Shifts of an event that are neither cancelled nor over, with their occurrences, in the order of their ids."""
        query = {"state.event_id": event_id, "state.status": "open", "_id": {"$gt": after}}
        query["state.ends_at_utc"] = {"$gt": at}
        found = await find(self._database.shifts, query, {"state.occurrence": 1}, sort=[("_id", 1)], limit=most)
        return tuple((document["_id"], document["state"]["occurrence"]) for document in found)

    async def with_sessions(
        self, events: Mapping[str, Event], dates: Iterable[tuple[str, str | None]]
    ) -> dict[str, Event]:
        """Events with what is particular to those dates of them."""
        found = await self._sessions.by_name({(event, name) for event, name in dates if name is not None})
        after = dict(events)
        for (event, name), session in found.items():
            if event in after:
                after[event] = replace(after[event], sessions=after[event].sessions | {name: session})
        return after

    async def stands(self, event_id: str, person: str) -> bool:
        """Whether a person has said yes to a shift of an event."""
        query = {"state.person": person, "state.event_id": event_id, "state.status": "confirmed"}
        return bool(await find(self._database.assignments, query, {"_id": 1}, limit=1))

    async def _add_events(self, shifts: dict[str, Shift], asks: Sequence[Ask]) -> None:
        events: dict[str, str] = {name: shift.state.event_id for name, shift in shifts.items() if shift.state}
        people: dict[str, set[str]] = defaultdict(set)
        for ask in asks:
            if isinstance(ask.command, OpenShift):
                events.setdefault(ask.stream, ask.command.event_id)
            if ask.stream in events:
                people[events[ask.stream]].add(ask.asked.person)
        dates = {(shift.state.event_id, shift.state.occurrence) for shift in shifts.values() if shift.state}
        dates |= {(one.event_id, one.occurrence) for ask in asks if isinstance(one := ask.command, OpenShift)}
        watched = await self.with_sessions(await self._watched(people), dates)
        for name, event in events.items():
            shifts[name] = replace(shifts[name], event=watched.get(event, Event()))

    async def _add_held(self, shifts: dict[str, Shift], asks: Sequence[Ask]) -> None:
        """Add the places that are mentioned; all that count, where the command is about everybody."""
        ors: list[Document] = []
        mentioned = {f"{ask.stream}.{person}" for ask in asks for person in _mentioned(ask)}
        mentioned |= {f"{name}.{person}" for name, shift in shifts.items() for person in shift.candidates}
        whole = {ask.stream for ask in asks if isinstance(ask.command, ChangeShift | CancelShift | PrepareShift)}
        sought = {name for name, shift in shifts.items() if shift.state and shift.state.covers}
        if mentioned:
            ors.append({"_id": {"$in": sorted(mentioned)}})
        if whole:
            ors.append({"state.shift_id": {"$in": sorted(whole)}, "state.status": {"$in": sorted(ACTIVE)}})
        if sought:
            ors.append({"state.shift_id": {"$in": sorted(sought)}, "state.cover_until": {"$type": "string"}})
        held: dict[str, dict[str, Held]] = defaultdict(dict)
        for document in await find(self._database.assignments, {"$or": ors}, sort=[("_id", 1)]) if ors else ():
            one = held_of(document)
            held[one.assignment.shift_id][one.assignment.person] = one
        for name, people in held.items():
            shifts[name] = replace(shifts[name], held=people)

    async def _add_people(self, shifts: dict[str, Shift], asks: Sequence[Ask]) -> None:
        """Add to shifts what decides of those who want a place on them."""
        coming: dict[str, set[str]] = defaultdict(set)
        looked_at: dict[str, set[str]] = defaultdict(set)
        for ask in asks:
            shift = shifts[ask.stream]
            match ask.command:
                case TakePlace() | ProposePlace() | ConfirmPlace():
                    coming[ask.stream].update(_mentioned(ask))
                case PrepareShift():
                    looked_at[ask.stream].update(shift.held)
                case AskCover():
                    looked_at[ask.stream].update(shift.candidates)
                case RemindRenewal(person=person):
                    looked_at[ask.stream].add(person)
                case _:
                    pass
        people = {
            name: coming[name] | looked_at[name]
            for name in coming.keys() | looked_at.keys()
            if shifts[name].state and (coming[name] or looked_at[name])
        }
        if not people:
            return
        # The rosters first: who is given a place elsewhere after that makes our write fail.
        everybody = set().union(*coming.values())
        rosters = {one["_id"]: one["state"]["version"] for one in await _by_id(self._database.rosters, everybody)}
        bookings = await self._bookings(shifts, people)
        known = await self._volunteers(
            {_volunteer_id(shifts[name], person) for name, some in people.items() for person in some}
        )
        for name, some in people.items():
            ids = {person: _volunteer_id(shifts[name], person) for person in some}
            shifts[name] = replace(
                shifts[name],
                rosters={person: rosters.get(person, 0) for person in coming[name]},
                bookings={person: found for person in some if (found := tuple(bookings.get(person, ())))},
                volunteers={person: known[one] for person, one in ids.items() if one in known},
            )

    async def _add_candidates(self, shifts: dict[str, Shift], asks: Sequence[Ask]) -> None:
        """Add to a shift whose cover is asked for those who were asked the longest ago, one such shift at a time."""
        wanting = {ask.stream: ask for ask in asks if isinstance(ask.command, AskCover)}
        if len(wanting) > 1:
            raise TooLarge
        for name, ask in wanting.items():
            state = shifts[name].state
            if state is None:
                continue
            query: Document = {"state.campaign_id": state.campaign_id, "state.person": {"$ne": ask.asked.person}}
            wanted = state.role.requirement
            if wanted is not None:
                query[f"state.clearances.{wanted.kind}.expires_on"] = {"$gte": state.ends_at[:10]}
            order = [("state.asked_at", 1), ("_id", 1)]
            found = await find(self._database.volunteers, query, {"state.person": 1}, sort=order, limit=MOST_CANDIDATES)
            people = tuple(document["state"]["person"] for document in found)
            shifts[name] = replace(shifts[name], candidates=people)

    async def _bookings(
        self, shifts: Mapping[str, Shift], coming: Mapping[str, Iterable[str]]
    ) -> dict[str, list[Booking]]:
        """What these people are booked for at the times of these shifts; the shifts of cancelled events are none."""
        ors = [
            {
                "state.person": {"$in": sorted(people)},
                "state.starts_at_utc": {"$lt": state.ends_at_utc},
                "state.ends_at_utc": {"$gt": state.starts_at_utc},
            }
            for name, people in coming.items()
            if (state := shifts[name].state)
        ]
        found = await find(self._database.assignments, {"state.status": {"$in": sorted(ACTIVE)}, "$or": ors})
        held = [held_of(document).assignment for document in found]
        watched = await self._watched({mine.event_id: set() for mine in held}) if held else {}
        watched = await self.with_sessions(watched, {(mine.event_id, mine.occurrence) for mine in held})
        off = {mine.id for mine in held if called_off(watched.get(mine.event_id, Event()), mine.occurrence)}
        bookings: dict[str, list[Booking]] = defaultdict(list)
        for mine in sorted(held, key=lambda one: (one.starts_at_utc, one.id)):
            if mine.id not in off:
                booking = {name: getattr(mine, name) for name in Booking.__struct_fields__}
                bookings[mine.person].append(Booking(**booking))
        return bookings

    async def _volunteers(self, ids: Iterable[str]) -> dict[str, VolunteerState]:
        found = await _by_id(self._database.volunteers, ids)
        return {document["_id"]: msgspec.convert(document["state"], VolunteerState) for document in found}


def shift_changes(was: Shift, now: Shift) -> Iterator[Change]:
    """The documents that are new after a batch."""
    if now.state is not None and now.state is not was.state:
        yield "shifts", _document(now.state), was.state.version if was.state else None
    for person, held in now.held.items():
        before = was.held.get(person)
        if held is before:
            continue
        known = before.assignment.version if before else None
        yield "assignments", {**_document(held.assignment), "note": held.note, "reason": held.reason}, known
        if person in now.rosters and _given(before, held):
            version = now.rosters[person]
            yield "rosters", {"_id": person, "state": {"version": version + 1}}, version or None
    for person, volunteer in now.volunteers.items():
        known_before = was.volunteers.get(person)
        if volunteer is not known_before:
            yield "volunteers", _document(volunteer), known_before.version if known_before else None


def standing_changes(was: Standing, now: Standing) -> Iterator[Change]:
    """The document of a person in a campaign, if it is new."""
    if now.state is not None and now.state is not was.state:
        yield "volunteers", _document(now.state), was.state.version if was.state else None


def held_of(document: Document) -> Held:
    """A place as its document tells it."""
    return Held(msgspec.convert(document["state"], AssignmentState), document["note"], document["reason"])


def _given(before: Held | None, now: Held) -> bool:
    """Whether a person came to stand on a shift, or said so."""
    status = now.assignment.status
    return counts(now) and (before is None or not counts(before) or before.assignment.status != status)


def _mentioned(ask: Ask) -> tuple[str, ...]:
    """The people whose places a command is about, if not everybody's."""
    match ask.command:
        case ProposePlace() | ReleasePlace() | EndCover() | RemindRenewal():
            return (ask.command.person,)
        case TakePlace() | ConfirmPlace() | ChangePlace() | LeavePlace() | AskCover():
            return (ask.asked.person,)
        case _:
            return ()


def _volunteer_id(shift: Shift, person: str) -> str:
    return f"{shift.state.campaign_id}.{person}" if shift.state else person


def _document(state: ShiftState | AssignmentState | VolunteerState) -> Document:
    return {"_id": state.id, "state": msgspec.to_builtins(state)}


async def _by_id(collection: Collection, names: Iterable[str]) -> list[Document]:
    wanted = sorted(names)
    return await find(collection, {"_id": {"$in": wanted}}) if wanted else []
