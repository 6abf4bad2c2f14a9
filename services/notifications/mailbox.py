"""What a person reads of theirs: notifications, newest first, and follows. MongoDB."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import msgspec
from msgspec import Struct

from services.notifications.deliveries import Deliveries, Status
from services.notifications.delivery import ROADS, delivery_id
from services.notifications.telling import Topic
from shared.contracts.notifications import FollowKind
from shared.mongo import QUERY_MS, Database, translated
from shared.queries import BadQuery


class Notification(Struct, frozen=True):
    """A notification as its owner reads it; `channels` tells how each road fared."""

    id: str
    topic: Topic
    title: str
    body: str
    url: str
    subject: str
    created_at: str
    seen_at: str | None
    read_at: str | None
    channels: tuple[Status, ...]


class Page(Struct, frozen=True):
    """A page of notifications, the cursor of the next one, and how many are unread in all."""

    items: tuple[Notification, ...]
    next: str | None
    unread: int


class Follow(Struct, frozen=True):
    """Something that the person follows, and since when."""

    kind: FollowKind
    id: str
    since: str


class Mailbox:
    """Reads `notifications`, `deliveries`, `follows`."""

    def __init__(self, database: Database, deliveries: Deliveries) -> None:
        """Use the service's database."""
        self._notifications = database.notifications
        self._follows = database.follows
        self._deliveries = deliveries

    async def page(self, person: str, *, cursor: str | None, limit: int) -> Page:
        """A page; one that follows a cursor holds nothing that came after the cursor was given."""
        query: dict[str, Any] = {"person": person}
        if cursor is not None:
            at, name = _open(cursor)
            query["$or"] = [{"created_at": {"$lt": at}}, {"created_at": at, "_id": {"$lt": name}}]
        with translated():
            found = self._notifications.find(query, max_time_ms=QUERY_MS)
            found = found.sort([("created_at", -1), ("_id", -1)]).limit(limit + 1)
            documents = [document async for document in found]
            unread = await self._notifications.count_documents(
                {"person": person, "read_at": None}, hint="unread", maxTimeMS=QUERY_MS
            )
        more = len(documents) > limit
        documents = documents[:limit]
        names = {document["_id"]: _deliveries_of(person, document) for document in documents}
        statuses = await self._deliveries.statuses([name for some in names.values() for name in some])
        items = []
        for document in documents:
            channels = [statuses[name] for name in names[document["_id"]] if name in statuses]
            items.append(msgspec.convert({**document, "id": document["_id"], "channels": channels}, Notification))
        last = documents[-1] if more else None
        return Page(tuple(items), _cursor(last["created_at"], last["_id"]) if last else None, unread)

    async def follows(self, person: str) -> list[Follow]:
        """Everything that the person follows, newest first (the rules bound their number)."""
        with translated():
            found = self._follows.find({"person": person}, max_time_ms=QUERY_MS).sort("since", -1)
            return [msgspec.convert(document, Follow) async for document in found]


def _deliveries_of(person: str, document: dict[str, Any]) -> list[str]:
    return [delivery_id(document["event_id"], person, road, document["purpose"]) for road in ROADS]


def _cursor(at: str, name: str) -> str:
    return urlsafe_b64encode(f"{at}|{name}".encode()).decode().rstrip("=")


def _open(cursor: str) -> tuple[str, str]:
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError) as error:
        raise BadQuery("cursor") from error
    at, separator, name = text.partition("|")
    if not separator:
        raise BadQuery("cursor")
    return at, name
