"""The `brum` command as a person meets it."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from deploy.cli import app
from deploy.instance import Instance

_ROOT = Path(__file__).parents[2]


def _brum(*arguments: str, data: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deploy.cli", *arguments],
        cwd=_ROOT,
        env={**os.environ, "BRUM_DATA": str(data), "COLUMNS": "100", **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _commands(command: Any, *path: str) -> Iterator[tuple[str, ...]]:  # noqa: ANN401 - typer keeps its click private
    yield path
    for name, sub in getattr(command, "commands", {}).items():
        yield from _commands(sub, *path, name)


@pytest.mark.parametrize("path", list(_commands(typer.main.get_command(app))), ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...], tmp_path: Path) -> None:
    """Help is there, fits a page, and every option and argument says what it is for."""
    shown = _brum(*path, "--help", data=tmp_path)
    command: Any = typer.main.get_command(app)
    for name in path:
        command = command.commands[name]

    assert shown.returncode == 0
    assert len(shown.stdout.splitlines()) < 60
    assert command.help
    assert [each.name for each in command.params if each.name != "help" and not each.help] == []


def test_a_port_in_use_gets_one_sentence_with_the_remedy(tmp_path: Path) -> None:
    """Nothing was started, nothing was made."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = _brum("up", data=tmp_path, PORT=str(port))

    assert answer.returncode == 1
    assert answer.stderr == (
        f"brum: Port {port} is in use: stop what listens there, or choose another port: PORT={port + 1} make run\n"
    )
    assert not (tmp_path / "keys").exists()


def test_a_second_up_on_the_same_data_gets_one_sentence(tmp_path: Path) -> None:
    """It says how to run two side by side."""
    with Instance(tmp_path).locked():
        answer = _brum("up", data=tmp_path)

    assert answer.returncode == 1
    assert answer.stderr.startswith(f"brum: BrumTogether already runs on {tmp_path}")
    assert answer.stderr.count("\n") == 1


def test_a_missing_part_gets_one_sentence_with_the_remedy(tmp_path: Path) -> None:
    """Here the broker that BRUM_KAFKA names does not exist; the embedded ones are not needed to find out."""
    elsewhere = {
        "BRUM_KAFKA": "127.0.0.1:9",
        "BRUM_MONGO": "mongodb://127.0.0.1:9",
        "BRUM_REDIS": "redis://127.0.0.1:9",
    }
    answer = _brum("up", data=tmp_path, PORT="0", **elsewhere)

    assert answer.returncode == 1
    assert "127.0.0.1:9" in answer.stderr


def test_a_missing_setting_is_named_by_its_variable(tmp_path: Path) -> None:
    """A container that lacks one says which, and shows no traceback."""
    answer = _brum("serve", "events", data=tmp_path, BRUM_KAFKA="k:1", BRUM_MONGO="", BRUM_SECRET="short-secret")

    assert answer.returncode == 1
    assert "BRUM_MONGO: Field required" in answer.stderr
    assert "BRUM_SECRET: " in answer.stderr
    assert "short-secret" not in answer.stderr
    assert "Traceback" not in answer.stderr


def test_status_says_when_nothing_runs(tmp_path: Path) -> None:
    """In words for people and in JSON for programs."""
    assert "does not run here" in _brum("status", data=tmp_path).stderr
    assert _brum("status", "--json", data=tmp_path).stdout == '{"running": false}\n'


def test_tokens_are_for_development_only(tmp_path: Path) -> None:
    """In production nobody signs tokens on the machine itself."""
    assert _brum("token", "--sub", "ana", data=tmp_path).stdout.count(".") == 2
    assert _brum("token", "--sub", "ana", data=tmp_path, BRUM_ENV="production").returncode == 1


def test_doctor_names_what_is_wrong_and_the_remedy(tmp_path: Path) -> None:
    """A Kafka that does not answer is found, with the variable that names it."""
    answer = _brum("doctor", data=tmp_path, BRUM_KAFKA="127.0.0.1:9")

    assert answer.returncode == 1
    assert "wrong kafka" in answer.stdout
    assert "127.0.0.1:9" in answer.stdout
