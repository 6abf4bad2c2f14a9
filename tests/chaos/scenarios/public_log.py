"""The writer of a public log that dies, or stands still, with its transaction produced and not committed."""

import asyncio
import time
from collections import Counter
from typing import Final

from tests.chaos.checker.ledger import public_items
from tests.chaos.checker.order import c6_public_log_only_rises
from tests.chaos.scenarios.stage import Stage, told
from tests.chaos.wanting import pledge

TOPIC: Final = "public.pledges"
KILLED: Final = "public_after_produce_before_commit:1"
STOPPED: Final = f"{KILLED}:stop"
ANEW: Final = "public projector begins anew"
PLEDGES: Final = 5
GOES_ON_S: Final = 30.0
"""The successor is a process that starts when the other falls."""


async def public_projector_killed(stage: Stage) -> str:
    """The only gateway dies between produce and commit of a public transaction; then both start.

    Promised: `public.pledges` tells every need to its last version, nothing twice and nothing old after new.
    """
    needs = await _armed(stage, KILLED)
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(_pledge(stage, needs))
        fell = await stage.reached("gateway-1", KILLED)
        await stage.rig.processes["gateway-2"].start()
        await asking
    seconds = await _told_all(stage, fell)
    await stage.rig.ready()
    count = await _whole(stage)
    return f"all was told {seconds:.1f} s after the fall, of {count} public events none twice and none late"


async def public_projector_paused(stage: Stage) -> str:
    """The only gateway stands still there, another starts and writes; then the first goes on.

    Promised: the successor takes over; what the first had produced is never seen, nor does it write any more.
    """
    needs = await _armed(stage, STOPPED)
    paused, other = stage.rig.processes["gateway-1"], stage.rig.processes["gateway-2"]
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(_pledge(stage, needs))
        fell = await stage.reached("gateway-1", STOPPED)
        await other.start()
        await asking
    seconds = await _told_all(stage, fell)
    await _pledge(stage, needs, first=1)
    await _told_all(stage, time.monotonic())
    before = paused.log.read_text().count(ANEW)
    paused.cont()
    await stage.rig.ready()
    await stage.until(
        lambda: paused.log.read_text().count(ANEW) > before,
        "the paused writer went on as if nobody had taken its place",
        GOES_ON_S,
    )
    await _pledge(stage, needs)
    await _told_all(stage, time.monotonic())
    count = await _whole(stage)
    return (
        f"its successor had told all {seconds:.1f} s after it stood still; it was shut out when it went on, "
        f"of {count} public events none twice and none late"
    )


async def _armed(stage: Stage, spec: str) -> list[str]:
    """Let gateway-1 be alone, so that it is the writer, and armed; needs in three partitions at least."""
    needs = [wish.target for _, wish in await stage.one_in_each("pledges") if wish.target]
    await _told_all(stage, time.monotonic())
    await stage.rig.processes["gateway-2"].terminate()
    await stage.rig.restart("gateway-1", crashpoint=spec)
    return needs


async def _pledge(stage: Stage, needs: list[str], first: int = 0) -> None:
    """Several pledges on each need, all at once."""
    await asyncio.gather(
        *(stage.must(f"fay{turn}", pledge(need, 1), first=first) for need in needs for turn in range(PLEDGES))
    )


async def _told_all(stage: Stage, since: float) -> float:
    """Wait until the public log tells the last version of every need; seconds since then."""

    async def told_all() -> bool:
        wanted = {each["_id"]: each["version"] async for each in stage.mongo.database("pledges").needs.find({})}
        newest: Counter[str] = Counter()
        for subject, version, _ in public_items(await stage.records(TOPIC)):
            newest[subject] = max(newest[subject], version)
        return all(newest[need] == version for need, version in wanted.items())

    await stage.until(told_all, f"{TOPIC} did not tell all needs to their last version", GOES_ON_S)
    return time.monotonic() - since


async def _whole(stage: Stage) -> int:
    """How many events there are in the public log, none of them twice or late."""
    items = public_items(await stage.records(TOPIC))
    found = c6_public_log_only_rises(items)
    assert not found, f"{TOPIC}: {told(found)}"
    return len(items)
