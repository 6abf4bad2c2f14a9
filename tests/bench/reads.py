"""What a read of a view takes of the server's CPU, beside other ways to serve it: `python -m tests.bench reads`.

The whole process counts, less what it takes when nobody asks (our gateway has other things to do, too); Redis' own
CPU does not. The server has one core to itself, the load the other, as far as there are two.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
import msgspec
from msgspec import Struct
from redis.asyncio import Redis

from deploy.embedded.parts import Parts
from deploy.ports import free_port
from tests.bench.cpu import Cpu
from tests.bench.figures import Findings, Raw, Table, column, median_ratio, middle
from tests.bench.load import Load, get, put_on
from tests.bench.ours import Ours
from tests.bench.parts import fresh, say, server, settled
from tests.bench.reader import Answer
from tests.system.platform import Person, a_campaign, a_need

CLIENTS = 32
SECONDS = 1.5
TIMES = 2
"""So many short rounds for each that is asked for: a few seconds differ more than what is to be told apart."""
BYTES = 1_500


class Side(Struct, frozen=True):
    """A server, what it is asked, and the status that it has to answer with."""

    port: int
    pid: int
    request: bytes
    status: int


async def measure(rounds: int) -> Raw:
    """Measure all ways in turns."""
    found: list[Raw] = []
    async with fresh() as parts, serving(parts) as sides:
        for number in range(TIMES * rounds + 1):  # the first warms up, and does not count
            row = await _round(sides, SECONDS, first=number % len(sides))
            costs = ", ".join(f"{side} {each['server_us']:.1f}" for side, each in row.items())
            say(f"reads: round {number} of {TIMES * rounds}: us each {costs}")
            if number:
                found.append(row)
    return {"rounds": found, "bytes": BYTES, "clients": CLIENTS, "seconds": SECONDS}


async def _round(sides: Mapping[str, Side], seconds: float, first: int) -> Raw:
    """Measure each side, beginning with another one every time: who comes after a rest finds the core asleep."""
    idle = Cpu.begin({str(side.pid): side.pid for side in sides.values()})
    await asyncio.sleep(seconds)
    shares, row = idle.shares(), {}
    order = [*sides.items()]
    for name, side in order[first:] + order[:first]:
        load = Load(side.port, [side.request], CLIENTS, seconds, 0.5, {"server": side.pid}, cores=_LOAD_CORES)
        measured = await put_on(load)
        measured.all(side.status)
        anyway = shares[str(side.pid)] * 10_000 / measured.per_second
        row[name] = msgspec.to_builtins(measured) | {"server_us": measured.cpu_us["server"] - anyway}
    return row


@asynccontextmanager
async def serving(parts: Parts) -> AsyncIterator[dict[str, Side]]:
    """All servers at once; those that are not asked hardly do anything."""
    at_redis, at_bare = free_port(), free_port()
    with TemporaryDirectory(prefix="brum-bench-") as folder:
        ours, answers = Ours(parts, Path(folder)), Path(folder) / "answers"
        async with ours.running() as pids:
            need, ok, unchanged = await _view(ours)
            await asyncio.to_thread(answers.write_bytes, msgspec.msgpack.encode((ok, unchanged)))
            async with Redis.from_url(parts.redis) as redis:
                await redis.set(f"view:{need}", ok.body)
            async with (
                server(at_redis, "tests.bench.reader", "redis", str(at_redis), parts.redis) as reader,
                server(at_bare, "tests.bench.reader", "bare", str(at_bare), str(answers)) as bare,
            ):
                for pid in (pids["gateway"], reader, bare):
                    os.sched_setaffinity(pid, _SERVER_CORES)
                plain, version = get(f"/v1/needs/{need}"), msgspec.json.decode(ok.body)["version"]
                same = get(f"/v1/needs/{need}", f"if-none-match: {dict(ok.headers)[b'etag'].decode()}")
                validated = get(f"/validated/needs/{need}", f'if-none-match: "{version}"')
                await settled(pids)
                yield {
                    "ours 200": Side(ours.port, pids["gateway"], plain, 200),
                    "bare 200": Side(at_bare, bare, plain, 200),
                    "redis 200": Side(at_redis, reader, plain, 200),
                    "typed 200": Side(at_redis, reader, get(f"/typed/needs/{need}"), 200),
                    "ours 304": Side(ours.port, pids["gateway"], same, 304),
                    "bare 304": Side(at_bare, bare, same, 304),
                    "redis 304": Side(at_redis, reader, validated, 304),
                }


_CORES = sorted(os.sched_getaffinity(0))
_SERVER_CORES = _CORES[:1]
_LOAD_CORES = _CORES[1:] or _CORES


def findings(raw: Raw) -> Findings:
    """The figures of the rounds."""
    rounds = raw["rounds"]

    def cost(side: str) -> list[float]:
        return column(rounds, side, "server_us")

    names = {
        "ours": "BrumTogether's gateway",
        "bare": "bare ASGI application",
        "redis": "FastAPI asking Redis",
        "typed": "the same, its type declared",
    }
    rows = [
        (
            name,
            *(
                f"{middle(rounds, f'{side} {status}', what):.{digits}f}" if f"{side} {status}" in rounds[0] else "-"
                for what, digits in (("server_us", 1), ("per_second", 0))
                for status in (200, 304)
            ),
        )
        for side, name in names.items()
    ]
    return Findings(
        {
            "G8": median_ratio(cost("redis 200"), cost("ours 200")),
            "G8b": median_ratio(cost("redis 200"), cost("ours 304")),
            "G9": 100 * median_ratio(cost("bare 200"), cost("ours 200")),
            "G9b": 100 * median_ratio(cost("bare 304"), cost("ours 304")),
        },
        [
            Table(
                f"Reads of a view of {raw['bytes']:,} bytes, {raw['clients']} clients",
                ("server", "200: CPU µs", "304: CPU µs", "200: a second", "304: a second"),
                rows,
            )
        ],
    )


async def _view(ours: Ours) -> tuple[str, Answer, Answer]:
    """A need whose view is about as long as wanted, and our two answers to who asks for it."""
    async with Person(ours, "ana", "organiser") as ana:
        campaign = await a_campaign(ana, "Bench")
        short = len((await ana.ask("GET", f"/v1/needs/{await a_need(ana, campaign, 10)}")).content)
        need = await a_need(ana, campaign, 10, description="x" * (BYTES - short))
    async with httpx2.AsyncClient(base_url=ours.url, trust_env=False, verify=False) as client:
        ok = await client.get(f"/v1/needs/{need}")
        unchanged = await client.get(f"/v1/needs/{need}", headers={"if-none-match": ok.headers["etag"]})
    assert (ok.status_code, unchanged.status_code) == (200, 304)
    return need, _answer(ok), _answer(unchanged)


def _answer(given: httpx2.Response) -> Answer:
    """What our application sent: without the date, which the server adds."""
    headers = [(name.lower(), value) for name, value in given.headers.raw if name.lower() != b"date"]
    return Answer(given.status_code, headers, given.content)
