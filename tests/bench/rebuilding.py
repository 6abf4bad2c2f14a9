"""How fast the views of a season are built anew, and whether reads notice: `python -m tests.bench rebuilding`.

A season is told through the log: needs, a pledge on each unit, a delivery of each pledge. Then the views are built
again and again, from the services' snapshots and what the log has told since, while people go on reading.
"""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from uuid import uuid4

import httpx2
import msgspec

from services.gateway import idempotency
from services.gateway.rebuild import Rebuild
from services.gateway.view_store import ViewStore
from shared.contracts import pledges, topics
from shared.internal_client import Internal
from shared.redis import Redis
from tests.bench.backlog import Backlog, fill, wrapped
from tests.bench.figures import Findings, Raw, Table, middle
from tests.bench.load import Load, get, put_on
from tests.bench.ours import Ours
from tests.bench.parts import SECRET, fresh, say, settled, until
from tests.system.platform import Person, a_campaign

NEEDS: Final = 400
PLEDGES: Final = 100_000
VOLUNTEERS: Final = 845
CLIENTS: Final = 16
SECONDS: Final = 4.0


async def measure(rounds: int) -> Raw:
    """Tell the season once, then build and read in turns."""
    async with fresh() as parts:
        with TemporaryDirectory(prefix="brum-bench-") as folder:
            ours = Ours(parts, Path(folder))
            async with ours.running() as pids, Person(ours, "ana", "organiser") as ana:
                season = _Season(ours, ana, await a_campaign(ana, "Season"))
                facts = await season.tell()
                found = []
                for number in range(rounds + 1):  # the first warms up, and does not count
                    await settled(pids)
                    row = await season.round(pids["gateway"])
                    if number:
                        found.append(row)
                    say(
                        f"rebuilding: round {number} of {rounds}: {row['rebuild_s']:.2f} s; reads "
                        f"{row['quiet']['p99_ms']:.1f} ms, meanwhile {row['meanwhile']['p99_ms']:.1f} ms (p99)"
                    )
    return {"rounds": found, "facts": facts, "needs": NEEDS, "clients": CLIENTS}


class _Season:
    """A campaign with as many facts as a season has."""

    def __init__(self, ours: Ours, ana: Person, campaign: str) -> None:
        self._ours = ours
        self._ana = ana
        self._campaign = campaign
        self._needs = [idempotency.new_id("need", f"season {number}") for number in range(NEEDS)]

    async def tell(self) -> int:
        """Append all commands, wait until everybody can read the end of it, and count the facts."""
        kafka, topic = self._ours.parts.kafka, topics.commands("pledges")
        organiser = str((await self._ana.get("/v1/me"))["id"])
        made = [*self._pledges()]
        async with Backlog(kafka, topic, "pledges") as backlog:
            for about, commands in (
                ("needs are opened", [self._opening(need, organiser) for need in self._needs]),
                ("pledges are made", [_wrapped(command, donor) for command, donor in made]),
                ("deliveries come", [self._delivering(command, organiser) for command, _ in made]),
            ):
                say(f"rebuilding: {len(commands):,} {about}")
                before = await backlog.done()
                await fill(kafka, topic, commands)
                await backlog.drained(before, len(commands), {})
        await until(self._is_read, 120, every=0.5)
        return NEEDS + 2 * PLEDGES

    async def round(self, gateway: int) -> Raw:
        """Read; then read while the views are built again and again."""
        request = get(f"/v1/needs/{self._needs[0]}")
        load = Load(self._ours.port, [request], CLIENTS, SECONDS, pids={"gateway": gateway})
        quiet = await put_on(load)
        reading = asyncio.create_task(put_on(load))
        took, lines = [], 0
        while not reading.done():
            seconds, lines = await self._rebuilt()
            took.append(seconds)
        meanwhile = await reading
        quiet.all(200)
        meanwhile.all(200)
        assert await self._is_read(), "the new views tell of less"
        return {
            "rebuild_s": sum(took) / len(took),
            "rebuilds": len(took),
            "lines": lines,
            "quiet": msgspec.to_builtins(quiet),
            "meanwhile": msgspec.to_builtins(meanwhile),
        }

    async def _rebuilt(self) -> tuple[float, int]:
        """Build the views; how long that took, in seconds, and how many lines of snapshots were read."""
        lines = [0]
        redis = Redis(self._ours.parts.running["redis"].address)
        owners = [Internal(self._ours.internal[name], SECRET) for name in ("events", "pledges")]
        began = time.perf_counter()
        try:
            assert await Rebuild(ViewStore(redis), owners, self._ours.parts.kafka).once(
                force=True, progress=lines.append
            )
            return time.perf_counter() - began, lines[-1]
        finally:
            await redis.close()
            for owner in owners:
                await owner.close()

    async def _is_read(self) -> bool:
        """Whether everybody reads all deliveries."""
        try:
            found = await self._ana.get(f"/v1/campaigns/{self._campaign}")
        except (AssertionError, httpx2.HTTPError):
            return False
        return bool(found["totals"]["delivered"].get("meal") == PLEDGES)

    def _opening(self, need: str, organiser: str) -> tuple[str, bytes]:
        command = pledges.OpenNeed(need, self._campaign, "Soup for the hall", "meal", PLEDGES // NEEDS, "meals")
        return _wrapped(command, organiser)

    def _pledges(self) -> Iterator[tuple[pledges.MakePledge, str]]:
        """Each with the person who makes it."""
        people = [idempotency.person("bench", str(number)) for number in range(VOLUNTEERS)]
        for number in range(PLEDGES):
            need = self._needs[number % NEEDS]
            pledge = f"{need}.{idempotency.suffix('season', str(number))}"
            yield pledges.MakePledge(need, pledge, 1), people[number % VOLUNTEERS]

    def _delivering(self, made: pledges.MakePledge, organiser: str) -> tuple[str, bytes]:
        return _wrapped(pledges.DeliverPledge(made.need_id, made.pledge_id, 1), organiser)


def _wrapped(command: pledges.OfNeed, person: str) -> tuple[str, bytes]:
    return command.stream, wrapped(pledges.COMMANDS, command, str(uuid4()), f"{person} organiser,resident")


def findings(raw: Raw) -> Findings:
    """What a rebuild takes; there is no other side to compare with but the same reads with nothing else going on."""
    rounds, facts = raw["rounds"], raw["facts"]
    took = middle(rounds, "rebuild_s")

    def reads(when: str) -> str:
        return f"{middle(rounds, when, 'per_second'):.0f}/s, p99 {middle(rounds, when, 'p99_ms'):.1f} ms"

    rows = [
        (
            f"{facts:,}",
            f"{took:.2f}",
            f"{facts / took:,.0f}",
            f"{rounds[0]['lines']:,}",
            reads("quiet"),
            reads("meanwhile"),
        ),
    ]
    return Findings(
        {},
        [
            Table(
                f"All views of a season built anew, while {raw['clients']} clients read (all answered 200)",
                ("facts", "seconds", "facts a second", "of which read, as states", "reads before", "reads meanwhile"),
                rows,
            )
        ],
    )
