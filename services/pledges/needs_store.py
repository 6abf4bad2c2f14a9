"""The documents of needs and of the pledges on them: loaded in a few bulk reads."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct, convert, structs

from services.pledges import documents, life, need, tallies, waves
from services.pledges.commitments_store import CommitmentShelf
from services.pledges.copies import Copies
from services.pledges.deliveries_store import DeliveryBook
from services.pledges.documents import Document
from services.pledges.evidence import acting
from services.pledges.ledger import Candidate, Need
from shared.contracts.pledges import (
    COMMANDS,
    AcceptDelivery,
    AskAround,
    BundleState,
    CorrectDelivery,
    DeliverPledge,
    ExpireHold,
    MakePledge,
    NextWave,
    OfNeed,
    OfPledge,
    OpenNeed,
    OpenPromoted,
    PledgeState,
    ReturnDelivery,
    WriteOffNeed,
    WriteOffRest,
)
from shared.due import Calendar, due
from shared.mongo import Database, Session, add_up, by_id, find, insert, replace_guarded, translated
from shared.ports import Ask, Due, Entry, TooLarge

MOST_OVERDUE: Final = 2_000
"""Overdue holds that one transaction looks at; more than it could end anyway."""

DELIVERING: Final = (DeliverPledge, AcceptDelivery, CorrectDelivery, ReturnDelivery)
"""Commands after which commitments may be shown otherwise."""


class Changes(Struct):
    """What a transaction writes."""

    new_needs: list[Document] = []
    needs: list[Document] = []
    new_pledges: list[Document] = []
    pledges: list[Document] = []
    words: list[Document] = []
    due: list[Due] = []
    tallies: list[tuple[Document, dict[str, int]]] = []


class NeedShelf:
    """Needs, pledges, words and tallies."""

    commands = OfNeed
    kind = Need

    def __init__(
        self, database: Database, copies: Copies, calendar: Calendar, vows: CommitmentShelf, book: DeliveryBook
    ) -> None:
        """Use the service's collections; deliveries are booked, and may show commitments."""
        self._book = book
        self._copies = copies
        self._vows = vows
        self._calendar = calendar
        self.needs = database.needs
        self.pledges = database.pledges
        self.words = database.words
        self.tallies = database.tallies
        self._offers = database.offers
        self._held_together = database.bundles

    async def prepare(self) -> None:
        """Make the indexes."""
        with translated():
            await self.pledges.create_index(
                [("need_id", 1), ("held_until", 1)], name="holds", partialFilterExpression={"status": "held"}
            )
            await self.pledges.create_index([("need_id", 1), ("created_at", -1), ("_id", -1)], name="of_need")
            await self.pledges.create_index([("donor", 1), ("created_at", -1), ("_id", -1)], name="of_donor")
            await self.tallies.create_index([("campaign_id", 1)], name="of_campaign")
            await self.needs.create_index(
                [("bundle_id", 1)], name="of_bundle", partialFilterExpression={"bundle_id": {"$type": "string"}}
            )
            for collection in (self.needs, self.words):
                await collection.create_index([("_id", 1)])

    async def load(self, asks: Sequence[Ask], *, doubted: bool) -> dict[str, Need]:
        """Every need with the pledges that are mentioned or overdue, and its campaign.

        Raises `Behind` for a while if a copy is older than what a caller had seen.
        """
        streams = {ask.stream for ask in asks}
        found = await by_id(self.needs, streams)
        mentions = OfPledge | MakePledge if doubted else OfPledge  # the id of a new pledge is its command's
        mentioned = {command.pledge_id for ask in asks if isinstance(command := ask.command, mentions)}
        pledges = list((await by_id(self.pledges, mentioned)).values())
        pledges += await self._overdue([stream for stream in found if found[stream]["held"]], asks)
        pledges += await self._outstanding(asks)
        openings = {ask.stream: command for ask in asks if isinstance(command := ask.command, OpenNeed | OpenPromoted)}
        bundles = await self._bundles(openings.values())
        wanted = {command.campaign_id for command in openings.values()}
        wanted |= {document["campaign_id"] for document in found.values()}
        copies = await self._copies.wanted(wanted, asks)
        states = {stream: need.initial(stream) for stream in streams}
        for stream, command in openings.items():
            bundle = bundles.get(command.bundle or "") if isinstance(command, OpenNeed) else None
            campaign = copies.get(command.campaign_id)
            states[stream] = structs.replace(states[stream], campaign=campaign, bundle=bundle)
        for stream, document in found.items():
            states[stream] = documents.need(document, copies.get(document["campaign_id"]))
        states = _with_pledges(states, pledges)
        states = await self._with_candidates(states, asks)
        return await self._with_vows(states, asks)

    def writes(
        self, before: Mapping[str, Need], after: Mapping[str, Need], entries: Sequence[Entry]
    ) -> Callable[[Session], None]:
        """What writes the changed ones within a transaction."""
        changes = _changes(before, after, entries)
        partitions = {stream: entry.partition for entry in entries for stream in entry.streams}
        delivered: dict[int, list[Document]] = {}
        for stream, changed in after.items():
            if booked := tallies.booked(before[stream], changed):
                delivered.setdefault(partitions[stream], []).extend(booked)

        def write(session: Session) -> None:
            insert(self.needs, session, changes.new_needs)
            insert(self.pledges, session, changes.new_pledges)
            insert(self.words, session, changes.words)
            replace_guarded(self.needs, session, changes.needs)
            replace_guarded(self.pledges, session, changes.pledges)
            self._calendar.add(session, changes.due)
            add_up(self.tallies, session, changes.tallies)
            for partition, deliveries in delivered.items():
                self._book.book(session, deliveries, partition)

        return write

    async def _bundles(self, openings: Iterable[OpenNeed | OpenPromoted]) -> dict[str, BundleState]:
        """The bundles that needs are to be opened in."""
        names = {command.bundle for command in openings if isinstance(command, OpenNeed) and command.bundle}
        found = await by_id(self._held_together, names)
        return {name: convert({**document, "id": name}, BundleState) for name, document in found.items()}

    async def _with_candidates(self, states: dict[str, Need], asks: Sequence[Ask]) -> dict[str, Need]:
        """Put to needs that ask around the offers that fit and were not asked for them, longest ago first."""
        for stream in {ask.stream for ask in asks if isinstance(ask.command, AskAround | NextWave)}:
            state = states[stream].state
            if state is None:
                continue
            brought = await find(self.pledges, {"need_id": stream, "offer_id": {"$gt": ""}}, {"offer_id": 1})
            fitting = {
                "campaign_id": state.campaign_id,
                "kind": state.kind,
                "status": "offered",
                "unit": state.unit,
                "currency": state.currency,
                "_id": {"$nin": [one["offer_id"] for one in brought]},
            }
            offers = await find(self._offers, fitting, sort=[("asked_at", 1), ("_id", 1)], limit=waves.MOST_CANDIDATES)
            asked = await self._asked_at({one["donor"] for one in offers})
            candidates = tuple(
                Candidate(one["_id"], one["donor"], int(one["left"]), asked.get(one["donor"], "")) for one in offers
            )
            states[stream] = structs.replace(states[stream], candidates=candidates)
        return states

    async def _asked_at(self, donors: set[str]) -> dict[str, str]:
        """When people were last asked for any of their offers."""
        query = {"donor": {"$in": list(donors)}, "asked_at": {"$gt": ""}}
        found = await find(self._offers, query, {"donor": 1, "asked_at": 1}, sort=[("asked_at", 1)])
        return {one["donor"]: one["asked_at"] for one in found}

    async def _with_vows(self, states: dict[str, Need], asks: Sequence[Ask]) -> dict[str, Need]:
        """Put commitments to needs on which somebody delivers who acts for those that made them."""
        delivered = [ask.command for ask in asks if isinstance(ask.command, DELIVERING)]
        partners: set[tuple[str, str | None]] = set()
        for command in delivered:
            known = states[command.need_id]
            pledge = known.pledges.get(command.pledge_id)
            if known.campaign and pledge:
                partners |= {(known.campaign.id, partner) for partner in acting(known.campaign, pledge.donor)}
        vows = tuple(await self._vows.of_partners(partners))
        if vows:
            for stream in {command.need_id for command in delivered}:
                states[stream] = structs.replace(states[stream], vows=vows)
        return states

    async def _overdue(self, streams: Sequence[str], asks: Sequence[Ask]) -> list[Document]:
        """Holds that are over by the last of the commands; a command alone ends no more than its share."""
        if not streams:
            return []
        most = need.MOST_EXPIRED if len(asks) == 1 else MOST_OVERDUE
        latest = max(ask.asked.at for ask in asks)
        found = await find(
            self.pledges,
            {"need_id": {"$in": list(streams)}, "status": "held", "held_until": {"$lte": latest}},
            sort=[("held_until", 1), ("_id", 1)],
            limit=most,
        )
        if len(found) == most and len(asks) > 1:
            raise TooLarge
        return found

    async def _outstanding(self, asks: Sequence[Ask]) -> list[Document]:
        """Promises that are not kept yet, of needs that are written off; a command alone gives up its share."""
        streams = {ask.stream for ask in asks if isinstance(ask.command, WriteOffNeed | WriteOffRest)}
        if not streams:
            return []
        found = await find(
            self.pledges,
            {"need_id": {"$in": list(streams)}, "status": "pledged"},
            sort=[("created_at", 1), ("_id", 1)],
            limit=life.MOST_WRITTEN_OFF,
        )
        if len(found) == life.MOST_WRITTEN_OFF and len(asks) > 1:
            raise TooLarge
        return found


