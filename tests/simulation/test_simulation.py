"""The seeded simulation: the real processor and rules under faults at every named point."""

import os
from collections import Counter

import pytest

from tests.simulation.run import Mutant, Run
from tests.simulation.world import POINTS

SEEDS = int(os.environ.get("SEEDS", "1000"))
SHARES = 10
"""The seeds are played in so many tests, for as many cores as there are."""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("share", range(SHARES))
def test_c1_c2_c3_c4_c5_c11_hold_for_every_seed(share: int) -> None:
    """C1, C2, C3, C4, C5, C11: no seed finds a violation, and every named fault point was struck."""
    struck: Counter[str] = Counter()
    for seed in range(share, SEEDS, SHARES):
        run = Run(seed)

        violations = run.play()

        assert violations == [], f"seed {seed}: {violations}"
        assert len(run.answers) == 21, f"seed {seed}"
        struck += run.world.struck

    assert set(POINTS) <= set(struck), struck


@pytest.mark.parametrize(
    "mutant", ["inbox off", "publish before commit", "version guard off", "commit first", "unguarded counter"]
)
def test_the_checker_catches_a_mutant(mutant: Mutant) -> None:
    """A broken processor does not get past the checker."""
    caught = [seed for seed in range(60) if Run(seed, mutant).play()]

    assert caught


def test_a_seed_gives_the_same_run_twice() -> None:
    """What a seed found can be looked at again."""
    first, second = Run(7), Run(7)
    first.play()
    second.play()

    assert first.log.topics == second.log.topics
