"""The documents that decisions read and write; `COLLECTIONS` names them.

Each holds its contract's state as `state`, beside what only the owner knows. A batch is loaded with a few bulk finds
and saved in one transaction; campaigns, partners and events are guarded by version, and a registration
and an occurrence by their event.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from services.events import attached
from services.events.acting import Acting, acting
from services.events.campaign import Campaign
from services.events.clearance import Standing
from services.events.document import Event, Hidden, Whereabouts
from services.events.document import Session as Occasion
from services.events.engagements import Engagements
from services.events.evolution import STEP as HEIRS
from services.events.evolution import heir
from services.events.lines import Lines, place_of
from services.events.parts import STEP as PARTS
from services.events.roster import Shift
from services.events.rules import State
from services.events.sessions import Sessions, document_of
from services.events.shift import STEP
from services.events.shift_store import COLLECTIONS as OF_SHIFTS
from services.events.shift_store import UNIQUE, Change, ShiftStore, shift_changes, standing_changes
from services.events.venue_document import Welcome
from services.events.venue_store import COLLECTIONS as OF_VENUES
from services.events.venue_store import VenueStore, venue_changes
from services.events.voice import Voice
from services.events.voice_store import COLLECTION as VOICES
from services.events.voice_store import VoiceStore, voice_document
from services.events.waiting import Place, WaitingList
from shared.contracts.attendance import NoteAttendance
from shared.contracts.events import (
    CampaignState,
    ChangeCampaign,
    ChangeRegistration,
    CreateCampaign,
    CreateEvent,
    EventState,
    EvolveCampaign,
    LeaveEvent,
    OfCampaign,
    OfEvent,
    OfPartner,
    PartnerState,
    PromoteWaiting,
    Register,
    ReviewOccurrences,
    TakeOver,
    Venue,
)
from shared.contracts.hosting import CancelSubEvents
from shared.contracts.importing import ImportRegistrations
from shared.contracts.shifts import CancelShifts, OfShift, OfVolunteer
from shared.contracts.venues import OfVenue
from shared.contracts.voices import OfVoice, VoiceState
from shared.due import Calendar
from shared.mongo import (
    Client,
    Collection,
    Database,
    Document,
    Inbox,
    Session,
    find,
    insert,
    replace_guarded,
    translated,
)
from shared.ports import Ask, Entry, TooLarge

VERSION: Final = "state.version"
COLLECTIONS: Final = (
    "campaigns",
    "slugs",
    "partners",
    "events",
    "occurrences",
    "registrations",
    *OF_SHIFTS,
    *OF_VENUES,
    *attached.COLLECTIONS,
    VOICES,
)


class EventsStore:
    """The store of the command processor."""

    def __init__(self, client: Client, database: Database) -> None:
        """Use the service's database."""
        self._client = client
        self.database = database
        self.lines = Lines(database.registrations)
        self.sessions = Sessions(database.occurrences)
        self.engagements = Engagements(database, self.sessions)
        self.inbox = Inbox(database)
        self.calendar = Calendar(database.due)
        self.shifts = ShiftStore(database, self.watched, self.sessions)
        self.venues = VenueStore(database, self)
        self.voices = VoiceStore(database, self.campaigns, self.watched)

    async def prepare(self) -> None:
        """Make the indexes."""
        await self.inbox.prepare()
        await self.calendar.prepare()
        await self.shifts.prepare()
        with translated():
            await self.sessions.prepare()
        await self.voices.prepare()
        database = self.database
        waiting = {"order": {"$exists": True}}
        with translated():
            await database.partners.create_index([("state.campaign_id", 1), ("state.members", 1)], name="acting")
            await database.partners.create_index([("state.campaign_id", 1), ("_id", 1)], name="campaign")
            for people in ("members", "invitees"):
                await database.partners.create_index([(f"state.{people}", 1), ("_id", 1)], name=people)
            await database.events.create_index([("state.campaign_id", 1)], name="campaign")
            registrations = database.registrations
            line = [("state.event_id", 1), ("state.occurrence", 1)]
            await registrations.create_index(
                [*line, ("state.party_size", 1), ("order", 1)],
                name="line_of_occurrence",
                partialFilterExpression=waiting,
            )
            await registrations.create_index(
                [*line, ("order", 1)], name="position_of_occurrence", partialFilterExpression=waiting
            )
            await registrations.create_index([("state.person", 1), ("state.created_at", -1), ("_id", -1)], name="mine")
            await registrations.create_index([("state.event_id", 1), ("state.created_at", 1), ("_id", 1)], name="event")
            await database.events.create_index([("state.parent_id", 1), ("_id", 1)], name="parts")
            await database.slots.create_index([("state.event_id", 1)], name="event")
            await database.bookings.create_index([("state.slot_id", 1)], name="slot")

    async def answered(self, command_ids: Sequence[str]) -> dict[str, Entry]:
        """Inbox entries of those commands that were decided before."""
        return await self.inbox.answered(command_ids)

    async def load(self, asks: Sequence[Ask], *, doubted: bool = False) -> dict[str, State]:  # noqa: ARG002 -- nothing is left out
        """The campaigns and events that the commands name, with what deciding them needs."""
        with translated():
            campaigns = await self._load_campaigns([ask for ask in asks if isinstance(ask.command, OfCampaign)])
            events = await self._load_events([ask for ask in asks if isinstance(ask.command, OfEvent | CancelShifts)])
            shifts = await self.shifts.load([ask for ask in asks if isinstance(ask.command, OfShift)])
            people = await self._load_standings([ask for ask in asks if isinstance(ask.command, OfVolunteer)])
            venues = await self.venues.load([ask for ask in asks if isinstance(ask.command, OfVenue)])
            voices = await self.voices.load([ask for ask in asks if isinstance(ask.command, OfVoice)])
        return {**campaigns, **events, **shifts, **people, **venues, **voices}

    async def save(self, before: dict[str, State], after: dict[str, State], entries: Sequence[Entry]) -> None:
        """Write what changed, and the entries, in one transaction."""
        changes = _Changes()
        for stream, state in after.items():
            was = before[stream]
            if state is was:
                continue
            match was, state:
                case Campaign(), Campaign():
                    changes.campaign(was, state)
                case Event(), Event():
                    changes.event(was, state)
                case Shift(), Shift():
                    changes.note(shift_changes(was, state))
                case Standing(), Standing():
                    changes.note(standing_changes(was, state))
                case Welcome(), Welcome():
                    changes.note(venue_changes(was, state))
                case Voice(), Voice(state=VoiceState() as said):
                    known = was.state.version if was.state else None
                    changes.note([(VOICES, voice_document(said, state.words), known)])
                case _:  # a stream keeps its kind
                    pass
        if changes.clash and len(entries) > 1:
            raise TooLarge  # in halves, the later one finds what the earlier one wrote

        def write(session: Session) -> None:
            self.inbox.add(session, entries)
            self.calendar.add(session, (plan for entry in entries for plan in entry.due))
            for name in COLLECTIONS:
                changes.write(self.database[name], session)

        await self._client.transact(write)

    # ------------------------------------------------------------ campaigns

    async def _load_campaigns(self, asks: Sequence[Ask]) -> dict[str, State]:
        slugs = {slug for ask in asks if (slug := _wanted_slug(ask))}
        inherited = await self._inherited([ask.command for ask in asks if isinstance(ask.command, TakeOver)])
        named = {ask.command.partner_id for ask in asks if isinstance(ask.command, OfPartner)}
        named |= {heir(stream, one) for stream, steps in inherited.items() for step in steps.values() for one in step}
        states = await self.campaigns({name for ask in asks for name in (ask.stream, *_others(ask))})
        partners: dict[str, dict[str, PartnerState]] = defaultdict(dict)
        for document in await _by_id(self.database.partners, named):
            partner = msgspec.convert(document["state"], PartnerState)
            partners[partner.campaign_id][partner.id] = partner
        owners = {document["_id"]: document["campaign_id"] for document in await _by_id(self.database.slugs, slugs)}
        return {
            stream: Campaign(
                states.get(stream),
                partners.get(stream, {}),
                frozenset(slug for slug, owner in owners.items() if owner != stream),
                named=states,
                inherited=inherited.get(stream, {}),
            )
            for stream in {ask.stream for ask in asks}
        }

    async def _inherited(self, commands: Iterable[TakeOver]) -> dict[str, dict[str, tuple[PartnerState, ...]]]:
        """For each successor and step: partners of its predecessor."""
        inherited: dict[str, dict[str, tuple[PartnerState, ...]]] = defaultdict(dict)
        for command in commands:
            query = {"state.campaign_id": command.predecessor_id, "_id": {"$gt": command.after}}
            found = await find(self.database.partners, query, sort=[("_id", 1)], limit=HEIRS)
            partners = tuple(msgspec.convert(document["state"], PartnerState) for document in found)
            inherited[command.stream][command.after] = partners
        return inherited

    async def campaigns(self, names: Iterable[str]) -> dict[str, CampaignState]:
        """Campaigns by id, as far as they are there."""
        found = await _by_id(self.database.campaigns, names)
        return {document["_id"]: msgspec.convert(document["state"], CampaignState) for document in found}

    # ------------------------------------------------------------ events

    async def _load_events(self, asks: Sequence[Ask]) -> dict[str, State]:
        events = {ask.stream: Event() for ask in asks}
        for document in await _by_id(self.database.events, events):
            events[document["_id"]] = event_of(document)
        named = {
            name
            for ask in asks
            if isinstance(ask.command, Register | LeaveEvent | ChangeRegistration | NoteAttendance)
            for name in (ask.command.registration_id, getattr(ask.command, "single", ""))
            if name
        }
        for ask in asks:
            if isinstance(ask.command, ImportRegistrations):
                named.update(name for row in ask.command.rows for name in (row.registration_id, row.single) if name)
        places: dict[str, dict[str, Place]] = defaultdict(dict)
        for document in await _by_id(self.database.registrations, named):
            place = place_of(document)
            places[place.registration.event_id][place.registration.id] = place
        for stream, mentioned in places.items():
            if stream in events:
                events[stream] = replace(events[stream], places=mentioned)
        await self._add_attached(events, asks)
        await self._add_family(events, asks)
        await self._add_campaigns(events, asks)
        await self._add_engaged(events, [ask for ask in asks if isinstance(ask.command, Register)])
        await self.sessions.add(events, asks)
        for ask in asks:
            if isinstance(ask.command, CancelShifts):
                found = await self.shifts.open_shifts(ask.stream, ask.command.after, ask.asked.at, STEP)
                events |= await self.shifts.with_sessions(events, {(ask.stream, name) for _, name in found})
                events[ask.stream] = replace(events[ask.stream], shifts=found)
        await self.lines.add_heads(events, [ask.command for ask in asks])
        return dict(events)

    async def _add_attached(self, events: dict[str, Event], asks: Sequence[Ask]) -> None:
        """Add to events what else hangs on them and the commands mention."""
        named: dict[str, set[str]] = defaultdict(set)
        for ask in asks:
            for collection, name in attached.mentioned(ask.command):
                named[collection].add(name)
        for collection, names in named.items():
            for document in await _by_id(self.database[collection], names):
                thing = msgspec.convert(document["state"], attached.COLLECTIONS[collection])
                if thing.event_id in events:
                    event = events[thing.event_id]
                    events[thing.event_id] = replace(event, attached=event.attached | {thing.id: thing})

    async def _add_engaged(self, events: dict[str, Event], registering: Sequence[Ask]) -> None:
        """Add to events what those who register come to elsewhere."""
        if not registering:
            return
        people = {ask.asked.person for ask in registering}
        engaged = await self.engagements.of(people, min(ask.asked.at for ask in registering))
        for ask in registering:
            if mine := engaged.get(ask.asked.person):
                event = events[ask.stream]
                events[ask.stream] = replace(event, engaged=event.engaged | {ask.asked.person: mine})

    async def _add_family(self, events: dict[str, Event], asks: Sequence[Ask]) -> None:
        """Add to events what they are to be a part of, and the parts that are to be called off."""
        parents = {ask.stream: ask.command.parent_id for ask in asks if isinstance(ask.command, CreateEvent)}
        wanted = {name for name in parents.values() if name is not None}
        known = {document["_id"]: event_of(document) for document in await _by_id(self.database.events, wanted)}
        for stream, parent in parents.items():
            if parent in known:
                events[stream] = replace(events[stream], parent=known[parent])
        for ask in asks:
            if isinstance(ask.command, CancelSubEvents):
                query = {"state.parent_id": ask.stream, "_id": {"$gt": ask.command.after}}
                found = await find(self.database.events, query, {"_id": 1}, sort=[("_id", 1)], limit=PARTS)
                events[ask.stream] = replace(events[ask.stream], parts=tuple(document["_id"] for document in found))

    async def _add_campaigns(self, events: dict[str, Event], asks: Sequence[Ask]) -> None:
        """Add to events what says who may do what: their campaign, and for which partners the callers act."""
        wanted: dict[str, str] = {}
        people: dict[str, set[str]] = defaultdict(set)
        for ask in asks:
            campaign = _campaign_of(events[ask.stream], ask)
            if campaign is not None:
                wanted[ask.stream] = campaign
                people[ask.stream].add(ask.asked.person)
        if not wanted:
            return
        campaigns = await self.campaigns(set(wanted.values()))
        everybody = set().union(*people.values())
        known = await self.acting(set(wanted.values()), everybody)
        for stream, campaign in wanted.items():
            event = events[stream]
            events[stream] = replace(
                event,
                campaign=campaigns.get(campaign),
                acting=_for_event(known, campaign, people[stream], event),
            )

    async def watched(self, people: Mapping[str, set[str]]) -> dict[str, Event]:
        """Events by id, each with what tells whether these people may see and change it."""
        events = {document["_id"]: event_of(document) for document in await _by_id(self.database.events, people)}
        wanted = {name: event.state.campaign_id for name, event in events.items() if event.state}
        campaigns = await self.campaigns(set(wanted.values()))
        known = await self.acting(set(wanted.values()), set().union(*people.values())) if wanted else Acting()
        return {
            name: replace(
                events[name],
                campaign=campaigns.get(campaign),
                acting=_for_event(known, campaign, people[name], events[name]),
            )
            for name, campaign in wanted.items()
        }

    async def _load_standings(self, asks: Sequence[Ask]) -> dict[str, Standing]:
        named = {ask.command.campaign_id for ask in asks if isinstance(ask.command, OfVolunteer)}
        if not named:
            return {}
        known = await self.acting(named, {ask.asked.person for ask in asks})
        return await self.shifts.standings(asks, await self.campaigns(named), known)

    async def acting(self, campaigns: Iterable[str], people: set[str]) -> Acting:
        """For which partners of these campaigns these people act."""
        return await acting(self.database.partners, list(campaigns), people)


