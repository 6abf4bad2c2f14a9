"""What can be asked of this service's documents; who may not see a thing is told that there is none."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from msgspec import Struct, to_builtins

from services.pledges import documents, offer, paging, pledge, tallies
from services.pledges.commitments_store import state_of
from services.pledges.deliveries_store import Known
from services.pledges.documents import Document
from services.pledges.ledger import Need
from services.pledges.store import PledgesStore
from shared.contracts.commitments import CommitmentState
from shared.contracts.pledges import Kind, NeedState
from shared.mongo import QUERY_MS, Collection, translated


class Sum(Struct, frozen=True):
    """The ledger of a campaign for one kind and ward: confirmed deliveries and nothing else."""

    kind: Kind
    ward: str | None
    delivered: int
    deliveries: int
    corrections: int


class NeedLine(Struct, frozen=True, tag_field="kind", tag="need"):
    """A line of the snapshot: a need."""

    state: NeedState


class CommitmentLine(Struct, frozen=True, tag_field="kind", tag="commitment"):
    """A line of the snapshot: a commitment."""

    state: CommitmentState


class VolunteerLine(Struct, frozen=True, tag_field="kind", tag="volunteer"):
    """A line of the snapshot: somebody who has promised something to a campaign, even if it ended early."""

    campaign_id: str
    person: str


class Queries:
    """Reads what the store writes."""

    def __init__(self, store: PledgesStore) -> None:
        """Use its collections."""
        self._store = store

    async def pledge(self, pledge_id: str, person: str) -> Document | None:
        """A pledge with its private words, to its donor and to those who manage the need."""
        with translated():
            found = await self._store.pledges.find_one({"_id": pledge_id}, max_time_ms=QUERY_MS)
        if found is None:
            return None
        need = await self._need(found["need_id"])
        if need is None or (person != found["donor"] and not pledge.manages(need, person)):
            return None
        [shown] = await self._shown([found], person)
        return shown

    async def offer(self, offer_id: str, person: str) -> Document | None:
        """An offer with its private words, to its donor and to those who organise the campaign."""
        with translated():
            found = await self._store.offers.find_one({"_id": offer_id}, max_time_ms=QUERY_MS)
        if found is None:
            return None
        campaign = (await self._store.copies.known([found["campaign_id"]])).get(found["campaign_id"])
        if person != found["donor"] and (campaign is None or person not in campaign.organisers):
            return None
        [shown] = await self._shown([found], person)
        return shown

    async def offers_to(self, campaign_id: str, person: str, *, cursor: str | None, limit: int) -> Document | None:
        """A page of the offers to a campaign, newest first; None if there is no such campaign.

        Raises `PermissionError` for who does not organise it.
        """
        campaign = (await self._store.copies.known([campaign_id])).get(campaign_id)
        if campaign is None:
            return None
        if person not in campaign.organisers:
            if campaign.status == "draft":
                return None
            raise PermissionError
        return await self._page([self._store.offers], {"campaign_id": campaign_id}, person, cursor, limit)

    async def need(self, need_id: str, person: str) -> NeedState | None:
        """A need, also a hidden one, to those who manage it or gave to it."""
        need = await self._need(need_id)
        if need is None or need.state is None:
            return None
        if not need.state.hidden or pledge.manages(need, person):
            return need.state
        with translated():
            given = await self._store.pledges.find_one(
                {"need_id": need_id, "donor": person}, {"_id": 1}, max_time_ms=QUERY_MS
            )
        return need.state if given else None

    async def pledges_of(self, person: str, *, cursor: str | None, limit: int) -> Document:
        """A page of a donor's own pledges and offers, newest first."""
        return await self._page([self._store.pledges, self._store.offers], {"donor": person}, person, cursor, limit)

    async def pledges_on(self, need_id: str, person: str, *, cursor: str | None, limit: int) -> Document | None:
        """A page of the pledges on a need, newest first; None if there is no such need.

        Raises `PermissionError` for who does not manage it.
        """
        need = await self._need(need_id)
        if need is None:
            return None
        if not pledge.manages(need, person):
            if need.state is not None and need.state.hidden:
                return None
            raise PermissionError
        return await self._page([self._store.pledges], {"need_id": need_id}, person, cursor, limit)

    async def ledger(self, campaign_id: str) -> list[Sum]:
        """Sums of a campaign by kind and ward, of all partitions together."""
        sums: dict[tuple[Kind, str | None], dict[str, int]] = {}
        with translated():
            async for tally in self._store.tallies.find({"campaign_id": campaign_id}, max_time_ms=QUERY_MS):
                known = sums.setdefault((tally["kind"], tally["ward"]), {})
                for name in ("delivered", "deliveries", "corrections"):
                    known[name] = known.get(name, 0) + int(tally[name])
        ordered = sorted(sums, key=lambda place: (place[0], place[1] or ""))
        return [Sum(kind, ward, **sums[kind, ward]) for kind, ward in ordered]

    async def impact(self, campaign_id: str, at: str | None, known: Known) -> list[Document]:
        """Sums of confirmed deliveries by kind, unit, ward, principles and month, now or as of an instant."""
        book = self._store.book
        return await (book.cells_at(campaign_id, at, known) if at else book.cells(campaign_id))

    async def delivered(
        self, figure: str, at: str | None, known: Known, *, cursor: str | None, limit: int
    ) -> Document | None:
        """A page of the deliveries behind a figure; None if nothing can be such a figure."""
        query = tallies.behind(figure, await self._units(figure))
        if query is None:
            return None
        found, after = await self._store.book.page(query, at, known, cursor, limit)
        return {"items": [tallies.told(one) for one in found], "next": after}

    async def _units(self, figure: str) -> list[str]:
        """Units in which anything was delivered to the figure's campaign."""
        with translated():
            units: list[str] = await self._store.book.monthly.distinct(
                "unit", {"campaign_id": figure.partition(".")[0]}
            )
        return units

    async def snapshot(self) -> AsyncIterator[NeedLine | CommitmentLine | VolunteerLine]:
        """Every need, every commitment, then everybody who has promised something, once a campaign.

        Raises `Trouble` on the way.
        """
        promised: list[dict[str, Any]] = [
            {"$match": {"held_until": None}},
            {"$group": {"_id": {"campaign_id": "$campaign_id", "donor": "$donor"}}},
        ]
        with translated():
            async for document in self._store.needs.find({}):
                yield NeedLine(documents.need_state(document))
            async for document in self._store.commitments.find({}):
                yield CommitmentLine(state_of(document))
            async for document in self._store.pledges.aggregate(promised, allowDiskUse=True):
                yield VolunteerLine(document["_id"]["campaign_id"], document["_id"]["donor"])

    async def states(self) -> AsyncIterator[tuple[NeedState, str]]:
        """Every need as it stands, with its campaign, to begin a history with."""
        with translated():
            async for document in self._store.needs.find({}):
                yield documents.need_state(document), document["campaign_id"]

    async def _need(self, need_id: str) -> Need | None:
        """A need with its campaign, to see who manages it."""
        with translated():
            document = await self._store.needs.find_one({"_id": need_id}, max_time_ms=QUERY_MS)
        if document is None:
            return None
        copies = await self._store.copies.known([document["campaign_id"]])
        return documents.need(document, copies.get(document["campaign_id"]))

    async def _page(
        self, collections: Sequence[Collection], query: Document, person: str, cursor: str | None, limit: int
    ) -> Document:
        page, following = await paging.page(collections, query, cursor, limit)
        return {"items": await self._shown(page, person), "next": following}

    async def _shown(self, found: list[Document], person: str) -> list[Document]:
        """Pledges and offers as a person reads them who may, with what was said in private."""
        ranges = [{"_id": {"$gte": f"{one['_id']}/", "$lt": f"{one['_id']}0"}} for one in found]  # 0 comes after /
        said: dict[str, str] = {}
        if ranges:
            with translated():
                words = self._store.words.find({"$or": ranges}, max_time_ms=QUERY_MS)
                said = {document["_id"]: document["words"] async for document in words}
        return [_worded(one["_id"], to_builtins(_as_read(one, person)), said) for one in found]


def _worded(name: str, shown: Document, said: dict[str, str]) -> Document:
    for field in ("note", "reason", "place"):
        shown[field] = said.get(documents.words_id(name, field))
    for delivery in shown.get("deliveries", ()):
        for field in ("reference", "receipt"):
            words = said.get(documents.words_id(name, f"{field}.{delivery['n']}"))
            if words is not None:
                delivery[field] = words
    return shown


def _as_read(found: Document, person: str) -> Struct:
    if "need_id" in found:
        return pledge.shown(documents.pledge_state(found), person)
    return offer.shown(documents.offer_state(found), person)
