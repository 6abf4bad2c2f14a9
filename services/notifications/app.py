"""The notifications process: commands of followers, facts of others, the schedule and its roads."""

import random
from datetime import UTC, datetime
from uuid import uuid4

from services.notifications import api
from services.notifications.channels.inbox import InboxRoad
from services.notifications.deliveries import Deliveries
from services.notifications.follower import Rules
from services.notifications.history import History
from services.notifications.ledger import Ledger
from services.notifications.mailbox import Mailbox
from services.notifications.reader import GROUP, SERVICE, Reader
from services.notifications.schedule import Schedule
from services.notifications.store import FollowerStore
from shared import instants, queries
from shared.config import Notifications
from shared.contracts import topics
from shared.contracts.notifications import COMMANDS, FACTS
from shared.mongo import Inbox
from shared.service import Service


def build(settings: Notifications) -> Service:
    """Say what the process is made of."""
    service = Service(SERVICE, settings)
    database = service.database
    owners = {"events": settings.events_url, "pledges": settings.pledges_url}
    history = History.at(owners, settings.secret.get_secret_value())
    store = FollowerStore(service.mongo, database)
    deliveries = Deliveries(database)
    road = InboxRoad(database)
    schedule = Schedule(deliveries, road, worker=uuid4().hex, now=_now, chance=random.random)
    ledger = Ledger(database)
    reader = Reader(ledger, deliveries, history, now=_now, wake=schedule.wake)
    service.prepare(store.prepare)
    service.prepare(deliveries.prepare)
    service.prepare(ledger.prepare)
    service.commands(Rules(), store, COMMANDS, FACTS)
    service.facts([topics.facts(owner) for owner in owners], GROUP, reader.read)
    service.background(f"{road.name} schedule", schedule.run)
    service.routes([*api.routes(Mailbox(database, deliveries)), *queries.routes(Inbox(database))])
    service.closing(history.close)
    return service


async def main(settings: Notifications) -> None:
    """Run until told to end."""
    await build(settings).run()


def _now() -> str:
    return instants.text(datetime.now(UTC))
