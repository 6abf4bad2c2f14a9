"""The least that a gateway can do: `python -m tests.bench.bare_gateway PORT KAFKA`.

It appends the command, waits for the outcome in the log, and answers. It asks nobody who they are, validates nothing,
keeps no views and tells no partners: how much faster the path were with it is the most that our gateway could gain.
"""

import asyncio
import sys
from uuid import uuid4

import msgspec
import uvloop
from msgspec import Struct
from starlette.types import Receive, Scope, Send

from shared.contracts import topics
from shared.kafka.appender import Appender
from shared.kafka.reader import Reader
from shared.ports import Outgoing
from shared.serving import Server
from tests.bench.backlog import Pledging, pledge
from tests.bench.classic import NewPledge


class _Outcome(Struct):
    type: str
    causationid: str


_outcomes = msgspec.json.Decoder(_Outcome)
_DONE = "brumtogether.pledges.CommandSucceeded.v1"
_START = {"type": "http.response.start", "status": 201, "headers": [(b"content-length", b"2")]}
_BODY = {"type": "http.response.body", "body": b"{}"}


class BareGateway:
    """An ASGI application for one kind of request."""

    def __init__(self, log: Appender) -> None:
        """Append to a log."""
        self._log = log
        self._waiting: dict[str, asyncio.Future[None]] = {}

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Take a pledge."""
        wanted = NewPledge.model_validate_json((await receive())["body"])
        command = str(uuid4())
        key, value = pledge(Pledging(command, wanted.need_id, f"{wanted.need_id}.{uuid4().hex[:26]}"))
        decided = self._waiting[command] = asyncio.get_running_loop().create_future()
        await (await self._log.append_soon(Outgoing(topics.commands("pledges"), None, key.encode(), value)))
        await decided
        await send(_START)
        await send(_BODY)

    async def follow(self, reader: Reader) -> None:
        """Wake whom an outcome is for, until cancelled."""
        async for records in reader.tail():
            for record in records:
                found = _outcomes.decode(record.value or b"")
                if found.type.endswith("CommandSucceeded.v1") and (
                    waiting := self._waiting.pop(found.causationid, None)
                ):
                    waiting.set_result(None)


async def main(port: str, kafka: str) -> None:
    """Serve until ended."""
    log = Appender(kafka)
    await log.start()
    async with Reader(kafka) as reader:
        reader.begin(await reader.ends(await reader.places([topics.facts("pledges")])))
        gateway = BareGateway(log)
        await Server(gateway, "127.0.0.1", int(port)).start()
        await gateway.follow(reader)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
