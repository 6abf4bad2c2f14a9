"""How a person stands up for a campaign under their own name. Pure."""

from msgspec.structs import replace

from services.events.campaign_document import ENDED
from services.events.voice import NO_CONSENT, Voice, answered, attached, offered
from shared.contracts.voices import Endorse, VoiceState
from shared.decider import NOT_FOUND, Asked, Decision, refused


def endorse(voice: Voice, command: Endorse, asked: Asked) -> Decision:
    """Offer an endorsement; one of a person and campaign is one stream, so said again it is changed."""
    campaign, state = voice.campaign, voice.state
    if campaign is None or not attached(voice, None, asked.person):
        return Decision(NOT_FOUND)
    if state is not None and state.person != asked.person:
        return Decision(NOT_FOUND)
    if not command.consent:
        return Decision(NO_CONSENT)
    if state is not None and voice.words == command.words:
        return answered(state)
    if campaign.status in ENDED:
        return Decision(refused("campaign-not-live", status=campaign.status))
    if state is not None:
        again = replace(state, version=state.version + 1, updated_at=asked.at, status="offered", published_at=None)
        return offered(voice, again, command.words)
    first = VoiceState(
        id=command.voice_id,
        version=1,
        created_at=asked.at,
        updated_at=asked.at,
        campaign_id=campaign.id,
        event_id=None,
        person=asked.person,
        form="endorsement",
        language=None,
        status="offered",
        published_at=None,
    )
    return offered(voice, first, command.words)
