"""What is remembered of others' facts: how far each stream was read, who comes, who asked. MongoDB.

Every write is either kept by version or changes nothing when repeated: a batch may be read again from anywhere.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Final

from services.notifications.telling import Coming, Followers, Note, Opened, Organising, Registered
from shared.mongo import QUERY_MS, Collection, Database, find, keep_latest, translated

PAGE: Final = 1_000


def member(group: str, person: str, part: str | None = None) -> str:
    """Id of a person's place in a group; the places of a group lie beside each other, and so do those of a part."""
    return f"{group}|{part}|{person}" if part else f"{group}|{person}"


class Ledger:
    """Collections `streams`, `coming`, `openers`, `organisers`; reads `follows`, which the follower's rules write."""

    def __init__(self, database: Database) -> None:
        """Use the service's database."""
        self._streams = database.streams
        self._coming = database.coming
        self._openers = database.openers
        self._organisers = database.organisers
        self._follows = database.follows

    async def positions(self, streams: Iterable[str]) -> dict[str, int]:
        """Version up to which each stream was read; a stream never met is missing."""
        found = await find(self._streams, {"_id": {"$in": list(streams)}})
        return {document["_id"]: document["version"] for document in found}

    async def advance(self, positions: Mapping[str, int]) -> None:
        """Note how far streams were read; never goes back."""
        await keep_latest(self._streams, [{"_id": stream, "version": version} for stream, version in positions.items()])

    async def note(self, notes: Iterable[Note]) -> None:
        """Remember the latest of each."""
        coming: dict[str, Coming] = {}
        opened: dict[str, Opened] = {}
        organising: dict[str, Organising] = {}
        for note in notes:
            match note:
                case Coming():
                    coming[member(note.event_id, note.person, note.occurrence)] = note
                case Opened():
                    opened[note.need_id] = note
                case Organising():
                    organising[note.campaign_id] = note
        await keep_latest(
            self._coming,
            [{"_id": name, "version": note.version, "coming": note.coming} for name, note in coming.items()],
        )
        await keep_latest(
            self._openers,
            [{"_id": name, "version": note.version, "person": note.person} for name, note in opened.items()],
        )

        await keep_latest(
            self._organisers,
            [{"_id": name, "version": note.version, "people": note.people} for name, note in organising.items()],
        )

    async def organisers(self, campaign: str) -> list[str]:
        """Who organises a campaign, as far as we heard of it."""
        found = await find(self._organisers, {"_id": campaign})
        return list(found[0]["people"]) if found else []

    async def openers(self, needs: Iterable[str]) -> dict[str, str]:
        """Who opened each need, as far as we heard of it."""
        found = await find(self._openers, {"_id": {"$in": list(needs)}})
        return {document["_id"]: document["person"] for document in found}

    def audience(self, audience: Registered | Followers) -> AsyncIterator[list[str]]:
        """People of a group, in pages of at most 1,000; who comes to several dates may be in several."""
        match audience:
            case Registered(event_id, occurrence):
                group = f"{event_id}|{occurrence}" if occurrence else event_id
                return self._pages(self._coming, group, {"coming": True})
            case Followers(target_id):
                return self._pages(self._follows, target_id, {})

    async def _pages(self, collection: Collection, group: str, also: Mapping[str, bool]) -> AsyncIterator[list[str]]:
        after = member(group, "")
        end = f"{group}}}"  # the character after the separator
        while True:
            with translated():
                found = collection.find({"_id": {"$gt": after, "$lt": end}, **also}, {"_id": 1}, max_time_ms=QUERY_MS)
                page = [document["_id"] async for document in found.sort("_id", 1).limit(PAGE)]
            if page:
                yield [*dict.fromkeys(name.rpartition("|")[2] for name in page)]
            if len(page) < PAGE:
                return
            after = page[-1]
