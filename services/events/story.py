"""How a story of a campaign or an event is told, in words, sound or film. Pure."""

from services.events.voice import NO_CONSENT, Voice, answered, attached, offered
from shared.contracts.voices import TellStory, VoiceState
from shared.decider import NOT_FOUND, Asked, Decision, Refused


def tell(voice: Voice, command: TellStory, asked: Asked) -> Decision:
    """Offer a story. Also of what is over: that is when films are made."""
    if voice.state is not None:
        return answered(voice.state, 201)
    if not attached(voice, command.event_id, asked.person):
        return Decision(NOT_FOUND)
    of = voice.event.state.campaign_id if voice.event and voice.event.state else command.campaign_id
    if of is None:
        return Decision(NOT_FOUND)
    wrong = _flaw(command)
    if wrong:
        return Decision(wrong)
    state = VoiceState(
        id=command.voice_id,
        version=1,
        created_at=asked.at,
        updated_at=asked.at,
        campaign_id=of,
        event_id=command.event_id,
        person=asked.person,
        form=command.form,
        language=command.language,
        status="offered",
        published_at=None,
    )
    return offered(voice, state, command.words)


def _flaw(command: TellStory) -> Refused | None:
    """What lacks: nobody is left out who cannot hear or see it, nobody is shown who did not agree."""
    words, errors = command.words, []
    if not command.consent:
        return NO_CONSENT
    if command.form == "text" and not words.text:
        errors.append(("/text", "is what a text story is made of"))
    if command.form in {"link", "audio", "video"} and not words.url:
        errors.append(("/url", f"leads to the {command.form}"))
    if command.form == "audio" and not words.transcript:
        errors.append(("/transcript", "is needed by those who cannot hear it"))
    if command.form == "video" and not (words.transcript or words.captions_url):
        errors.append(("/transcript", "or captions_url is needed by those who cannot hear or see it"))
    return Refused("invalid-body", 422, errors=tuple(errors)) if errors else None
