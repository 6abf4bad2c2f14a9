"""The write side of a gateway with the real events service behind it: its processor, its store, its internal API."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from services.events import api, partner_api, shift_api, voice_api
from services.events.partner_reading import PartnerReading
from services.events.reading import Reading
from services.events.shift_reading import ShiftReading
from services.events.store import EventsStore
from services.events.voice_reading import VoiceReading
from services.gateway import (
    campaign_life,
    campaigns,
    commitments,
    development,
    events,
    me,
    needs,
    operations,
    partners,
    pledges,
    shifts,
    voices,
)
from services.gateway.commands import Commands
from services.gateway.front import Front
from services.gateway.identity import Identity
from services.gateway.importing import Importing
from services.gateway.memory import Memory
from services.gateway.operations import Operations
from services.gateway.personal import Personal
from services.gateway.table import Table
from services.gateway.waiters import Waiters
from shared import internal
from shared.internal_client import Internal
from shared.mongo import Client
from shared.ports import Trouble
from shared.serving import Server
from tests.gateway.asgi import Answered, ask
from tests.gateway.deciding import Deciding

NEW = {"name": "As One", "summary": "One city."}
SECRET = "s" * 32


class Edge:
    """The write side of a gateway."""

    def __init__(self, store: EventsStore, data: Path, events_url: str) -> None:
        """Join the parts as the application does; the other services are away."""
        self.waiters = Waiters()
        self.memory = Memory()
        self.log = Deciding(store, self.waiters)
        self.issuer = development.load(data)
        identity, issued = Identity([self.issuer.issuer()]), Operations(SECRET)
        commands = Commands(
            identity=identity,
            operations=issued,
            log=self.log,
            waiting=self.waiters,
            known=self.memory,
            served=self.log,
        )
        away = Internal("http://127.0.0.1:9", SECRET)
        self.services = {"events": Internal(events_url, SECRET), "pledges": away, "notifications": away}
        personal = Personal(identity, self.services)
        writes = (
            *campaigns.WRITES,
            *campaign_life.WRITES,
            *partners.WRITES,
            *voices.WRITES,
            *partners.invitations(SECRET),
            *events.WRITES,
            *shifts.WRITES,
            *needs.WRITES,
            *pledges.WRITES,
            *commitments.WRITES,
        )
        routes = [commands.route(write) for write in writes]
        routes += [Importing(identity, commands).route()]
        routes += [operations.route(identity, issued, self, self.services)]
        routes += [*events.reads(personal), *shifts.reads(personal), *partners.reads(personal)]
        routes += me.reads(identity, personal)
        routes += voices.reads(personal)
        self.app = Front(Table(routes), self.app_of_nothing)

    async def app_of_nothing(self, *_: Any) -> None:  # noqa: ANN401 -- ASGI
        """Nothing is asked of it."""
        raise AssertionError

    async def operation(self, command_id: str) -> bytes | None:
        """Read an outcome as from Redis, which is away when Kafka is, and may have forgotten."""
        if self.log.away:
            raise Trouble("away")
        return self.log.operations.get(command_id)

    async def ask(
        self,
        method: str,
        target: str,
        body: object = None,
        *,
        sub: str = "ana",
        roles: tuple[str, ...] = ("organiser",),
        **headers: str,
    ) -> Answered:
        """Ask as somebody; nobody if `sub` is empty."""
        fields: Mapping[str, str] = {name.replace("_", "-"): value for name, value in headers.items()}
        if sub:
            fields = {"authorization": f"Bearer {self.issuer.token(sub, roles)}", **fields}
        return await ask(self.app, method, target, body, fields)


async def well() -> Mapping[str, internal.Health]:
    """Nothing is wrong."""
    return {}


@asynccontextmanager
async def edge_of(mongo: str, data: Path) -> AsyncIterator[Edge]:
    """A write side with a database of its own."""
    client = Client(mongo)
    database = client.database(f"t{uuid4().hex}")
    store = EventsStore(client, database)
    await store.prepare()
    routes = [*api.routes(Reading(store), store.inbox), *partner_api.routes(PartnerReading(store))]
    routes += shift_api.routes(ShiftReading(store))
    routes += voice_api.routes(VoiceReading(store))
    server = Server(internal.build(live=well, ready=well, routes=routes, secret=SECRET), "127.0.0.1", 0, grace=1)
    await server.start()
    made = Edge(store, data, f"http://127.0.0.1:{server.port}")
    try:
        yield made
    finally:
        for service in made.services.values():
            await service.close()
        await server.stop()
        await database.client.drop_database(database.name)
        client.close()
