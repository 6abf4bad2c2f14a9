"""The parts of a run in their order, each in a folder of its own; the report grows with them."""

import asyncio
import datetime as dt
import os
import random
import sys
import time
import traceback
from collections.abc import Coroutine, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from tests.chaos import caught, pretest, scenarios
from tests.chaos.barrage import Barrage
from tests.chaos.faults.catalogue import FAULTS, PAIRS, SMOKE
from tests.chaos.load import Shape
from tests.chaos.nemesis import Fault
from tests.chaos.report import Report, Step
from tests.chaos.rig import Rig

PARTS: Final = ("gate", "faults", "scenarios", "simulation", "mutants")
SEEDS: Final = 10_000
SMALL: Final = Shape(plain=10, capacity=3)
"""The stage of the smoke."""
LARGE: Final = Shape(expiring=4)
ROOT: Final = Path(__file__).parents[2]


class Run:
    """A run of all or of some parts."""

    def __init__(self, folder: Path, *, seed: int) -> None:
        """Everything that is written lies below the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder.resolve()
        self.seed = seed
        self._began = time.monotonic()
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        self.report = Report(seed, str(self.folder), now)
        self.say(f"seed {seed}, all that happens is kept in {self.folder}")

    def say(self, line: str) -> None:
        """Tell how it goes."""
        print(f"[{(time.monotonic() - self._began) / 60:5.1f} min] {line}", flush=True)  # noqa: T201 -- a command

    async def everything(self, parts: Sequence[str], faults: Sequence[str], rounds: int) -> None:
        """The parts that are asked for; without a good gate nothing that follows would mean anything."""
        if "gate" in parts:
            await self._try("gate", self._gate())
        if self.report.holds or "gate" not in parts:
            if "faults" in parts:
                await self._try("faults", self._faults([FAULTS[name] for name in faults], rounds))
            if "scenarios" in parts:
                await self._try("scenarios", self._scenarios(scenarios.SCENARIOS))
            if "simulation" in parts:
                await self._try("simulation", self._simulation())
            if "mutants" in parts:
                await self._try("mutants", self._mutants(caught.HUNTS))
        self._end()

    async def smoke(self) -> None:
        """One each of the faults that break most."""
        await self._try("smoke", self._strike(SMOKE, "smoke", SMALL))
        self._end()

    async def some(self, what: str, names: Sequence[str]) -> None:
        """Scenarios or mutants by name."""
        await self._try(what, self._scenarios(names) if what == "scenario" else self._mutants(names))
        self._end()

    async def _try(self, name: str, part: Coroutine[Any, Any, None]) -> None:
        """A part that breaks off has not held, and the others are tried all the same."""
        began = time.monotonic()
        try:
            await part
        except Exception as error:  # noqa: BLE001 -- whatever it was, it is the finding
            (self.folder / f"{name}.error").write_text(traceback.format_exc(), encoding="utf-8")
            self._step(f"{name} broke off", False, time.monotonic() - began, f"{type(error).__name__}: {error}")  # noqa: FBT003

    async def _gate(self) -> None:
        """Whether broker and stores keep what everything else is built on."""
        for finding in await pretest.run(self.folder / "gate"):
            self._step(f"gate: {finding.name}", finding.passed, finding.seconds, finding.told)

    async def _faults(self, faults: Sequence[Fault], rounds: int) -> None:
        """Every fault, in every round in another order; then pairs, if there was more than one round."""
        chance = random.Random(self.seed)
        order = [*faults]
        for _ in range(rounds - 1):
            order += chance.sample(faults, len(faults))
        await self._strike([*order, PAIRS] if rounds > 1 else order, "faults", LARGE)

    async def _strike(self, faults: Iterable[Fault], name: str, shape: Shape) -> None:
        async with Barrage(self.folder / name, seed=self.seed, shape=shape, say=self.say) as barrage:
            for fault in faults:
                self.report.windows.append(await barrage.strike(fault))
                self.report.broker = barrage.broker

    async def _scenarios(self, names: Iterable[str]) -> None:
        """What has a name, and the crash points."""
        async with Rig(self.folder / "scenarios", seed=self.seed) as rig:
            for played in await scenarios.play(rig, names, say=self.say):
                self.report.steps.append(Step(f"scenario {played.name}", played.held, played.seconds, played.line))

    async def _mutants(self, names: Iterable[str]) -> None:
        """Whether those who judge would have noticed."""
        for name in names:
            mutant = await caught.catch(name, self.folder / "mutants", seed=self.seed, say=self.say)
            self.report.steps.append(Step(f"mutant {name} is caught", bool(mutant.by), mutant.seconds, mutant.line))

    async def _simulation(self) -> None:
        """The same promises in the simulator, with very many seeds."""
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "pytest", "-q", "-n", "2", "-k", "every_seed", "tests/simulation"),
            cwd=ROOT,
            env={**os.environ, "SEEDS": str(SEEDS)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        (self.folder / "simulation.log").write_bytes(said)
        last = said.decode(errors="replace").strip().rpartition("\n")[2]
        self._step(f"simulation, {SEEDS} seeds", process.returncode == 0, time.monotonic() - began, last)

    def _step(self, name: str, holds: bool, seconds: float, detail: str) -> None:  # noqa: FBT001 -- as in Step
        self.report.steps.append(Step(name, holds, seconds, detail))
        self.say(f"{name}: {'holds' if holds else 'FAILS'} ({seconds:.0f} s) {detail[:200]}")

    def _end(self) -> None:
        self.report.seconds = time.monotonic() - self._began
        page = self.report.save()
        self.say(f"{'all promises held' if self.report.holds else 'PROMISES WERE BROKEN'}: {page}")
