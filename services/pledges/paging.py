"""Pages of documents, newest first: a cursor holds when the last one was made, and its id."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

from services.pledges.documents import Document
from shared.mongo import Collection, find
from shared.queries import BadQuery


async def page(
    collections: Sequence[Collection], query: Document, cursor: str | None, limit: int
) -> tuple[list[Document], str | None]:
    """Documents of all collections that fit a query, and where to go on.

    Raises `BadQuery` for a cursor that is none of ours.
    """
    if cursor is not None:
        at, name = _opened(cursor)
        query = {**query, "$or": [{"created_at": {"$lt": at}}, {"created_at": at, "_id": {"$lt": name}}]}
    newest = [("created_at", -1), ("_id", -1)]
    found = [one for each in collections for one in await find(each, query, sort=newest, limit=limit + 1)]
    documents = sorted(found, key=lambda one: (one["created_at"], one["_id"]), reverse=True)
    more = len(documents) > limit
    documents = documents[:limit]
    return documents, _cursor(documents[-1]["created_at"], documents[-1]["_id"]) if more else None


def _cursor(at: str, name: str) -> str:
    return urlsafe_b64encode(f"{at}|{name}".encode()).decode().rstrip("=")


def _opened(cursor: str) -> tuple[str, str]:
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError) as error:
        raise BadQuery("cursor") from error
    at, separator, name = text.partition("|")
    if not separator:
        raise BadQuery("cursor")
    return at, name
