"""A program that dies comes back, is told of, and dies with us."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.keeper import Keeper
from deploy.processes import Command, start
from deploy.trouble import TroubleError

_ROOT = Path(__file__).parents[2]


class _Sleeper:
    """A real process that writes its pid and then sleeps, or ends at once."""

    name = "sleeper"
    address = "nowhere"

    def __init__(self, folder: Path, code: str = "import time; time.sleep(600)") -> None:
        self._started = folder / "started"
        self._command = Command(
            [sys.executable, "-c", f"open({str(self._started)!r}, 'a').write('.'); {code}"], folder / "sleeper.log"
        )
        self.starts = 0

    async def command(self) -> Command:
        self.starts += 1
        return self._command

    async def ready(self) -> None:
        while not self._started.exists() or len(self._started.read_text()) < self.starts:
            await asyncio.sleep(0.01)


async def test_a_killed_program_is_started_again_and_that_is_said(tmp_path: Path) -> None:
    """The person reads that it died, how, and that it is back; the count goes up by one."""
    said: list[str] = []
    keeper = Keeper(_Sleeper(tmp_path), tell=said.append, changed=lambda: None)
    await keeper.start()
    first = keeper.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    async with asyncio.timeout(10):
        while len(said) < 2:
            await asyncio.sleep(0.02)
    second = keeper.pid
    await keeper.stop(grace=1)

    assert said == [
        "sleeper was ended by SIGKILL; it is started again in 0.5 s.",
        "sleeper is ready again.",
    ]
    assert keeper.restarts == 1
    assert second not in {None, first}
    assert keeper.pid is None
    assert keeper.health == "stopped"


async def test_a_program_that_never_gets_ready_says_its_last_words(tmp_path: Path) -> None:
    """What it wrote before it ended is in the sentence, so that nobody has to look for the log."""
    program = _Sleeper(tmp_path, code="import sys; sys.exit('no room left')")
    program.starts = 9  # so that it is not taken for ready

    with pytest.raises(TroubleError, match=r"sleeper ended with exit status 1; the end of .*\n    no room left"):
        await start(program)


async def test_a_program_that_ignores_sigterm_is_ended_all_the_same(tmp_path: Path) -> None:
    """Patience has an end, so that Ctrl-C has one too."""
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    keeper = Keeper(_Sleeper(tmp_path, stubborn), tell=print, changed=lambda: None)
    await keeper.start()
    async with asyncio.timeout(5):
        await keeper.stop(grace=0.2)

    assert keeper.pid is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
async def test_children_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    """After `kill -9` of the supervisor nothing is left that would hold ports and files."""
    parent = """
import asyncio, sys
from pathlib import Path
from deploy.processes import Command, spawn
async def main():
    child = await spawn(Command([sys.executable, "-c", "import time; time.sleep(600)"], Path(sys.argv[1])))
    print(child.pid, flush=True)
    await child.wait()
asyncio.run(main())
"""
    process = subprocess.Popen(  # noqa: ASYNC220 - a parent that is not this loop
        [sys.executable, "-c", parent, str(tmp_path / "log")], cwd=_ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    process.kill()
    process.communicate()
    async with asyncio.timeout(5):
        while _lives(child):
            await asyncio.sleep(0.02)


def _lives(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
