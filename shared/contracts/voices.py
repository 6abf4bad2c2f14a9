"""What people say for a campaign: endorsements under their name, and stories in words, sound or film.

A voice is `offered` by its person, `published` by organisers, and `withdrawn` whenever the person wants. Each is a
stream of its own. Its words are in no fact and no outcome, which are kept for long and cannot be taken back: the owner
tells them, as long as there is consent.
"""

from typing import Final, Literal, get_args

from msgspec import Struct

from shared.contracts.message import Command, Fact

VoiceForm = Literal["endorsement", "text", "link", "audio", "video"]
VoiceStatus = Literal["offered", "published", "withdrawn"]


class VoiceState(Struct, frozen=True):
    """A voice after a change; `person` (a pseudonym) is whose it is. `event_id` is null for what is of a campaign."""

    id: str
    version: int
    created_at: str
    updated_at: str
    campaign_id: str
    event_id: str | None
    person: str
    form: VoiceForm
    language: str | None
    status: VoiceStatus
    published_at: str | None


class Words(Struct, frozen=True, omit_defaults=True):
    """What is said, and by whom where they give their name. Private until published, and gone once withdrawn."""

    name: str | None = None
    role: str | None = None
    organisation: str | None = None
    title: str | None = None
    text: str | None = None
    url: str | None = None
    transcript: str | None = None
    captions_url: str | None = None


class OfVoice(Command, frozen=True):
    """A command that a voice decides."""

    voice_id: str

    @property
    def stream(self) -> str:
        """The voice."""
        return self.voice_id


class Endorse(OfVoice, frozen=True):
    """Stand up for a campaign; said again, it is in other words, which are to be published anew."""

    campaign_id: str
    words: Words
    consent: bool


class TellStory(OfVoice, frozen=True):
    """Tell a story of a campaign, or of an event; `consent` is that of all who are shown or told of."""

    form: VoiceForm
    language: str
    words: Words
    consent: bool
    campaign_id: str | None = None
    event_id: str | None = None


class PublishVoice(OfVoice, frozen=True):
    """Show a voice to everybody."""


class UnpublishVoice(OfVoice, frozen=True):
    """Show it no longer; it is still offered."""


class WithdrawVoice(OfVoice, frozen=True):
    """Take the words back, everywhere and for good."""


class OnVoice(Fact, frozen=True):
    """A fact on a voice's stream."""

    voice: VoiceState

    @property
    def stream(self) -> str:
        """The voice."""
        return self.voice.id

    @property
    def streamversion(self) -> int:
        """The voice's version."""
        return self.voice.version


class VoiceOffered(OnVoice, frozen=True):
    """Somebody has something to say, or says it in other words."""


class VoicePublished(OnVoice, frozen=True):
    """Everybody may read it."""


class VoiceUnpublished(OnVoice, frozen=True):
    """It is only offered again."""


class VoiceWithdrawn(OnVoice, frozen=True):
    """There is no consent any more; its words are gone."""


class EndorsementAnswer(Struct, frozen=True):
    """An endorsement; its words are null in answers that do not tell them: read it, or the list."""

    id: str
    version: int
    created_at: str
    updated_at: str
    campaign_id: str
    status: VoiceStatus
    published_at: str | None
    name: str | None = None
    role: str | None = None
    organisation: str | None = None
    text: str | None = None


class StoryAnswer(Struct, frozen=True):
    """A story; its words are null in answers that do not tell them: read it, or the list."""

    id: str
    version: int
    created_at: str
    updated_at: str
    campaign_id: str
    event_id: str | None
    form: VoiceForm
    language: str | None
    status: VoiceStatus
    published_at: str | None
    title: str | None = None
    text: str | None = None
    url: str | None = None
    transcript: str | None = None
    captions_url: str | None = None


VoiceCommand = Endorse | TellStory | PublishVoice | UnpublishVoice | WithdrawVoice
VoiceFact = VoiceOffered | VoicePublished | VoiceUnpublished | VoiceWithdrawn

COMMANDS: Final[tuple[type[Command], ...]] = get_args(VoiceCommand)
FACTS: Final[tuple[type[Fact], ...]] = get_args(VoiceFact)
