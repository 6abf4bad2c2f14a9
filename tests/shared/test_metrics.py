import asyncio
import time
import tomllib
from contextlib import suppress
from pathlib import Path

from prometheus_client import REGISTRY

from shared import VERSION, metrics


def test_a_consumers_counters_exist_before_anything_happens() -> None:
    """`increase()` does not see a counter that is born at 1."""
    metrics.describe_consumer("test.commands", "test", ("undecodable", "poison"))

    labels = {"topic": "test.commands", "consumer_group": "test"}
    assert REGISTRY.get_sample_value("dead_letters_total", {**labels, "reason": "poison"}) == 0
    assert REGISTRY.get_sample_value("retries_total", labels) == 0
    assert REGISTRY.get_sample_value("duplicates_total", labels) == 0


def test_the_exposition_says_what_runs() -> None:
    """In Prometheus' text form, the process' own figures included."""
    metrics.describe_build("test", "1.2.3", "abc")

    body, content_type = metrics.exposition()

    assert b'build_info{revision="abc",service="test",version="1.2.3"} 1.0' in body
    assert b"process_resident_memory_bytes" in body
    assert content_type.startswith("text/plain")


def test_the_version_is_the_distribution_s() -> None:
    """Said once for those who install it, and once for those who run it."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))

    assert project["project"]["version"] == VERSION


def test_sec_59_no_metric_is_labelled_by_an_id_or_a_person() -> None:
    """Every label comes from a closed set."""
    allowed = {
        "service",
        "http_request_method",
        "http_route",
        "http_response_status_code",
        "outcome",
        "topic",
        "consumer_group",
        "reason",
        "stream",
        "dependency",
        "version",
        "revision",
    }
    ours = [value for value in vars(metrics).values() if hasattr(value, "_labelnames")]

    assert len(ours) >= 15
    assert {label for metric in ours for label in metric._labelnames} <= allowed


async def test_a_loop_that_stands_still_is_ill() -> None:
    """And well again after the next turn in time."""
    watch = metrics.LoopWatch(every=0.01, limit=0.1)
    sampling = asyncio.create_task(watch.run())
    await asyncio.sleep(0.05)
    assert watch.health() is True

    time.sleep(0.3)  # noqa: ASYNC251 standing still is the point
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert watch.health() is not True

    await asyncio.sleep(0.05)
    assert watch.health() is True
    sampling.cancel()
    with suppress(asyncio.CancelledError):
        await sampling
    await asyncio.sleep(0.15)
    assert watch.health() is not True, "a sampler that has ended is an alarm, too"
