"""The gateway's wiring: everything that one of its processes is made of."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, Final

from starlette.types import ASGIApp

from services.gateway import (
    befriending,
    bundles,
    campaign_life,
    campaigns,
    commitments,
    development,
    endings,
    events,
    hiding,
    home,
    hosting,
    me,
    need_life,
    needs,
    occurrences,
    offers,
    openapi,
    operations,
    pages,
    partners,
    pledges,
    programme,
    results,
    shifts,
    signals,
    taxonomies,
    venues,
    vocabularies,
    voices,
)
from services.gateway.commands import Commands, Write
from services.gateway.front import HTTPS_ONLY, SECURITY_HEADERS, Front
from services.gateway.heartbeat import beat
from services.gateway.identity import Identity, trusted
from services.gateway.impact import ImpactRoutes
from services.gateway.importing import Importing
from services.gateway.listener import Listener
from services.gateway.memory import Memory
from services.gateway.occurrence_reads import OccurrenceReads
from services.gateway.operations import Operations
from services.gateway.personal import Personal
from services.gateway.projector import Projector
from services.gateway.public_projector import PublicProjector, asking
from services.gateway.reads import Reads
from services.gateway.ready import Ready
from services.gateway.rebuild import Rebuild
from services.gateway.streams import Streams
from services.gateway.table import Parameter, Route, Table, raw
from services.gateway.view_store import ViewStore
from services.gateway.waiters import Waiters
from shared import config, internal, logs, metrics
from shared.contracts import topics
from shared.internal_client import Internal
from shared.kafka.appender import Appender
from shared.kafka.groups import broker_of
from shared.ports import Trouble
from shared.redis import Redis
from shared.service import bounded, patiently, required
from shared.serving import Server

API_VERSION: Final = "1.0"
WRITES: Final = (
    *campaigns.WRITES,
    *campaign_life.WRITES,
    *vocabularies.WRITES,
    *partners.WRITES,
    *venues.WRITES,
    *voices.WRITES,
    *events.WRITES,
    *occurrences.WRITES,
    *results.WRITES,
    *hiding.WRITES,
    *hosting.WRITES,
    *shifts.WRITES,
    *programme.WRITES,
    *needs.WRITES,
    *need_life.WRITES,
    *befriending.WRITES,
    *bundles.WRITES,
    *signals.WRITES,
    *offers.WRITES,
    *endings.WRITES,
    *pledges.WRITES,
    *commitments.WRITES,
    *me.WRITES,
)

log = logs.logger(__name__)


class Gateway:
    """The parts of a gateway; `app` answers the public. Nothing is dialled before `start`."""

    def __init__(self, settings: config.Gateway) -> None:
        """Make the parts and join them."""
        secret = settings.secret.get_secret_value()
        self.settings = settings
        audience = settings.oidc_audience if settings.oidc_issuer else ""  # it has a default, and means nothing alone
        self.identity = Identity(
            trusted(settings.env, settings.data, settings.oidc_issuer, audience, settings.oidc_jwks_url)
        )
        self.appender = Appender(settings.kafka)
        self.broker = broker_of(settings.kafka)
        self.redis = Redis(settings.redis)
        self.waiters = Waiters()
        self.views = ViewStore(self.redis)
        self.memory = Memory()
        self.services = {
            "events": Internal(settings.events_url, secret),
            "pledges": Internal(settings.pledges_url, secret),
            "notifications": Internal(settings.notifications_url, secret),
        }
        rebuild = Rebuild(self.views, [self.services["events"], self.services["pledges"]], settings.kafka)
        self.projector = Projector(
            self.broker, self.appender, self.views, self.memory, rebuild, bootstrap=settings.kafka
        )
        self.listener = Listener(self.views, self.memory, self.waiters, regained=self.projector.catch_up)
        self.added = (*SECURITY_HEADERS, HTTPS_ONLY) if settings.env == "production" else SECURITY_HEADERS
        self.reads = Reads(self.views, self.memory, self.identity, self.services, added=self.added)
        self.streams = Streams(settings.kafka, self.identity.authenticate)
        self.public = [
            PublicProjector(settings.kafka, owner, asking(self.services[owner])) for owner in ("events", "pledges")
        ]
        self.watch = metrics.LoopWatch()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._draining = False
        self.table = Table(self._routes(Operations(secret), partners.invitations(secret)))
        self.fastapi = pages.build(
            version=API_VERSION,
            keys=self._keys,
            live=self.live,
            ready=self.ready,
            open_metrics=settings.env == "development",
        )
        self.app = self._compose()

    def _routes(self, issued: Operations, invitations: Sequence[Write]) -> list[Route]:
        commands = Commands(
            identity=self.identity,
            operations=issued,
            log=self.appender,
            waiting=self.waiters,
            known=self.memory,
            served=self.reads.versions,
        )
        personal = Personal(self.identity, self.services)
        importing = Importing(self.identity, commands)
        return [
            *(commands.route(write) for write in (*WRITES, *invitations)),
            *partners.reads(personal),
            *voices.reads(personal),
            *events.reads(personal),
            importing.route(),
            *hiding.reads(personal),
            *shifts.reads(personal),
            *programme.reads(self.identity, self.services["events"]),
            *needs.reads(personal),
            *befriending.reads(personal),
            *bundles.reads(personal),
            *signals.reads(personal),
            *offers.reads(personal),
            *pledges.reads(personal),
            *venues.reads(personal),
            *me.reads(self.identity, personal),
            operations.route(self.identity, issued, self.views, self.services),
            taxonomies.route(self.reads.campaign),
            *ImpactRoutes(self.reads.campaign, self.views, self.services["pledges"]).routes(),
            *self.reads.routes(),
            *OccurrenceReads(self.reads, self.views).routes(),
            *(_stream(name, self.streams) for name in self.streams.streams),
            *home.routes(),
        ]

    def _compose(self) -> ASGIApp:
        front = Front(self.table, self.fastapi, added=self.added)
        openapi.declare(self.fastapi, self.table.routes, front)
        return Ready(self.memory, front)

    def document(self) -> dict[str, Any]:
        """`openapi.json`."""
        return self.fastapi.openapi()

    def _keys(self) -> bytes:
        if self.settings.env != "development":
            return b'{"keys":[]}'
        return development.load(self.settings.data).jwks()

    async def start(self) -> None:
        """Begin; parts that are away are waited for in the background, so that what can be answered is."""
        jobs: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
            "event loop": self.watch.run,
            "keys": self.identity.run,
            "listener": self.listener.run,
            "views": self.projector.watch,
            "log": self._connect,
            **{f"writer of {projector.topic}": projector.run for projector in self.public},
            "heartbeat": lambda: beat(self.appender, lambda: self.public[0].leading, self.streams.heads),
        }
        await self.streams.start()
        for name, job in jobs.items():
            self._tasks[name] = asyncio.create_task(job(), name=name)

    async def _connect(self) -> None:
        await patiently(self.appender.start)
        await patiently(partial(required, self.appender, [topic.name for topic in topics.TOPICS]))
        await self.broker.start()

    async def drain(self) -> None:
        """Let go of everybody who waits or listens; what is asked from now on is answered at once."""
        self._draining = True
        self.waiters.fail_all()
        await self.streams.stop()

    async def stop(self) -> None:
        """End all parts, each in bounded time."""
        await self.projector.stop()
        await bounded(self.broker.stop())
        for task in self._tasks.values():
            task.cancel()
        await bounded(asyncio.gather(*self._tasks.values(), return_exceptions=True))
        await bounded(self.appender.stop())
        await bounded(self.redis.close())
        for service in self.services.values():
            await bounded(service.close())

    async def live(self) -> Mapping[str, internal.Health]:
        """What only a restart mends."""
        found: dict[str, internal.Health] = {"event loop": self.watch.health()}
        connected = self._tasks.get("log")
        if connected is not None and connected.done():
            found["projector"] = "; ".join(self.projector.faults()) or True
        found["streams"] = "; ".join(self.streams.faults()) or True
        for name, task in self._tasks.items():
            if task.done() and (name not in _ENDING or task.exception() is not None):
                found[name] = "ended"
        return found

    async def ready(self) -> Mapping[str, internal.Health]:
        """What requests need."""
        found: dict[str, internal.Health] = {"draining": not self._draining or "stopping"}
        connected = self._tasks.get("log")
        found["kafka"] = (connected is not None and connected.done()) or "not connected yet"
        try:
            found["views"] = await self.views.prefix() is not None or "not complete"
        except Trouble as trouble:
            found["views"] = str(trouble)
        return found


_ENDING: Final = frozenset({"log", "keys"})
"""Jobs that end when they are done."""


def _stream(name: str, streams: Streams) -> Route:
    return Route(
        method="GET",
        path=f"/v1/streams/{name}",
        summary=f"What happens, as it happens: {name}",
        handle=raw(streams),
        tag="streams",
        answers={200: None},
        access="public",
        query=(
            Parameter("after", "Go on after this cursor; `Last-Event-ID` says the same."),
            Parameter("since", "Go on with what was told since (RFC 3339)."),
            Parameter("oldest", "`1`: begin with the oldest event that is kept."),
            Parameter("type", "Only events of this type, or `prefix.*`.", repeatable=True),
            Parameter("campaign", "Only events of this campaign.", repeatable=True),
            Parameter("ward", "Only events of this ward.", repeatable=True),
            Parameter("subject", "Only events of this campaign, event or need.", repeatable=True),
            Parameter("limit", "Items of a page.", integer=True),
            Parameter("wait", "Seconds that a page may wait for its first item, 0 to 30.", integer=True),
            Parameter("on_gap", "`event` or `problem`: how to tell that the position is gone."),
        ),
        problems=("cursor-gone", "not-acceptable", "too-many-streams", "unavailable"),
        media="text/event-stream",
    )


async def main(settings: config.Gateway) -> None:
    """Live until SIGTERM or SIGINT, then end within 20 s; OSError if a port is taken."""
    end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    gateway = Gateway(settings)
    inside = Server(
        internal.build(live=gateway.live, ready=gateway.ready, secret=settings.secret.get_secret_value()),
        settings.internal_host,
        settings.internal_port,
    )
    public = Server(gateway.app, settings.host, settings.port)
    await inside.start()
    await public.start()
    log.info("listening", port=public.port, internal_port=inside.port)
    await gateway.start()
    await end.wait()
    log.info("stopping")
    await gateway.drain()
    await public.stop()
    await gateway.stop()
    await inside.stop()
    log.info("stopped")
