"""What processes use: CPU and memory, as the kernel tells."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self


class Cpu:
    """CPU seconds that processes use from `begin` on; one that ended meanwhile is an error."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        """Measure these, by name."""
        self._pids = dict(pids)
        self._before: dict[str, float] = {}
        self._began = 0.0

    @classmethod
    def begin(cls, pids: Mapping[str, int]) -> Self:
        """Measure from now on."""
        made = cls(pids)
        made._before, made._began = made._now(), time.perf_counter()
        return made

    def used(self) -> dict[str, float]:
        """Seconds since, by name."""
        return {name: now - self._before[name] for name, now in self._now().items()}

    def each(self, count: float) -> dict[str, float]:
        """Microseconds since, for each of so many things done."""
        return {name: seconds / count * 1e6 for name, seconds in self.used().items()}

    def shares(self) -> dict[str, float]:
        """Per cent of one core since."""
        took = time.perf_counter() - self._began
        return {name: 100 * seconds / took for name, seconds in self.used().items()}

    def _now(self) -> dict[str, float]:
        return {name: cpu_seconds(pid) for name, pid in self._pids.items()}


def cpu_seconds(pid: int) -> float:
    """CPU seconds that a process has used, all its threads, in user and kernel."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """Resident memory in MB; pages that several processes share count in each."""
    status = Path(f"/proc/{pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) / 1024
