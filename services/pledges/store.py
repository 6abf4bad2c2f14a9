"""The documents of needs: loaded in a few bulk reads, written in one transaction with the inbox."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from msgspec import Struct, structs

from services.pledges import documents, life, need
from services.pledges.documents import Document
from services.pledges.ledger import Need
from services.pledges.policy import CampaignCopy, campaign_copy
from shared import instants
from shared.contracts.message import Fact
from shared.contracts.pledges import (
    COMMANDS,
    ExpireHold,
    MakePledge,
    OfPledge,
    OpenNeed,
    PledgeState,
    WriteOffNeed,
    WriteOffRest,
)
from shared.due import Calendar, due
from shared.mongo import (
    Client,
    Collection,
    Database,
    Inbox,
    Session,
    add_up,
    find,
    insert,
    keep_latest,
    replace_guarded,
    translated,
)
from shared.ports import Ask, Due, Entry, TooLarge, Trouble

PATIENCE_MS: Final = 60_000
"""So long this process waits for the copy of a campaign that a caller had seen: what a caller saw is in the log.

Not counted from the append: after an outage commands are old and copies are late, and nobody is refused for that.
"""
MOST_MET: Final = 1_000
REMEMBERED_MS: Final = 1_000
"""So long a copy is used as it was read; a caller that had seen a newer one has it read again."""
MOST_OVERDUE: Final = 2_000
"""Overdue holds that one transaction looks at; more than it could end anyway."""


class Behind(Trouble):
    """Our copy of a campaign is older than what the caller had seen: it will be here in a moment."""


class Changes(Struct):
    """What a transaction writes."""

    new_needs: list[Document] = []
    needs: list[Document] = []
    new_pledges: list[Document] = []
    pledges: list[Document] = []
    words: list[Document] = []
    due: list[Due] = []
    tallies: list[tuple[Document, dict[str, int]]] = []


class NeedStore:
    """The Store port of the processor on MongoDB."""

    def __init__(self, client: Client, database: Database, *, now: Callable[[], str]) -> None:
        """Use a service's database; `now` tells the instant, only to bound a wait."""
        self._client = client
        self._now = now
        self._met: dict[tuple[str, str], str] = {}
        self._remembered: dict[str, tuple[str, CampaignCopy]] = {}
        self.inbox = Inbox(database)
        self.calendar = Calendar(database.due)
        self.needs = database.needs
        self.pledges = database.pledges
        self.campaigns = database.campaigns
        self.words = database.words
        self.tallies = database.tallies

    async def prepare(self) -> None:
        """Make the indexes."""
        await self.inbox.prepare()
        await self.calendar.prepare()
        with translated():
            await self.pledges.create_index(
                [("need_id", 1), ("held_until", 1)], name="holds", partialFilterExpression={"status": "held"}
            )
            await self.pledges.create_index([("need_id", 1), ("created_at", -1), ("_id", -1)], name="of_need")
            await self.pledges.create_index([("donor", 1), ("created_at", -1), ("_id", -1)], name="of_donor")
            await self.tallies.create_index([("campaign_id", 1)], name="of_campaign")
            for collection in (self.needs, self.campaigns, self.words):
                await collection.create_index([("_id", 1)])

    async def answered(self, command_ids: Sequence[str]) -> dict[str, Entry]:
        """Inbox entries of those commands that were decided before."""
        return await self.inbox.answered(command_ids)

    async def load(self, asks: Sequence[Ask], *, doubted: bool = False) -> dict[str, Need]:
        """Every need with the pledges that are mentioned or overdue, and its campaign.

        Raises `Behind` for a while if a copy is older than what a caller had seen.
        """
        streams = {ask.stream for ask in asks}
        found = await _by_id(self.needs, streams)
        mentions = OfPledge | MakePledge if doubted else OfPledge  # the id of a new pledge is its command's
        mentioned = {command.pledge_id for ask in asks if isinstance(command := ask.command, mentions)}
        pledges = list((await _by_id(self.pledges, mentioned)).values())
        pledges += await self._overdue([stream for stream in found if found[stream]["held"]], asks)
        pledges += await self._outstanding(asks)
        wanted = {ask.command.campaign_id for ask in asks if isinstance(ask.command, OpenNeed)}
        wanted |= {document["campaign_id"] for document in found.values()}
        copies = await self._recent(wanted, _seen(asks))
        self._wait_for(copies, asks)
        states = {stream: need.initial(stream) for stream in streams}
        for ask in asks:
            if isinstance(ask.command, OpenNeed):
                states[ask.stream] = structs.replace(states[ask.stream], campaign=copies.get(ask.command.campaign_id))
        for stream, document in found.items():
            states[stream] = documents.need(document, copies.get(document["campaign_id"]))
        return _with_pledges(states, pledges)

    async def save(self, before: dict[str, Need], after: dict[str, Need], entries: Sequence[Entry]) -> None:
        """Write what changed; raises `Trouble` if somebody else has moved a need meanwhile."""
        changes = _changes(before, after, entries)

        def write(session: Session) -> None:
            self.inbox.add(session, entries)
            insert(self.needs, session, changes.new_needs)
            insert(self.pledges, session, changes.new_pledges)
            insert(self.words, session, changes.words)
            replace_guarded(self.needs, session, changes.needs)
            replace_guarded(self.pledges, session, changes.pledges)
            self.calendar.add(session, [*changes.due, *(plan for entry in entries for plan in entry.due)])
            add_up(self.tallies, session, changes.tallies)

        await self._client.transact(write)

    async def copies(self, campaign_ids: Iterable[str]) -> dict[str, CampaignCopy]:
        """What is known of these campaigns."""
        found = await _by_id(self.campaigns, set(campaign_ids))
        return {campaign_id: documents.campaign(document) for campaign_id, document in found.items()}

    async def _recent(self, campaign_ids: set[str], seen: dict[str, int]) -> dict[str, CampaignCopy]:
        """What is known of these campaigns, as of a second ago at the most, and not before what callers had seen."""
        now = self._now()
        fresh = {
            campaign_id: copy
            for campaign_id in campaign_ids | seen.keys()
            if (known := self._remembered.get(campaign_id))
            and instants.later(known[0], milliseconds=REMEMBERED_MS) > now
            and (copy := known[1]).version >= seen.get(campaign_id, 0)
        }
        missing = (campaign_ids | seen.keys()) - fresh.keys()
        if missing:
            read = await self.copies(missing)
            if len(self._remembered) > MOST_MET:
                self._remembered.clear()
            self._remembered.update((campaign_id, (now, copy)) for campaign_id, copy in read.items())
            fresh |= read
        return fresh

    async def follow(self, facts: Sequence[Fact]) -> None:
        """Bring the copies of campaigns up to their facts, in the order given; what is known changes nothing."""
        before = await self.copies({fact.stream for fact in facts})
        after = dict(before)
        for fact in facts:
            copy = campaign_copy(after.get(fact.stream), fact)
            if copy is not None:
                after[fact.stream] = copy
        changed = [copy for stream, copy in after.items() if copy is not before.get(stream)]
        await keep_latest(self.campaigns, [documents.of_campaign(copy) for copy in changed])

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

    def _wait_for(self, copies: dict[str, CampaignCopy], asks: Sequence[Ask]) -> None:
        for ask in asks:
            campaign_id, _, version = ask.envelope.seen.rpartition(":")
            if not version.isdecimal():
                continue
            copy = copies.get(campaign_id)
            if copy is not None and copy.version >= int(version):
                continue
            met = self._met.setdefault((campaign_id, version), self._now())
            if self._now() < instants.later(met, milliseconds=PATIENCE_MS):
                raise Behind(f"waiting for {campaign_id}")
            if len(self._met) > MOST_MET:
                self._met.clear()


def held(pledge: PledgeState | None) -> bool:
    """Whether there is a pledge, and it is a hold."""
    return pledge is not None and pledge.status == "held"


def _changes(before: dict[str, Need], after: dict[str, Need], entries: Sequence[Entry]) -> Changes:
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


def _seen(asks: Sequence[Ask]) -> dict[str, int]:
    """The newest version of each campaign that a caller had seen."""
    seen: dict[str, int] = {}
    for ask in asks:
        campaign_id, _, version = ask.envelope.seen.rpartition(":")
        if version.isdecimal():
            seen[campaign_id] = max(seen.get(campaign_id, 0), int(version))
    return seen


async def _by_id(collection: Collection, ids: Iterable[str]) -> dict[str, Document]:
    wanted = list(ids)
    if not wanted:
        return {}
    return {document["_id"]: document for document in await find(collection, {"_id": {"$in": wanted}})}
