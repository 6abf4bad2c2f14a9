import asyncio

import msgspec

from services.gateway import heartbeat
from shared.contracts.message import open_envelope
from tests.gateway.public_given import a_log, everything, running


async def test_who_leads_tells_the_heads_every_second(kafka: str) -> None:
    """A CloudEvent a second, with the cursors of the last events; nothing from those who do not lead."""
    async with a_log(kafka) as log:
        topic = f"{log.prefix}heartbeat"
        beats = heartbeat.beat(log.appender, lambda: True, lambda: {"events": "e-1-00000000"}, topic=topic)
        silence = heartbeat.beat(log.appender, lambda: False, lambda: {"events": "other"}, topic=topic)
        async with running(beats, silence):
            await asyncio.sleep(3.5)
        records = await everything(kafka, topic)

    events = [open_envelope(record.value) for record in records]
    assert 2 <= len(events) <= 4
    assert {event.type for event in events} == {"brumtogether.public.Heartbeat.v1"}
    assert len({event.id for event in events}) == len(events)
    assert all(msgspec.json.decode(event.data) == {"heads": {"events": "e-1-00000000"}} for event in events)
