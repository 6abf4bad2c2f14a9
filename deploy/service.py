"""One of our own processes (`brum serve …`) as a program that the supervisor can start and ask."""

import asyncio
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx2

from deploy.processes import Command

_READY_WITHIN = 60.0


class ServiceProcess:
    """`brum serve NAME` with its own environment; ready when its `/readyz` says so."""

    def __init__(self, name: str, address: str, logs: Path, env: Mapping[str, str]) -> None:
        """Give it the internal address under which it is asked."""
        self.name = name
        self.address = address
        self._command = Command([sys.executable, "-m", "deploy.cli", "serve", name], logs / f"{name}.log", env)

    async def command(self) -> Command:
        """Say how to start it."""
        return self._command

    async def ready(self) -> None:
        """Return when `/readyz` answers 200; raises TimeoutError with its last answer as the cause."""
        end = time.monotonic() + _READY_WITHIN
        while finding := await probe(f"{self.address}/readyz"):
            if time.monotonic() > end:
                raise TimeoutError from RuntimeError(finding)
            await asyncio.sleep(0.05)

    async def alive(self) -> bool:
        """Ask `/livez`."""
        return await probe(f"{self.address}/livez") == ""


async def probe(url: str) -> str:
    """Ask a health page; answer nothing if all is well, else what it finds wrong."""
    try:
        # Plain HTTP on loopback: reading certificates at each look would be most of what it costs.
        async with httpx2.AsyncClient(timeout=5, trust_env=False, verify=False) as client:
            answer = await client.get(url)
            if answer.is_success:
                return ""
            checks = answer.json()["checks"]
    except httpx2.HTTPError as error:
        return f"no answer ({type(error).__name__})"
    except (ValueError, KeyError, TypeError):
        return "an answer that is none"
    return ", ".join(f"{part}: {health}" for part, health in checks.items() if health != "ok") or "not well"
