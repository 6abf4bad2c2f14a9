import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from deploy.ports import free_port
from deploy.service import probe
from tests.chaos.child import Child
from tests.chaos.launch import Chaos

NOWHERE = "127.0.0.1:1"


def a_child(folder: Path) -> Child:
    """An events service that waits for parts that never come, and lives."""
    port = free_port()
    env = {
        "BRUM_KAFKA": NOWHERE,
        "BRUM_MONGO": f"mongodb://{NOWHERE}",
        "BRUM_SECRET": "x" * 32,
        "BRUM_INTERNAL_PORT": str(port),
    }
    return Child(Chaos("events-1", str(folder)), f"http://127.0.0.1:{port}", folder / "events-1.log", env)


async def until(there: Callable[[], object], within: float = 30) -> None:
    """Wait for something that another process brings about."""
    async with asyncio.timeout(within):
        while not there():
            await asyncio.sleep(0.02)


async def answers(child: Child) -> None:
    """Wait until it says how it does, however badly."""
    async with asyncio.timeout(30):
        while "no answer (" in await probe(f"{child.internal}/readyz"):
            await asyncio.sleep(0.1)


def is_alive(pid: int) -> bool:
    """Whether there is such a process, and it has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
async def child(tmp_path: Path) -> AsyncIterator[Child]:
    """A child that was started, ended with the test."""
    child = a_child(tmp_path)
    await child.start()
    yield child
    await child.close(within=0.1)


async def test_a_killed_process_is_started_again_after_a_while_and_its_death_was_wanted(child: Child) -> None:
    """As a supervisor does it; nobody is to blame."""
    first = child.pid

    await child.kill()

    assert child.pid is None
    await until(lambda: child.pid)
    assert child.pid != first
    assert child.restarts == 1
    assert [(death.code, death.wanted) for death in child.deaths] == [(-signal.SIGKILL, True)]
    assert child.died_unasked == []


async def test_c9_a_death_that_nobody_brought_about_is_counted(child: Child) -> None:
    """It is started again all the same."""
    assert child.pid
    os.kill(child.pid, signal.SIGKILL)  # by a stranger

    await until(lambda: child.restarts == 1)

    assert [death.code for death in child.died_unasked] == [-signal.SIGKILL]


async def test_whoever_buries_a_dead_process_finds_its_death_written_down(child: Child) -> None:
    """Also at the very moment at which it is no more."""
    os.kill(child.pid or 0, signal.SIGKILL)
    while child.pid is not None:
        await asyncio.sleep(0)

    await child.kill(again=False)

    assert [death.code for death in child.deaths] == [-signal.SIGKILL]


async def test_a_process_that_is_told_to_stay_away_stays_away(child: Child) -> None:
    """Also when it was about to be started again."""
    await child.kill()

    await child.kill(again=False)
    await asyncio.sleep(0.7)
    assert child.pid is None

    await child.start()
    assert child.pid


async def test_f6_an_asked_process_ends_with_0_and_stays_away(child: Child) -> None:
    """The exit code is what a rolling restart looks at."""
    await answers(child)

    assert await child.terminate() == 0

    await asyncio.sleep(0.7)
    assert child.pid is None


async def test_a_stopped_process_stands_still_and_goes_on(child: Child) -> None:
    """It is there, but says nothing."""
    await answers(child)

    child.stop()
    assert "no answer" in await probe(f"{child.internal}/livez")

    child.cont()
    await answers(child)


def test_a_killed_rig_leaves_no_process_behind(tmp_path: Path) -> None:
    """Not even one that stands still."""
    script = """
import asyncio, json, sys
from pathlib import Path
from tests.chaos.test_child import a_child

async def main():
    child = a_child(Path(sys.argv[1]))
    await child.start()
    child.stop()
    print(json.dumps(child.pid), flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""
    with subprocess.Popen(  # noqa: S603 -- our own script
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    ) as rig:
        assert rig.stdout is not None
        pid = json.loads(rig.stdout.readline())
        assert is_alive(pid)
        rig.kill()

    deadline = time.monotonic() + 5
    while is_alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)
