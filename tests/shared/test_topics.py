"""The topics: how long they keep what, and that somebody writes and reads each."""

import asyncio
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from msgspec import structs

from shared.contracts import topics
from shared.contracts.topics import TOPICS, Topic
from shared.kafka.topics import apply_topics


def test_no_command_outlives_its_inbox_entry() -> None:
    """C2: a record can stay for retention and a segment more; its entry stays longer."""
    for service in topics.SERVICES:
        topic = next(topic for topic in TOPICS if topic.name == topics.commands(service))

        assert topic.retention_ms + topic.segment_ms < topics.INBOX_KEPT_MS
        assert topic.append_time


def test_commands_and_facts_are_cut_alike() -> None:
    """An answer goes to the partition number that its command came from."""
    cut = {topic.name: topic.partitions for topic in TOPICS}

    assert all(cut[topics.commands(service)] == cut[topics.facts(service)] for service in topics.SERVICES)


def test_every_topic_has_one_writer_and_a_reader() -> None:
    """A topic that nobody reads is a mistake."""
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)
    assert all(topic.writer and topic.readers for topic in TOPICS)


def test_public_topics_have_one_partition() -> None:
    """The offset is the cursor."""
    assert {topic.partitions for topic in TOPICS if topic.name in topics.PUBLIC} == {1}


def test_a_dead_letter_has_room_for_the_largest_record_and_its_story() -> None:
    """A record of the largest size can be parked."""
    for topic in TOPICS:
        if topic.name.endswith(".dead-letters"):
            assert topic.max_message_bytes >= topics.MESSAGE_BYTES + 65_536


@pytest.mark.parametrize("topic", TOPICS, ids=[topic.name for topic in TOPICS])
async def test_the_broker_has_the_settings_that_are_written_here(kafka: str, topic: Topic) -> None:
    """Append time is the clock of decisions only if the broker sets it."""
    own = structs.replace(topic, name=f"t{uuid4().hex}")
    await apply_topics(kafka, 2, [own])
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()

    found: dict[str, str] = {}
    async with asyncio.timeout(20):
        while not found:  # the broker that is asked may not have heard of the new topic yet
            [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, own.name)])
            found = {entry[0]: entry[1] for entry in answer.resources[0][4]}

    await admin.close()
    assert {name: found[name] for name in own.settings} == own.settings
