"""`brum simulate` on a running platform: its totals are exact, whatever happens meanwhile."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.system.platform import ROOT, Platform

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]

SEASON_S = 285 * 86_400
"""How long the season is."""


@pytest.fixture
def breakable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform whose programs are killed."""
    running = Platform(tmp_path_factory.mktemp("simulated") / "data").start()
    try:
        yield running
    finally:
        running.stop()


def simulate(platform: Platform, *arguments: str) -> subprocess.Popen[str]:
    """Start `brum simulate` at a hundredth of the season."""
    return subprocess.Popen(  # noqa: S603 -- our own command
        [sys.executable, "-m", "deploy.cli", "simulate", "--scale", "0.01", *arguments],
        cwd=ROOT,
        env=platform.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def ended(process: subprocess.Popen[str]) -> str:
    """Wait for its end, which must be a good one, and give what it said."""
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    return said


def figure(said: str, name: str) -> list[int]:
    """The numbers behind a name in the ledger."""
    line = re.search(rf"^{name} +([0-9 ,]+)$", said, re.MULTILINE)
    assert line, said
    return [int(number.replace(",", "")) for number in line[1].split()]


def test_the_ledger_is_exact_and_a_stopped_run_goes_on(platform: Platform) -> None:
    """Ctrl-C says how to go on; the same run, taken up again, ends with every parcel counted once."""
    stopped = simulate(platform, "--run", "test1", "--speed", str(SEASON_S / 8))
    time.sleep(5)
    os.killpg(stopped.pid, signal.SIGINT)
    said, _ = stopped.communicate(timeout=30)

    assert stopped.returncode == 130
    assert "brum simulate --run test1 --seed 2020 --scale 0.01" in said

    said = ended(simulate(platform, "--run", "test1"))

    assert figure(said, "food parcels") == [620, 620]
    assert figure(said, "meals") == [220, 220]
    assert figure(said, "volunteers") == [8]
    assert figure(said, "deliveries") == [840]
    assert figure(said, "sent twice, counted once") == [84]
    assert figure(said, "corrected") == [8]
    assert figure(said, "registrations") == [50, 40, 40]
    assert figure(said, "on shifts") == [9, 6, 6]
    assert "3 dropped out and 3 came instead; 1 asked for cover and 1 found somebody" in " ".join(said.split())
    assert figure(said, "openings in a year") == [104]
    assert figure(said, "of them called off") == figure(said, "of them an hour later") == [2]
    assert figure(said, "heartbeats heard") == [2]
    assert figure(said, "pledges matched by hand") == [6]
    assert figure(said, "accepted") == [3]
    assert figure(said, "gone stale") == [1]
    assert figure(said, "local hour the same all year") == [104, 0]
    assert figure(said, "nobody beyond capacity") == [4, 0]
    assert figure(said, "food: even, nothing delivered that was not pledged")[1:] == [0]
    assert "after 2 had left, 40 have places and 8 wait" in " ".join(said.split())
    assert "The totals are exact, and all that must hold holds." in said


def test_the_ledger_is_exact_when_programs_are_killed_meanwhile(breakable: Platform) -> None:
    """A service, the gateway, Kafka and MongoDB, one after the other."""
    process = simulate(breakable, "--speed", str(SEASON_S / 16))
    for name in ("pledges", "kafka", "gateway", "mongo"):
        time.sleep(4)
        breakable.kill(name)
    said = ended(process)

    assert figure(said, "food parcels") == [620, 620]
    assert figure(said, "meals") == [220, 220]
    assert figure(said, "registrations") == [50, 40, 40]


def test_another_seed_under_the_same_run_is_refused(platform: Platform) -> None:
    """Its keys belong to another season, and the command says so at once."""
    ended(simulate(platform, "--run", "test2"))
    said, _ = (process := simulate(platform, "--run", "test2", "--seed", "7")).communicate(timeout=120)

    assert process.returncode == 1
    assert "Run test2 was begun with another seed or scale." in said
