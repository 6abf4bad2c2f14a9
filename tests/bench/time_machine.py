"""What it takes to tell how a campaign was at an instant: `python -m tests.bench time_machine`.

One campaign with 100,000 facts: needs, pledges on them, deliveries of those. Then people ask for it as it was, at any
instant between its first fact and its last, one after the other.
"""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final
from uuid import uuid4

import httpx2

from services.gateway import idempotency
from shared import instants
from shared.contracts import pledges, topics
from shared.history import HistoryStore, newest_of
from shared.mongo import Client
from tests.bench.backlog import Backlog, fill, wrapped
from tests.bench.figures import Findings, Raw, Table, middle
from tests.bench.ours import Ours
from tests.bench.parts import fresh, say, settled, until
from tests.system.platform import Person, a_campaign

NEEDS: Final = 400
PLEDGES: Final = 50_000
ASKED: Final = 100
"""Instants in a round, each for the campaign and for its board."""
SIZES: Final = 5
"""Instants of which it is counted what was read."""


async def measure(rounds: int, needs: int = NEEDS, promised: int = PLEDGES) -> Raw:
    """Tell the facts once, then ask in rounds."""
    async with fresh() as parts:
        with TemporaryDirectory(prefix="brum-bench-") as folder:
            ours = Ours(parts, Path(folder))
            async with ours.running() as pids, Person(ours, "ana", "organiser") as ana:
                machine = _Machine(ours, ana, await a_campaign(ana, "Season"), needs, promised)
                facts = await machine.tell()
                found = []
                for number in range(rounds + 1):  # the first warms up, and does not count
                    await settled(pids)
                    row = await machine.round(Random(number))
                    if number:
                        found.append(row)
                    say(f"time machine: round {number} of {rounds}: {row['campaign']}, board {row['board']}")
                read = await machine.read()
    return {"rounds": found, "facts": facts, "needs": needs, **read}


class _Machine:
    """A campaign with a past."""

    def __init__(self, ours: Ours, ana: Person, campaign: str, needs: int, promised: int) -> None:
        self._ours = ours
        self._ana = ana
        self._campaign = campaign
        self._promised = promised
        self._needs = [idempotency.new_id("need", f"past {number}") for number in range(needs)]
        self._first = self._last = 0

    async def tell(self) -> int:
        """Have all decided, and wait until it can be read, also as it was; count the facts."""
        kafka, topic = self._ours.parts.kafka, topics.commands("pledges")
        organiser = str((await self._ana.get("/v1/me"))["id"])
        made = [*self._pledges()]
        steps = (
            [self._opening(need, organiser) for need in self._needs],
            [_wrapped(command, donor) for command, donor in made],
            [_wrapped(pledges.DeliverPledge(one.need_id, one.pledge_id, 1), organiser) for one, _ in made],
        )
        async with Backlog(kafka, topic, "pledges") as backlog:
            for commands in steps:
                say(f"time machine: {len(commands):,} commands")
                before = await backlog.done()
                await fill(kafka, topic, commands)
                await backlog.drained(before, len(commands), {})
        await until(lambda: self._is_told(""), 120, every=0.5)
        needs = [await self._ana.get(f"/v1/needs/{need}") for need in self._needs]
        self._first = instants.to_ms(min(need["created_at"] for need in needs))
        self._last = instants.to_ms(max(need["updated_at"] for need in needs))
        await until(lambda: self._is_told(f"?as_of={instants.from_ms(self._last)}"), 120, every=0.5)
        return sum(map(len, steps))

    async def round(self, random: Random) -> Raw:
        """Ask at random instants."""
        times = [instants.from_ms(random.randint(self._first, self._last)) for _ in range(ASKED)]
        return {
            "campaign": await self._asked([f"/v1/campaigns/{self._campaign}?as_of={at}" for at in times]),
            "board": await self._asked([f"/v1/needs?campaign={self._campaign}&as_of={at}&status=open" for at in times]),
        }

    async def read(self) -> Raw:
        """What lies behind an answer: documents and bytes of them, of all that is kept."""
        client = Client(self._ours.parts.running["mongo"].address)
        store = HistoryStore(client.database("pledges"))
        try:
            kept = [one async for one in store.chunks.aggregate([_SUM])]
            some = []
            for number in range(1, SIZES + 1):
                at = instants.from_ms(self._first + (self._last - self._first) * number // SIZES)
                things = [one["_id"] async for one in store.things.find({"c": self._campaign, "b": {"$lte": at}})]
                chunks = [one async for one in store.chunks.aggregate(newest_of(things, "z", at))]
                some.append((len(things) + len(chunks), sum(len(chunk["z"]) for chunk in chunks)))
        finally:
            client.close()
        return {
            "kept_documents": kept[0]["documents"],
            "kept_mb": kept[0]["bytes"] / 1e6,
            "read_documents": max(documents for documents, _ in some),
            "read_mb": max(size for _, size in some) / 1e6,
        }

    async def _asked(self, targets: list[str]) -> Raw:
        took = []
        for target in targets:
            began = time.perf_counter()
            await self._ana.get(target)
            took.append((time.perf_counter() - began) * 1_000)
        return {"p50_ms": statistics.median(took), "p95_ms": sorted(took)[len(took) * 95 // 100]}

    async def _is_told(self, query: str) -> bool:
        """Whether everybody reads all deliveries."""
        try:
            found = await self._ana.get(f"/v1/campaigns/{self._campaign}{query}")
        except (AssertionError, httpx2.HTTPError):
            return False
        return bool(found["totals"]["delivered"].get("meal") == self._promised)

    def _opening(self, need: str, organiser: str) -> tuple[str, bytes]:
        quantity = self._promised // len(self._needs)
        return _wrapped(
            pledges.OpenNeed(need, self._campaign, "Soup for the hall", "meal", quantity, "meals"), organiser
        )

    def _pledges(self) -> Iterator[tuple[pledges.MakePledge, str]]:
        """Each with the person who makes it."""
        for number in range(self._promised):
            need = self._needs[number % len(self._needs)]
            pledge = f"{need}.{idempotency.suffix('past', str(number))}"
            yield pledges.MakePledge(need, pledge, 1), idempotency.person("bench", str(number % 845))


_SUM: Final = {"$group": {"_id": None, "documents": {"$sum": 1}, "bytes": {"$sum": {"$bsonSize": "$$ROOT"}}}}


def _wrapped(command: pledges.OfNeed, person: str) -> tuple[str, bytes]:
    return command.stream, wrapped(pledges.COMMANDS, command, str(uuid4()), f"{person} organiser,resident")


def findings(raw: Raw) -> Findings:
    """What an answer takes, and what is read for it of all that is kept."""
    rounds = raw["rounds"]

    def took(what: str) -> str:
        return f"{middle(rounds, what, 'p50_ms'):.0f}, {middle(rounds, what, 'p95_ms'):.0f}"

    rows = [
        (
            f"{raw['facts']:,}",
            took("campaign"),
            took("board"),
            f"{raw['read_documents']:,} ({raw['read_mb']:.1f} MB)",
            f"{raw['kept_documents']:,} ({raw['kept_mb']:.1f} MB)",
        )
    ]
    head = ("facts", "campaign, p50 and p95 ms", "board, p50 and p95 ms", "documents read, at most", "documents kept")
    title = f"A campaign of {raw['needs']} needs as it was, at random instants"
    return Findings({}, [Table(title, head, rows)])
