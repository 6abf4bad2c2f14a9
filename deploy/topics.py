"""Brings Kafka's topics to what shared/contracts/topics.py says."""

from deploy.trouble import TroubleError
from shared.kafka.topics import apply_topics
from shared.ports import Trouble


async def apply(kafka: str, partitions: int) -> list[str]:
    """Create what is missing, answer the names of what was created; raises TroubleError if it cannot be so."""
    try:
        return await apply_topics(kafka, partitions)
    except ValueError as error:
        raise TroubleError(
            f"{error}. Set BRUM_PARTITIONS to what the topics have, or start afresh: brum reset."
        ) from error
    except Trouble as error:
        raise TroubleError(f"Kafka at {kafka} did not make the topics ({error}).") from error
