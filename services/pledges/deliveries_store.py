"""The documents of deliveries that count, and of their sums; and what can be asked of both."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any, Final, Literal

from services.pledges import documents, tallies
from services.pledges.documents import Document
from shared.mongo import (
    QUERY_MS,
    Client,
    Collection,
    Database,
    Session,
    add_up,
    by_id,
    change,
    find,
    find_within,
    insert,
    translated,
)
from shared.queries import BadQuery

Known = Literal["then", "now"]
"""As known at an instant, or as known today of what had happened by then."""
STEP: Final = 200
"""Pledges whose deliveries are booked at a time."""
EARLIER: Final = -1
"""Partition of the sums of what was delivered before they were kept."""
_PLACE: Final = {name: f"${name}" for name in tallies.PLACE}


class DeliveryBook:
    """Collections `delivered` and `monthly`."""

    def __init__(self, database: Database) -> None:
        """Use the service's collections."""
        self.delivered = database.delivered
        self.monthly = database.monthly
        self._marks = database.marks

    async def prepare(self) -> None:
        """Make the indexes."""
        with translated():
            await self.delivered.create_index([("campaign_id", 1), ("counted_at", 1), ("_id", 1)], name="of_campaign")
            await self.monthly.create_index([("campaign_id", 1)], name="of_campaign")
            await self._marks.create_index([("_id", 1)])

    def book(self, session: Session, deliveries: Sequence[Document], partition: int, *, again: bool = True) -> None:
        """Write deliveries and their sums within a transaction; known ones are corrected, unless not `again`."""
        if not deliveries:
            return
        names = [delivery["_id"] for delivery in deliveries]
        known = {one["_id"]: one for one in find_within(self.delivered, session, {"_id": {"$in": names}})}
        insert(self.delivered, session, [one for one in deliveries if one["_id"] not in known])
        told = [one for one in deliveries if again or one["_id"] not in known]
        for one in told:
            if one["_id"] in known:
                now = {name: one[name] for name in ("quantity", "corrections", "returns")}
                change(self.delivered, session, {"_id": one["_id"]}, now)
        add_up(self.monthly, session, tallies.sums(known, told, partition))

    async def catch_up(self, client: Client, needs: Collection, pledges: Collection) -> None:
        """Book what was delivered before deliveries were booked, once; cut short, it is done again without harm."""
        if await by_id(self._marks, ["delivered"]):
            return
        last = ""
        while found := await find(
            pledges,
            {"_id": {"$gt": last}, "delivered_quantity": {"$gt": 0}},
            sort=[("_id", 1)],
            limit=STEP,
        ):
            last = found[-1]["_id"]
            places = await by_id(needs, {one["need_id"] for one in found})
            await client.transact(self._earlier(places, found))
        await client.transact(lambda session: add_up(self._marks, session, [({"_id": "delivered"}, {"done": 1})]))

    def _earlier(self, places: dict[str, Document], found: Sequence[Document]) -> Any:  # noqa: ANN401 -- a write
        deliveries = [
            tallies.document(documents.need_state(places[one["need_id"]]), pledge, delivery)
            for one in found
            if one["need_id"] in places
            for pledge in [documents.pledge_state(one)]
            for delivery in pledge.deliveries
            if delivery.status == "confirmed"
        ]
        return lambda session: self.book(session, deliveries, EARLIER, again=False)

    async def cells(self, campaign_id: str) -> list[Document]:
        """The sums of a campaign by kind, unit, ward, principles and month, of all partitions together."""
        return await self._grouped(
            self.monthly,
            [{"$match": {"campaign_id": campaign_id}}],
            {name: f"${name}" for name in ("value", "deliveries", "corrections")},
        )

    async def cells_at(self, campaign_id: str, at: str, known: Known) -> list[Document]:
        """The same as it was known at an instant, or as it is known now of what had happened by then."""
        stages = [{"$match": _by(campaign_id, at, known)}, *_at(at, known)]
        return await self._grouped(
            self.delivered, stages, {"value": "$quantity", "deliveries": 1, "corrections": {"$size": "$corrections"}}
        )

    async def _grouped(self, collection: Collection, stages: list[Document], sums: Document) -> list[Document]:
        group = {"_id": _PLACE, **{name: {"$sum": amount} for name, amount in sums.items()}}
        with translated():
            cursor = collection.aggregate([*stages, {"$group": group}], maxTimeMS=QUERY_MS)
            found = [{**one.pop("_id"), **one} async for one in cursor]
        return sorted(found, key=lambda one: [str(one[name]) for name in tallies.PLACE])

    async def page(
        self, query: Document, at: str | None, known: Known, cursor: str | None, limit: int
    ) -> tuple[list[Document], str | None]:
        """Deliveries behind a figure, in the order in which they began to count. Raises `BadQuery`."""
        match: Document = {**query, **(_by(query["campaign_id"], at, known) if at else {})}
        after: Document = {}
        if cursor is not None:
            counted, name = _opened(cursor)
            after = {"$or": [{"counted_at": {"$gt": counted}}, {"counted_at": counted, "_id": {"$gt": name}}]}
        stages: list[Document] = [
            {"$match": {"$and": [match, after]}},
            {"$sort": {"counted_at": 1, "_id": 1}},
            {"$limit": limit + 1},
            *(_at(at, known) if at else ()),
        ]
        with translated():
            found = [one async for one in self.delivered.aggregate(stages, maxTimeMS=QUERY_MS)]
        more = len(found) > limit
        found = found[:limit]
        return found, _cursor(found[-1]) if more else None


def _by(campaign_id: str, at: str, known: Known) -> Document:
    return {"campaign_id": campaign_id, ("counted_at" if known == "then" else "happened_at"): {"$lte": at}}


def _at(at: str, known: Known) -> list[Document]:
    """The quantity as it was: before the first later correction, and with what went back between."""
    if known == "now":
        return []

    def some(name: str, *conditions: Document) -> Document:
        return {"$filter": {"input": f"${name}", "cond": {"$and": list(conditions)}}}

    later, earlier = {"$gt": ["$$this.at", at]}, {"$lte": ["$$this.at", at]}
    since = some("returns", later, {"$lt": ["$$this.at", {"$ifNull": ["$$first.at", "9999"]}]})
    back = {"$sum": {"$map": {"input": since, "in": "$$this.quantity"}}}
    quantity = {
        "$let": {
            "vars": {"first": {"$arrayElemAt": [some("corrections", later), 0]}},
            "in": {"$add": [{"$ifNull": ["$$first.before", "$quantity"]}, back]},
        }
    }
    return [{"$set": {"quantity": quantity, **{name: some(name, earlier) for name in ("corrections", "returns")}}}]


def _cursor(last: Document) -> str:
    return urlsafe_b64encode(f"{last['counted_at']}|{last['_id']}".encode()).decode().rstrip("=")


def _opened(cursor: str) -> tuple[str, str]:
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError) as error:
        raise BadQuery("cursor") from error
    counted, separator, name = text.partition("|")
    if not separator:
        raise BadQuery("cursor")
    return counted, name
