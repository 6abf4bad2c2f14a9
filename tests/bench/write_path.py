"""How fast a pledge is answered over HTTP, beside the usual way: `python -m tests.bench write_path`.

A round measures one side with all numbers of clients and then the other; neither runs while the other does.
`python -m tests.bench.write_path --ours-only` looks at our side alone, for who tunes it.
"""

import argparse
import asyncio
import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import msgspec
from motor.motor_asyncio import AsyncIOMotorClient

from deploy.embedded.parts import Parts
from deploy.ports import free_port
from shared.contracts.topics import Topic
from shared.kafka.topics import apply_topics
from tests.bench.figures import Findings, Raw, Table, column, median_ratio, middle
from tests.bench.load import ITSELF, Load, Measured, post, put_on
from tests.bench.ours import Ours
from tests.bench.parts import PARTITIONS, fresh, pid_of, say, server, settled, total
from tests.system.platform import Person, a_campaign, a_need

CLIENTS = (1, 16, 64, 256)
NEEDS = 100
PLENTY = 10**9
SECONDS = 4.0
_HTTPX_AT = 64
_BARE_AT = (64, 256)


async def measure(rounds: int) -> Raw:
    """Measure both sides in turns."""
    found: list[dict[str, dict[str, Raw]]] = []
    async with fresh() as parts:
        with TemporaryDirectory(prefix="brum-bench-") as folder:
            ours, theirs = OurSide(parts, Path(folder)), Classic(parts)
            for number in range(rounds + 1):  # the first warms Kafka, MongoDB and all caches up, and does not count
                say(f"write_path: round {number} of {rounds}" + ("" if number else " (warm-up)"))
                clients, seconds = (CLIENTS, SECONDS) if number else ((64,), 3.0)
                row = {
                    "ours": await ours.round(clients, seconds),
                    "aiohttp": await theirs.round("aiohttp", clients, seconds),
                    "httpx": await theirs.round("httpx", (_HTTPX_AT,), seconds),
                    "bare": await ours.bare_round(_BARE_AT if number else _BARE_AT[:1], seconds),
                }
                if number:
                    found.append(row)
                for side, measured in row.items():
                    for count, each in measured.items():
                        say(f"  {side:8} {count:>4} clients {each['per_second']:7.0f}/s {each['p50_ms']:7.1f} ms")
            await ours.check()
            await theirs.check()
    return {"rounds": found, "seconds": SECONDS, "partitions": PARTITIONS}


def findings(raw: Raw) -> Findings:
    """The figures of the rounds."""
    rounds = raw["rounds"]

    def rate(side: str, clients: int) -> list[float]:
        return column(rounds, side, str(clients), "per_second")

    def time(side: str, clients: int) -> list[float]:
        return column(rounds, side, str(clients), "p50_ms")

    rows, costs = [], []
    both = [(clients, side) for clients in CLIENTS for side in ("ours", "aiohttp")]
    for clients, side in [*both, (_HTTPX_AT, "httpx"), *((clients, "bare") for clients in _BARE_AT)]:
        at = (side, str(clients))
        rows.append(
            (
                str(clients),
                _NAMES[side],
                f"{middle(rounds, *at, 'per_second'):.0f}",
                *(f"{middle(rounds, *at, name):.1f}" for name in ("p50_ms", "p99_ms")),
            )
        )
        spent = {name: middle(rounds, *at, "cpu_us", name) for name in rounds[0][side][str(clients)]["cpu_us"]}
        told = ", ".join(f"{name} {us:.0f}" for name, us in spent.items())
        costs.append((str(clients), _NAMES[side], f"{sum(spent.values()) - spent[ITSELF]:.0f}", told))
    return Findings(
        {
            "G4": median_ratio(rate("ours", 64), rate("aiohttp", 64)),
            "G4b": median_ratio(rate("ours", 64), rate("httpx", 64)),
            "G5": median_ratio(rate("ours", 256), rate("aiohttp", 256)),
            "G6": median_ratio(time("aiohttp", 64), time("ours", 64)),
            "G7": median_ratio(time("ours", 1), time("aiohttp", 1)),
        },
        [
            Table("POST to outcome", ("clients", "side", "a second", "p50 ms", "p99 ms"), rows),
            Table("CPU a request, in µs", ("clients", "side", "servers", "by process"), costs),
        ],
    )


_NAMES = {
    "ours": "BrumTogether",
    "aiohttp": "classic, aiohttp",
    "httpx": "classic, httpx",
    "bare": "our service alone, behind a gateway that does nothing",
}


@asynccontextmanager
async def pledging(ours: Ours) -> AsyncIterator[list[bytes]]:
    """Requests for pledges on the needs of a new campaign."""
    async with Person(ours, "ana", "organiser") as ana:
        campaign = await a_campaign(ana, "Bench")
        needs = [await a_need(ana, campaign, PLENTY) for _ in range(NEEDS)]
    token = ours.token("bo")
    yield [post("/v1/pledges", {"need_id": need, "quantity": 1}, token=token) for need in needs]


