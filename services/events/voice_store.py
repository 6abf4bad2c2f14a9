"""The documents of voices: each with its contract's `state`, and its `words` as long as there is consent."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from services.events.document import Event
from services.events.voice import Voice
from shared.contracts.event_states import CampaignState
from shared.contracts.voices import Endorse, TellStory, VoiceState, Words
from shared.mongo import Database, Document, find, translated
from shared.ports import Ask

COLLECTION: Final = "voices"

Campaigns = Callable[[Iterable[str]], Awaitable[dict[str, CampaignState]]]
Watched = Callable[[Mapping[str, set[str]]], Awaitable[dict[str, Event]]]


class VoiceStore:
    """Reads voices with what they are about."""

    def __init__(self, database: Database, campaigns: Campaigns, watched: Watched) -> None:
        """Read this database; the others read campaigns, and events with what tells who may see them."""
        self.collection = database[COLLECTION]
        self._campaigns = campaigns
        self._watched = watched

    async def prepare(self) -> None:
        """Make the indexes."""
        about = [("state.campaign_id", 1), ("state.event_id", 1), ("state.created_at", -1), ("_id", -1)]
        with translated():
            await self.collection.create_index(about, name="about")

    async def load(self, asks: Sequence[Ask]) -> dict[str, Voice]:
        """The voices that the commands name, or will bring about."""
        if not asks:
            return {}
        found = await find(self.collection, {"_id": {"$in": [ask.stream for ask in asks]}})
        voices = {ask.stream: Voice() for ask in asks} | {document["_id"]: voice_of(document) for document in found}
        about = {ask.stream: _about(voices[ask.stream], ask) for ask in asks}
        people: dict[str, set[str]] = {event: set() for _, event in about.values() if event}
        for ask in asks:
            event = about[ask.stream][1]
            if event:
                people[event].add(ask.asked.person)
        return await self.joined(voices, about, people)

    async def joined(
        self,
        voices: Mapping[str, Voice],
        about: Mapping[str, tuple[str | None, str | None]],
        people: Mapping[str, set[str]],
    ) -> dict[str, Voice]:
        """Voices with the campaign and the event that each is about, as these people see the events."""
        events = await self._watched(people) if people else {}
        wanted = {name for name, _ in about.values() if name}
        wanted |= {event.state.campaign_id for event in events.values() if event.state}
        campaigns = await self._campaigns(wanted)
        joined = {}
        for name, voice in voices.items():
            campaign_id, event_id = about[name]
            event = events.get(event_id or "")
            of = event.state.campaign_id if event and event.state else campaign_id or ""
            joined[name] = msgspec.structs.replace(voice, campaign=campaigns.get(of), event=event)
        return joined


def voice_of(document: Document) -> Voice:
    """A voice as its document tells it."""
    words = document["words"]
    return Voice(
        msgspec.convert(document["state"], VoiceState), msgspec.convert(words, Words) if words is not None else None
    )


def voice_document(state: VoiceState, words: Words | None) -> Document:
    """A voice as it is kept."""
    return {"_id": state.id, "state": msgspec.to_builtins(state), "words": msgspec.to_builtins(words)}


def _about(voice: Voice, ask: Ask) -> tuple[str | None, str | None]:
    """Campaign and event of a voice, or of the command that begins one."""
    if voice.state is not None:
        return voice.state.campaign_id, voice.state.event_id
    match ask.command:
        case Endorse(campaign_id=campaign):
            return campaign, None
        case TellStory(campaign_id=campaign, event_id=event):
            return campaign, event
        case _:
            return None, None
