"""The whole platform as a person starts it: `brum up` in a folder of its own, asked over HTTP."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, Self

import httpx2

from services.gateway import development

ROOT = Path(__file__).parents[2]
READY_S = 120.0


def free_port() -> int:
    """Find a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Platform:
    """A running platform."""

    def __init__(self, data: Path) -> None:
        """Name its folder; nothing is started."""
        self.data = data
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What its commands read."""
        return {
            **os.environ,
            "BRUM_DATA": str(self.data),
            "PORT": str(self.port),
            "BRUM_EMBEDDED": "package",
            "BRUM_PARTITIONS": "6",
        }

    def start(self, *arguments: str) -> Self:
        """Start it and wait until it is ready."""
        self.data.mkdir(parents=True, exist_ok=True)
        with (self.data / "up.log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 -- our own command
                [sys.executable, "-m", "deploy.cli", "up", *(arguments or ("--no-season",))],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + READY_S
        while not self._is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise AssertionError(f"not ready:\n{self.said()[-4000:]}")
            time.sleep(0.1)
        return self

    def _is_ready(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/readyz", trust_env=False, timeout=5, verify=False).is_success
        except httpx2.HTTPError:
            return False

    def said(self) -> str:
        """What it printed."""
        return (self.data / "up.log").read_text(errors="replace")

    def program(self, name: str) -> dict[str, Any]:
        """State of a part or process, as its supervisor tells it."""
        state = json.loads((self.data / "state.json").read_text())
        return next(program for program in state["programs"] if program["name"] == name)

    def kill(self, name: str) -> None:
        """SIGKILL a part or process; its supervisor starts it again."""
        os.kill(self.program(name)["pid"], signal.SIGKILL)

    def stop(self, number: int = signal.SIGINT, within: float = 20.0) -> float:
        """End it and say how long that took."""
        if self.process is None:
            return 0.0
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(within)
        return time.monotonic() - began

    def token(self, sub: str, *roles: str) -> str:
        """Sign in a made-up person."""
        return development.load(self.data).token(sub, list(roles) or ["resident"])

    @contextmanager
    def second_gateway(self) -> Iterator[str]:
        """Run another replica of the gateway and give its address."""
        port = free_port()
        environment = self.environment | {
            "BRUM_KAFKA": self.program("kafka")["address"],
            "BRUM_MONGO": self.program("mongo")["address"],
            "BRUM_REDIS": self.program("redis")["address"],
            "BRUM_SECRET_FILE": str(self.data / "keys" / "secret"),
            "BRUM_INTERNAL_PORT": "0",
            "PORT": str(port),
        }
        for service in ("events", "pledges", "notifications"):
            environment[f"BRUM_{service.upper()}_URL"] = self.program(service)["address"]
        with (self.data / "gateway-2.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "deploy.cli", "serve", "gateway"],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
            )
        url = f"http://127.0.0.1:{port}"
        try:
            deadline = time.monotonic() + 60
            while True:
                try:
                    if httpx2.get(f"{url}/readyz", trust_env=False, verify=False).is_success:
                        break
                except httpx2.HTTPError:
                    pass
                assert time.monotonic() < deadline, "the second gateway is not ready"
                time.sleep(0.1)
            yield url
        finally:
            process.terminate()
            process.wait(20)


class Front(Protocol):
    """Where people sign in and speak to a gateway: a platform."""

    @property
    def url(self) -> str:
        """Address of the gateway."""
        ...

    def token(self, sub: str, *roles: str) -> str:
        """Sign in a made-up person."""
        ...


class Person:
    """Somebody with a token who speaks to a gateway."""

    def __init__(self, platform: Front, sub: str, *roles: str, url: str | None = None) -> None:
        """Sign in; `roles` beside resident."""
        self.sub = sub
        # A busy machine may take longer than the usual 2 s, and then 202 is a right answer.
        self._headers = {"Authorization": f"Bearer {platform.token(sub, *roles)}", "prefer": "wait=10"}
        # Nothing here is encrypted, and reading the certificates takes longer than most tests.
        self._client = httpx2.AsyncClient(base_url=url or platform.url, trust_env=False, timeout=15, verify=False)

    async def __aenter__(self) -> Self:
        """Open connections as needed."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close them."""
        await self._client.aclose()

    async def ask(
        self, method: str, path: str, body: object = None, *, key: str | None = None, **headers: str
    ) -> httpx2.Response:
        """One request."""
        named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
        if key is not None:
            named["idempotency-key"] = key
        if body is not None:
            named.setdefault("content-type", "application/json")
        return await self._client.request(
            method,
            path,
            content=None if body is None else json.dumps(body),
            headers=self._headers | named,
        )

    async def get(self, path: str) -> Any:  # noqa: ANN401 -- JSON
        """Read something that is there."""
        answer = await self.ask("GET", path)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def post(self, path: str, body: object = None, *, key: str | None = None) -> Any:  # noqa: ANN401 -- JSON
        """Write something that succeeds."""
        answer = await self.ask("POST", path, {} if body is None else body, key=key)
        assert answer.status_code in {200, 201}, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def insist(self, method: str, path: str, body: object, key: str, *, seconds: float = 90) -> httpx2.Response:
        """Repeat a request with its key until it has a definite answer, as a good client does."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                answer = await self.ask(method, path, body, key=key)
                if answer.status_code not in {202, 429, 503}:
                    return answer
            except httpx2.HTTPError:
                pass
            assert time.monotonic() < deadline, f"no definite answer to {key}"
            await asyncio.sleep(0.2)


async def a_campaign(person: Person, name: str) -> str:
    """Open and launch a campaign and give its id."""
    campaign = await person.post("/v1/campaigns", {"name": name, "summary": "Neighbours help neighbours."})
    await person.post(f"/v1/campaigns/{campaign['id']}/launch")
    return str(campaign["id"])


async def a_need(person: Person, campaign: str, quantity: int, **fields: object) -> str:
    """Open a need and give its id."""
    body = {
        "campaign_id": campaign,
        "title": "Soup for the hall",
        "kind": "meal",
        "quantity": quantity,
        "unit": "meals",
    }
    need = await person.post("/v1/needs", body | fields)
    return str(need["id"])


async def an_event(person: Person, campaign: str, **fields: object) -> str:
    """Publish an event and give its id."""
    body: dict[str, object] = {
        "campaign_id": campaign,
        "title": "Clean-up on the green",
        "category": "clean-up",
        "starts_at": "2030-05-01T10:00",
        "ends_at": "2030-05-01T12:00",
        "publish": True,
    }
    event = await person.post("/v1/events", body | fields)
    return str(event["id"])
