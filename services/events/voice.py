"""What people say for a campaign, as its owner keeps it: who hears it, how it is published and taken back. Pure."""

from typing import Any, Final

from msgspec import Struct
from msgspec.structs import asdict, replace

from services.events import campaign_document as campaigns
from services.events import document as events
from services.events.document import Event
from shared.contracts.event_states import CampaignState
from shared.contracts.message import Fact
from shared.contracts.voices import (
    EndorsementAnswer,
    PublishVoice,
    StoryAnswer,
    UnpublishVoice,
    VoiceFact,
    VoiceOffered,
    VoicePublished,
    VoiceState,
    VoiceStatus,
    VoiceUnpublished,
    VoiceWithdrawn,
    WithdrawVoice,
    Words,
)
from shared.decider import FORBIDDEN, NOT_FOUND, Asked, Decision, Done, Refused, refused

NO_CONSENT: Final = Refused("invalid-body", 422, errors=(("/consent", "has to be given"),))

Move = PublishVoice | UnpublishVoice | WithdrawVoice
_Moved = type[VoicePublished | VoiceUnpublished | VoiceWithdrawn]

MOVES: Final[dict[type[Move], tuple[frozenset[VoiceStatus], VoiceStatus, _Moved]]] = {
    PublishVoice: (frozenset({"offered"}), "published", VoicePublished),
    UnpublishVoice: (frozenset({"published"}), "offered", VoiceUnpublished),
    WithdrawVoice: (frozenset({"offered", "published"}), "withdrawn", VoiceWithdrawn),
}
"""For each command: the statuses it leads away from, the one it leads to, and its fact."""


class Voice(Struct, frozen=True):
    """A voice with its words, and the campaign and event that it is about, as far as they are there."""

    state: VoiceState | None = None
    words: Words | None = None
    campaign: CampaignState | None = None
    event: Event | None = None


class Worded(Fact, frozen=True):
    """Private: what is said."""

    words: Words


def evolve(voice: Voice, fact: VoiceFact | Worded) -> Voice:
    """Take a fact as given; nothing is kept of what was taken back."""
    match fact:
        case Worded(words=words):
            return replace(voice, words=words)
        case VoiceWithdrawn(voice=state):
            return replace(voice, state=state, words=None)
        case _:
            return replace(voice, state=fact.voice)


def move(voice: Voice, command: Move, asked: Asked) -> Decision:
    """Publish or take back; what is so already is answered 200 without a fact."""
    state = voice.state
    if state is None or not audible(voice, state, asked.person):
        return Decision(NOT_FOUND)
    own = asked.person == state.person and isinstance(command, WithdrawVoice)
    if not own and not manages(voice, asked.person):
        return Decision(FORBIDDEN)
    away_from, status, fact = MOVES[type(command)]
    if state.status == status:
        return answered(state)
    if state.status not in away_from:
        return Decision(refused("voice-wrong-state", status=state.status))
    published = asked.at if status == "published" else None
    after = replace(state, version=state.version + 1, updated_at=asked.at, status=status, published_at=published)
    return answered(after, 200, fact(after))


def offered(voice: Voice, state: VoiceState, words: Words) -> Decision:
    """Say something, for the first time or in other words."""
    decision = answered(state, 201 if voice.state is None else 200, VoiceOffered(state))
    return replace(decision, private=(Worded(words),))


def answered(state: VoiceState, status: int = 200, *facts: VoiceFact) -> Decision:
    """The answer, which tells no words."""
    return Decision(Done(kind_of(state), state.id, answer(state), status), facts)


def kind_of(state: VoiceState) -> str:
    """What it is called."""
    return "endorsement" if state.form == "endorsement" else "story"


def answer(state: VoiceState, words: Words | None = None) -> EndorsementAnswer | StoryAnswer:
    """A voice without whose it is; with words for those who may read them."""
    form = EndorsementAnswer if state.form == "endorsement" else StoryAnswer
    told: dict[str, Any] = asdict(state) | asdict(words or Words())
    return form(**{name: told[name] for name in form.__struct_fields__})


def manages(voice: Voice, person: str | None) -> bool:
    """Whether a person decides what is shown: organisers of the campaign, and who runs the event."""
    organises = voice.campaign is not None and person in voice.campaign.organisers
    return organises or (voice.event is not None and events.manages(voice.event, person))


def audible(voice: Voice, state: VoiceState, person: str | None) -> bool:
    """Whether a person may know of the voice: its own and who publishes at any time, others once it is published."""
    if (person is not None and person == state.person) or manages(voice, person):
        return True
    return state.status == "published" and attached(voice, state.event_id, person)


def attached(voice: Voice, event_id: str | None, person: str | None) -> bool:
    """Whether there is what the voice is about, and a person may see it."""
    if event_id is not None:
        return voice.event is not None and events.visible(voice.event, person)
    return voice.campaign is not None and campaigns.visible(voice.campaign, person)
