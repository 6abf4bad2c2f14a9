"""What can be asked of signals, bundles and matches; who may not see a thing is told that there is none."""

from typing import Any, Final

from msgspec import to_builtins

from services.pledges import befriending, bundle, documents, paging, sheets, signal
from services.pledges.documents import Document
from services.pledges.policy import CampaignCopy
from services.pledges.store import PledgesStore
from shared.contracts.pledges import BefriendingState
from shared.mongo import QUERY_MS, find, translated

FEWEST: Final = 5
"""A smaller group is told nowhere: somebody could be found in it."""
MOST_NEEDS: Final = 100
"""Needs of a bundle that are shown."""


class SheetQueries:
    """Reads what the store writes."""

    def __init__(self, store: PledgesStore) -> None:
        """Use its shelves."""
        self._store = store
        self._signals, self._bundles = store.signals.collection, store.bundles.collection

    async def signal(self, signal_id: str, person: str) -> Document | None:
        """A signal with its words, to its proposer and those who work in the campaign."""
        with translated():
            found = await self._signals.find_one({"_id": signal_id}, max_time_ms=QUERY_MS)
        if found is None:
            return None
        if person != found["proposer"] and not sheets.works_in(await self._campaign(found["campaign_id"]), person):
            return None
        return self._shown(found)

    async def signals(self, campaign_id: str, person: str, *, cursor: str | None, limit: int) -> Document | None:
        """A page of a campaign's signals, newest first; None if there is no such campaign.

        Raises `PermissionError` for who does not work in it.
        """
        if await self._works(campaign_id, person) is None:
            return None
        page, following = await paging.page([self._signals], {"campaign_id": campaign_id}, cursor, limit)
        return {"items": [self._shown(one) for one in page], "next": following}

    async def heat(self, campaign_id: str, person: str) -> Document | None:
        """How many signals there are of each ward and kind, where there are not too few to tell.

        Raises `PermissionError` for who does not work in the campaign.
        """
        if await self._works(campaign_id, person) is None:
            return None
        counted: list[dict[str, Any]] = [
            {"$match": {"campaign_id": campaign_id, "status": {"$in": ["open", "promoted"]}}},
            {"$group": {"_id": {"ward": "$ward", "kind": "$kind"}, "signals": {"$sum": 1}}},
            {"$match": {"signals": {"$gte": FEWEST}}},
            {"$sort": {"signals": -1, "_id": 1}},
        ]
        with translated():
            found = self._signals.aggregate(counted, maxTimeMS=QUERY_MS)
            return {"items": [{**one["_id"], "signals": one["signals"]} async for one in found]}

    async def bundle(self, bundle_id: str, person: str) -> Document | None:
        """A bundle with what is known of the household, and its needs, to who keeps it."""
        with translated():
            found = await self._bundles.find_one({"_id": bundle_id}, max_time_ms=QUERY_MS)
        if found is None:
            return None
        state = self._store.bundles.sheet(found).state
        campaign = await self._campaign(found["campaign_id"])
        if state is None or campaign is None or not bundle.keeps(campaign, state, person):
            return None
        needs = await find(
            self._store.needs, {"bundle_id": bundle_id}, sort=[("created_at", 1), ("_id", 1)], limit=MOST_NEEDS
        )
        shown = [to_builtins(documents.need_state(one)) for one in needs]
        return {**to_builtins(state), "details": found["words"].get("details"), "needs": shown}

    async def bundles(self, campaign_id: str, person: str, *, cursor: str | None, limit: int) -> Document | None:
        """A page of the bundles that a person keeps, newest first; organisers keep them all.

        Raises `PermissionError` for who does not work in the campaign.
        """
        campaign = await self._works(campaign_id, person)
        if campaign is None:
            return None
        query: Document = {"campaign_id": campaign_id}
        if person not in campaign.organisers:
            query["partner_id"] = {"$in": [name for name, members in campaign.partners.items() if person in members]}
        page, following = await paging.page([self._bundles], query, cursor, limit)
        return {"items": [to_builtins(self._store.bundles.state(one)) for one in page], "next": following}

    async def befriending(self, befriending_id: str, person: str) -> Document | None:
        """A match with its words, to the two and who matched them."""
        with translated():
            found = await self._store.befriendings.collection.find_one({"_id": befriending_id}, max_time_ms=QUERY_MS)
        if found is None or not befriending.concerns(self._store.befriendings.state(found), person):
            return None
        return self._match(found, person)

    async def befriendings(self, person: str, *, cursor: str | None, limit: int) -> Document:
        """A page of the matches that concern a person, newest first."""
        sides: Document = {"$and": [{"$or": [{"guest": person}, {"friend": person}, {"matcher": person}]}]}
        page, following = await paging.page([self._store.befriendings.collection], sides, cursor, limit)
        return {"items": [self._match(one, person) for one in page], "next": following}

    def _match(self, found: Document, person: str) -> Document:
        """Why it ended is for who matched them: it may be about the other."""
        state: BefriendingState = self._store.befriendings.state(found)
        words = found["words"]
        reason = words.get("reason") if person == state.matcher else None
        return {**to_builtins(state), "note": words.get("note"), "reason": reason}

    async def _works(self, campaign_id: str, person: str) -> CampaignCopy | None:
        campaign = await self._campaign(campaign_id)
        if campaign is None or sheets.works_in(campaign, person):
            return campaign
        if campaign.status == "draft":
            return None
        raise PermissionError

    async def _campaign(self, campaign_id: str) -> CampaignCopy | None:
        return (await self._store.copies.known([campaign_id])).get(campaign_id)

    def _shown(self, found: Document) -> Document:
        words = found["words"]
        answer = to_builtins(signal.shown(self._store.signals.state(found)))
        return {**answer, "text": words.get("text"), "reason": words.get("reason")}
