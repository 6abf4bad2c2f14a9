"""Prometheus metrics of one process. Label values come from closed sets: no id, no person, no free text."""

import asyncio
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Gauge, Histogram, Metric, generate_latest
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

_FAST = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
_REQUEST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_AGE = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)
_COUNT = (1, 2, 5, 10, 20, 50, 100, 200, 500)

commands_pending = Gauge("commands_pending", "Commands appended and not yet decided (consumer lag).", ("service",))
due_overdue = Gauge(
    "due_commands_overdue", "Planned commands whose time has come and that are not appended.", ("service",)
)
due_overdue_seconds = Gauge(
    "due_commands_overdue_seconds", "How long the first of them has been waiting; 0 if there is none.", ("service",)
)
due_appended = Counter(
    "due_commands_appended", "Planned commands that were appended when their time came.", ("service",)
)
batch_size = Histogram("commands_batch_size", "Commands decided together.", ("service",), buckets=_COUNT)
decide_seconds = Histogram("commands_decide_seconds", "Time the rules took for one batch.", ("service",), buckets=_FAST)
commit_seconds = Histogram(
    "commands_commit_seconds", "Time of one batch's database transaction.", ("service",), buckets=_REQUEST
)
outcome_latency = Histogram(
    "command_outcome_latency_seconds",
    "Time from the command's append to its stored outcome.",
    ("outcome",),
    buckets=_AGE,
)
fact_age = Histogram(
    "fact_age_seconds",
    "Time from a fact's append to its being taken in.",
    ("topic", "consumer_group"),
    buckets=_AGE,
)
dead_letters = Counter("dead_letters", "Records parked because they fail alone.", ("topic", "consumer_group", "reason"))
retries = Counter("retries", "Batches taken again after broken infrastructure.", ("topic", "consumer_group"))
duplicates = Counter("duplicates", "Records met again and answered as before.", ("topic", "consumer_group"))
waiters = Gauge("outcome_waiters", "Requests that wait for the outcome of their command.")
public_facts = Counter(
    "public_facts", "Facts that the public projector took in, by what became of them.", ("topic", "outcome")
)
open_streams = Gauge("open_streams", "Live streams that are open.", ("stream",))
event_loop_lag = Histogram(
    "event_loop_lag_seconds", "How late the event loop wakes a sleeper.", buckets=(*_FAST, 2.5, 5.0, 10.0)
)
dependency_up = Gauge("dependency_up", "1 if the readiness check of this part passed last time.", ("dependency",))
build_info = Gauge("build_info", "Always 1; says what runs.", ("service", "version", "revision"))


class RequestDurations(Collector):
    """A histogram of what was answered; closed sets of methods and routes, by status.

    The library's own takes longer for one observation than the gateway for a ready answer.
    """

    def __init__(self) -> None:
        """Begin at nothing."""
        self._series: dict[tuple[str, str, int], list[float]] = {}

    def took(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer, and its time from the request's head to its last byte."""
        series = self._series.get((method, route, status))
        if series is None:
            series = self._series[method, route, status] = [0.0] * (len(_REQUEST) + 2)
        series[bisect_left(_REQUEST, seconds)] += 1
        series[-1] += seconds

    def collect(self) -> Iterator[Metric]:
        """Tell Prometheus; each bucket holds those below it, too."""
        family = HistogramMetricFamily(
            "http_server_request_duration_seconds",
            "Time from the request's head to the answer's last byte.",
            labels=("service", "http_request_method", "http_route", "http_response_status_code"),
        )
        for (method, route, status), series in self._series.items():
            *counts, total = series
            bounds = (*map(floatToGoString, _REQUEST), "+Inf")
            buckets = list(zip(bounds, accumulate(counts), strict=True))
            family.add_metric(["gateway", method, route, str(status)], buckets, sum_value=total)
        yield family


request_durations = RequestDurations()
REGISTRY.register(request_durations)


def describe_build(service: str, version: str, revision: str = "unknown") -> None:
    """Say what runs; call once at start."""
    build_info.labels(service=service, version=version, revision=revision).set(1)


def describe_consumer(topic: str, consumer_group: str, reasons: Iterable[str]) -> None:
    """Create a consumer's counters at 0: `increase()` does not see a counter that is born at 1."""
    retries.labels(topic=topic, consumer_group=consumer_group)
    duplicates.labels(topic=topic, consumer_group=consumer_group)
    for reason in reasons:
        dead_letters.labels(topic=topic, consumer_group=consumer_group, reason=reason)


def exposition() -> tuple[bytes, str]:
    """Everything in Prometheus' text form, with its content type."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST


class LoopWatch:
    """Measures how late the event loop runs, and tells `/livez` when it stands still.

    A loop that stands still for ever cannot answer `/livez` at all: the prober's time-out is the alarm then.
    """

    def __init__(self, every: float = 0.25, limit: float = 10.0) -> None:
        """Sample every so many seconds; ill when the last turn was later than `limit` seconds."""
        self._every = every
        self._limit = limit
        self._last = time.monotonic()
        self._lag = 0.0

    async def run(self) -> None:
        """Sample until cancelled."""
        self._last = time.monotonic()
        while True:
            await asyncio.sleep(self._every)
            now = time.monotonic()
            self._lag = max(0.0, now - self._last - self._every)
            self._last = now
            event_loop_lag.observe(self._lag)

    def health(self) -> bool | str:
        """True, or why not; a sampler that has ended counts as a loop that stands still."""
        late = max(self._lag, time.monotonic() - self._last - self._every)
        return True if late <= self._limit else f"the event loop ran {late:.1f} s late"
