"""A Docker engine: the one that runs here, or one of our own that leaves nothing behind."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_UP_S = 60
_DOWN_S = 60
_OURS = re.compile(r"DOCKER|docker0|br-[0-9a-f]{12}")
_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
_TABLES = ("filter", "nat")


class Engine:
    """Speaks to an engine through the `docker` command."""

    def __init__(self, environment: dict[str, str], *, own: bool) -> None:
        """`own`: nobody else uses it, so that stand-ins may bear the names of real images."""
        self.environment = environment
        self.own = own

    def __call__(self, *words: str, within: float = 300, feed: Path | None = None) -> str:
        """Run `docker WORDS…`, fed from a file if one is given; AssertionError with what it said if it failed."""
        done = self._run(words, within, feed)
        assert done.returncode == 0, f"docker {' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    def works(self, *words: str, within: float = 300) -> bool:
        """Tell whether `docker WORDS…` succeeds."""
        try:
            return self._run(words, within, None).returncode == 0
        except (OSError, subprocess.TimeoutExpired):
            return False

    def inspect(self, container: str) -> dict[str, Any]:
        """All that the engine knows of a container."""
        found: list[dict[str, Any]] = json.loads(self("inspect", container))
        return found[0]

    def _run(self, words: Sequence[str], within: float, feed: Path | None) -> "subprocess.CompletedProcess[str]":
        with open(feed or os.devnull, "rb") as stdin:  # noqa: PTH123 -- the null device is no path of ours
            return subprocess.run(
                ["docker", *words],
                env=self.environment,
                stdin=stdin,
                capture_output=True,
                text=True,
                check=False,
                timeout=within,
            )


@contextmanager
def engine(*, own: bool) -> Iterator[Engine]:
    """Give the engine that runs here, unless an own one is wanted or none runs; SystemExit says what is missing."""
    running = Engine(dict(os.environ), own=False)
    if not own and running.works("info"):
        yield running
        return
    if not shutil.which("dockerd") or not shutil.which("docker"):
        _install()
    with tempfile.TemporaryDirectory(prefix="brum-engine-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        with _started(home) as socket:
            environment = {**os.environ, "DOCKER_HOST": socket, "DOCKER_CONFIG": str(home / "client")}
            yield Engine(environment, own=True)


def _install() -> None:
    """Get Debian's engine, if this is root on a Debian."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise SystemExit(
            "No Docker engine runs here. Start one, or be root on Debian or Ubuntu, where this gets docker.io by "
            "apt-get and starts an engine of its own."
        )
    print("  fetching docker.io by apt-get")
    for words in (["update", "--quiet"], ["install", "--quiet", "--yes", "--no-install-recommends", "docker.io"]):
        apt(*words)


def apt(*words: str) -> None:
    """Run apt-get, which speaks only if it fails."""
    done = subprocess.run(
        ["apt-get", *words],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"apt-get {' '.join(words)} failed:\n{done.stdout}{done.stderr}")


@contextmanager
def _started(home: Path) -> Iterator[str]:
    """Run dockerd with all its files below a folder, and afterwards undo what it did to the machine's network."""
    if os.geteuid() != 0:
        raise SystemExit("An engine of our own must be started by root; else start Docker first.")
    rules = {table: _rules(table) for table in _TABLES}
    forwarding = _FORWARDING.read_text()
    socket = f"unix://{home / 'engine.sock'}"
    log = home / "engine.log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [
                "dockerd",
                *("--data-root", str(home / "data"), "--exec-root", str(home / "run")),
                *("--pidfile", str(home / "pid"), "--host", socket),
            ],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        asked = Engine({**os.environ, "DOCKER_HOST": socket}, own=True)
        end = time.monotonic() + _UP_S
        while not asked.works("info", within=10):
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"dockerd does not run on this machine:\n{log.read_text(errors='replace')[-4000:]}")
            time.sleep(0.25)
        yield socket
    finally:
        process.terminate()
        try:
            process.wait(_DOWN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _unmount_below(home)
        _undo_network(rules, forwarding)


def _rules(table: str) -> list[str]:
    """The firewall's chains and rules, as iptables-save writes them."""
    said = subprocess.run(["iptables-save", "-t", table], capture_output=True, text=True, check=True)
    return [line for line in said.stdout.splitlines() if line.startswith((":", "-A"))]


def _undo_network(before: dict[str, list[str]], forwarding: str) -> None:
    """Delete the rules, chains and links that Docker made, and nothing else."""
    for table, known in before.items():
        chains = {line.split()[0]: line.split()[1] for line in known if line.startswith(":")}
        new = [line for line in _rules(table) if line not in known and _OURS.search(line)]
        for rule in (line for line in new if line.startswith("-A")):
            _iptables(table, "-D", *re.findall(r'"[^"]*"|\S+', rule)[1:])
        for chain in (line.split()[0] for line in new if line.startswith(":")):
            if chain not in chains:
                _iptables(table, "-F", chain[1:])
                _iptables(table, "-X", chain[1:])
        if ":FORWARD" in chains and table == "filter":
            _iptables(table, "-P", "FORWARD", chains[":FORWARD"])
    if ":FORWARD" not in {line.split()[0] for line in before["filter"]}:
        _iptables("filter", "-P", "FORWARD", "ACCEPT")
    _FORWARDING.write_text(forwarding)
    subprocess.run(["ip", "link", "delete", "docker0"], capture_output=True, check=False)


def _iptables(table: str, *words: str) -> None:
    subprocess.run(["iptables", "--wait", "-t", table, *words], capture_output=True, check=False)


def _unmount_below(folder: Path) -> None:
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in sorted((each for each in mounts if each.startswith(f"{folder}/")), key=len, reverse=True):
        subprocess.run(["umount", "--lazy", mount], capture_output=True, check=False)
