"""How fast places are given away, each to another person: `python -m tests.bench registrations`.

Every request brings a token that the gateway has not seen. With none, 10,000 and 50,000 registered before, in turns:
the event with none is a new one every round; the others were filled through the log.
"""

import itertools
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from uuid import uuid4

import msgspec

from services.gateway import development, idempotency
from services.gateway.events import registration_id
from shared.contracts import events, topics
from tests.bench.backlog import Backlog, fill, wrapped
from tests.bench.figures import Findings, Raw, Table, column, median_ratio, middle
from tests.bench.load import ITSELF, Load, post, put_on
from tests.bench.ours import Ours
from tests.bench.parts import fresh, say, settled, total
from tests.system.platform import Person, a_campaign, an_event

SOLD: Final = (0, 10_000, 50_000)
CLIENTS: Final = 64
SECONDS: Final = 4.0
MOST_A_SECOND: Final = 5_000.0
"""More than is ever answered at first; then half as much again as was. Each takes a token, and those take time."""
CAPACITY: Final = 1_000_000
PRETIX: Final = {"per_second": 11.8, "cpu_ms": 186.0}
"""pretix 2026.8 with 64 clients, on two cores like ours, measured another day; 7 a second once 52,000 are sold."""


async def measure(rounds: int) -> Raw:
    """Measure with more and more registered, in turns."""
    found: list[dict[str, Raw]] = []
    async with fresh() as parts:
        with TemporaryDirectory(prefix="brum-bench-") as folder:
            ours = Ours(parts, Path(folder))
            async with ours.running() as pids, Person(ours, "ana", "organiser") as ana:
                house = _House(ours, ana, await a_campaign(ana, "Bench"))
                await house.fill()
                for number in range(rounds + 1):  # the first warms up, and does not count
                    row = await house.round(pids, SECONDS if number else 2.0)
                    told = ", ".join(
                        f"{sold}: {each['per_second']:.0f}/s {each['p50_ms']:.1f} ms {_servers(each):.0f} us"
                        for sold, each in row.items()
                    )
                    say(f"registrations: round {number} of {rounds}: {told}")
                    if number:
                        found.append(row)
            await house.check()
    return {"rounds": found, "clients": CLIENTS, "seconds": SECONDS, "pretix": PRETIX}


class _House:
    """The events that people register for, and how many have."""

    def __init__(self, ours: Ours, ana: Person, campaign: str) -> None:
        self._ours = ours
        self._ana = ana
        self._campaign = campaign
        self._events: dict[int, str] = {}
        self._taken = 0
        self._most = MOST_A_SECOND
        issuer = development.load(ours.data)
        self._tokens = (issuer.token(f"person-{number}", ["resident"]) for number in itertools.count())

    async def fill(self) -> None:
        """Fill events through the log, as a gateway would if it had been asked so often."""
        kafka, topic = self._ours.parts.kafka, topics.commands("events")
        for count in SOLD[1:]:
            say(f"registrations: {count:,} register")
            event = self._events[count] = await self._event()
            async with Backlog(kafka, topic, "events") as backlog:
                before = await backlog.done()
                await fill(kafka, topic, [_registering(event) for _ in range(count)])
                await backlog.drained(before, count, {})
            self._taken += count

    async def round(self, pids: dict[str, int], seconds: float) -> dict[str, Raw]:
        """Measure each event once; that with nobody is a new one every time."""
        row: dict[str, Raw] = {}
        self._events[0] = await self._event()
        for sold in SOLD:
            path = f"/v1/events/{self._events[sold]}/registrations"
            tokens = itertools.islice(self._tokens, int(self._most * (seconds + 1)))
            requests = [post(path, {"party_size": 1}, token=token) for token in tokens]
            await settled(pids)
            measured = await put_on(Load(self._ours.port, requests, CLIENTS, seconds, pids=pids, once=True))
            self._taken += measured.all(201)
            row[str(sold)] = msgspec.to_builtins(measured)
        self._most = 1.5 * max(each["per_second"] for each in row.values())
        return row

    async def check(self) -> None:
        """Nothing was answered that was not done, and nothing done twice."""
        registered = await total(self._ours.parts.mongo, "brum_events", "events", "state.registered")
        assert registered == self._taken, f"{registered} registered, {self._taken} answered"

    async def _event(self) -> str:
        return await an_event(self._ana, self._campaign, capacity=CAPACITY)


def _registering(event: str) -> tuple[str, bytes]:
    """Key and value of the command by which somebody registers."""
    person = idempotency.person("bench", str(uuid4()))
    command = events.Register(event, registration_id(event, person), 1)
    return event, wrapped(events.COMMANDS, command, str(uuid4()), f"{person} resident")


def findings(raw: Raw) -> Findings:
    """The figures of the rounds."""
    rounds, pretix = raw["rounds"], raw["pretix"]
    costs = [_servers(each["0"]) for each in rounds]
    rows = []
    for sold in SOLD:
        spent = {name: middle(rounds, str(sold), "cpu_us", name) for name in rounds[0][str(sold)]["cpu_us"]}
        rows.append(
            (
                f"{sold:,}",
                f"{middle(rounds, str(sold), 'per_second'):.0f}",
                f"{middle(rounds, str(sold), 'p50_ms'):.1f}",
                f"{sum(spent.values()) - spent[ITSELF]:.0f}",
                ", ".join(f"{name} {us:.0f}" for name, us in spent.items()),
            )
        )
    return Findings(
        {
            "G17": median_ratio(column(rounds, "0", "per_second"), [pretix["per_second"]] * len(rounds)),
            "G17b": median_ratio([pretix["cpu_ms"] * 1000] * len(rounds), costs),
            "G17c": 100 * median_ratio(column(rounds, "50000", "per_second"), column(rounds, "0", "per_second")),
        },
        [
            Table(
                f"Registrations with capacity, {raw['clients']} clients",
                ("registered before", "a second", "p50 ms", "servers' CPU µs", "by process"),
                rows,
            )
        ],
    )


def _servers(measured: Raw) -> float:
    """CPU a request of all servers, in microseconds."""
    spent: dict[str, float] = measured["cpu_us"]
    return sum([us for name, us in spent.items() if name != ITSELF])
