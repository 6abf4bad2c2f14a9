"""The deciders of this service, seen as one by the processor: a stream is of one kind. Pure."""

from services.pledges import need
from services.pledges.ledger import Need
from shared.contracts.message import Command, Fact
from shared.contracts.pledges import OfNeed
from shared.decider import NOT_FOUND, Asked, Decision

State = Need
"""Union of the kinds of streams."""


def decide(state: State, command: Command, asked: Asked) -> Decision:
    """Answer a command by the rules of its stream; a stream of another kind is none."""
    match state:
        case Need() if isinstance(command, OfNeed):
            return need.decide(state, command, asked)
        case _:
            return Decision(NOT_FOUND)


def evolve(state: State, fact: Fact) -> State:
    """Take a fact as given."""
    match state:
        case Need():
            return need.evolve(state, fact)


def version(state: State) -> int:
    """Version of the stream; 0 before it exists."""
    return state.state.version if state.state else 0
