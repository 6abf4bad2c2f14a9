"""The road into the app: a notification that the person finds in their list. MongoDB."""

from collections.abc import Sequence
from typing import Final

from services.notifications import texts
from services.notifications.delivery import DELIVERED, Parcel, Result
from shared.mongo import Database, Document, insert_missing

NAME: Final = "inbox"


class InboxRoad:
    """Writes `notifications`; the delivery's id is the notification's, so that none arrives twice."""

    name = NAME
    timeout = 10.0

    def __init__(self, database: Database) -> None:
        """Use the service's database."""
        self._notifications = database.notifications

    async def bring(self, parcels: Sequence[Parcel]) -> list[Result]:
        """Put notifications into their lists."""
        await insert_missing((self._notifications, [notification(parcel) for parcel in parcels]))
        return [Result(DELIVERED)] * len(parcels)


def notification(parcel: Parcel) -> Document:
    """What the person finds in their list."""
    letter = parcel.letter
    title, body = texts.render(letter.text, letter.values)
    return {
        "_id": parcel.id,
        "person": parcel.person,
        "event_id": letter.event_id,
        "purpose": letter.purpose,
        "topic": letter.topic,
        "title": title,
        "body": body,
        "url": letter.url,
        "subject": letter.subject,
        "created_at": parcel.at,
        "seen_at": None,
        "read_at": None,
    }
