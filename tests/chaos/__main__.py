"""`python -m tests.chaos`: the platform under fire, from the gate to the report.

    python -m tests.chaos                                everything, each fault once
    python -m tests.chaos --rounds 3                     each fault three times, then pairs of faults
    python -m tests.chaos --only faults --faults F1,F2   these faults alone
    python -m tests.chaos --smoke                        one each of F1, F2, F9, F10
    python -m tests.chaos scenario NAME …                what has a name, alone
    python -m tests.chaos mutant NAME …                  whether a broken platform is caught

Ends with 0 if all that was promised held.
"""

import argparse
import asyncio
import logging
import random
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from tests.chaos.caught import HUNTS
from tests.chaos.faults.catalogue import FAULTS
from tests.chaos.run import PARTS, Run
from tests.chaos.scenarios import SCENARIOS

ONCE: Final = {"scenario": tuple(SCENARIOS), "mutant": tuple(HUNTS)}


def main() -> None:
    """Read the command line, run, report."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__.partition("\n")[0])
    parser.add_argument("what", nargs="?", choices=ONCE, help="play these alone")
    parser.add_argument("names", nargs="*", help="of scenarios or mutants")
    parser.add_argument("--rounds", type=int, default=1, help="how often each fault strikes")
    parser.add_argument("--faults", type=_some_of(FAULTS), default=tuple(FAULTS), help=f"some of {','.join(FAULTS)}")
    parser.add_argument("--only", type=_some_of(PARTS), default=PARTS, help=f"some of {','.join(PARTS)}")
    parser.add_argument("--smoke", action="store_true", help="one each of F1, F2, F9, F10, and nothing else")
    parser.add_argument("--seed", type=int, default=None, help="decides what is drawn by lot; a new one if not said")
    parser.add_argument("--folder", type=Path, default=None, help="where the history and the report go")
    asked = parser.parse_args()
    if asked.what and (unknown := set(asked.names) - set(ONCE[asked.what])):
        parser.error(f"no such {asked.what}: {', '.join(sorted(unknown))}; there are {', '.join(ONCE[asked.what])}")
    seed = asked.seed if asked.seed is not None else random.SystemRandom().randrange(1_000_000)
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="brum-chaos-"))
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # our own look past the proxies, while Kafka is away
    run = Run(folder, seed=seed)
    if asked.what:
        asyncio.run(run.some(asked.what, asked.names or ONCE[asked.what]))
    elif asked.smoke:
        asyncio.run(run.smoke())
    else:
        asyncio.run(run.everything(asked.only, asked.faults, asked.rounds))
    sys.exit(0 if run.report.holds else 1)


def _some_of(known: Iterable[str]) -> Callable[[str], tuple[str, ...]]:
    """Read names with commas between them."""

    def read(text: str) -> tuple[str, ...]:
        names = tuple(filter(None, text.split(",")))
        if not names or not set(names) <= set(known):
            raise argparse.ArgumentTypeError(f"{text!r} are not some of {', '.join(known)}")
        return names

    return read


if __name__ == "__main__":
    main()
