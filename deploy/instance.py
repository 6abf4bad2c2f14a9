"""One data directory (BRUM_DATA): its lock, its secret, its logs and what its supervisor last told of itself."""

import fcntl
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.trouble import TroubleError

_LOG_BYTES = 10 * 1024 * 1024


class Instance:
    """What lies below one data directory."""

    def __init__(self, data: Path) -> None:
        """Name it; nothing is written before `prepare`."""
        self.data = data.resolve()
        self.logs = self.data / "logs"
        self.secret_file = self.data / "keys" / "secret"
        self._lock_file = self.data / "brum.lock"
        self._state_file = self.data / "state.json"

    def prepare(self) -> None:
        """Make the directory and its secret, put long logs aside; raises TroubleError if it cannot be written."""
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
            _private_folder(self.secret_file.parent)
            if not self.secret_file.exists():
                write_private(self.secret_file, secrets.token_urlsafe(48) + "\n")
        except OSError as error:
            raise TroubleError(
                f"{self.data} cannot be written ({error.strerror}): make it yours, or set BRUM_DATA to a "
                "directory that is."
            ) from error
        for log in self.logs.glob("*.log"):
            if log.stat().st_size > _LOG_BYTES:
                log.replace(log.with_suffix(".log.1"))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep others out; raises TroubleError if somebody is in. Death of the process opens the lock."""
        self.data.mkdir(parents=True, exist_ok=True)
        with self._lock_file.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise TroubleError(
                    f"BrumTogether already runs on {self.data}: stop it first (Ctrl-C where it was started), "
                    "or start another one beside it with its own PORT and BRUM_DATA."
                ) from error
            yield

    def is_running(self) -> bool:
        """Tell whether a supervisor holds the lock."""
        if not self._lock_file.exists():
            return False
        with self._lock_file.open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return True
        return False

    def tell(self, state: dict[str, Any]) -> None:
        """Write what `brum status` reads, whole or not at all."""
        part = self._state_file.with_suffix(".part")
        part.write_text(json.dumps(state, indent=2) + "\n")
        part.replace(self._state_file)

    def told(self) -> dict[str, Any] | None:
        """Read what the supervisor last told, if one is running."""
        if not self.is_running() or not self._state_file.exists():
            return None
        state: dict[str, Any] = json.loads(self._state_file.read_text())
        return state

    def address_of(self, program: str) -> str:
        """Answer where a running part or process is; raises TroubleError if nothing runs."""
        for told in (self.told() or {"programs": []})["programs"]:
            if told["name"] == program:
                return str(told["address"])
        raise TroubleError(f"No {program} runs on {self.data}: start it with make run, or set BRUM_{program.upper()}.")

    def erase(self) -> None:
        """Delete everything in it; raises TroubleError if it is in use or was never ours."""
        if not self.data.exists():
            return
        if not self._lock_file.exists():
            raise TroubleError(f"{self.data} does not look like a data directory of BrumTogether: left alone.")
        with self.locked():
            for entry in self.data.iterdir():
                if entry == self._lock_file:
                    continue
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                else:
                    entry.unlink()


def write_private(file: Path, text: str) -> None:
    """Write a file that its owner alone may read, whole or not at all."""
    handle, name = tempfile.mkstemp(dir=file.parent)  # mkstemp makes it 0600
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(text)
    Path(name).replace(file)


def _private_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
