"""Brings Kafka's topics to what shared/contracts/topics.py says."""

import asyncio
import time

from deploy.trouble import TroubleError
from shared.kafka.topics import apply_topics
from shared.ports import Trouble

_PAUSE_S = 0.5


async def apply(kafka: str, partitions: int, *, within: float = 0) -> list[str]:
    """Create what is missing, answer the names of what was created; raises TroubleError if it cannot be so.

    A Kafka that does not answer, or cannot yet, is asked again for `within` seconds.
    """
    end = time.monotonic() + within
    while True:
        try:
            return await apply_topics(kafka, partitions)
        except ValueError as error:
            raise TroubleError(
                f"{error}. Set BRUM_PARTITIONS to what the topics have, or start afresh: brum reset."
            ) from error
        except Trouble as error:
            if time.monotonic() >= end:
                raise TroubleError(f"Kafka at {kafka} did not make the topics ({error}).") from error
        await asyncio.sleep(_PAUSE_S)
