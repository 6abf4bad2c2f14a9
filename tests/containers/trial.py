"""The steps of the containers' trial, in the order in which they are taken."""

import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx2

from tests.containers import contained
from tests.containers.compose import ROOT, Compose
from tests.containers.engine import Engine
from tests.containers.ledger import Crowd

PROCESSES = ("events", "pledges", "notifications", "gateway")
PARTS = ("kafka", "mongo", "redis")
_ENDS_WITHIN = 20.0
_BACK_WITHIN = 60.0
_SERVED = "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:8100/metrics').read().decode())"
_REACHES = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)"
_KNOWS = "import socket, sys; print(len({each[4][0] for each in socket.getaddrinfo(sys.argv[1], 1)}))"


class Trial:
    """One deployment, taken through everything that an operator would do to it."""

    def __init__(self, engine: Engine, compose: Compose, image: str) -> None:
        """`image` is what Compose makes of the Dockerfile; the environment of `compose` names its port."""
        self.engine = engine
        self.compose = compose
        self.image = image
        self.address = f"http://127.0.0.1:{compose.environment['PORT']}"
        self._crowd: Crowd | None = None

    def steps(self) -> list[tuple[str, Callable[[], str]]]:
        """Every step: what it shows, and what does it and says a few figures."""
        return [
            ("the image has no shell, no root, no leftovers", self._image),
            ("up --wait, as in production", self._up),
            ("no container may do more than it must (sec_48)", self._contained),
            ("stores are out of reach of whom they do not concern", self._apart),
            ("in production, nobody signs tokens here", self._strict),
            ("up --wait with the development file renews the gateway alone", self._develop),
            ("the README's tour", self._tour),
            ("--scale pledges=3 and a killed container under load", self._load),
            ("up --wait once more changes nothing", self._again),
            ("SIGTERM ends every container (sec_49)", self._end),
            ("a backup is restored to where nothing is", self._return),
        ]

    def _image(self) -> str:
        run = ("run", "--rm", "--network", "none")
        for shell in ("/bin/sh", "/bin/bash", "/bin/dash"):
            assert not self.engine.works(*run, "--entrypoint", shell, self.image, "-c", "true"), f"{shell} is there"
        look = (
            "import os, pathlib; "
            "print(os.getuid(), os.getgid(), *pathlib.Path('/root/.cache').glob('*'), *pathlib.Path('/tmp').iterdir())"
        )
        # As root, for else it could not look; what it is by itself stands in the image.
        assert self.engine(*run, "--user", "0", "--entrypoint", "python", self.image, "-c", look) == "0 0"
        told = self.engine.inspect(self.image)
        assert told["Config"]["User"] == "10001:10001"
        secret = Path(self.compose.environment["BRUM_SECRET_FILE"]).read_text()
        assert secret not in self.engine("history", "--no-trunc", self.image)
        return f"{told['Size'] / 1e6:.0f} MB"

    def _up(self) -> str:
        took = _timed(lambda: self.compose("up", "--no-build", "--wait", "--wait-timeout", "240"))
        assert httpx2.get(f"{self.address}/readyz", verify=False).status_code == 200
        return f"{took:.0f} s"

    def _contained(self) -> str:
        containers = self._containers(*PROCESSES, *PARTS)
        for container in containers:
            contained.check(self.engine, container)
        return f"{len(containers)} containers"

    def _apart(self) -> str:
        ports = {"mongo": 27017, "redis": 6379}
        for service, store in (("gateway", "mongo"), ("pledges", "redis"), ("events", "redis")):
            for network in self.engine.inspect(self._containers(store)[0])["NetworkSettings"]["Networks"].values():
                address = network["IPAddress"]
                reached = self._inside_works(service, _REACHES, address, str(ports[store]))
                assert not reached, f"{service} reaches {store}"
                assert self._inside_works(
                    "events" if store == "mongo" else "gateway", _REACHES, address, str(ports[store])
                )
        for service in {*PROCESSES, *PARTS} - {"gateway"}:
            networks = self.engine.inspect(self._containers(service)[0])["NetworkSettings"]["Networks"]
            ways_out = [name for name in networks if not self.engine.inspect(name)["Internal"]]
            assert not ways_out, f"{service} has a way out: {ways_out}"
        return "the gateway alone has a way out"

    def _strict(self) -> str:
        refused = subprocess.run(
            self.compose.arguments("exec", "-T", "gateway", "brum", "token", "--sub", "ana"),
            cwd=ROOT,
            env=self.compose.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert refused.returncode == 1
        assert "development only" in refused.stderr
        assert httpx2.get(f"{self.address}/v1/campaigns", verify=False).status_code == 200
        assert httpx2.get(f"{self.address}/metrics", verify=False).status_code == 404
        return "but everybody reads"

    def _develop(self) -> str:
        before = set(self._containers(*PROCESSES, *PARTS))
        with self.compose.in_development():
            took = _timed(lambda: self.compose("up", "--no-build", "--wait", "--wait-timeout", "240"))
        kept = before & set(self._containers(*PROCESSES, *PARTS))
        assert len(before) - len(kept) == 1
        return f"{took:.0f} s"

    def _tour(self) -> str:
        blocks = [*_blocks("docs/containers.md", "sh tour"), *_blocks("README.md", "sh tour")]
        assert len(blocks) >= 7
        said = self._as_written(blocks)
        assert '"meal": 12' in said, said
        assert "idempotency-replayed: true" in said.lower(), said
        return f"{len(blocks) - 1} blocks as they stand"

    def _load(self) -> str:
        with self.compose.in_development():
            self._crowd = Crowd(
                f"{self.address}/v1", self._token("ana", "organiser"), [self._token(f"p{each}") for each in range(6)]
            )
            with self._crowd.at_work() as books:
                time.sleep(3)
                scaled = _timed(
                    lambda: self.compose("up", "--no-build", "--wait", "--wait-timeout", "240", "--scale", "pledges=3")
                )
                assert self.compose.inside("gateway", "python", "-c", _KNOWS, "pledges").strip() == "3"
                time.sleep(10)
                back = self._kill_one("pledges")
                time.sleep(10)
                busy = self._who_decided()
            self._crowd.check()
        assert busy == 3, f"{busy} of 3 replicas decided something"
        return (
            f"scaled in {scaled:.0f} s, back {back:.0f} s after the kill, every replica decided; "
            f"{books.pledged.total():,} units acknowledged, all on the books; {books.repeats} repeats, "
            f"longest answer {books.longest:.1f} s; "
            f"reads of a pledges replica by status: {dict(books.reads)}"
        )

    def _kill_one(self, service: str) -> float:
        """SIGKILL a process as the kernel would, for lack of memory; `docker kill` would keep it from coming back."""
        victim = self._containers(service)[0]
        began = time.monotonic()
        os.kill(int(self.engine.inspect(victim)["State"]["Pid"]), signal.SIGKILL)
        while True:
            told = self.engine.inspect(victim)
            if told["RestartCount"] == 1 and told["State"]["Health"]["Status"] == "healthy":
                return time.monotonic() - began
            assert time.monotonic() - began < _BACK_WITHIN, f"{service} did not come back: {told['State']}"
            time.sleep(0.5)

    def _who_decided(self) -> int:
        """Replicas of pledges that decided at least one batch since they were started."""
        said = [self.compose.inside("pledges", "python", "-c", _SERVED, index=index) for index in (1, 2, 3)]
        counts = [
            re.search(r'^commands_decide_seconds_count\{service="pledges"\} (\S+)', text, re.MULTILINE) for text in said
        ]
        return sum(bool(count and float(count[1])) for count in counts)

    def _again(self) -> str:
        before = sorted(self._containers(*PROCESSES, *PARTS))
        with self.compose.in_development():
            took = _timed(
                lambda: self.compose("up", "--no-build", "--wait", "--wait-timeout", "240", "--scale", "pledges=3")
            )
        assert sorted(self._containers(*PROCESSES, *PARTS)) == before
        return f"{took:.0f} s"

    def _end(self) -> str:
        took: dict[str, float] = {}
        for service in (*reversed(PROCESSES), *PARTS):
            for container in self._containers(service):
                took[service] = max(self._stop(container), took.get(service, 0.0))
                code = self.engine.inspect(container)["State"]["ExitCode"]
                # Java says by its status that it was SIGTERM that ended it.
                assert code in ({0} if service != "kafka" else {0, 143}), f"{service} ended with {code}"
        slow = {service: seconds for service, seconds in took.items() if seconds > _ENDS_WITHIN}
        assert not slow, slow
        took["a service that waits for Kafka"] = self._end_while_waiting()
        return ", ".join(f"{service} {seconds:.1f} s" for service, seconds in took.items())

    def _end_while_waiting(self) -> float:
        """Stop a process that has found nothing it needs yet."""
        settings = {
            "BRUM_KAFKA": "127.0.0.1:9",
            "BRUM_MONGO": "mongodb://127.0.0.1:9/?replicaSet=brum",
            "BRUM_SECRET": "not a secret, for nobody will ever ask it",
        }
        words = [word for name, value in settings.items() for word in ("--env", f"{name}={value}")]
        container = self.engine("run", "--detach", "--network", "none", *words, self.image, "serve", "events")
        try:
            time.sleep(3)
            assert self.engine.inspect(container)["State"]["Running"]
            took = self._stop(container)
            assert took < _ENDS_WITHIN
            return took
        finally:
            self.engine("rm", "--force", container)

    def _stop(self, container: str) -> float:
        return _timed(lambda: self.engine("stop", "--time", "60", container))

    def _return(self) -> str:
        assert self._crowd is not None
        backup, restore = (_blocks("docs/containers.md", f"sh {name}") for name in ("backup", "restore"))
        with tempfile.TemporaryDirectory(prefix="brum-backup-") as folder:
            took = _timed(lambda: self._as_written([*backup, "docker compose down --volumes", *restore], BACKUP=folder))
        self._crowd.check()
        return f"{took:.0f} s"

    def _as_written(self, blocks: Sequence[str], **environment: str) -> str:
        """Run what a document tells a person to type, in one shell.

        The documents speak to people who have Docker's own Compose; ours is another program with the same words.
        """
        docker = 'docker() { if [ "$1" = compose ]; then shift; "$COMPOSE" "$@"; else command docker "$@"; fi; }'
        done = subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", "\n".join((docker, *blocks))],
            cwd=ROOT,
            env={**self.compose.environment, **environment, "COMPOSE": self.compose.arguments()[0]},
            capture_output=True,
            text=True,
            check=False,
            timeout=400,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _containers(self, *services: str) -> list[str]:
        return self.compose("ps", "--all", "--quiet", *services).split()

    def _token(self, sub: str, *roles: str) -> str:
        asked = [word for role in roles for word in ("--role", role)]
        return self.compose.inside("gateway", "brum", "token", "--sub", sub, *asked).strip()

    def _inside_works(self, service: str, program: str, *words: str) -> bool:
        return self.engine.works("exec", self._containers(service)[0], "python", "-c", program, *words)


def _blocks(document: str, kind: str) -> list[str]:
    """The fenced blocks of one kind."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def _timed(deed: Callable[[], object]) -> float:
    began = time.monotonic()
    deed()
    return time.monotonic() - began
