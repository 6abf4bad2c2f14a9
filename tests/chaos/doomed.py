"""What children of the tests of `hooks` do until they fall: `python -m tests.chaos.doomed SPEC DATA DEED ADDRESS NAME`.

Each deed is the product's own code over real parts.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

from shared.kafka.appender import Appender
from shared.kafka.transactions import Transactions
from shared.mongo import Client, insert
from shared.ports import Outgoing, Trouble
from tests.chaos import hooks

PROCESS: Final = "doomed-1"
TIMES: Final = 3


async def transact(address: str, name: str) -> None:
    """Insert documents 1, 2, 3, each in a transaction of its own."""
    client = Client(address)
    things = client.database(name).things
    for number in range(1, TIMES + 1):
        await client.transact(lambda session, number=number: insert(things, session, [{"_id": number}]))  # type: ignore[misc]
    client.close()


async def answer(address: str, name: str) -> None:
    """Append four records together, three times."""
    appender = Appender(address)
    await appender.start()
    for number in range(1, TIMES + 1):
        await appender.append([Outgoing(name, 0, None, f"{number}.{part}".encode()) for part in range(4)])
    await appender.stop()


async def command(address: str, name: str) -> None:
    """Append records one by one, as a gateway does; one that is not acknowledged is not repeated."""
    appender = Appender(address)
    await appender.start()
    for number in range(1, TIMES + 1):
        try:
            await (await appender.append_soon(Outgoing(name, 0, None, str(number).encode())))
        except Trouble as trouble:
            print(number, trouble, flush=True)  # noqa: T201 -- what the test hears
    await appender.stop()


async def tell(address: str, name: str) -> None:
    """Append records together with positions in their source, in transactions."""
    async with Transactions(address, name) as transactions:
        for number in range(1, TIMES + 1):
            await transactions.commit([], name, {(name, 0): number})
            await transactions.commit([Outgoing(name, 0, None, str(number).encode())], name, {(name, 0): number})


DEEDS: Final[Mapping[str, Callable[[str, str], Awaitable[None]]]] = {
    "transact": transact,
    "answer": answer,
    "command": command,
    "tell": tell,
}


async def main(deed: str, address: str, name: str) -> None:
    """Do it, and say if we lived through it."""
    await DEEDS[deed](address, name)
    print("alive", flush=True)  # noqa: T201 -- what the test hears


if __name__ == "__main__":
    hooks.install(sys.argv[1], PROCESS, Path(sys.argv[2]))
    asyncio.run(main(*sys.argv[3:6]))
