"""One record a second on `public.heartbeat`, so that a partner can tell silence from breakage."""

import asyncio
import time
from collections.abc import Callable, Mapping

from services.gateway.public_forms import HEARTBEATS, Heartbeat
from shared import instants, logs
from shared.contracts.message import CONTENT_TYPE
from shared.contracts.topics import HEARTBEAT
from shared.kafka.appender import Appender
from shared.ports import Outgoing, Trouble

log = logs.logger(__name__)

EVERY_S = 1.0


async def beat(
    appender: Appender,
    leading: Callable[[], bool],
    heads: Callable[[], Mapping[str, str]],
    *,
    topic: str = HEARTBEAT,
) -> None:
    """Append the heads once a second while we lead, until cancelled; a second that fails is left out."""
    while True:
        await asyncio.sleep(EVERY_S - time.time() % EVERY_S)
        if not leading():
            continue
        at = time.time_ns() // 1_000_000
        value = HEARTBEATS.wrap(
            Heartbeat(dict(heads())), id=f"heartbeat.{at}", subject=topic, time=instants.from_ms(at)
        )
        try:
            await appender.append([Outgoing(topic, 0, None, value, (("content-type", CONTENT_TYPE.encode()),))])
        except Trouble as trouble:
            log.warning("no heartbeat", reason=str(trouble))
