"""Redis that loses its memory, and a machine that loses its power."""

import asyncio
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

import httpx2
import psutil
import pytest

from shared.redis import Redis
from tests.system.platform import ROOT, Person, Platform, a_campaign, a_need, an_event

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def breakable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform whose memory is taken away."""
    running = Platform(tmp_path_factory.mktemp("forgetful") / "data").start()
    try:
        yield running
    finally:
        running.stop()


class Looker:
    """Reads the same addresses over and over and notes what must never happen."""

    def __init__(self, person: Person, versions: dict[str, int]) -> None:
        """Look at addresses whose versions are known."""
        self._person = person
        self._versions = versions
        self.wrong: list[str] = []
        self.codes: set[int] = set()

    async def run(self, until: asyncio.Event) -> None:
        """Look until told to stop."""
        while not until.is_set():
            for path, version in self._versions.items():
                with suppress(httpx2.HTTPError):
                    answer = await self._person.ask("GET", path)
                    self.codes.add(answer.status_code)
                    if answer.status_code == 200 and answer.json()["version"] < version:
                        self.wrong.append(f"{path}: {answer.json()['version']} < {version}")
                    elif answer.status_code not in {200, 503}:
                        self.wrong.append(f"{path}: {answer.status_code}")
                    elif answer.status_code == 503 and "Retry-After" not in answer.headers:
                        self.wrong.append(f"{path}: 503 without Retry-After")
            await asyncio.sleep(0.05)


async def things(org: Person, name: str, count: int = 12) -> dict[str, int]:
    """Open needs and events and give their addresses and versions."""
    campaign = await a_campaign(org, name)
    needs = [await a_need(org, campaign, 10) for _ in range(count)]
    events = [await an_event(org, campaign) for _ in range(3)]
    return {f"/v1/needs/{need}": 1 for need in needs} | {f"/v1/events/{event}": 2 for event in events}


async def whole_again(person: Person, versions: dict[str, int], seconds: float) -> float:
    """Wait until every address is answered again; say how long that took."""
    began = time.monotonic()
    left = dict(versions)
    while left:
        for path in list(left):
            answer = await person.ask("GET", path)
            assert answer.status_code in {200, 503}, f"{path}: {answer.status_code}"
            if answer.status_code == 200 and answer.json()["version"] >= left[path]:
                del left[path]
        assert time.monotonic() - began < seconds, f"still missing: {sorted(left)}"
        await asyncio.sleep(0.2)
    return time.monotonic() - began


async def test_redis_emptied_while_running_is_filled_again(breakable: Platform) -> None:
    """Views are whole again within 60 s; meanwhile nothing is 404 and nothing older is told."""
    async with Person(breakable, "org", "organiser") as org, Person(breakable, "bo") as bo:
        versions = await things(org, "Emptied")
        await bo.get(next(iter(versions)))
        looker, until = Looker(bo, versions), asyncio.Event()
        looking = asyncio.create_task(looker.run(until))
        redis = Redis(breakable.program("redis")["address"])

        await redis.call("FLUSHALL")

        took = await whole_again(org, versions, 60)
        need = next(path for path in versions if "needs" in path).rpartition("/")[2]
        await bo.post("/v1/pledges", {"need_id": need, "quantity": 1})
        assert (await bo.get(f"/v1/needs/{need}"))["pledged"] == 1
        listed = await bo.get("/v1/needs?limit=100")
        until.set()
        await looking
        await redis.close()
    assert looker.wrong == []
    assert took < 60
    assert {f"/v1/needs/{item['id']}" for item in listed["items"]} >= {path for path in versions if "needs" in path}


async def test_redis_back_at_an_older_state_catches_up(breakable: Platform) -> None:
    """A Redis that comes back with what it knew some time ago is brought up to date, and never believed meanwhile."""
    async with Person(breakable, "org", "organiser") as org, Person(breakable, "bo") as bo:
        versions = await things(org, "Gone back in time", 4)
        folder = breakable.data / "redis"
        await asyncio.sleep(1.5)
        old = breakable.data / "redis-old"
        shutil.copytree(folder, old)
        needs = [path for path in versions if "needs" in path]
        for path in needs:
            for _ in range(3):
                await bo.post("/v1/pledges", {"need_id": path.rpartition("/")[2], "quantity": 1})
                versions[path] += 1
        later = await things(org, "After the copy", 2)
        looker, until = Looker(bo, versions | later), asyncio.Event()
        looking = asyncio.create_task(looker.run(until))

        breakable.kill("redis")
        shutil.rmtree(folder)
        old.rename(folder)

        await whole_again(org, versions | later, 60)
        until.set()
        await looking
    assert looker.wrong == []


async def test_a_power_cut_loses_nothing_that_was_acknowledged(breakable: Platform) -> None:
    """C1: SIGKILL of the supervisor and everything below it; the next start has it all."""
    async with Person(breakable, "org", "organiser") as org, Person(breakable, "bo") as bo:
        campaign = await a_campaign(org, "Power cut")
        need = await a_need(org, campaign, 1_000)
        for _ in range(50):
            await bo.post("/v1/pledges", {"need_id": need, "quantity": 1})
        assert breakable.process is not None
        tree = psutil.Process(breakable.process.pid)
        for process in [tree, *tree.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        breakable.process.wait()

        breakable.start()

        await whole_again(org, {f"/v1/needs/{need}": 51}, 60)
        assert (await bo.get(f"/v1/needs/{need}"))["pledged"] == 50
        await bo.post("/v1/pledges", {"need_id": need, "quantity": 1})
        assert len((await bo.get("/v1/me/pledges?limit=100"))["items"]) >= 51


def test_views_are_built_anew_while_the_old_ones_serve(breakable: Platform) -> None:
    """`brum views rebuild` on a running platform."""
    done = subprocess.run(
        [sys.executable, "-m", "deploy.cli", "views", "rebuild"],
        cwd=ROOT,
        env=breakable.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert "The views are new." in done.stdout
