"""How long the platform takes to start, and what it takes when nobody asks: `python -m tests.bench idle`.

`brum up`, as `make run` starts it once everything is installed, with the season; first on no data at all, then again.
"""

import asyncio
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.cpu import Cpu, resident_mb
from tests.bench.figures import Findings, Raw, Table
from tests.bench.parts import PARTITIONS, say, settled
from tests.system.platform import Platform

IDLE_S = 40.0
MOST_PERCENT = 25.0


class MadeToRun(Platform):
    """The platform with as many partitions as it has by default."""

    @property
    def environment(self) -> dict[str, str]:
        """What its commands read."""
        return {**super().environment, "BRUM_PARTITIONS": str(PARTITIONS)}

    def pids(self) -> dict[str, int]:
        """Process ids by name; `brum up` is the supervisor."""
        state = json.loads((self.data / "state.json").read_text())
        return {program["name"]: int(program["pid"]) for program in state["programs"]} | {"brum up": int(state["pid"])}


async def measure(rounds: int) -> Raw:  # noqa: ARG001 -- a figure of seconds is no ratio, and once is enough
    """Start it on no data, and again on what it left; then watch it idle."""
    with TemporaryDirectory(prefix="brum-bench-") as folder:
        platform = MadeToRun(Path(folder) / "data")
        starts = [await asyncio.to_thread(_start, platform)]
        await asyncio.to_thread(platform.stop)
        starts.append(await asyncio.to_thread(_start, platform))
        try:
            pids = platform.pids()
            await asyncio.sleep(5)
            await settled(pids, share=40.0)
            say(f"idle: watched for {IDLE_S:.0f} s")
            cpu = Cpu.begin(pids)
            await asyncio.sleep(IDLE_S)
            shares = cpu.shares()
            memory = {name: resident_mb(pid) for name, pid in pids.items()}
        finally:
            await asyncio.to_thread(platform.stop)
    say(f"idle: {sum(shares.values()):.1f} % of a core, {sum(memory.values()):.0f} MB")
    return {"starts": starts, "cpu_percent": shares, "resident_mb": memory, "seconds": IDLE_S}


def findings(raw: Raw) -> Findings:
    """No ratios: what it takes, and how long."""
    shares, memory = raw["cpu_percent"], raw["resident_mb"]
    rows = [(name, f"{shares[name]:.1f}", f"{memory[name]:.0f}") for name in shares]
    rows.append(("all", f"{sum(shares.values()):.1f}", f"{sum(memory.values()):.0f}"))
    starts = zip(("first, on no data", "again"), raw["starts"], strict=True)
    return Findings(
        {},
        [
            Table(
                "From `brum up` to ready",
                ("start", "requests answered after, s", "season there, all said after, s"),
                [(name, f"{start['ready_s']:.1f}", f"{start['said_s']:.1f}") for name, start in starts],
            ),
            Table(
                f"Idle for {raw['seconds']:.0f} s (CPU in all: at most {MOST_PERCENT:.0f} %)",
                ("process", "CPU, % of one core", "resident MB"),
                rows,
            ),
        ],
    )


def _start(platform: Platform) -> dict[str, float]:
    before = len(platform.said()) if platform.process else 0
    began = time.perf_counter()
    platform.start("--season")
    ready = time.perf_counter() - began
    deadline = began + 180
    while "BrumTogether runs" not in platform.said()[before:]:
        assert time.perf_counter() < deadline, platform.said()[-2000:]
        time.sleep(0.05)
    said = time.perf_counter() - began
    say(f"idle: a start: ready after {ready:.1f} s, all said after {said:.1f} s")
    return {"ready_s": ready, "said_s": said}
