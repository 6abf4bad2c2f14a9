"""The process of the events service."""

import uvloop

from services.events import api, rules
from services.events.reading import Reading
from services.events.store import EventsStore
from shared.config import Events
from shared.contracts.events import COMMANDS, FACTS
from shared.service import Service


def build(settings: Events) -> Service:
    """Say what the process is made of."""
    service = Service("events", settings)
    store = EventsStore(service.mongo, service.database)
    service.prepare(store.prepare)
    service.commands(rules, store, COMMANDS, FACTS)
    service.routes(api.routes(Reading(store), store.inbox))
    return service


def main() -> None:
    """Read the settings and run until told to end."""
    uvloop.run(build(Events()).run())
