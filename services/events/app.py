"""The process of the events service."""

from services.events import api, partner_api, rules, shift_api, venue_api, voice_api
from services.events.partner_reading import PartnerReading
from services.events.reading import Reading
from services.events.shift_reading import ShiftReading
from services.events.store import EventsStore
from services.events.voice_reading import VoiceReading
from shared import history_api
from shared.config import Events
from shared.contracts.events import COMMANDS, FACTS
from shared.history import History
from shared.service import Service


def build(settings: Events) -> Service:
    """Say what the process is made of."""
    service = Service("events", settings)
    store = EventsStore(service.mongo, service.database)
    service.prepare(store.prepare)
    service.commands(rules, store, COMMANDS, FACTS)
    service.due(store.calendar)
    reading = Reading(store)
    history = History(service.database, "events", FACTS, reading.states)
    service.history(history)
    service.routes([*api.routes(reading, store.inbox), history_api.route(history)])
    service.routes(shift_api.routes(ShiftReading(store)))
    service.routes(partner_api.routes(PartnerReading(store)))
    service.routes(venue_api.routes(store.venues))
    service.routes(voice_api.routes(VoiceReading(store)))
    return service


async def main(settings: Events) -> None:
    """Run until told to end."""
    await build(settings).run()
