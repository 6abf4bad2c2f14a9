"""Parts and processes for a benchmark, on fresh data."""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from deploy.embedded.parts import Parts, embedded

ROOT = Path(__file__).parents[2]
SECRET = "a secret of the benchmark, long enough for it"


@asynccontextmanager
async def fresh() -> AsyncIterator[Parts]:
    """Real Kafka, MongoDB and Redis on an empty folder."""
    with tempfile.TemporaryDirectory(prefix="brum-bench-") as folder:
        async with embedded(Path(folder)) as parts:
            yield parts


@contextmanager
def process(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `python -m …` for the length of a block."""
    running = subprocess.Popen(  # noqa: S603 -- our own modules
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            running.kill()


def cpu_seconds(pid: int) -> float:
    """CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def until(condition, seconds: float) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 -- an async predicate
    """Wait for an async condition, bounded."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)