class OurSide:
    """Our side, round by round on the same needs, and how many pledges it has taken."""

    def __init__(self, parts: Parts, data: Path) -> None:
        self._ours = Ours(parts, data)
        self._requests: list[bytes] = []
        self._taken = 0

    async def round(self, clients: tuple[int, ...], seconds: float) -> dict[str, Raw]:
        """Measure with each number of clients, the services begun anew."""
        async with self._ours.running() as pids:
            if not self._requests:
                async with pledging(self._ours) as requests:
                    self._requests = requests
            await settled(pids)
            found = {}
            for count in clients:
                measured = await put_on(Load(self._ours.port, self._requests, count, seconds, pids=pids))
                self._taken += measured.all(201)
                found[str(count)] = msgspec.to_builtins(measured) | {"settled_s": await settled(pids)}
        return found

    async def bare_round(self, clients: tuple[int, ...], seconds: float) -> dict[str, Raw]:
        """Measure the service of the pledges alone, behind the least of gateways; after a round."""
        port, found = free_port(), {}
        async with (
            self._ours.running("pledges") as pids,
            server(port, "tests.bench.bare_gateway", str(port), self._ours.parts.kafka) as gateway,
        ):
            pids |= {"gateway": gateway}
            await settled(pids)
            for count in clients:
                measured = await put_on(Load(port, self._requests, count, seconds, pids=pids))
                self._taken += measured.all(201)
                found[str(count)] = msgspec.to_builtins(measured)
        return found

    async def check(self) -> None:
        """Nothing was answered that was not done, and nothing done twice."""
        pledged = await total(self._ours.parts.mongo, "brum_pledges", "needs", "pledged")
        assert pledged == self._taken, f"{pledged} pledged, {self._taken} answered"


class Classic:
    """The other side, likewise."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._topic = f"classic{uuid4().hex}"
        self._needs = [f"need_{number:026d}" for number in range(NEEDS)]
        self._requests = [
            post("/v1/pledges", {"need_id": need, "quantity": 1}, token="x" * 500) for need in self._needs
        ]
        self._taken = 0

    async def round(self, client: str, clients: tuple[int, ...], seconds: float) -> dict[str, Raw]:
        """Measure with each number of clients; `client` is the way to ask between the services."""
        if not self._taken:
            await self._prepare()
        at, port = free_port(), free_port()
        addresses = (self._parts.kafka, self._parts.mongo)
        found = {}
        async with (
            server(at, "tests.bench.classic", "service", *addresses, self._topic, str(at)) as service,
            server(port, "tests.bench.classic", "gateway", str(port), str(at), client) as gateway,
        ):
            pids = {"gateway": gateway, "service": service}
            pids |= {name: pid_of(self._parts, name) for name in ("kafka", "mongo")}
            await settled(pids)
            for count in clients:
                measured = await put_on(Load(port, self._requests, count, seconds, pids=pids))
                self._taken += measured.all(201)
                found[str(count)] = msgspec.to_builtins(measured)
        return found

    async def _prepare(self) -> None:
        await apply_topics(self._parts.kafka, PARTITIONS, [Topic(self._topic, "", ())])
        database = AsyncIOMotorClient[dict[str, object]](self._parts.mongo)[self._topic]
        await database.needs.insert_many([{"_id": need, "left": PLENTY, "pledged": 0} for need in self._needs])
        await database.pledges.create_index("need_id")
        database.client.close()

    async def check(self) -> None:
        """Nothing was answered that was not done, and nothing done twice."""
        pledged = await total(self._parts.mongo, self._topic, "needs", "pledged")
        assert pledged == self._taken, f"{pledged} pledged, {self._taken} answered"


async def ours_only(clients: list[int], seconds: float, rounds: int, partitions: int) -> None:
    """Measure our side alone and print what each process uses."""
    async with fresh() as parts:
        with TemporaryDirectory(prefix="brum-bench-") as folder:
            ours = Ours(parts, Path(folder), partitions)
            async with ours.running() as pids, pledging(ours) as requests:
                say(f"process ids: {pids}")
                await put_on(Load(ours.port, requests, 64, 3.0))
                for count in clients:
                    await settled(pids)
                    found = [await put_on(Load(ours.port, requests, count, seconds, pids=pids)) for _ in range(rounds)]
                    _show(count, found)


def _show(clients: int, found: list[Measured]) -> None:
    rate, p50, p99 = (
        statistics.median([getattr(each, name) for each in found]) for name in ("per_second", "p50_ms", "p99_ms")
    )
    spent = {name: statistics.median([each.cpu_us[name] for each in found]) for name in found[0].cpu_us}
    told = "  ".join(f"{name} {us:.0f}" for name, us in spent.items())
    servers = sum(spent.values()) - spent[ITSELF]
    say(f"{clients:4} clients {rate:7.0f}/s  p50 {p50:6.1f} ms  p99 {p99:6.1f} ms  {found[-1].answers}")
    say(f"     us a request: {servers:.0f} all servers; {told}")


def main() -> None:
    """Read the arguments of the quick look."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ours-only", action="store_true", required=True)
    parser.add_argument("--clients", default=",".join(map(str, CLIENTS)), help="numbers of connections, with commas")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--partitions", type=int, default=PARTITIONS)
    given = parser.parse_args()
    clients = [int(count) for count in given.clients.split(",")]
    asyncio.run(ours_only(clients, given.seconds, given.rounds, given.partitions))


if __name__ == "__main__":
    main()
