import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.contracts.topics import Topic
from shared.kafka.topics import apply_topics
from shared.mongo import Client
from tests.chaos import hooks
from tests.chaos.doomed import PROCESS

ROOT = Path(__file__).parents[2]
KILLED = -signal.SIGKILL


def child(spec: str, data: Path, deed: str, address: str, name: str) -> "subprocess.Popen[str]":
    """Start a child with a hook."""
    return subprocess.Popen(  # noqa: S603 -- our own module
        [sys.executable, "-m", "tests.chaos.doomed", spec, str(data), deed, address, name],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def ended(spec: str, data: Path, deed: str, address: str, name: str) -> tuple[int, str]:
    """Let a child live its life: how it ended, and what it said."""
    with child(spec, data, deed, address, name) as process:
        said, _ = process.communicate(timeout=60)
        return process.returncode, said


async def stored(mongo: str, name: str) -> list[int]:
    """Ids of the documents that were committed."""
    client = Client(mongo)
    found = [document["_id"] async for document in client.database(name).things.find().sort("_id", 1)]
    client.close()
    return found


async def a_topic(kafka: str, suffix: str = "") -> str:
    """Create a topic of one partition."""
    name = f"t{uuid4().hex}{suffix}"
    await apply_topics(kafka, 1, [Topic(name, "test", (), append_time=True)])
    return name


async def log(kafka: str, topic: str, isolation: str = "read_committed") -> list[str]:
    """All values of a topic, as far as a reader of this isolation sees them."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, isolation_level=isolation, auto_offset_reset="earliest")
    await consumer.start()
    place = TopicPartition(topic, 0)
    consumer.assign([place])
    found: list[str] = []
    end = (await consumer.end_offsets([place]))[place]
    while await consumer.position(place) < end:
        batches = await consumer.getmany(timeout_ms=200)
        found += [record.value.decode() for batch in batches.values() for record in batch]
    await consumer.stop()
    return found


@pytest.mark.parametrize(
    ("spec", "committed"), [("before_txn:2", [1]), ("in_txn:2", [1]), ("commit_unknown:2", [1, 2])]
)
async def test_a_process_dies_around_its_second_transaction(
    mongo: str, tmp_path: Path, spec: str, committed: list[int]
) -> None:
    """Before it, within it, and when it is committed; and the mark says that it got there."""
    name = f"t{uuid4().hex}"

    code, said = ended(spec, tmp_path, "transact", mongo, name)

    assert (code, said) == (KILLED, "")
    assert await stored(mongo, name) == committed
    assert hooks.mark_of(tmp_path, PROCESS, spec).exists()


async def test_a_process_that_stops_within_a_transaction_goes_on_when_it_may(mongo: str, tmp_path: Path) -> None:
    """SIGSTOP leaves the writes uncommitted; after SIGCONT it lives."""
    name, spec = f"t{uuid4().hex}", "in_txn:3:stop"
    with child(spec, tmp_path, "transact", mongo, name) as process:
        _, status = await asyncio.to_thread(os.waitpid, process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        assert await stored(mongo, name) == [1, 2]
        assert hooks.mark_of(tmp_path, PROCESS, spec).exists()
        process.send_signal(signal.SIGCONT)
        said, _ = process.communicate(timeout=30)

    assert (process.returncode, said) == (0, "alive\n")
    assert await stored(mongo, name) == [1, 2, 3]


async def test_a_process_dies_with_half_of_its_answers_appended(kafka: str, tmp_path: Path) -> None:
    """The first half is in the log and the second is not."""
    topic = await a_topic(kafka, ".facts")

    code, _ = ended("between_facts:2", tmp_path, "answer", kafka, topic)

    assert code == KILLED
    assert await log(kafka, topic) == ["1.0", "1.1", "1.2", "1.3", "2.0", "2.1"]


async def test_a_gateway_dies_when_its_command_is_appended(kafka: str, tmp_path: Path) -> None:
    """The command is in the log; nobody was told."""
    topic = await a_topic(kafka, ".commands")

    code, _ = ended("gateway_after_append:2", tmp_path, "command", kafka, topic)

    assert code == KILLED
    assert await log(kafka, topic) == ["1", "2"]


async def test_an_append_is_done_twice(kafka: str, tmp_path: Path) -> None:
    """The process lives on."""
    topic = await a_topic(kafka, ".facts")

    assert ended("duplicate_append:2", tmp_path, "command", kafka, topic) == (0, "alive\n")
    assert await log(kafka, topic) == ["1", "2", "2", "3"]


async def test_an_acknowledgement_gets_lost(kafka: str, tmp_path: Path) -> None:
    """The record is in the log, and its sender has trouble."""
    topic = await a_topic(kafka, ".commands")

    code, said = ended("late_ack:3", tmp_path, "command", kafka, topic)

    assert (code, said) == (0, "3 late acknowledgement\nalive\n")
    assert await log(kafka, topic) == ["1", "2", "3"]


async def test_a_public_projector_dies_between_produce_and_commit(kafka: str, tmp_path: Path) -> None:
    """Its record is in the log for those who read all, and for nobody else; bare positions do not count."""
    topic = await a_topic(kafka)

    code, _ = ended("public_after_produce_before_commit:2", tmp_path, "tell", kafka, topic)

    assert code == KILLED
    assert (await log(kafka, topic), await log(kafka, topic, "read_uncommitted")) == (["1"], ["1", "2"])


@pytest.mark.parametrize("spec", ["nowhere:1", "in_txn", "in_txn:x", "in_txn:1:again"])
def test_a_spec_that_names_no_point_is_refused(tmp_path: Path, spec: str) -> None:
    """Rather than a child that never falls."""
    with pytest.raises(ValueError, match="is no crash point"):
        hooks.install(spec, PROCESS, tmp_path)


def test_every_point_finds_its_place_in_the_product(tmp_path: Path) -> None:
    """A function that was renamed shows here, not as a run without a fault. In a child, for it is spoilt by that."""
    install = (
        "import sys, pathlib; from tests.chaos import hooks\n"
        "for point in hooks.POINTS: hooks.install(f'{point}:1', 'spoilt-1', pathlib.Path(sys.argv[1]))"
    )

    done = subprocess.run(  # noqa: S603 -- our own module
        [sys.executable, "-c", install, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
