"""A small deterministic world: actors that run step by step, chance with a seed, faults at named points."""

import random
from collections import Counter
from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any, Final

POINTS: Final = (
    "before_txn",
    "commit_unknown",
    "after_txn_before_publish",
    "between_facts",
    "after_publish_before_commit",
    "revoke_in_handler",
    "duplicate_append",
    "late_ack",
)
"""Where a fault can strike."""


@coroutine
def pause(point: str) -> Generator[str, None, None]:
    """Let the others run; the name says where the actor stands, so that a fault can strike there."""
    yield point


class World:
    """Actors by name, run in an order that the seed alone decides."""

    def __init__(self, seed: int) -> None:
        """Begin with a seed; the same seed gives the same run."""
        self.seed = seed
        self.chance = random.Random(seed)
        self.struck: Counter[str] = Counter()
        self.faults = True
        self._actors: dict[str, Coroutine[Any, Any, None]] = {}
        self._at: dict[str, str] = {}

    def strikes(self, point: str, likelihood: float) -> bool:
        """Whether a fault strikes now; counted."""
        if point not in POINTS:
            raise ValueError(point)
        if not self.faults or self.chance.random() >= likelihood:
            return False
        self.struck[point] += 1
        return True

    def start(self, name: str, actor: Coroutine[Any, Any, None]) -> None:
        """Put an actor on the stage, instead of the one of the same name."""
        if name in self._actors:
            self._actors[name].close()
        self._actors[name] = actor
        self._at[name] = "start"

    def at(self, name: str) -> str:
        """Where an actor stands."""
        return self._at[name]

    def kill(self, name: str) -> None:
        """End an actor where it stands, as SIGKILL would."""
        self._actors.pop(name).close()

    def step(self) -> None:
        """Let one actor, chosen by chance, go on to its next pause."""
        name = self.chance.choice(sorted(self._actors))
        try:
            self._at[name] = self._actors[name].send(None)
        except StopIteration:
            del self._actors[name]

    def alive(self, name: str) -> bool:
        """Whether an actor is still on the stage."""
        return name in self._actors
