"""The goals, and what makes a figure of measurements. Pure.

A figure is the median over rounds of a ratio within the round, so that a machine that drifts moves both sides.
"""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from msgspec import Struct

Raw = dict[str, Any]
"""What a part of the benchmark measured, as it goes into the file of raw results."""


class Goal(Struct, frozen=True):
    """What a ratio shall be: at least `must`, better `very_good`; at most, if `at_most`.

    `form`: `x` times as much, `1/` one so-manyth as much (a ratio of 4 is written 1/4), `%` per cent.
    """

    name: str
    what: str
    against: str
    must: float
    very_good: float
    form: Literal["x", "1/", "%"] = "x"
    at_most: bool = False


GOALS: Final = (
    Goal("G1", "commands decided of a backlog, per second", "one message a call: FastStream, pydantic, motor", 60, 120),
    Goal("G2", "the same", "the limit: the same bytes and records, read and written raw", 45, 80, "%"),
    Goal("G3", "CPU a command, Python and MongoDB", "one message a call", 55, 100, "1/"),
    Goal("G4", "POST to outcome, 64 clients, per second", "classic services, aiohttp between them", 4, 7.8),
    Goal("G4b", "the same", "classic services, httpx between them", 9, 18),
    Goal("G5", "POST to outcome, 256 clients, per second", "classic services, aiohttp", 5.5, 12),
    Goal("G6", "POST to outcome, 64 clients, median time", "classic services, aiohttp", 4, 7, "1/"),
    Goal("G7", "POST to outcome, 1 client, median time", "classic services, aiohttp", 1.6, 1, at_most=True),
    Goal("G8", "CPU of a view read, 200", "Redis asked at each read, a dict through FastAPI", 9, 12, "1/"),
    Goal("G8b", "CPU of a view read, 304", "the same (it answers 200)", 11, 15, "1/"),
    Goal("G9", "CPU of a view read, 200", "a bare ASGI application, same bytes, same server", 85, 95, "%"),
    Goal("G9b", "CPU of a view read, 304", "the same", 85, 95, "%"),
    Goal("G14", "CPU of a fact published", "aiokafka, `send()` a message", 5, 7, "1/"),
    Goal("G14b", "the same", "aiokafka, `send_and_wait()` a message", 60, 90, "1/"),
    Goal("G15", "CPU of a record consumed and decoded", "raw aiokafka `getmany` and msgspec", 2.5, 1.5, at_most=True),
    Goal("G17", "registrations with capacity, 64 clients, per second", "pretix, measured another day", 150, 250),
    Goal("G17b", "CPU of such a registration, all servers", "pretix, measured another day", 150, 300, "1/"),
    Goal("G17c", "the rate with 50,000 registered", "the rate with none", 85, 95, "%"),
    Goal("G18", "registrations on one event, accepted a CPU second of all processes", "one message a call", 50, 100),
    Goal("G18b", "the same on 200 events", "one message a call", 50, 100),
    Goal("G18c", "pledges on one need, accepted a CPU second of all processes", "one message a call", 50, 100),
)
BY_NAME: Final = {goal.name: goal for goal in GOALS}


class Table(Struct, frozen=True):
    """Measurements behind the figures, for people."""

    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


class Findings(Struct, frozen=True):
    """What a part of the benchmark found: figures by goal, and the tables behind them."""

    figures: Mapping[str, float]
    tables: Sequence[Table] = ()


def verdict(goal: Goal, measured: float) -> str:
    """Whether a figure reaches its goal; what is shown decides, so that no table contradicts itself."""

    def reached(wanted: float) -> bool:
        shown = rounded(goal, measured)
        return shown <= wanted if goal.at_most else shown >= wanted

    return "very good" if reached(goal.very_good) else "must" if reached(goal.must) else "**missed**"


def rounded(goal: Goal, value: float) -> float:
    """A figure to the digits that it is shown with."""
    return round(value, 2 if goal.at_most else 0 if goal.form == "%" else 1)


def written(goal: Goal, value: float) -> str:
    """A figure or a bound of a goal, as a reader sees it."""
    text = f"{rounded(goal, value):g}"
    return f"1/{text}" if goal.form == "1/" else f"{text}{' %' if goal.form == '%' else 'x'}"


def bound(goal: Goal, value: float) -> str:
    """A bound, with the sign that tells which side of it is good."""
    down = goal.at_most or goal.form == "1/"
    return f"{'≤' if down else '≥'} {written(goal, value)}"


def median_ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """Median of the ratios round by round; both sides have to have all rounds."""
    return statistics.median([one / other for one, other in zip(above, below, strict=True)])


def column(rounds: Sequence[Mapping[str, Any]], *path: str) -> list[float]:
    """One measurement out of every round."""
    found = []
    for each in rounds:
        value: Any = each
        for name in path:
            value = value[name]
        found.append(float(value))
    return found


def middle(rounds: Sequence[Mapping[str, Any]], *path: str) -> float:
    """The median of one measurement over the rounds."""
    return statistics.median(column(rounds, *path))
