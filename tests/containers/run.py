"""`make compose-test`: the containers as operators run them, on a Docker engine, from the build to the last SIGTERM.

Uses the engine that runs here; starts one of its own, and ends it, where none does. Where images cannot be pulled, or
with STANDINS=1, they are stand-ins, and what each of them is stands at the end.
"""

import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from deploy.ports import free_port
from tests.containers import standins
from tests.containers.compose import ROOT, Compose
from tests.containers.engine import Engine, engine
from tests.containers.trial import PROCESSES, Trial

_IMAGE, _TAG = "brumtogether", "trial"


def main() -> None:
    """Run everything; SystemExit if anything is not as it must be."""
    began = time.monotonic()
    # So that an engine of ours is ended also when we are.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    wanted = os.environ.get("STANDINS") == "1"
    with engine(own=wanted) as docker, tempfile.TemporaryDirectory(prefix="brum-compose-") as folder:
        version = docker("info", "--format", "{{.ServerVersion}}")
        print(f"Docker {version}, {'started for this' if docker.own else 'as it runs here'}")
        _see_to_images(docker, wanted=wanted)
        compose = Compose(_environment(docker, Path(folder)), also=_fetching(Path(folder)))
        failed = _try(docker, compose)
        stood_in = standins.found(docker)
    print()
    print("\n  ".join(["Stand-ins, so that nothing is proved of the real images' start-up scripts:", *stood_in])
          if stood_in else "Every image was the real one.")  # fmt: skip
    print(f"{time.monotonic() - began:.0f} s in all")
    if failed:
        raise SystemExit(failed)


def _see_to_images(docker: Engine, *, wanted: bool) -> None:
    """Build stand-ins where there is no other way. An engine of somebody else's keeps its images as they are."""
    if docker.own and (wanted or not docker.works("pull", "--quiet", standins.named()["python"])):
        print("Images are not pulled here: stand-ins are built", flush=True)
        standins.build(docker)


def _environment(docker: Engine, folder: Path) -> dict[str, str]:
    """What the files ask for, and nothing that this shell happens to have set."""
    kept = {name: value for name, value in docker.environment.items() if not name.startswith(("BRUM_", "COMPOSE_"))}
    secret = folder / "secrets" / "brum"
    subprocess.run(["make", "--silent", "secrets"], cwd=ROOT, env={**kept, "BRUM_SECRET_FILE": str(secret)}, check=True)
    return kept | {
        "BRUM_SECRET_FILE": str(secret),
        "COMPOSE_DISABLE_ENV_FILE": "1",
        "COMPOSE_PROJECT_NAME": f"brum-{secrets.token_hex(3)}",
        "IMAGE": _IMAGE,
        "PORT": str(free_port()),
        "TAG": _TAG,
    }


def _fetching(folder: Path) -> list[str]:
    """Write a file for Compose that tells the build how this machine fetches packages, if there is anything to tell."""
    handed = standins.build_secrets(folder)
    proxies = [name for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY") if os.environ.get(name)]
    lines = ["services:", "  topics:", "    build:"]
    lines += ["      args:", *(f"        {name}:" for name in proxies)] if proxies else []
    lines += ["      secrets:", *(f"        - {name}" for name in handed)] if handed else []
    lines += ["secrets:", *(f"  {name}: {{file: {file}}}" for name, file in handed.items())] if handed else []
    if not handed and not proxies:
        return []
    file = folder / "fetching.yml"
    file.write_text("\n".join(lines) + "\n")
    return [str(file)]


def _try(docker: Engine, compose: Compose) -> str:
    """Build, take every step, take all down; answer what failed, or nothing."""
    trial = Trial(docker, compose, f"{_IMAGE}:{_TAG}")
    passed = 0

    def built() -> str:
        compose("build", "topics", within=900)
        return ""

    steps = [("the image is built", built), *trial.steps()]
    try:
        for name, step in steps:
            began = time.monotonic()
            try:
                said = step()
            except (AssertionError, OSError, subprocess.SubprocessError) as error:
                print(f"FAILED  {name}: {error}")
                print(compose("logs", "--no-color", "--tail", "15", *PROCESSES))
                return f"{name}: failed after {passed} steps that passed"
            passed += 1
            print(f"ok      {name} [{time.monotonic() - began:.0f} s] {said}", flush=True)
        print(f"{passed} passed, 0 failed")
        return ""
    finally:
        compose("down", "--volumes", "--timeout", "20", "--remove-orphans")
        if not docker.own:
            docker.works("image", "rm", f"{_IMAGE}:{_TAG}")


if __name__ == "__main__":
    main()
