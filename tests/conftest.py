"""Real Kafka, MongoDB and Redis for every test that asks: started once a run, shared by pytest's workers."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How fast examples are drawn says something of the machine, and nothing of us.
settings.register_profile("brum", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("brum")

_ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def kafka(shared_parts: Path) -> str:
    """The address of a running Kafka; topics are shared, so name yours after your test."""
    return _address("kafka", shared_parts)


@pytest.fixture(scope="session")
def mongo(shared_parts: Path) -> str:
    """The address of a running MongoDB; databases are shared, so name yours after your test."""
    return _address("mongo", shared_parts)


@pytest.fixture(scope="session")
def redis(shared_parts: Path) -> str:
    """The address of a running Redis; keys are shared, so prefix yours, and never flush it."""
    return _address("redis", shared_parts)


@pytest.fixture(scope="session")
def shared_parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder that this run keeps its parts in, one for all workers."""
    base = tmp_path_factory.getbasetemp()
    in_worker = "PYTEST_XDIST_WORKER" in os.environ
    folder = (base.parent if in_worker else base) / "parts"
    folder.mkdir(exist_ok=True)
    yield folder
    if not in_worker:
        _stop(folder)


def _address(name: str, folder: Path) -> str:
    """Start a part unless another worker did; it ends with the process that runs pytest, whatever happens."""
    note = folder / f"{name}.json"
    with _alone(folder / f"{name}.lock"):
        if not note.exists():
            owner = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
            process = subprocess.Popen(  # noqa: S603 - our own module
                [
                    sys.executable,
                    "-m",
                    "deploy.embedded",
                    name,
                    "--data",
                    folder / name,
                    "--while",
                    str(owner),
                ],
                cwd=_ROOT,
                env={**os.environ, "BRUM_EMBEDDED": "package"},
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            if not address:
                pytest.exit(f"{name} did not start; its reason is above and in {folder / name / 'logs'}", 1)
            note.write_text(json.dumps({"pid": process.pid, "address": address}))
    return str(json.loads(note.read_text())["address"])


def _stop(folder: Path) -> None:
    pids = [int(json.loads(note.read_text())["pid"]) for note in folder.glob("*.json")]
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 20
    for pid in pids:
        while time.monotonic() < deadline and os.waitpid(pid, os.WNOHANG) == (0, 0):
            time.sleep(0.05)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
