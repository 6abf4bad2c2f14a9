"""The mutants find the product as they know it; whether they are caught shows in `make chaos`."""

import subprocess
import sys

import pytest

from shared.consumer import Consumer
from tests.chaos import caught, mutants

SCRIPT = "import sys; from tests.chaos import mutants; mutants.install(sys.argv[1])"


@pytest.mark.parametrize("name", mutants.MUTANTS)
def test_a_mutant_can_be_installed(name: str) -> None:
    """Each breaks something that is there, in a process of its own."""
    done = subprocess.run(  # noqa: S603 -- our own script
        [sys.executable, "-c", SCRIPT, name], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_a_mutant_that_is_none() -> None:
    """A name that means nothing is an error, and no run of a sound platform."""
    with pytest.raises(ValueError, match="is no mutant"):
        mutants.install("inbox_of")


def test_a_product_that_has_changed() -> None:
    """What a mutant would replace has to be there."""
    with pytest.raises(LookupError, match="Consumer has no _grab of its own"):
        mutants._replace(Consumer, "_grab", None)


def test_every_mutant_is_hunted() -> None:
    """None is left out."""
    assert set(caught.HUNTS) == set(mutants.MUTANTS)
