"""Entry of a child of the rig: `brum serve SERVICE`, with the faults that BRUM_CHAOS asks for in this process alone."""

import importlib
import os
import sys
from pathlib import Path

import msgspec
from msgspec import Struct

from deploy.cli import main

VARIABLE = "BRUM_CHAOS"


class Chaos(Struct, frozen=True, forbid_unknown_fields=True):
    """What is done to one life of one process."""

    process: str
    """Its name in the rig, `pledges-1`."""
    data: str
    """The folder in which it leaves `passed-<process>-<point>`."""
    crashpoint: str | None = None
    """`<point>:<n>[:stop]`, see hooks."""
    mutant: str | None = None
    """See mutants."""


def prepare(chaos: Chaos) -> None:
    """Change this process before the service is made."""
    if chaos.mutant:
        importlib.import_module("tests.chaos.mutants").install(chaos.mutant)
    if chaos.crashpoint:
        importlib.import_module("tests.chaos.hooks").install(chaos.crashpoint, chaos.process, Path(chaos.data))


if __name__ == "__main__":
    if told := os.environ.get(VARIABLE):
        prepare(msgspec.json.decode(told, type=Chaos))
    main(["serve", sys.argv[1]])
