"""One rig, one fault after the other: strike while people are busy, heal, wait until all is quiet, judge."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, Self

import msgspec
from msgspec import Struct

from services.gateway import idempotency
from services.gateway.development import ISSUER
from services.gateway.operations import Operations
from tests.chaos.asking import Asking
from tests.chaos.history import Collected
from tests.chaos.judge import Verdict, judge, judge_fault
from tests.chaos.load import Load, Shape
from tests.chaos.nemesis import Expectation, Fault, Nemesis
from tests.chaos.rig import Rig
from tests.chaos.views import Watchers

BEFORE_S: Final = 6.0
"""Of load before a fault strikes."""
SETTLED_S: Final = 60.0
"""So long may questions stay open after healing, and so long may it take until all is quiet."""
_BREATH_S: Final = 1.0

Say = Callable[[str], None]


class Window(Struct):
    """One fault, and what came to light when all was quiet after it."""

    fault: str
    title: str
    seconds: float
    looked_at: dict[str, int]
    """By criterion: how much there was to look at, since the rig was started."""
    violations: dict[str, list[str]]
    """By criterion: what was not known before."""
    expectations: list[Expectation]

    @property
    def holds(self) -> bool:
        """Whether nothing is to be blamed."""
        return not any(self.violations.values()) and all(one.held for one in self.expectations)


class Barrage:
    """A rig with people on it: `async with Barrage(folder, seed=…) as barrage`, then `strike` as often as wanted."""

    def __init__(
        self, folder: Path, *, seed: int, shape: Shape | None = None, mutant: str | None = None, say: Say = print
    ) -> None:
        """Everything lies below `folder`; `say` is told how it goes."""
        self.rig = Rig(folder, seed=seed, mutant=mutant)
        self.broker = ""
        self._say = say
        self._seed = seed
        self._shape = shape or Shape()
        self._stack = AsyncExitStack()
        self._known: set[str] = set()
        self._ask: Asking
        self._load: Load
        self._watchers: Watchers

    async def __aenter__(self) -> Self:
        """Start all, and see how it is without faults."""
        began = time.monotonic()
        await self._stack.enter_async_context(self.rig)
        try:
            await self._begin()
        except BaseException:
            await self._stack.aclose()
            raise
        self._say(f"the rig is up and has its plateau after {time.monotonic() - began:.0f} s")
        return self

    async def __aexit__(self, *_: object) -> None:
        """End all; the folder stays."""
        await self._stack.aclose()

    async def strike(self, fault: Fault) -> Window:
        """Let a fault have its way and judge what is left."""
        history, began, wall = self.rig.history, time.monotonic(), time.time()
        nemesis = Nemesis(self.rig, self._load, fault.name)
        self._watchers.start()
        await self._load.open_round()
        self._load.start()
        await asyncio.sleep(BEFORE_S)
        await fault.run(nemesis)
        await self._calm(nemesis)
        history.write("fault", name=fault.name, phase="quiet", target="")
        collected = await self.rig.collect()
        self.broker = collected.broker
        verdicts = judge(collected)
        own = _since(collected, began, wall)
        verdicts.append(judge_fault(fault.name, own))
        window = Window(
            fault.name,
            fault.title,
            round(time.monotonic() - began, 1),
            {verdict.criterion: verdict.looked_at for verdict in verdicts},
            {verdict.criterion: self._new(verdict) for verdict in verdicts},
            nemesis.expectations,
        )
        collected.save(self.rig.folder / "collected.json")
        self._tell(window)
        return window

    async def _begin(self) -> None:
        rig = self.rig
        self._ask = await self._stack.enter_async_context(Asking(rig.gateways, rig.token, rig.history))
        self._load = Load(self._ask, seed=self._seed, shape=self._shape)
        self._watchers = Watchers(self._ask, self._load.wants, rig.health, seed=self._seed)
        self._watchers.start()
        await self._load.prepare()
        self._load.start()
        await asyncio.sleep(BEFORE_S)
        await self._load.rush()
        await self._rest()
        await self._leave()
        await rig.plateau()
        for child in rig.processes.values():
            # Who writes the public log, or holds more partitions, changes with every fault.
            peers = [peer.before for peer in rig.of(child.service)]
            child.before = {name: max(peer.get(name, 0) for peer in peers) for name in peers[0]}

    async def _calm(self, nemesis: Nemesis) -> None:
        """After the fault: nobody is left without an answer, and nothing is left to be done."""
        nemesis.expect("all processes are ready in the end", await nemesis.all_ready() is not None)
        left = await self._rest()
        nemesis.expect(f"every question has its answer within {SETTLED_S:.0f} s", not left, f"{left} left")
        quiet = f"all is quiet within {SETTLED_S:.0f} s"
        try:
            took = await self.rig.quiescent(SETTLED_S)
        except TimeoutError as error:
            nemesis.expect(quiet, False, str(error))  # noqa: FBT003 -- reads like assert
        else:
            nemesis.expect(quiet, True, f"{took:.1f} s")  # noqa: FBT003 -- the same
        secret = (self.rig.data / "keys" / "secret").read_text(encoding="utf-8").strip()
        await self._load.compare_operations(Operations(secret), lambda session: idempotency.person(ISSUER, session))
        await self._leave()

    async def _rest(self) -> int:
        """Let everybody come to an end, and what ends by itself, too; how many questions stay open."""
        await self._load.stop()
        left = await self._load.settle(SETTLED_S)
        await asyncio.sleep(max(0.0, self._load.still_until - time.monotonic()))
        return left

    async def _leave(self) -> None:
        """Who looks has heard the last words by now, and hangs up; so do all others."""
        await self._watchers.stop()
        await self._ask.hang_up()
        await asyncio.sleep(_BREATH_S)

    def _new(self, verdict: Verdict) -> list[str]:
        """What no earlier fault was blamed for."""
        fresh = [found for found in verdict.violations if f"{verdict.criterion} {found}" not in self._known]
        self._known |= {f"{verdict.criterion} {found}" for found in fresh}
        return fresh

    def _tell(self, window: Window) -> None:
        wrong = [f"{name}: {found}" for name, all_found in window.violations.items() for found in all_found[:5]]
        wrong += [f"{one.what}: {one.detail}" for one in window.expectations if not one.held]
        self._say(f"{window.fault} {window.title}: {'holds' if window.holds else 'FAILS'}, {window.seconds:.0f} s")
        for line in wrong:
            self._say(f"    {line[:300]}")


def _since(collected: Collected, began: float, wall: float) -> Collected:
    """What belongs to one fault alone."""
    return msgspec.structs.replace(
        collected,
        history=[line for line in collected.history if line["t"] >= began],
        records=[record for record in collected.records if record.timestamp >= wall * 1000],
        processes=[
            msgspec.structs.replace(process, deaths=[death for death in process.deaths if death.t >= began])
            for process in collected.processes
        ],
    )
