"""Every subscriber of every process, and the settings it really has."""

from pathlib import Path

import pytest
from faststream.kafka import KafkaBroker
from faststream.middlewares import AckPolicy
from pydantic import SecretStr

from services.events import app as events
from services.gateway.app import Gateway
from services.notifications import app as notifications
from services.pledges import app as pledges
from shared import config
from shared.contracts import topics

NOWHERE = {
    "kafka": "127.0.0.1:1",
    "secret": SecretStr("a secret for a test, and long enough for one"),
    "mongo": "mongodb://127.0.0.1:1",
}


@pytest.fixture
async def brokers(tmp_path: Path) -> dict[str, KafkaBroker]:
    """The brokers of all processes, with what they subscribe to; nothing is dialled."""
    without_mongo = {name: value for name, value in NOWHERE.items() if name != "mongo"}
    return {
        "events": events.build(config.Events(**NOWHERE)).broker,  # type: ignore[arg-type]
        "pledges": pledges.build(config.Pledges(**NOWHERE)).broker,  # type: ignore[arg-type]
        "notifications": notifications.build(config.Notifications(**NOWHERE)).broker,  # type: ignore[arg-type]
        "gateway": Gateway(
            config.Gateway(redis="redis://127.0.0.1:1", data=tmp_path, **without_mongo)  # type: ignore[arg-type]
        ).broker,
    }


async def test_every_subscriber_says_how_it_delivers(brokers: dict[str, KafkaBroker]) -> None:
    """sec_29, sec_35: acknowledged by us, from the beginning, bounded, no reply to a header's topic, no topic made."""
    subscribers = [subscriber for broker in brokers.values() for subscriber in broker.subscribers]

    assert len(subscribers) >= 6
    for subscriber in subscribers:
        settings = subscriber._connection_args  # type: ignore[attr-defined]
        assert subscriber.ack_policy is AckPolicy.MANUAL
        assert subscriber._no_reply is True
        assert subscriber.batch_timeout_ms <= 50  # type: ignore[attr-defined]
        assert subscriber.max_records in {500, 1_000}  # type: ignore[attr-defined]
        assert settings["enable_auto_commit"] is False
        assert settings["auto_offset_reset"] == "earliest"
        assert settings["isolation_level"] == "read_committed"
        assert 6_000 <= settings["session_timeout_ms"] <= 10_000
        assert settings["rebalance_timeout_ms"] == 30_000
    assert all(broker.config.allow_auto_create_topics is False for broker in brokers.values())


async def test_every_command_and_fact_topic_has_its_reader(brokers: dict[str, KafkaBroker]) -> None:
    """What the table of topics says of readers is so, and no topic is read twice in a group."""
    groups: list[tuple[str | None, ...]] = []
    for topic in topics.TOPICS:
        for reader in topic.readers:
            if reader in brokers:
                read = {name for one in brokers[reader].subscribers for name in one.topic_names}  # type: ignore[attr-defined]
                assert topic.name in read, f"{reader} does not read {topic.name}"
    for broker in brokers.values():
        groups += [(one.group_id, *one.topic_names) for one in broker.subscribers]  # type: ignore[attr-defined]
    assert len(set(groups)) == len(groups)
