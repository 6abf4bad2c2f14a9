"""How fast a pledge is answered over HTTP, beside the usual way: `python -m tests.bench.write_path [SECONDS]`.

Closed loop over keep-alive connections; both sides on the same parts in one run, in turns.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import aiohttp

from shared.contracts.topics import Topic
from shared.kafka.topics import apply_topics
from tests.bench.drain import PARTITIONS
from tests.bench.parts import process
from tests.system.platform import Person, Platform, a_campaign, a_need, free_port

CLIENTS = (1, 16, 64, 256)
NEEDS = 100


async def load(url: str, needs: list[str], token: str, clients: int, seconds: float) -> tuple[float, float]:
    """Requests a second and median latency in ms."""
    taken: list[float] = []
    end = time.perf_counter() + seconds
    headers = {"Authorization": f"Bearer {token}"}
    connector = aiohttp.TCPConnector(limit=clients)

    async def client(session: aiohttp.ClientSession, number: int) -> None:
        turn = number
        while (began := time.perf_counter()) < end:
            turn += 1
            body = {"need_id": needs[turn % len(needs)], "quantity": 1}
            async with session.post(f"{url}/v1/pledges", json=body, headers=headers) as answer:
                await answer.read()
                assert answer.status == 201, answer.status
            taken.append(time.perf_counter() - began)

    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(client(session, number) for number in range(clients)))
    return len(taken) / seconds, statistics.median(taken) * 1000


async def main(seconds: float) -> None:
    """Run both sides in turns and print a table."""
    with tempfile.TemporaryDirectory(prefix="brum-bench-") as folder:
        platform = Platform(Path(folder) / "data").start()
        try:
            kafka, mongo = (platform.program(name)["address"] for name in ("kafka", "mongo"))
            topic, port = f"t{uuid4().hex}", free_port()
            await apply_topics(kafka, PARTITIONS, [Topic(topic, "", ())])
            async with Person(platform, "org", "organiser") as org:
                campaign = await a_campaign(org, "Bench")
                needs = [await a_need(org, campaign, 10**9) for _ in range(NEEDS)]
            with process("tests.bench.classic", kafka, mongo, topic, str(port)):
                await asyncio.sleep(3)
                token = platform.token("bo")
                usual = f"http://127.0.0.1:{port}"
                for url in (usual, platform.url):
                    await load(url, needs, token, 16, 2)
                for clients in CLIENTS:
                    theirs = await load(usual, needs, token, clients, seconds)
                    ours = await load(platform.url, needs, token, clients, seconds)
                    print(  # noqa: T201 -- a command
                        f"{clients:4} clients: classic {theirs[0]:7.0f}/s {theirs[1]:7.1f} ms"
                        f"   ours {ours[0]:7.0f}/s {ours[1]:7.1f} ms   {ours[0] / theirs[0]:5.2f}x"
                    )
        finally:
            platform.stop()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 5))
