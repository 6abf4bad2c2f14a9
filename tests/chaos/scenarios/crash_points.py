"""Every crash point in the real processes: the first time it is passed, the tenth, and some other time."""

import asyncio
import random
import time
from collections.abc import Iterator, Mapping
from typing import Final

from tests.chaos.child import Child
from tests.chaos.hooks import POINTS
from tests.chaos.rig import SERVICES
from tests.chaos.scenarios.stage import GOES_ON_S, Stage

APPENDS: Final = frozenset({"duplicate_append", "late_ack"})
"""Nobody dies there."""
HANDED_OVER: Final = "revoke_in_handler"
GATEWAY: Final = "gateway_after_append"
PUBLIC: Final = "public_after_produce_before_commit"
REACHED_S: Final = 40.0
STARTS_S: Final = 15.0
"""More time where the successor is a process that has yet to start."""
OTHERS: Final = (*range(2, 10), *range(11, 16))

Armed = Mapping[str, str]
"""Specs by the names of processes."""


def rounds(seed: int) -> Iterator[Armed]:
    """Each point with 1, 10 and a number of the seed's choice, each of the three at another service.

    Three services fall in a round, each at a point of its own; then the gateways have their turn.
    """
    chance = random.Random(seed)
    numbers = {point: (1, 10, chance.choice(OTHERS)) for point in POINTS}
    of_services = [point for point in POINTS if point not in {GATEWAY, PUBLIC}]
    shift = chance.randrange(len(SERVICES))
    for start in range(0, len(of_services), len(SERVICES)):
        three = of_services[start : start + len(SERVICES)]
        for turn in range(len(SERVICES)):
            falling = zip(SERVICES, three[turn:] + three[:turn], strict=True)
            number = (turn + shift) % len(SERVICES)
            yield {f"{service}-1": f"{point}:{numbers[point][number]}" for service, point in falling}
    for point in (GATEWAY, PUBLIC):
        yield from ({"gateway-1": f"{point}:{number}"} for number in numbers[point])


async def crash_points(stage: Stage) -> str:
    """Replicas fall at each point in turn, under a light load, and their successors go on.

    Promised: whatever was asked meanwhile has its definite answer within 15 s of the last fall, and C1 to C5 hold.
    Kafka gives up a silent member after 8 s, so that a round takes about 15.
    """
    plan = list(rounds(stage.rig.seed))
    took = [await crash_round(stage, armed) for armed in plan]
    falls = sum(len(armed) for armed in plan)
    return f"{falls} falls at {len(POINTS)} points; all was answered {max(took):.1f} s after a fall at the latest"


async def crash_round(stage: Stage, armed: Armed) -> float:
    """Arm, ask until all have fallen and all is answered; seconds from the last fall to the last answer."""
    public = any(spec.startswith(PUBLIC) for spec in armed.values())
    for child in stage.rig.processes.values():
        if child.name not in armed:
            await child.start()
    if public:  # so that the armed one is the writer
        await stage.rig.processes["gateway-2"].terminate()
    await asyncio.gather(*(stage.rig.restart(name, crashpoint=spec) for name, spec in armed.items()))
    if not public:
        await stage.rig.ready()
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for service in ("pledges",) if "gateway-1" in armed else SERVICES:
            group.create_task(_ask(stage, service, over))
        fell = max(await asyncio.gather(*(_falls(stage, stage.rig.processes[name], armed[name]) for name in armed)))
        over.set()
        if public:
            await stage.rig.processes["gateway-2"].start()
    seconds = time.monotonic() - fell
    most = GOES_ON_S + (STARTS_S if public or any(spec.startswith(HANDED_OVER) for spec in armed.values()) else 0)
    assert seconds <= most, f"{_told(armed)}: the last answer came {seconds:.1f} s after the fall, not {most:.0f} s"
    stage.rig.history.write("fault", name="crash_points", phase="quiet", target=_told(armed), seconds=seconds)
    return seconds


async def _falls(stage: Stage, child: Child, spec: str) -> float:
    """Wait until a process has fallen, and leave it dead for now; when that was."""
    fell = await stage.reached(child.name, spec, REACHED_S)
    if spec.partition(":")[0] in APPENDS:
        return fell
    if spec.startswith(HANDED_OVER):  # it holds a batch until it is to hand over
        await stage.rig.restart(f"{child.service}-2")
    await stage.until(lambda: child.pid is None, f"{child.name} outlived {spec}", REACHED_S)
    await child.kill(again=False)
    return child.deaths[-1].t


async def _ask(stage: Stage, service: str, over: asyncio.Event) -> None:
    """Ask something of every partition again and again."""
    turn = 0
    while not over.is_set():
        turn += 1
        asks = await stage.one_in_each(service)
        await asyncio.gather(*(stage.must(session, wish, first=turn) for session, wish in asks))


def _told(armed: Armed) -> str:
    return ", ".join(f"{name} at {spec}" for name, spec in armed.items())
