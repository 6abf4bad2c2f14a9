"""The vocabulary of rules: who asks, and what a rule answers.

A module with `decide(state, command, asked) -> Decision` and `evolve(state, fact) -> state` is a decider.
"""

from typing import Final

from msgspec import Struct

from shared.contracts.message import Command, Fact

SYSTEM: Final = "system"
"""Role of what a service asks of itself."""


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


class Later(Struct, frozen=True):
    """A command for a time, decided then like any other; it may have become a no-op.

    It says itself what it is due for: the log's clock may be behind that of the process that saw it fall due.
    """

    at: str
    command: Command


class Deferred(Struct, frozen=True):
    """Not yet: the first command in `then` goes on in its name, and so on; the one that says more gives the answer."""


class Decision(Struct, frozen=True):
    """What a command brings about: facts in order, the answer, and commands that follow from it.

    A refusal may come with facts as well: what was overdue ends first. `later` is planned in the same transaction:
    planning a thing again does not undo the first plan, whose command has to find that it is not wanted any more.
    Each half of work with a `Deferred` answer is a no-op by state when repeated.
    `private` are facts for the owner's documents alone: evolved after the others, in no log and no outcome.
    """

    answer: Done | Refused | Deferred
    facts: tuple[Fact, ...] = ()
    then: tuple[Command, ...] = ()
    private: tuple[Fact, ...] = ()
    later: tuple[Later, ...] = ()


NOT_FOUND = Refused("not-found", 404)
FORBIDDEN = Refused("forbidden", 403)
DEFERRED = Deferred()


def refused(problem: str, **figures: str | int | None) -> Refused:
    """Say no by a rule (409)."""
    return Refused(problem, 409, figures)
