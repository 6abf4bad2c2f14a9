"""What of partners is read here and not in the public views: those on their way in or out, and their people."""

import re
from typing import Any, Final

import msgspec
from msgspec import Struct

from services.events import campaign as campaigns
from services.events import partner as partners
from services.events.store import EventsStore
from shared.contracts.events import CampaignState, PartnerRecord, PartnerState
from shared.mongo import Document, find, translated
from shared.queries import BadQuery

_ID: Final = re.compile(r"[a-z0-9_.]{1,200}")


class PartnerPage(Struct, frozen=True):
    """Partners in the order of their ids, and where to go on."""

    items: tuple[PartnerRecord, ...]
    next: str | None


class PartnerReading:
    """Reads partners on behalf of a person."""

    def __init__(self, store: EventsStore) -> None:
        """Read what the store writes."""
        self._store = store
        self._partners = store.database.partners

    async def one(self, name: str, person: str | None) -> PartnerRecord | None:
        """A partner, if the person may know of it."""
        with translated():
            documents = await find(self._partners, {"_id": name})
            records = await self._records(documents, person)
        return records[0] if records else None

    async def of_campaign(self, campaign_id: str, person: str, cursor: str | None, limit: int) -> PartnerPage | None:
        """All partners of a campaign to its organisers, to others those that they may know of; None if it is none."""
        with translated():
            found = await self._store.campaigns([campaign_id])
            state = found.get(campaign_id)
            if state is None or not campaigns.visible(state, person):
                return None
            query: Document = {"state.campaign_id": campaign_id}
            if person not in state.organisers:
                hidden = {"$in": ["invited", "pending", "left", "removed"]}
                mine = [{f"state.{people}": person} for people in ("members", "invitees")]
                query["$or"] = [{"state.status": {"$not": hidden}}, *mine]
            return await self._page(query, person, cursor, limit)

    async def of_person(self, person: str, cursor: str | None, limit: int) -> PartnerPage:
        """Partners that a person acts for or was invited for, whatever became of them."""
        mine: list[Any] = [{f"state.{people}": person} for people in ("members", "invitees")]
        with translated():
            return await self._page({"$or": mine}, person, cursor, limit)

    async def _page(self, query: Document, person: str, cursor: str | None, limit: int) -> PartnerPage:
        if cursor is not None:
            if not _ID.fullmatch(cursor):
                raise BadQuery("cursor")
            query = {**query, "_id": {"$gt": cursor}}
        documents = await find(self._partners, query, sort=[("_id", 1)], limit=limit + 1)
        records = await self._records(documents[:limit], person)
        return PartnerPage(tuple(records), documents[limit - 1]["_id"] if len(documents) > limit else None)

    async def _records(self, documents: list[Document], person: str | None) -> list[PartnerRecord]:
        states = [(msgspec.convert(document["state"], PartnerState), document.get("reason")) for document in documents]
        found = await self._store.campaigns({partner.campaign_id for partner, _ in states})
        return [
            _record(found[partner.campaign_id], partner, reason, person)
            for partner, reason in states
            if partners.known(found[partner.campaign_id], partner, person)
        ]


def _record(campaign: CampaignState, partner: PartnerState, reason: str | None, person: str | None) -> PartnerRecord:
    shown = msgspec.structs.asdict(partners.answer(partner))
    if person in campaign.organisers or person in partner.members:
        shown |= {"members": partner.members, "invitees": partner.invitees, "reason": reason}
    return PartnerRecord(**shown)