def held(pledge: PledgeState | None) -> bool:
    """Whether there is a pledge, and it is a hold."""
    return pledge is not None and pledge.status == "held"


def _changes(before: Mapping[str, Need], after: Mapping[str, Need], entries: Sequence[Entry]) -> Changes:
    changes = Changes()
    partitions = {stream: entry.partition for entry in entries for stream in entry.streams}
    for stream, new in after.items():
        old = before[stream]
        if new.state is None or new.state is old.state:
            continue
        if old.state is None:
            changes.new_needs.append(documents.of_need(new))
        else:
            changes.needs.append({**documents.of_need(new), "_was": old.state.version})
        changes.tallies += documents.tallies(old, new, partitions[stream])
        changes.words += [documents.of_words(words) for words in new.words]
        _add_pledges(changes, old, new)
    changes.tallies = _summed(changes.tallies)
    return changes


def _add_pledges(changes: Changes, old: Need, new: Need) -> None:
    for pledge_id, pledge in new.pledges.items():
        was = old.pledges.get(pledge_id)
        if was is pledge:
            continue
        if was is None:
            changes.new_pledges.append(documents.of_pledge(pledge))
        else:
            changes.pledges.append({**documents.of_pledge(pledge), "_was": was.version})
        if held(pledge) and not held(was) and pledge.held_until:
            command = ExpireHold(new.id, pledge_id, pledge.held_until)
            changes.due.append(due(COMMANDS, command, pledge_id, pledge.held_until))


def _summed(tallies: Iterable[tuple[Document, dict[str, int]]]) -> list[tuple[Document, dict[str, int]]]:
    """One update a document, so that a busy campaign costs no more than a quiet one."""
    sums: dict[str, tuple[Document, dict[str, int]]] = {}
    for document, amounts in tallies:
        _, known = sums.setdefault(document["_id"], (document, dict.fromkeys(amounts, 0)))
        for name, amount in amounts.items():
            known[name] += amount
    return list(sums.values())


def _with_pledges(states: dict[str, Need], found: Iterable[Document]) -> dict[str, Need]:
    """Put pledges where they belong, and list their holds."""
    by_need: dict[str, dict[str, PledgeState]] = {}
    for document in found:
        pledge = documents.pledge_state(document)
        if pledge.need_id in states:
            by_need.setdefault(pledge.need_id, {})[pledge.id] = pledge
    for stream, pledges in by_need.items():
        holds = sorted((pledge.held_until or "", pledge.id) for pledge in pledges.values() if held(pledge))
        states[stream] = structs.replace(states[stream], pledges=pledges, holds=tuple(holds))
    return states
