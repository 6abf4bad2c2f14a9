"""Docker Compose from PyPI: `python -m tests.containers.compose ARGUMENTS…` is `docker compose ARGUMENTS…`.

The package's own command answers 0 whatever happened; the program inside it tells the truth.
"""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PRODUCTION = ("docker-compose.yml",)
DEVELOPMENT = ("docker-compose.yml", "deploy/compose.development.yml")


def program() -> str:
    """Find the program."""
    spec = importlib.util.find_spec("compose")
    if spec is None or spec.origin is None:
        raise SystemExit("Docker Compose is missing: pip install -r requirements-dev.txt")
    return str(Path(spec.origin).with_name("docker-compose"))


def resolved(*files: str, **given: str) -> dict[str, Any]:
    """What the files say in the end: anchors merged, defaults filled in unless a variable is given."""
    said = subprocess.run(
        [program(), *_named(files), "config", "--format", "json"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "COMPOSE_DISABLE_ENV_FILE": "1", **given},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(said.stdout)
    return found


class Compose:
    """One deployment of the project's files on an engine."""

    def __init__(self, environment: Mapping[str, str], *, also: Sequence[str] = ()) -> None:
        """`environment` tells the engine, the project's name and what the files ask for; `also` are more files."""
        self.environment = dict(environment)
        self.files: tuple[str, ...] = PRODUCTION
        self._also = tuple(also)

    def arguments(self, *words: str) -> list[str]:
        """Full command line."""
        return [program(), *_named((*self.files, *self._also)), *words]

    def __call__(self, *words: str, within: float = 300) -> str:
        """Run it and answer what it said on stdout; AssertionError with everything it said if it failed."""
        done = subprocess.run(
            self.arguments(*words),
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=within,
        )
        assert done.returncode == 0, f"compose {' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def inside(self, service: str, *command: str, index: int = 1) -> str:
        """Run a command in a container of a service."""
        return self("exec", "-T", "--index", str(index), service, *command)

    @contextmanager
    def in_development(self) -> Iterator[None]:
        """Add the file that lets made-up people in."""
        self.files = DEVELOPMENT
        try:
            yield
        finally:
            self.files = PRODUCTION


def _named(files: Sequence[str]) -> list[str]:
    return [word for file in files for word in ("-f", file)]


if __name__ == "__main__":
    os.execv(program(), [program(), *sys.argv[1:]])
