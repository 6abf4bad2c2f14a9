"""What the embedded parts have in common."""

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable

from shared.config import Platform


def on_path(program: str, settings: Platform) -> str | None:
    """Find a program on PATH, unless only those in our own Python packages may be used (BRUM_EMBEDDED=package)."""
    return None if settings.embedded == "package" else shutil.which(program)


async def until(attempt: Callable[[], Awaitable[bool]], *, within: float = 120, every: float = 0.05) -> None:
    """Repeat an attempt until it answers True; its exceptions count as "not yet".

    Raises TimeoutError from the last exception when `within` seconds have passed.
    """
    end = time.monotonic() + within
    while True:
        last: Exception | None = None
        try:
            if await attempt():
                return
        except Exception as error:  # noqa: BLE001 - a starting server fails in ways of its own
            last = error
        if time.monotonic() > end:
            raise TimeoutError from last
        await asyncio.sleep(every)
