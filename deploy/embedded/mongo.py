"""An embedded MongoDB: `mongod` from PATH, else the one inside fiftyone-db, as a replica set of one node."""

import asyncio
import importlib.util
import shutil
import stat
from pathlib import Path

from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure

from deploy.embedded.part import on_path, until
from deploy.ports import LOOPBACK, Ports
from deploy.processes import Command
from deploy.trouble import TroubleError
from shared.config import Platform

_SET = "brum"
_NOT_YET_INITIALIZED = 94


class MongoPart:
    """One mongod whose files lie below the data directory; a replica set, because transactions need one."""

    name = "mongo"

    def __init__(self, data: Path, ports: Ports, settings: Platform) -> None:
        self._settings = settings
        self._home = data / "mongo"
        self._log = data / "logs" / "mongo.log"
        self._port = ports.take("mongo")
        self._host = f"{LOOPBACK}:{self._port}"
        # A direct connection does not depend on the host name that the replica set remembers of itself.
        self.address = f"mongodb://{self._host}/?directConnection=true"

    async def command(self) -> Command:
        """Say how to start it; raises TroubleError if the program cannot run here."""
        self._home.mkdir(parents=True, exist_ok=True)
        program = server(self._home.parent, self._settings)
        await must_run(program)
        return Command(
            [
                program,
                *("--dbpath", str(self._home.resolve())),
                *("--port", str(self._port), "--bind_ip", LOOPBACK, "--nounixsocket"),
                *("--replSet", _SET, "--oplogSize", "512"),
                *("--wiredTigerCacheSizeGB", "0.25"),
                # A killed process leaves its transaction open, and its locks would hold up its successor.
                *("--setParameter", "transactionLifetimeLimitSeconds=5"),
                *("--setParameter", "diagnosticDataCollectionEnabled=false"),
                "--quiet",
            ],
            self._log,
        )

    async def ready(self) -> None:
        """Return once it is a writable primary under its present address."""
        async with AsyncMongoClient[dict[str, object]](
            self.address, serverSelectionTimeoutMS=500, connectTimeoutMS=500
        ) as client:

            async def is_primary() -> bool:
                await self._settle_replica_set(client)
                return bool((await client.admin.command("hello"))["isWritablePrimary"])

            await until(is_primary)

    async def _settle_replica_set(self, client: AsyncMongoClient[dict[str, object]]) -> None:
        """Make the set at the first start, and tell it its new address when the port changed since."""
        members = [{"_id": 0, "host": self._host}]
        try:
            config = (await client.admin.command("replSetGetConfig"))["config"]
        except OperationFailure as error:
            if error.code != _NOT_YET_INITIALIZED:
                raise
            await client.admin.command("replSetInitiate", {"_id": _SET, "members": members})
            return
        if config["members"][0]["host"] != self._host:
            changed = {**config, "version": config["version"] + 1, "members": members}
            await client.admin.command("replSetReconfig", changed, force=True)


def server(data: Path, settings: Platform) -> str:
    """Find the program; raises TroubleError when there is none."""
    found = on_path("mongod", settings)
    if found:
        return found
    spec = importlib.util.find_spec("fiftyone")
    for folder in (spec.submodule_search_locations if spec else None) or []:
        packaged = Path(folder) / "db" / "bin" / "mongod"
        if packaged.exists():
            return str(_runnable(packaged, data))
    raise TroubleError(
        "No MongoDB was found: put mongod (6.0 or 7.0) on your PATH, set BRUM_MONGO to a replica set that "
        "runs, or on Linux x86-64 install the embedded parts (pip install -r requirements-embedded.txt)."
    )


def _runnable(packaged: Path, data: Path) -> Path:
    """Give the packaged program the run bit it lacks; in a copy if the package is not ours."""
    if packaged.stat().st_mode & stat.S_IXOTH:
        return packaged
    try:
        packaged.chmod(0o755)
    except OSError:
        copy = data / "bin" / "mongod"
        if not copy.exists() or copy.stat().st_size != packaged.stat().st_size:
            copy.parent.mkdir(parents=True, exist_ok=True)
            part = copy.with_suffix(".part")
            shutil.copyfile(packaged, part)
            part.chmod(0o755)
            part.replace(copy)
        return copy
    return packaged


async def must_run(program: str) -> None:
    """Raise TroubleError, with the remedy, if the program cannot even tell its version."""
    try:
        process = await asyncio.create_subprocess_exec(
            program, "--version", stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
        _, said = await process.communicate()
    except OSError as error:
        raise TroubleError(
            f"mongod cannot run on this machine ({error.strerror}): put a mongod for it on your PATH or set BRUM_MONGO."
        ) from error
    if process.returncode == 0:
        return
    text = said.decode(errors="replace").strip()
    if "libcurl" in text:
        raise TroubleError("mongod needs libcurl.so.4: install curl (Debian and Ubuntu: apt-get install curl).")
    raise TroubleError(
        f"mongod does not run here ({text or f'exit {process.returncode}'}): put a mongod that does on your "
        "PATH or set BRUM_MONGO."
    )
