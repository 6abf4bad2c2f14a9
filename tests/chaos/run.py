"""The parts of a run in their order, each in a folder of its own; the report grows with them."""

import asyncio
import datetime as dt
import os
import random
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

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
        if "gate" in parts and not await self._gate():
            self._end()
            return
        if "faults" in parts:
            await self._faults([FAULTS[name] for name in faults], rounds)
        if "scenarios" in parts:
            await self._scenarios(scenarios.SCENARIOS)
        if "simulation" in parts:
            await self._simulation()
        if "mutants" in parts:
            await self._mutants(caught.HUNTS)
        self._end()

    async def smoke(self) -> None:
        """One each of the faults that break most."""
        async with Barrage(self.folder / "smoke", seed=self.seed, shape=SMALL, say=self.say) as barrage:
            for fault in SMOKE:
                self.report.windows.append(await barrage.strike(fault))
            self.report.broker = barrage.broker
        self._end()

    async def some(self, what: str, names: Sequence[str]) -> None:
        """Scenarios or mutants by name."""
        await (self._scenarios(names) if what == "scenario" else self._mutants(names))
        self._end()

    async def _gate(self) -> bool:
        """Whether broker and stores keep what everything else is built on."""
        findings = await pretest.run(self.folder / "gate")
        for finding in findings:
            self._step(f"gate: {finding.name}", finding.passed, finding.seconds, finding.told)
        return all(finding.passed for finding in findings)

    async def _faults(self, faults: Sequence[Fault], rounds: int) -> None:
        """Every fault, in every round in another order; then pairs, if there was more than one round."""
        chance = random.Random(self.seed)
        async with Barrage(self.folder / "faults", seed=self.seed, shape=LARGE, say=self.say) as barrage:
            for number in range(rounds):
                order = chance.sample(faults, len(faults)) if number else faults
                for fault in order:
                    self.report.windows.append(await barrage.strike(fault))
                    self.report.broker = barrage.broker
            if rounds > 1:
                self.report.windows.append(await barrage.strike(PAIRS))

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
