"""What a place costs where everybody wants one: `python -m tests.bench hot`.

Registrations with capacity on one event and on 200, and pledges on one need, from the log, beside the usual way: one
message a call, one document locked at a time. Counted is what all processes of a side use together: its own, MongoDB
and Kafka; the gateway, which the usual way has not, is measured elsewhere.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from uuid import uuid4

from deploy.embedded.parts import Parts
from deploy.topics import apply
from services.gateway import idempotency
from services.gateway.events import registration_id
from shared.contracts import events, topics
from tests.bench.backlog import Backlog, fill, wrapped
from tests.bench.drain import OurSide, pids_of, template
from tests.bench.figures import Findings, Raw, Table, median_ratio, middle
from tests.bench.ours import Ours
from tests.bench.parts import PARTITIONS, fresh, say, total

CAMPAIGN: Final = idempotency.new_id("campaign", "hot")
COUNT: Final = 20_000
USUAL_COUNT: Final = 1_000
"""It is so much slower that this takes as long."""
MANY: Final = 200
ORGANISER: Final = "0b5e0cc2-4ba9-5b3b-9a54-1a0c5a3c9b11 organiser,resident"
SIDES: Final = {
    "usual_one": "one message a call, one document",
    "usual_many": f"one message a call, {MANY} documents",
    "event": "registrations, one event",
    "events": f"registrations, {MANY} events",
    "need": "pledges, one need",
}


async def measure(rounds: int) -> Raw:
    """Measure all sides in turns."""
    found: list[dict[str, Raw]] = []
    async with fresh() as parts:
        with TemporaryDirectory(prefix="brum-bench-") as folder:
            places = Places(parts, Path(folder) / "places")
            await places.open()
            pledging = OurSide(parts, Path(folder) / "pledges", needs=1)
            await pledging.open()
            for number in range(rounds + 1):  # the first warms everything up, and does not count
                usual, ours = (USUAL_COUNT, COUNT) if number else (USUAL_COUNT // 5, COUNT // 4)
                row = {
                    "usual_one": await template(parts, usual, 1),
                    "event": await places.drain(1, ours),
                    "usual_many": await template(parts, usual, MANY),
                    "events": await places.drain(MANY, ours),
                    "need": await pledging.drain(ours),
                }
                told = ", ".join(f"{side} {_cost(each):.0f} us" for side, each in row.items())
                say(f"hot: round {number} of {rounds}: {told}")
                if number:
                    found.append(row)
    return {"rounds": found, "commands": COUNT}


class Places:
    """The events service as it is deployed, on events that stay from round to round."""

    def __init__(self, parts: Parts, data: Path) -> None:
        """Nothing is there yet."""
        self._parts = parts
        self._ours = Ours(parts, data)
        self._events = [idempotency.new_id("event", f"hot {number}") for number in range(MANY)]
        self._appended = 0
        self._registered = 0

    async def open(self) -> None:
        """Make the campaign and its events."""
        await apply(self._parts.kafka, PARTITIONS)
        launch = [
            events.CreateCampaign(CAMPAIGN, "Hot", "hot", "Hot"),
            events.LaunchCampaign(CAMPAIGN),
        ]
        await self._done([_asked(command) for command in launch])
        await self._done([_asked(_event(name)) for name in self._events])

    async def drain(self, many: int, count: int) -> Raw:
        """Let so many people register for so many events."""
        await self._fill([_asked(_registering(self._events[number % many])) for number in range(count)])
        self._registered += count
        measured = await self._drained(count)
        there = await total(self._parts.mongo, "brum_events", "events", "state.registered")
        assert there == self._registered, f"{there} registered instead of {self._registered}"
        return measured

    async def _done(self, commands: list[tuple[str, bytes]]) -> None:
        await self._fill(commands)
        await self._drained(len(commands))

    async def _fill(self, commands: list[tuple[str, bytes]]) -> None:
        await fill(self._parts.kafka, topics.commands("events"), commands)
        self._appended += len(commands)

    async def _drained(self, count: int) -> Raw:
        async with (
            Backlog(self._parts.kafka, topics.commands("events"), "events") as backlog,
            self._ours.running("events", ready=False) as pids,
        ):
            return await backlog.drained(self._appended - count, count, pids_of(self._parts, pids["events"]))


def _event(name: str) -> events.CreateEvent:
    return events.CreateEvent(
        name,
        CAMPAIGN,
        "A carnival",
        "arts",
        "2099-06-01T10:00",
        "2099-06-01T18:00",
        capacity=1_000_000,
        publish=True,
    )


def _registering(event: str) -> events.Register:
    person = idempotency.person("bench", str(uuid4()))
    return events.Register(event, registration_id(event, person), 1)


def _asked(command: events.OfCampaign | events.OfEvent) -> tuple[str, bytes]:
    """Key and value of a command; each registration is another person's."""
    asker = f"{uuid4()} resident" if isinstance(command, events.Register) else ORGANISER
    return command.stream, wrapped(events.COMMANDS, command, str(uuid4()), asker)


def findings(raw: Raw) -> Findings:
    """The figures of the rounds."""
    rounds = raw["rounds"]

    def costs(side: str) -> list[float]:
        return [_cost(each[side]) for each in rounds]

    rows = [
        (
            name,
            f"{middle(rounds, side, 'per_second'):.0f}",
            *(f"{middle(rounds, side, 'cpu_us', part):.0f}" for part in ("python", "mongod", "kafka")),
        )
        for side, name in SIDES.items()
    ]
    return Findings(
        {
            "G18": median_ratio(costs("usual_one"), costs("event")),
            "G18b": median_ratio(costs("usual_many"), costs("events")),
            "G18c": median_ratio(costs("usual_one"), costs("need")),
        },
        [
            Table(
                "Where everybody wants a place",
                ("side", "a second", "Python µs each", "MongoDB µs each", "Kafka µs each"),
                rows,
            )
        ],
    )


def _cost(measured: Raw) -> float:
    """CPU of all processes, in microseconds each."""
    spent: dict[str, float] = measured["cpu_us"]
    return sum(spent.values())
