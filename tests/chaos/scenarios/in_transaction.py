"""A service that dies, or stands still, inside a transaction."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from tests.chaos.asking import Wish
from tests.chaos.child import Child
from tests.chaos.rig import SERVICES
from tests.chaos.scenarios.stage import GOES_ON_S, Stage, more

KILLED: Final = "in_txn:1"
STOPPED: Final = "in_txn:1:stop"


async def killed_in_transaction(stage: Stage) -> str:
    """A replica of each service is killed with its writes done and not committed.

    Promised: its successor goes on within 15 s with what was begun, nothing is parked.
    """
    letters = await stage.letters()
    seconds = await _all_fall(stage, KILLED)
    await stage.rig.ready()
    assert not (parked := more(letters, await stage.letters())), f"commands of a killed service were parked: {parked}"
    return f"successors went on after {seconds}; nothing parked"


async def stopped_in_transaction(stage: Stage) -> str:
    """A replica of each service is stopped there, and goes on when its successor has done the work.

    Promised: the successor goes on within 15 s although the stopped one holds locks; what it wanted to commit is
    rejected, and nothing is parked.
    """
    letters = await stage.letters()
    seconds = await _all_fall(stage, STOPPED)
    zombies = [stage.rig.processes[f"{service}-1"] for service in SERVICES]
    for zombie in zombies:
        zombie.cont()
    rejected = [await _rejected(stage, zombie) for zombie in zombies]
    await stage.rig.ready()
    assert not (parked := more(letters, await stage.letters())), f"commands of a stopped service were parked: {parked}"
    return f"successors went on after {seconds}; {sum(rejected):.0f} transactions rejected, nothing parked"


async def _all_fall(stage: Stage, spec: str) -> str:
    """Arm the first replica of each service and let all fall at once; how soon their work was done, as a sentence."""
    asks = [await stage.one_in_each(service) for service in SERVICES]
    await asyncio.gather(*(stage.arm(f"{service}-1", spec) for service in SERVICES))
    took = await asyncio.gather(*(_falls(stage, *each, spec) for each in zip(SERVICES, asks, strict=True)))
    return ", ".join(f"{seconds:.1f} s ({service})" for service, seconds in zip(SERVICES, took, strict=True))


async def _falls(stage: Stage, service: str, asks: Sequence[tuple[str, Wish]], spec: str) -> float:
    """Ask something of every partition; seconds from the fall of the first replica until all of it is answered."""
    async with asyncio.TaskGroup() as group:
        for turn, (session, wish) in enumerate(asks):
            group.create_task(stage.must(session, wish, first=turn))
        fell = await stage.reached(f"{service}-1", spec)
    seconds = time.monotonic() - fell
    assert seconds <= GOES_ON_S, f"the successor of {service}-1 went on after {seconds:.1f} s, not {GOES_ON_S:.0f} s"
    return seconds


async def _rejected(stage: Stage, zombie: Child) -> float:
    """How often a process that was away did not come through with its transaction; once at least.

    Either it has had to begin anew, or it took too long, was halved, and met what its successor had done.
    """

    async def refused() -> float:
        counters = ("retries_total", "duplicates_total")
        return sum([await stage.counter(zombie, name, consumer_group=zombie.service) for name in counters])

    async def at_all() -> bool:
        return await refused() >= 1

    await stage.until(at_all, f"no transaction of {zombie.name} was rejected after it had been away", 15)
    return await refused()