class _Changes:
    """What a batch inserts and replaces, by collection."""

    def __init__(self) -> None:
        self._new: dict[str, list[Document]] = defaultdict(list)
        self._replaced: dict[str, list[Document]] = defaultdict(list)

    @property
    def clash(self) -> bool:
        """Whether two streams of the batch write one document: campaigns a slug, shifts what a person is bound by."""
        for name in ("slugs", *UNIQUE):
            written = [document["_id"] for document in (*self._new[name], *self._replaced[name])]
            if len(set(written)) < len(written):
                return True
        return False

    def note(self, changes: Iterable[Change]) -> None:
        """Note documents of shifts or venues."""
        for collection, document, was in changes:
            self._note(collection, document, was)

    def campaign(self, was: Campaign, now: Campaign) -> None:
        """Note a campaign and its changed partners."""
        if now.state is not None and now.state is not was.state:
            self._note("campaigns", _document(now.state), was.state.version if was.state else None)
            new = _slugs(now.state) - (_slugs(was.state) if was.state else frozenset())
            self._new["slugs"] += [{"_id": slug, "campaign_id": now.state.id} for slug in sorted(new)]
        for name, partner in now.partners.items():
            before = was.partners.get(name)
            if partner is not before:
                document = _document(partner)
                if name in now.reasons:
                    document["reason"] = now.reasons[name]
                self._note("partners", document, before.version if before else None)

    def event(self, was: Event, now: Event) -> None:
        """Note an event and its changed registrations."""
        if now.state is not None and now.state is not was.state:
            self._note("events", _event_document(now, now.state), was.state.version if was.state else None)
        for name, thing in now.attached.items():
            had = was.attached.get(name)
            if thing is not had:
                self._note(attached.collection_of(thing), _document(thing), had.version if had else None)
        lines = [was.waiting, *(session.waiting for session in was.sessions.values())]
        at_hand = {place.registration.id: place for line in lines for head in line.heads.values() for place in head}
        before = at_hand | was.places
        for name, place in now.places.items():
            known = before.get(name)
            if place is not known:
                self._note("registrations", _place_document(place), known.registration.version if known else None)

        for name, session in now.sessions.items():
            before_it = was.sessions.get(name, Occasion())
            if session is not before_it and session.state is not None:
                version = before_it.state.version if before_it.state else None
                self._note("occurrences", document_of(session, session.state), version)

    def write(self, collection: Collection, session: Session) -> None:
        """Write what was noted for a collection."""
        insert(collection, session, self._new.get(collection.name, ()))
        replace_guarded(collection, session, self._replaced.get(collection.name, ()), field=VERSION)

    def _note(self, collection: str, document: Document, was: int | None) -> None:
        if was is None:
            self._new[collection].append(document)
        else:
            self._replaced[collection].append({**document, "_was": was})


