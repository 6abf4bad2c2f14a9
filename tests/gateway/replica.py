"""One gateway replica's reading half, wired as the gateway wires it, and a client that asks it in process."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec

from services.gateway.front import Front
from services.gateway.identity import Identity
from services.gateway.listener import Listener
from services.gateway.memory import Memory
from services.gateway.occurrence_reads import OccurrenceReads
from services.gateway.projector import Projector
from services.gateway.reads import Reads
from services.gateway.ready import Ready
from services.gateway.rebuild import Rebuild
from services.gateway.table import Table
from services.gateway.view_store import ViewStore
from services.gateway.views import State
from services.gateway.waiters import Waiters, Woken
from shared.contracts import outcomes
from shared.contracts.message import Fact
from shared.internal_client import Internal
from shared.kafka.clients import Place
from shared.kafka.groups import broker_of
from shared.ports import Outgoing
from shared.redis import Redis
from shared.service import bounded
from tests.gateway.given import a_batch, an_outcome, wrapped
from tests.gateway.owner import Log


class Got(NamedTuple):
    """An answer."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body, read."""
        return msgspec.json.decode(self.body, type=dict[str, Any])


class Nowhere:
    """What lies behind the front door in a whole gateway."""

    async def __call__(self, *_: object) -> None:
        """Is not asked."""
        raise AssertionError("not one of our routes")


class Replica:
    """The parts of one process."""

    def __init__(
        self, redis: str, root: str, log: Log, identity: Identity, owners: dict[str, Internal] | None = None
    ) -> None:
        """Wire them; nothing runs yet."""
        self.log = log
        self.redis = Redis(redis, connections=8)
        self.store = ViewStore(self.redis, root)
        self.memory = Memory()
        self.waiters = Waiters(root)
        owners = owners or {}
        rebuild = Rebuild(self.store, [*owners.values()], log.bootstrap, topics=log.topics)
        self.rebuild = rebuild
        self.broker = broker_of(log.bootstrap)
        self.projector = Projector(
            self.broker,
            log.appender,
            self.store,
            self.memory,
            rebuild,
            bootstrap=log.bootstrap,
            topics=log.topics,
            group=log.group,
        )
        self.listener = Listener(self.store, self.memory, self.waiters, regained=self.projector.catch_up)
        self.reads = Reads(self.store, self.memory, identity, owners)
        self.app = Ready(
            self.memory,
            Front(Table((*self.reads.routes(), *OccurrenceReads(self.reads, self.store).routes())), Nowhere()),
        )
        self.touched: list[str] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Replica"]:
        """Work until the block ends."""
        tasks = [asyncio.create_task(self.projector.watch()), asyncio.create_task(self.listener.run())]
        try:
            await self.broker.start()
            await until(lambda: self.memory.live)
            yield self
        finally:
            await self.projector.stop()
            await bounded(self.broker.stop())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.redis.close()

    async def get(self, target: str, *headers: tuple[bytes, bytes], method: str = "GET") -> Got:
        """Ask as a client would."""
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": list(headers),
        }
        sent: list[dict[str, object]] = []

        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        async def receive() -> dict[str, object]:
            return {"type": "http.request"}

        await self.app(scope, receive, send)  # type: ignore[arg-type]
        head, *rest = sent
        body = b"".join(part["body"] for part in rest)  # type: ignore[misc]
        return Got(head["status"], dict(head["headers"]), body)  # type: ignore[arg-type,call-overload]

    async def applied(self, *states: State) -> None:
        """Have views written, and return when this replica has heard of it."""
        await self.store.apply(a_batch(*states))
        await until(lambda: self.memory.told(states[-1].id) >= states[-1].version)

    async def write(self, *facts: Fact) -> Woken:
        """Have facts told as a service would for a command of this replica; return when it is woken."""
        command, request = uuid4().hex, uuid4().hex[:16]
        waiting = self.waiters.expect(request)
        stream, version = facts[-1].stream, facts[-1].streamversion
        place = self.place_of(stream)
        key = stream.encode()
        owner = "pledges" if stream.startswith("need_") else "events"
        wake = ((outcomes.WAKE, self.waiters.channel.encode()), (outcomes.REQUEST, request.encode()))
        await self.log.appender.append(
            [
                *(Outgoing(*place, key, wrapped(fact, owner, command)) for fact in facts),
                Outgoing(*place, key, an_outcome(stream, version, command, owner), wake),
            ]
        )
        try:
            woken = await asyncio.wait_for(waiting, 20)
            assert woken is not None
            return woken
        finally:
            self.waiters.forget(request)

    def place_of(self, stream: str) -> Place:
        """Where the facts of a stream lie."""
        return self.log.topics[stream.startswith("need_")], sum(stream.encode()) % 2


async def until(holds: object, within: float = 30.0) -> None:
    """Return when something (sync or async) holds."""
    async with asyncio.timeout(within):
        while True:
            found = holds()  # type: ignore[operator]
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            await asyncio.sleep(0.02)


def ids(got: Got) -> Sequence[str]:
    """Ids of a list's items."""
    return [item["id"] for item in got.json["items"]]
