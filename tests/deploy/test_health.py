"""How a container's process is asked how it is."""

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.health import finding
from deploy.ports import free_port

_ROOT = Path(__file__).parents[2]
_SAID = {"/livez": {"event loop": "ok"}, "/readyz": {"mongo": "ok", "kafka": "no partitions yet"}}


class _Process(http.server.BaseHTTPRequestHandler):
    """Lives, and is not ready."""

    def do_GET(self) -> None:
        checks = _SAID[self.path]
        self.send_response(200 if set(checks.values()) == {"ok"} else 503)
        self.end_headers()
        self.wfile.write(json.dumps({"checks": checks}).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A process that listens at BRUM_INTERNAL_PORT."""
    with http.server.HTTPServer(("127.0.0.1", 0), _Process) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("BRUM_INTERNAL_PORT", str(server.server_port))
        yield server.server_port
        server.shutdown()


def test_a_process_that_lives_is_told_from_one_that_takes_work(port: int) -> None:
    """The probe for a restart and the probe for traffic are two."""
    assert port
    assert finding(ready=False) == ""
    assert finding(ready=True) == "kafka: no partitions yet"


def test_nobody_there_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that does not listen is not well."""
    monkeypatch.setenv("BRUM_INTERNAL_PORT", str(free_port()))

    assert finding(ready=False) == "no answer (ConnectionRefusedError)"


def test_the_port_must_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it there is no telling whom to ask."""
    monkeypatch.delenv("BRUM_INTERNAL_PORT", raising=False)

    assert "BRUM_INTERNAL_PORT" in finding(ready=False)


@pytest.mark.parametrize("command", [["deploy.health"], ["deploy.cli", "health"]])
def test_the_containers_probe_and_the_persons_command_say_the_same(command: list[str], port: int) -> None:
    """Exit status and words."""
    words = [sys.executable, "-m", *command]
    environment = os.environ | {"BRUM_INTERNAL_PORT": str(port)}
    well = subprocess.run(words, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False)
    ill = subprocess.run([*words, "--ready"], cwd=_ROOT, env=environment, capture_output=True, text=True, check=False)

    assert (well.returncode, well.stdout) == (0, "ok\n")
    assert ill.returncode == 1
    assert "kafka: no partitions yet" in ill.stdout + ill.stderr


def test_the_probe_imports_nothing_that_takes_long(port: int) -> None:
    """It runs every few seconds in every container."""
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "deploy.health"],
        cwd=_ROOT,
        env=os.environ | {"BRUM_INTERNAL_PORT": str(port)},
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in told.stderr.splitlines()}

    assert imported.isdisjoint({"asyncio", "httpx2", "pydantic", "rich", "typer"})
