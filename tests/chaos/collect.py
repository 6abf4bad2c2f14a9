"""The final state of a rig, past all proxies: every record, every document, every view."""

import asyncio
import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import msgspec

from deploy.embedded.jars import KAFKA
from services.pledges import documents
from shared import mongo
from shared.contracts import topics
from shared.contracts.events import EventState, RegistrationState
from shared.kafka.reader import Reader
from shared.mongo import Inbox
from shared.ports import Entry, Record
from tests.chaos.history import Collected, Line, Process
from tests.chaos.quiescence import behind

if TYPE_CHECKING:
    from tests.chaos.child import Child
    from tests.chaos.rig import Rig

_STEP: Final = 500
_AT_ONCE: Final = 4


async def collect(rig: "Rig") -> Collected:
    """Read it all; call it after quiescence. Raises `Trouble` or KafkaError if a part does not answer."""
    client = mongo.Client(rig.parts["mongo"].address)
    try:
        state = await _documents(client)
        inbox = {service: await _inbox(client, service) for service in topics.SERVICES}
    finally:
        client.close()
    streams = [*(need.id for need in state["needs"]), *(event.id for event in state["events"])]
    return Collected(
        seed=rig.seed,
        broker=f"Apache Kafka {KAFKA}",
        history=rig.history.lines(),
        records=await records(rig.parts["kafka"].address),
        inbox=inbox,
        views={gateway: await _views(rig, gateway, streams) for gateway in rig.gateways},
        lags={group: behind(places) for group, places in (await rig.lags.read()).items()},
        processes=[await _process(rig, child) for child in rig.processes.values()],
        mutant=rig.mutant,
        **state,
    )


async def records(kafka: str) -> list[Record]:
    """Every record of every topic of ours that is committed."""
    found: list[Record] = []
    async with Reader(kafka) as reader:
        places = await reader.places(topic.name for topic in topics.TOPICS)
        ends = await reader.ends(places)
        reader.begin(await reader.beginnings(places))
        left = set(places)
        while left:
            found += await reader.read(wait_ms=100, most=2_000)
            left = {place for place in left if await reader.position(place) < ends[place]}
    return sorted(found, key=lambda record: (record.topic, record.partition, record.offset))


async def _documents(client: mongo.Client) -> dict[str, Any]:
    pledges, events = client.database("pledges"), client.database("events")
    told = client.database("notifications")
    return {
        "needs": [documents.need_state(each) async for each in pledges.needs.find()],
        "pledges": [documents.pledge_state(each) async for each in pledges.pledges.find()],
        "events": [msgspec.convert(each["state"], EventState) async for each in events.events.find()],
        "registrations": [
            msgspec.convert(each["state"], RegistrationState) async for each in events.registrations.find()
        ],
        "deliveries": [_plain(each) async for each in told.deliveries.find()],
        "notifications": [_plain(each) async for each in told.notifications.find()],
    }


async def _inbox(client: mongo.Client, service: str) -> list[Entry]:
    """Entries as the service itself reads them, in the order of their names."""
    database = client.database(service)
    names = [each["_id"] async for each in database.inbox.find({}, {"_id": 1}).sort("_id", 1)]
    inbox, found = Inbox(database), list[Entry]()
    for start in range(0, len(names), _STEP):
        answered = await inbox.answered(names[start : start + _STEP])
        found += [answered[name] for name in names[start : start + _STEP]]
    return found


async def _views(rig: "Rig", gateway: str, streams: list[str]) -> dict[str, Line]:
    """What a gateway shows of each need and event; one that it does not show is left out."""
    token = rig.token("zoe", "operator")
    found: dict[str, Line] = {}
    slots = asyncio.Semaphore(_AT_ONCE)

    async def look(stream: str) -> None:
        plural = "needs" if stream.startswith("need_") else "events"
        async with slots:
            try:
                text = await rig.read(f"{gateway}/v1/{plural}/{stream}", Authorization=f"Bearer {token}")
            except (aiohttp.ClientError, TimeoutError):
                return
        found[stream] = msgspec.json.decode(text)

    await asyncio.gather(*(look(stream) for stream in streams))
    return found


async def _process(rig: "Rig", child: "Child") -> Process:
    return Process(
        name=child.name,
        service=child.service,
        restarts=child.restarts,
        deaths=list(child.deaths),
        before=child.before,
        after=await rig.vitals(child),
        log=child.log.read_text(encoding="utf-8", errors="replace"),
    )


def _plain(value: Any) -> Any:  # noqa: ANN401 -- whatever lies in MongoDB
    """A document as JSON can tell it."""
    match value:
        case Mapping():
            return {str(name): _plain(each) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case dt.datetime():
            return value.isoformat()
        case None | bool() | int() | float() | str():
            return value
        case bytes():
            return value.hex()
        case _:
            return str(value)
