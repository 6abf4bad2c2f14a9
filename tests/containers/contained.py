"""Asks the kernel and the engine whether a running container may do more than it must."""

from pathlib import Path
from typing import Any

from tests.containers.engine import Engine

_WRITABLE_ROOT = frozenset({"kafka"})
"""The real image's start-up script writes into its own folders."""


def check(engine: Engine, container: str) -> None:
    """AssertionError with all that is wrong with a running container."""
    told = engine.inspect(container)
    service = told["Config"]["Labels"]["com.docker.compose.service"]
    wrong = [*_of_process(int(told["State"]["Pid"]), service), *_of_limits(told["HostConfig"])]
    published = {port: where for port, where in told["NetworkSettings"]["Ports"].items() if where}
    if service == "gateway":
        if [each["HostIp"] for where in published.values() for each in where] != ["127.0.0.1"]:
            wrong.append(f"is published as {published}")
    elif published:
        wrong.append(f"is published: {published}")
    if told["Config"]["Healthcheck"]["Test"][0] != "CMD":
        wrong.append("asks a shell how it is")
    assert not wrong, f"{service}: {'; '.join(wrong)}"


def _of_process(pid: int, service: str) -> list[str]:
    """Look at its first process from outside, where it cannot lie."""
    home = Path(f"/proc/{pid}")
    wrong = []
    status = dict(line.split(":", 1) for line in (home / "status").read_text().splitlines() if ":" in line)
    if "0" in status["Uid"].split():
        wrong.append("runs as root")
    sets = {kind: status[kind].strip() for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}
    wrong += [f"has capabilities ({kind} {mask})" for kind, mask in sets.items() if int(mask, 16)]
    if status["NoNewPrivs"].strip() != "1":
        wrong.append("may gain privileges")
    if status["Seccomp"].strip() != "2":
        wrong.append("may make any system call")
    mounts = [line.split() for line in (home / "mounts").read_text().splitlines()]
    root = next(options for _, place, _, options, *_ in mounts if place == "/")
    if ("ro" in root.split(",")) == (service in _WRITABLE_ROOT):
        wrong.append(f"has a root file system with {root}")
    return wrong


def _of_limits(settings: dict[str, Any]) -> list[str]:
    wrong = [f"has no limit of {name}" for name in ("Memory", "PidsLimit", "NanoCpus") if not settings[name]]
    log = settings["LogConfig"]
    if log["Type"] != "json-file" or {"max-size", "max-file"} - set(log["Config"]):
        wrong.append("may fill the disk with its log")
    return wrong