def event_of(document: Document) -> Event:
    """An event as its document tells it, without the heads of its waiting list."""
    sizes = {int(size): count for size, count in document["waiting"].items()}
    return Event(
        state=msgspec.convert(document["state"], EventState),
        venue=msgspec.convert(document["venue"], Venue | None),
        online_url=document["online_url"],
        partner_id=document["partner_id"],
        whereabouts=msgspec.convert(document.get("whereabouts", ()), tuple[Whereabouts, ...]),
        hidden=msgspec.convert(document.get("hidden"), Hidden | None),
        invited=tuple(document.get("invited", ())),
        waiting=WaitingList(sizes, {}, document["next_order"]),
    )


def _for_event(known: Acting, campaign: str, people: Iterable[str], event: Event) -> dict[str, frozenset[str]]:
    return {who: names for who in people if (names := known.of(campaign, who, event.partner_id))}


def _slugs(state: CampaignState) -> frozenset[str]:
    """All that lead to a campaign."""
    return frozenset({state.slug, *state.former_slugs})


def _others(ask: Ask) -> Sequence[str]:
    """Campaigns that a command names besides its own."""
    match ask.command:
        case EvolveCampaign(successor_id=name) | TakeOver(predecessor_id=name):
            return [name]
        case _:
            return []


def _wanted_slug(ask: Ask) -> str | None:
    match ask.command:
        case CreateCampaign(slug=str(slug)) | ChangeCampaign(slug=str(slug)):
            return slug
        case _:
            return None


