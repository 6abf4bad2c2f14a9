"""Whether the checker can fail: each mutant meets the fault that brings it out, and some criterion has to object."""

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from shared.kafka.clients import SESSION_MS
from tests.chaos import hooks
from tests.chaos.barrage import Barrage
from tests.chaos.faults import poison, redelivery
from tests.chaos.load import Shape
from tests.chaos.nemesis import Fault, Nemesis

MOST_RUNS: Final = 5
SHAPE: Final = Shape(hot=3, plain=4, capacity=1, rate=10.0)
"""Few needs, so that each meets much."""
SOON_S: Final = 60.0
END_S: Final = 20.0
_VICTIM: Final = "pledges-1"
_LOOK_S: Final = 0.1


class Hunt(Struct, frozen=True):
    """The fault that a mutant meets, and the criteria of which one at least has to object."""

    fault: Fault
    by: tuple[str, ...]


class Caught(Struct, frozen=True):
    """How a hunt ended: in which run, and what was said; `by` is empty if the mutant got away."""

    mutant: str
    runs: int
    by: tuple[str, ...]
    line: str
    seconds: float


async def _again(nemesis: Nemesis) -> None:
    await redelivery.append_again(nemesis)


async def _set_back(nemesis: Nemesis) -> None:
    await redelivery.set_back(nemesis, "pledges")


async def _late_facts(nemesis: Nemesis) -> None:
    """Stop a replica between its transaction and its facts, and let it tell them when its successor is long past."""
    rig, spec = nemesis.rig, "after_txn_before_publish:15:stop"
    rig.history.write("fault", name=nemesis.fault, phase="begin", target=_VICTIM)
    await _until_it_falls(nemesis, spec)
    await asyncio.sleep(SESSION_MS / 1000 + 8)
    await nemesis.load.stop()
    rig.processes[_VICTIM].cont()
    rig.history.write("fault", name=nemesis.fault, phase="heal", target=_VICTIM)


async def _killed_at_work(nemesis: Nemesis) -> None:
    """Kill a replica as it begins a transaction."""
    spec = "before_txn:10"
    async with nemesis.broken(_VICTIM):
        await _until_it_falls(nemesis, spec)


async def _until_it_falls(nemesis: Nemesis, spec: str) -> None:
    """Start the victim anew with a crash point, which it may reach before anybody has seen it ready."""
    child, mark = nemesis.rig.processes[_VICTIM], hooks.mark_of(nemesis.rig.folder, _VICTIM, spec)
    await child.close(within=END_S)
    await child.start(crashpoint=spec)
    async with asyncio.timeout(SOON_S):
        while not mark.exists():
            await asyncio.sleep(_LOOK_S)


HUNTS: Final[Mapping[str, Hunt]] = {
    "inbox_off": Hunt(Fault("F9", "commands appended again", _again), ("C1", "C2", "C11")),
    "publish_before_commit": Hunt(Fault("F9", "commands appended again", _again), ("C2", "C5")),
    "version_guard_off": Hunt(Fault("F3", "facts told late", _late_facts), ("C3", "C6", "C7")),
    "unguarded_counter": Hunt(Fault("F9", "positions set back", _set_back), ("C3",)),
    "swallow_decode_error": Hunt(Fault("F10", "poison", poison.run), ("F10",)),
    "ack_first": Hunt(Fault("F2", "killed at work", _killed_at_work), ("C1",)),
}
"""For each mutant, where it has to show."""


async def catch(mutant: str, folder: Path, *, seed: int, say: Callable[[str], None] = print) -> Caught:
    """Let the fault strike mutated platforms until a criterion objects, five times at the most."""
    hunt, began = HUNTS[mutant], time.monotonic()
    for run in range(1, MOST_RUNS + 1):
        place = folder / f"{mutant}-{run}"
        async with Barrage(place, seed=seed + run, shape=SHAPE, mutant=mutant, say=_silent) as barrage:
            window = await barrage.strike(hunt.fault)
        said = {name: found for name in hunt.by if (found := window.violations.get(name))}
        if said:
            [first, *_] = [found[0] for found in said.values()]
            caught = Caught(mutant, run, tuple(said), f"in run {run} by {', '.join(said)}: {first}", _since(began))
            break
    else:
        caught = Caught(mutant, MOST_RUNS, (), f"got away {MOST_RUNS} times", _since(began))
    say(f"mutant {mutant}: {caught.line} ({caught.seconds:.0f} s)")
    return caught


def _since(began: float) -> float:
    return time.monotonic() - began


def _silent(_: str) -> None:
    """What a mutant is blamed for is no news."""
