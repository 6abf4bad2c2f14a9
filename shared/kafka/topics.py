"""Making the topics."""

from collections.abc import Sequence

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from shared.contracts.topics import TOPICS, Topic
from shared.kafka.clients import KafkaError
from shared.ports import Trouble


async def apply_topics(
    bootstrap: str, partitions: int, topics: Sequence[Topic] = TOPICS, *, replication: int = 1
) -> list[str]:
    """Create the topics that are missing and return their names; `ValueError` where one is cut differently."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=15_000)
    try:
        await admin.start()
        there = set(await admin.list_topics())
        missing = [topic for topic in topics if topic.name not in there]
        if missing:
            answer = await admin.create_topics(
                [
                    NewTopic(topic.name, topic.partitions or partitions, replication, topic_configs=topic.settings)
                    for topic in missing
                ]
            )
            for name, code, *_ in answer.topic_errors:
                if code and for_code(code) is not TopicAlreadyExistsError:
                    raise Trouble(f"{name}: {for_code(code).__name__}")
        described = await admin.describe_topics([topic.name for topic in topics if topic.name in there])
    except KafkaError as error:
        raise Trouble(type(error).__name__) from error
    finally:
        await admin.close()
    found = {item["topic"]: len(item["partitions"]) for item in described}
    for topic in topics:
        want = topic.partitions or partitions
        if found.get(topic.name, want) != want:
            raise ValueError(f"{topic.name} has {found[topic.name]} partitions, not {want}: the count is frozen")
    return [topic.name for topic in missing]