def _campaign_of(event: Event, ask: Ask) -> str | None:
    """The campaign that deciding the command looks at; places of public events need none."""
    if isinstance(ask.command, CreateEvent):
        return ask.command.campaign_id
    state = event.state
    unasked = LeaveEvent | ChangeRegistration | PromoteWaiting | ReviewOccurrences | CancelShifts
    if state is None or isinstance(ask.command, unasked):
        return None
    if isinstance(ask.command, Register) and state.visibility != "members" and state.published_at and not state.hidden:
        return None
    return state.campaign_id


async def _by_id(collection: Collection, names: Iterable[str]) -> list[Document]:
    wanted = list(names)
    return await find(collection, {"_id": {"$in": wanted}}) if wanted else []


def _document(state: CampaignState | PartnerState | attached.Attached) -> Document:
    return {"_id": state.id, "state": msgspec.to_builtins(state)}


def _event_document(event: Event, state: EventState) -> Document:
    return {
        "_id": state.id,
        "state": msgspec.to_builtins(state),
        "venue": msgspec.to_builtins(event.venue),
        "online_url": event.online_url,
        "partner_id": event.partner_id,
        "whereabouts": msgspec.to_builtins(event.whereabouts),
        "hidden": msgspec.to_builtins(event.hidden),
        "invited": event.invited,
        "waiting": {str(size): count for size, count in event.waiting.sizes.items()},
        "next_order": event.waiting.next_order,
    }


def _place_document(place: Place) -> Document:
    """`order` is there only while the party waits: the indexes of the line hold nobody else."""
    document = {"_id": place.registration.id, "state": msgspec.to_builtins(place.registration)}
    return document if place.order is None else {**document, "order": place.order, "position": place.position}
