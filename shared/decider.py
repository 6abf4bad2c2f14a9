"""The vocabulary of rules: who asks, and what a rule answers.

A module with `decide(state, command, asked) -> Decision` and `evolve(state, fact) -> state` is a decider.
"""

from msgspec import Struct

from shared.contracts.message import Command, Fact


class Asked(Struct, frozen=True):
    """Circumstances of a command: its id, who asks, and when it was appended to the log (`at`, an instant)."""

    command_id: str
    person: str
    roles: frozenset[str]
    at: str

    def may(self, *roles: str) -> bool:
        """Whether the caller has one of the roles."""
        return not self.roles.isdisjoint(roles)


class Done(Struct, frozen=True):
    """Yes: `body` is the representation of the resource after the change; 201 if it came into being."""

    kind: str
    id: str
    body: Struct | None
    status: int = 200


class Refused(Struct, frozen=True):
    """No: the slug of the problem with the figures a person needs; `errors` are (JSON Pointer, detail)."""

    problem: str
    status: int = 409
    figures: dict[str, str | int | None] = {}
    errors: tuple[tuple[str, str], ...] = ()


class Decision(Struct, frozen=True):
    """What a command brings about: facts in order, the answer, and commands that follow from it.

    A refusal may come with facts as well: what was overdue ends first.
    `private` are facts for the owner's documents alone: evolved after the others, in no log and no outcome.
    """

    answer: Done | Refused
    facts: tuple[Fact, ...] = ()
    then: tuple[Command, ...] = ()
    private: tuple[Fact, ...] = ()


NOT_FOUND = Refused("not-found", 404)
FORBIDDEN = Refused("forbidden", 403)


def refused(problem: str, **figures: str | int | None) -> Refused:
    """Say no by a rule (409)."""
    return Refused(problem, 409, figures)
