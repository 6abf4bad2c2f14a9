"""What is remembered of others' facts: how far each stream was read, who comes, who asked. MongoDB.

Every write is either kept by version or changes nothing when repeated: a batch may be read again from anywhere.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Final

from services.notifications.telling import ActingNow, Coming, Followers, Note, Opened, Registered
from shared.mongo import QUERY_MS, Collection, Database, find, keep_latest, translated

PAGE: Final = 1_000


def member(group: str, person: str, part: str | None = None) -> str:
    """Id of a person's place in a group; the places of a group lie beside each other, and so do those of a part."""
    return f"{group}|{part}|{person}" if part else f"{group}|{person}"


class Ledger:
    """Collections `streams`, `coming`, `openers`, `acting`; reads `follows`, which the follower's rules write."""

    def __init__(self, database: Database) -> None:
        """Use the service's database."""
        self._streams = database.streams
        self._coming = database.coming
        self._openers = database.openers
        self._acting = database.acting
        self._follows = database.follows

    async def prepare(self) -> None:
        """Make the index by which everybody of a campaign is found."""
        with translated():
            await self._acting.create_index([("campaign", 1)], name="campaign")

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
        acting: dict[str, ActingNow] = {}
        for note in notes:
            match note:
                case Coming():
                    coming[member(note.event_id, note.person, note.occurrence)] = note
                case Opened():
                    opened[note.id] = note
                case ActingNow():
                    acting[note.id] = note
        await keep_latest(
            self._coming,
            [{"_id": name, "version": note.version, "coming": note.coming} for name, note in coming.items()],
        )
        await keep_latest(
            self._openers,
            [{"_id": name, "version": note.version, "person": note.person} for name, note in opened.items()],
        )
        await keep_latest(
            self._acting,
            [
                {"_id": name, "version": note.version, "campaign": note.campaign_id, "people": note.people}
                for name, note in acting.items()
            ],
        )

    async def acting(self, name: str) -> list[str]:
        """Who acts for a campaign or a partner, as far as we heard of it."""
        found = await find(self._acting, {"_id": name})
        return list(found[0]["people"]) if found else []

    async def openers(self, streams: Iterable[str]) -> dict[str, str]:
        """Who opened each need or made each commitment, as far as we heard of it."""
        found = await find(self._openers, {"_id": {"$in": list(streams)}})
        return {document["_id"]: document["person"] for document in found}

    async def audience(self, audience: Registered | Followers) -> AsyncIterator[list[str]]:
        """People of a group, in pages of at most 1,000; who comes to several dates may be in several."""
        match audience:
            case Registered(event_id, occurrence):
                group = f"{event_id}|{occurrence}" if occurrence else event_id
                async for page in self._pages(self._coming, group, {"coming": True}):
                    yield page
            case Followers(target_id, within):
                among = None if within is None else await self._of_campaign(within)
                async for page in self._pages(self._follows, target_id, {}):
                    yield page if among is None else [person for person in page if person in among]

    async def _of_campaign(self, campaign: str) -> set[str]:
        found = await find(self._acting, {"campaign": campaign})
        return {person for document in found for person in document["people"]}

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
