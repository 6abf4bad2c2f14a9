"""`python -m deploy.embedded NAME --data DIR --while PID`: one part that lives as long as another process.

Prints the address as a line of its own once the part is ready. The tests use it, because pytest's workers
share the parts and none of them may be the one that owns them.
"""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from deploy.embedded.parts import NAMES, embedded
from deploy.trouble import TroubleError, first_of


async def _run(name: str, data: Path, owner: int) -> None:
    asked_to_stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked_to_stop.set)
    async with embedded(data, name) as parts:
        print(parts.running[name].address, flush=True)
        while not asked_to_stop.is_set() and _lives(owner):
            try:
                async with asyncio.timeout(0.5):
                    await asked_to_stop.wait()
            except TimeoutError:
                continue


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--while", type=int, required=True, dest="owner", metavar="PID")
    arguments = parser.parse_args()
    try:
        asyncio.run(_run(arguments.name, arguments.data, arguments.owner))
    except TroubleError as trouble:
        sys.exit(str(trouble))
    except BaseExceptionGroup as troubles:
        first = first_of(troubles, (TroubleError,))
        if first is troubles:
            raise
        sys.exit(str(first))


if __name__ == "__main__":
    main()
