"""The process of the pledges service."""

from datetime import UTC, datetime

from services.pledges import api, rules, sheet_api
from services.pledges.follower import GROUP, Follower
from services.pledges.queries import Queries
from services.pledges.sheet_queries import SheetQueries
from services.pledges.store import PledgesStore
from shared import history_api, instants
from shared.config import Pledges
from shared.contracts import topics
from shared.contracts.pledges import COMMANDS, FACTS
from shared.history import History
from shared.service import Service


def build(settings: Pledges) -> Service:
    """Say what the process is made of."""
    service = Service("pledges", settings)
    store = PledgesStore(service.mongo, service.database, now=_now)
    service.prepare(store.prepare)
    service.commands(rules, store, COMMANDS, FACTS)
    service.facts([topics.facts("events")], GROUP, Follower(store.copies.follow, store.vows.may_be_shown).work)
    service.due(store.calendar)
    queries = Queries(store)
    history = History(service.database, "pledges", FACTS, queries.states)
    service.history(history)
    service.routes([*api.routes(queries, store.inbox), *sheet_api.routes(SheetQueries(store))])
    service.routes([history_api.route(history)])
    return service


async def main(settings: Pledges) -> None:
    """Run until told to end."""
    await build(settings).run()


def _now() -> str:
    return instants.text(datetime.now(UTC))
