"""`brum up` from the first start to the last Ctrl-C, with everything that can die dying once."""

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.system.platform import ROOT, Platform

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


def _status(platform: Platform) -> dict[str, Any]:
    asked = subprocess.run(
        [sys.executable, "-m", "deploy.cli", "status", "--json"],
        cwd=ROOT,
        env=platform.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.stdout, asked.stderr
    state: dict[str, Any] = json.loads(asked.stdout)
    return state


async def test_the_life_of_a_platform(tmp_path: Path) -> None:
    """A part that dies comes back and that is said; a killed tree leaves nothing behind and starts where it was."""
    platform = Platform(tmp_path / "data").start()
    first = _status(platform)
    platform.kill("redis")
    async with asyncio.timeout(20):
        while "redis is ready again" not in platform.said():
            await asyncio.sleep(0.1)
    restarted = next(program for program in _status(platform)["programs"] if program["name"] == "redis")
    assert platform.process is not None
    platform.process.kill()
    platform.process.wait()
    async with asyncio.timeout(5):
        while any(_lives(program["pid"]) for program in first["programs"]):
            await asyncio.sleep(0.05)
    killed = _status(platform)
    platform.start()
    second = _status(platform)
    took = platform.stop(signal.SIGTERM)

    assert {program["name"] for program in first["programs"]} == {
        *("kafka", "mongo", "redis", "events", "pledges", "notifications", "gateway")
    }
    assert {program["health"] for program in first["programs"]} == {"ready"}
    assert "redis was ended by SIGKILL; it is started again in 0.5 s." in platform.said()
    assert (restarted["restarts"], restarted["health"]) == (1, "ready")
    assert killed == {"running": False}
    assert [program["address"] for program in second["programs"]] == [
        program["address"] for program in first["programs"]
    ]
    assert took < 20
    assert platform.process.returncode == 0
    assert _status(platform) == {"running": False}


def _lives(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
