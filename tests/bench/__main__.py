"""`make bench`: measures everything beside other ways to do it. `python -m tests.bench [PART …] [--rounds 5]`.

A whole run (all parts, at least five rounds) writes docs/performance.md; any run prints its tables and keeps the raw
results in build/bench/.
"""

import argparse
import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import structlog
import uvloop

from tests.bench import (
    consuming,
    drain,
    hot,
    idle,
    machine,
    publishing,
    reads,
    rebuilding,
    registrations,
    report,
    time_machine,
    write_path,
)
from tests.bench.figures import Findings, Raw
from tests.bench.parts import say

PARTS: dict[str, tuple[Callable[[int], Awaitable[Raw]], Callable[[Raw], Findings]]] = {
    "idle": (idle.measure, idle.findings),
    "write_path": (write_path.measure, write_path.findings),
    "drain": (drain.measure, drain.findings),
    "hot": (hot.measure, hot.findings),
    "registrations": (registrations.measure, registrations.findings),
    "reads": (reads.measure, reads.findings),
    "rebuilding": (rebuilding.measure, rebuilding.findings),
    "time_machine": (time_machine.measure, time_machine.findings),
    "publishing": (publishing.measure, publishing.findings),
    "consuming": (consuming.measure, consuming.findings),
}
ENOUGH = 5
RESULTS = Path(__file__).parents[2] / "build" / "bench"


async def run(names: list[str], rounds: int) -> None:
    """Measure these parts, tell what came of it."""
    began = time.monotonic()
    about = await machine.described()
    raw: dict[str, Raw] = {}
    for name in names:
        since = time.monotonic()
        raw[name] = await PARTS[name][0](rounds)
        say(f"{name}: {(time.monotonic() - since) / 60:.1f} minutes")
    findings = [PARTS[name][1](raw[name]) for name in names]
    measured = report.page(about, findings, rounds=rounds, minutes=(time.monotonic() - began) / 60)
    await asyncio.to_thread(_keep, {"machine": about, "rounds": rounds, **raw})
    if len(names) == len(PARTS) and rounds >= ENOUGH:
        await asyncio.to_thread(_write, measured)
    print(f"\n{measured}\n")  # noqa: T201 -- a command


def _keep(results: Raw) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    file = RESULTS / f"{datetime.now(UTC):%Y-%m-%dT%H%M%S}.json"
    file.write_text(json.dumps(results, indent=1) + "\n")
    say(f"raw results in {file.relative_to(RESULTS.parents[1])}")


def _write(measured: str) -> None:
    report.PAGE.write_text(report.placed(report.PAGE.read_text(), measured))
    say(f"{report.PAGE.relative_to(RESULTS.parents[1])} is written")


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all, if none is named")
    parser.add_argument("--rounds", type=int, default=ENOUGH, help="fewer for a quick look")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it tells of every topic that has just been made
    if unknown := set(given.parts) - PARTS.keys():
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    uvloop.run(run(given.parts or [*PARTS], given.rounds))


if __name__ == "__main__":
    main()
