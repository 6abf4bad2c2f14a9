"""Child processes that never outlive us, not even when we are killed."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from deploy.trouble import TroubleError

_PR_SET_PDEATHSIG = 1
# Loaded before any fork: the child of a fork may not load libraries safely.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Command:
    """What to run, and where its output goes."""

    argv: list[str]
    log: Path | None
    """None leaves the output where ours goes."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Added to our own environment."""


async def spawn(command: Command) -> asyncio.subprocess.Process:
    """Start a command in a session of its own, so that Ctrl-C at the terminal reaches us alone.

    Call it from the main thread: Linux ends the child together with the *thread* that started it.
    """
    parent = os.getpid()
    with _opened(command.log) as log:
        return await asyncio.create_subprocess_exec(
            *command.argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **command.env},
            start_new_session=True,
            preexec_fn=lambda: _die_with(parent),
        )


async def stop(process: asyncio.subprocess.Process, grace: float) -> None:
    """Ask a process to end, and after `grace` seconds make it."""
    if process.returncode is not None:
        return
    try:
        process.terminate()
        async with asyncio.timeout(grace):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
    except ProcessLookupError:
        await process.wait()


class Program(Protocol):
    """Something that we can start, with a question by which it proves that it works."""

    name: str
    address: str
    """What its clients are given."""

    async def command(self) -> Command:
        """Prepare what the program needs and say how it is started; raises TroubleError."""

    async def ready(self) -> None:
        """Return when it has proved that it works; raises TimeoutError when it takes too long."""


async def start(program: Program) -> asyncio.subprocess.Process:
    """Start a program, return when it is ready; raises TroubleError if it never gets there."""
    command = await program.command()
    process = await spawn(command)
    ready = asyncio.ensure_future(program.ready())
    ended = asyncio.ensure_future(process.wait())
    try:
        await asyncio.wait({ready, ended}, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            await ready
            return process
        how = how_it_ended(process)
    except TimeoutError as error:
        how = f"did not get ready in time ({error.__cause__ or 'no answer'})"
    finally:
        ready.cancel()
        ended.cancel()
        if not _is_up(ready, process):
            await stop(process, grace=5)
    raise TroubleError(f"{program.name} {how}{_last_words(command.log)}")


def how_it_ended(process: asyncio.subprocess.Process) -> str:
    """Say in words how a process ended."""
    code = process.returncode or 0
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit status {code}"


def _is_up(ready: "asyncio.Future[None]", process: asyncio.subprocess.Process) -> bool:
    answered = ready.done() and not ready.cancelled() and ready.exception() is None
    return answered and process.returncode is None


def _opened(log: Path | None) -> AbstractContextManager[IO[bytes] | None]:
    if log is None:
        return nullcontext()
    log.parent.mkdir(parents=True, exist_ok=True)
    return log.open("ab")


def _last_words(log: Path | None, lines: int = 12) -> str:
    if log is None:
        return ""
    with log.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 8192))
        text = file.read().decode(errors="replace")
    return f"; the end of {log}:\n" + "\n".join(f"    {line}" for line in text.splitlines()[-lines:])


def _die_with(parent: int) -> None:
    if _LIBC is None:
        return
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we could ask
        os._exit(1)
