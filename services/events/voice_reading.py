"""What people say, as others read it: what is published, to those who may see what it is about."""

from typing import Any, Final, Literal

from msgspec import Struct

from services.events import voice as voices
from services.events.store import EventsStore
from services.events.voice import Voice
from services.events.voice_store import voice_of
from shared.contracts.voices import EndorsementAnswer, StoryAnswer
from shared.mongo import Document, find, translated
from shared.queries import BadQuery

Kind = Literal["endorsement", "story"]
_FORMS: Final[dict[Kind, object]] = {"endorsement": "endorsement", "story": {"$ne": "endorsement"}}


class VoicePage(Struct, frozen=True):
    """Voices, the newest first, and where to go on."""

    items: tuple[EndorsementAnswer | StoryAnswer, ...]
    next: str | None


class VoiceReading:
    """Reads voices on behalf of a person; `None` is nobody in particular."""

    def __init__(self, store: EventsStore) -> None:
        """Read what the store writes."""
        self._store = store.voices

    async def one(self, name: str, person: str | None) -> EndorsementAnswer | StoryAnswer | None:
        """A voice, if the person may know of it."""
        with translated():
            documents = await find(self._store.collection, {"_id": name})
            for document in documents:
                voice = voice_of(document)
                state = voice.state
                if state is None:
                    continue
                voice = await self._joined(voice, state.campaign_id, state.event_id, person)
                if voices.audible(voice, state, person):
                    return voices.answer(state, voice.words)
        return None

    async def page(
        self,
        kind: Kind,
        campaign_id: str | None,
        event_id: str | None,
        person: str | None,
        cursor: str | None,
        limit: int,
    ) -> VoicePage | None:
        """What is said of a campaign itself, or of an event; None if the person may not know of that.

        What is only offered is read by whose it is and by who publishes; what was withdrawn by nobody.
        """
        with translated():
            about = await self._joined(Voice(), campaign_id, event_id, person)
            if about.campaign is None or not voices.attached(about, event_id, person):
                return None
            query: Document = {
                "state.campaign_id": about.campaign.id,
                "state.event_id": event_id,
                "state.form": _FORMS[kind],
            }
            offered: Document = {"state.status": "offered"}
            if not voices.manages(about, person):
                offered["state.person"] = person
            choices: list[Any] = [{"$or": [{"state.status": "published"}, *([offered] if person else [])]}]
            if cursor is not None:
                choices.append({"$or": _beyond(cursor)})
            newest = [("state.created_at", -1), ("_id", -1)]
            found = await find(self._store.collection, {**query, "$and": choices}, sort=newest, limit=limit + 1)
        states = [(voice.state, voice.words) for voice in map(voice_of, found[:limit]) if voice.state]
        items = tuple(voices.answer(state, words) for state, words in states)
        return VoicePage(items, f"{items[-1].created_at}~{items[-1].id}" if len(found) > limit else None)

    async def _joined(self, voice: Voice, campaign_id: str | None, event_id: str | None, person: str | None) -> Voice:
        people = {event_id: {person} if person else set[str]()} if event_id else {}
        return (await self._store.joined({"": voice}, {"": (campaign_id, event_id)}, people))[""]


def _beyond(cursor: str) -> list[Document]:
    at, mark, name = cursor.partition("~")
    if not mark:
        raise BadQuery("cursor")
    return [{"state.created_at": {"$lt": at}}, {"state.created_at": at, "_id": {"$lt": name}}]
