"""The deciders of this service, seen as one by the processor. Pure."""

from services.events import campaign, clearance, endorsement, event, shift, story, venue, voice
from services.events.campaign import Campaign
from services.events.campaign_document import Parted
from services.events.clearance import Noted, Standing
from services.events.document import Admitted, Arranged, ArrangedOccurrence, Event, Hidden
from services.events.roster import Remarked, Shift
from services.events.venue_document import Founded, Planned, Welcome
from services.events.voice import Voice, Worded
from shared.contracts.events import CampaignCommand, CampaignFact, EventCommand, EventFact
from shared.contracts.message import Command, Fact
from shared.contracts.shifts import CancelShifts, ShiftCommand, ShiftFact, VolunteerCommand
from shared.contracts.venues import VenueCommand, VenueFact
from shared.contracts.voices import Endorse, TellStory, VoiceCommand, VoiceFact
from shared.decider import NOT_FOUND, Asked, Decision

State = Campaign | Event | Shift | Standing | Welcome | Voice


def decide(state: State, command: Command, asked: Asked) -> Decision:
    """Answer a command by the rules of its stream; a stream of the other kind is none."""
    match state:
        case Campaign() if isinstance(command, CampaignCommand):
            return campaign.decide(state, command, asked)
        case Event() if isinstance(command, EventCommand):
            return event.decide(state, command, asked)
        case Event() if isinstance(command, CancelShifts):
            return shift.cancel_all(state, command, asked)
        case Shift() if isinstance(command, ShiftCommand):
            return shift.decide(state, command, asked)
        case Standing() if isinstance(command, VolunteerCommand):
            return clearance.decide(state, command, asked)
        case Welcome() if isinstance(command, VenueCommand):
            return venue.decide(state, command, asked)
        case Voice() if isinstance(command, VoiceCommand):
            return _voiced(state, command, asked)
        case _:
            return Decision(NOT_FOUND)


def evolve(state: State, fact: Fact) -> State:
    """Take a fact as given."""
    match state:
        case Campaign() if isinstance(fact, CampaignFact | Parted):
            return campaign.evolve(state, fact)
        case Event() if isinstance(fact, EventFact | Arranged | ArrangedOccurrence | Hidden | Admitted):
            return event.evolve(state, fact)
        case Shift() if isinstance(fact, ShiftFact | Remarked):
            return shift.evolve(state, fact)
        case Standing() if isinstance(fact, Noted):
            return clearance.evolve(state, fact)
        case Welcome() if isinstance(fact, VenueFact | Founded | Planned):
            return venue.evolve(state, fact)
        case Voice() if isinstance(fact, VoiceFact | Worded):
            return voice.evolve(state, fact)
        case _:
            return state


def _voiced(state: Voice, command: VoiceCommand, asked: Asked) -> Decision:
    match command:
        case Endorse():
            return endorsement.endorse(state, command, asked)
        case TellStory():
            return story.tell(state, command, asked)
        case _:
            return voice.move(state, command, asked)


def version(state: State) -> int:
    """Version of the stream; 0 before it exists."""
    return state.state.version if state.state else 0
