"""The deciders of this service, seen as one by the processor: a stream is of one kind. Pure."""

from services.pledges import befriending, bundle, commitment, need, offer, signal
from services.pledges.befriending import Befriending
from services.pledges.bundle import Bundle
from services.pledges.commitment import Commitment
from services.pledges.ledger import Need
from services.pledges.offer import Offer
from services.pledges.signal import Signal
from shared.contracts.commitments import OfCommitment
from shared.contracts.message import Command, Fact
from shared.contracts.pledges import OfBefriending, OfBundle, OfferCommand, OfNeed, OfSignal
from shared.decider import NOT_FOUND, Asked, Decision

State = Need | Offer | Signal | Bundle | Commitment | Befriending
"""Union of the kinds of streams."""


def decide(state: State, command: Command, asked: Asked) -> Decision:
    """Answer a command by the rules of its stream; a stream of another kind is none."""
    match state:
        case Need() if isinstance(command, OfNeed):
            return need.decide(state, command, asked)
        case Signal() if isinstance(command, OfSignal):
            return signal.decide(state, command, asked)
        case Bundle() if isinstance(command, OfBundle):
            return bundle.decide(state, command, asked)
        case Offer() if isinstance(command, OfferCommand):
            return offer.decide(state, command, asked)
        case Commitment() if isinstance(command, OfCommitment):
            return commitment.decide(state, command, asked)
        case Befriending() if isinstance(command, OfBefriending):
            return befriending.decide(state, command, asked)
        case _:
            return Decision(NOT_FOUND)


def evolve(state: State, fact: Fact) -> State:
    """Take a fact as given."""
    match state:
        case Need():
            return need.evolve(state, fact)
        case Signal():
            return signal.evolve(state, fact)
        case Bundle():
            return bundle.evolve(state, fact)
        case Offer():
            return offer.evolve(state, fact)
        case Commitment():
            return commitment.evolve(state, fact)
        case Befriending():
            return befriending.evolve(state, fact)


def version(state: State) -> int:
    """Version of the stream; 0 before it exists."""
    return state.state.version if state.state else 0
