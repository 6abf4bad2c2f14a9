"""The way from the log to the views, on real parts, also when Redis forgets."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from deploy.embedded.parts import Parts, embedded
from services.gateway.identity import Identity
from services.gateway.view_store import Found
from shared.contracts.pledges import NeedChanged, NeedOpened
from shared.kafka.reader import Reader
from shared.ports import Outgoing, Trouble
from shared.redis import Redis
from tests.gateway.given import CAMPAIGN, a_campaign, a_need, a_record, wrapped
from tests.gateway.owner import Log, Owner, snapshot
from tests.gateway.replica import Replica, until


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Parts]:
    """A Redis that may be killed and emptied."""
    async with embedded(tmp_path, "redis") as parts:
        yield parts


def _changed(n: int, version: int) -> NeedChanged:
    return NeedChanged(a_need(n, version=version, title=f"Soup {version}"), ("title",))


async def _version(replica: Replica, n: int = 0) -> int:
    found = await replica.store.view(a_need(n).id)
    return found.version if isinstance(found, Found) else 0


async def _restored(parts: Parts, data: Path) -> None:
    """Kill Redis and start it with the copy of its data that was put by."""
    await parts.running["redis"].kill()
    shutil.rmtree(data / "redis")
    shutil.copytree(data / "old", data / "redis")
    await parts.running["redis"].start()


async def _is(replica: Replica, version: int) -> bool:
    try:
        return await _version(replica) == version
    except Trouble:
        return False


async def test_facts_become_views_and_who_waits_is_woken(redis: str, root: str, log: Log) -> None:
    """With the outcome's own bytes, once the views hold the change."""
    async with Replica(redis, root, log, Identity([])).running() as replica:
        woken = await replica.write(NeedOpened(a_need(), "ana"))

        assert woken.type == "brumtogether.pledges.CommandSucceeded.v1"
        assert not woken.replayed
        assert not woken.mismatch
        assert await _version(replica) == 1
        assert replica.memory.told(a_need().id) == 1
        assert len(replica.waiters) == 0


async def test_two_replicas_share_the_partitions_and_wake_each_others_waiters(redis: str, root: str, log: Log) -> None:
    """Whoever projects an outcome, the replica that asked hears of it."""
    one, other = (Replica(redis, root, log, Identity([])) for _ in range(2))
    async with one.running(), other.running():
        await until(lambda: len(one.projector.assignment()) == 2)
        await until(lambda: len(other.projector.assignment()) == 2)

        for n in range(8):
            for replica in (one, other):
                await replica.write(_changed(n, 2 + (replica is other)))

        for replica in (one, other):
            assert [await _version(replica, n) for n in range(8)] == [3] * 8


async def test_poison_in_the_log_is_parked_once(redis: str, root: str, log: Log, kafka: str) -> None:
    """Its neighbours are projected; the dead letter says where it came from."""
    async with Reader(kafka) as reader:
        dead = ("gateway.dead-letters", 0)
        before = (await reader.ends([dead]))[dead]
        async with Replica(redis, root, log, Identity([])).running() as replica:
            place = replica.place_of(a_need().id)
            await log.appender.append([Outgoing(*place, b"k", b"\xff"), Outgoing(*place, b"k", b"{}")])
            await replica.write(NeedOpened(a_need(), "ana"))
        reader.begin({dead: before})
        letters = [
            letter
            for letter in await reader.read(wait_ms=5_000)
            if (dict(letter.headers)["dl-topic"] or b"").decode() == place[0]
        ]

    assert [letter.value for letter in letters] == [b"\xff", b"{}"]
    assert [dict(letter.headers)["dl-offset"] for letter in letters] == [b"0", b"1"]


async def test_an_emptied_redis_is_built_anew_while_running(own: Parts, root: str, log: Log, owner: Owner) -> None:
    """Without a restart, and what is written meanwhile is there as well."""
    here = {"pledges": await owner.start()}
    async with Replica(own.redis, root, log, Identity([]), here).running() as replica:
        for version in range(1, 4):
            await replica.write(_changed(0, version))
        owner.lines = snapshot(
            campaign=[msgspec.json.encode(a_campaign())],
            need=[msgspec.json.encode(_changed(0, 3).need)],
        )

        await replica.redis.call("FLUSHALL")
        await replica.write(_changed(0, 4))

        assert await _version(replica) == 4
        assert isinstance(await replica.store.view(CAMPAIGN), Found)


async def test_a_redis_that_went_back_in_time_catches_up(own: Parts, root: str, log: Log, tmp_path: Path) -> None:
    """Restarted with the data of an hour ago, it is read on from there, though the group's offsets are far on."""
    async with Replica(own.redis, root, log, Identity([])).running() as replica:
        await replica.write(_changed(0, 1))
        await replica.write(_changed(1, 1))
        await asyncio.sleep(1.2)  # appendfsync everysec
        shutil.copytree(tmp_path / "redis", tmp_path / "old")
        for version in range(2, 6):
            await replica.write(_changed(0, version))

        await _restored(own, tmp_path)

        await until(lambda: _is(replica, 5))
        await replica.write(_changed(1, 2))
        assert await _version(replica, 1) == 2


async def test_a_replica_that_starts_goes_on_from_what_redis_holds(own: Parts, root: str, log: Log) -> None:
    """Not from the group's committed offsets: those may be ahead of a Redis that lost something."""
    async with Replica(own.redis, root, log, Identity([])).running() as first:
        await first.write(_changed(0, 1))
        place = first.place_of(a_need().id)
        value = wrapped(_changed(0, 2), "pledges")
        await log.appender.append([Outgoing(*place, b"k", value)])
        await until(lambda: _is(first, 2))
        prefix = await first.store.prefix()

    async with Replica(own.redis, root, log, Identity([])).running() as second:
        # As if the last record's batch had been lost with its position.
        await second.redis.call("HINCRBY", f"{prefix}positions", f"{place[0]}:{place[1]}", -1)
        await second.redis.call("HSET", f"{prefix}o:{a_need().id}", "v", "1")

        await until(lambda: _is(second, 2))


async def test_partitions_that_came_while_redis_was_away_are_read_on(own: Parts, root: str, log: Log) -> None:
    """Also if nothing new is appended to them: what Redis lacks lies behind the group's own offsets."""
    async with Replica(own.redis, root, log, Identity([])).running() as replica:
        await replica.write(_changed(0, 1))
        place = replica.place_of(a_need().id)
        prefix = await replica.store.prefix()
        await own.running["redis"].kill()

        await replica.projector._assigned(place[0], frozenset({place}))
        assert place not in replica.projector._expected
        await own.running["redis"].start()
        other = Redis(own.redis)
        await other.call("HSET", f"{prefix}positions", f"{place[0]}:{place[1]}", 0)
        await other.call("HSET", f"{prefix}o:{a_need().id}", "v", 0)
        await other.close()

        await until(lambda: _is(replica, 1))


async def test_a_log_that_begins_too_late_makes_the_views_anew(redis: str, root: str, log: Log, owner: Owner) -> None:
    """What Redis lacks is in the log no more (kept for a year): only the owners know it."""
    here = {"pledges": await owner.start()}
    async with Replica(redis, root, log, Identity([]), here).running() as replica:
        await replica.write(_changed(0, 1))
        owner.lines = snapshot(need=[msgspec.json.encode(_changed(0, 9).need)])
        topic, partition = replica.place_of(a_need().id)
        later = a_record(wrapped(_changed(0, 8), "pledges"), 100, topic, partition)

        for _ in range(3):  # what a consumer hands out when the offset that it was sent to is gone
            assert await replica.projector.take([later]) == []

        await until(lambda: _is(replica, 9))


@pytest.mark.timeout(120)
async def test_c6_readers_meet_no_404_and_no_older_version_while_redis_forgets(
    own: Parts, root: str, log: Log, owner: Owner, tmp_path: Path
) -> None:
    """Emptied, killed and restored to an older state under writes; equal again in the end, on both replicas."""
    here = {"pledges": await owner.start()}
    replicas = [Replica(own.redis, root, log, Identity([]), here) for _ in range(2)]
    newest = 1
    statuses: set[int] = set()
    met = dict.fromkeys(replicas, 0)

    async def reader(replica: Replica) -> None:
        while True:
            for target in (f"/v1/needs/{a_need().id}", "/v1/needs"):
                got = await replica.get(target)
                statuses.add(got.status)
                if got.status == 200:
                    items: list[dict[str, int]] = msgspec.json.decode(got.body).get("items", [got.json])
                    version = items[0]["version"]
                    assert version >= met[replica]
                    met[replica] = version
            await asyncio.sleep(0.005)

    async def snapshot_of_now() -> None:
        owner.lines = snapshot(need=[msgspec.json.encode(_changed(0, newest).need)])

    async def append(version: int) -> None:
        nonlocal newest
        value = wrapped(_changed(0, version), "pledges", f"c{version}")
        newest = version
        await log.appender.append([Outgoing(*replicas[0].place_of(a_need().id), b"k", value)])

    owner.before_lines.append(snapshot_of_now)
    async with replicas[0].running(), replicas[1].running():
        await replicas[0].write(_changed(0, 1))
        await until(lambda: _all_served(replicas, 1))
        readers = [asyncio.create_task(reader(replica)) for replica in replicas]
        await asyncio.sleep(1.2)  # appendfsync everysec
        shutil.copytree(tmp_path / "redis", tmp_path / "old")
        for version in range(2, 60):
            await append(version)
            match version:
                case 15:
                    await replicas[0].redis.call("FLUSHALL")
                case 30:
                    await _restored(own, tmp_path)
                case 45:
                    await replicas[1].rebuild.once(force=True)
                case _:
                    pass
            await asyncio.sleep(0.03)
        await until(lambda: _all_served(replicas, 59))
        await until(lambda: set(met.values()) == {59})
        assert not any(task.done() for task in readers)
        for task in readers:
            task.cancel()
        await asyncio.gather(*readers, return_exceptions=True)

    assert statuses <= {200, 503}


async def _all_served(replicas: list[Replica], version: int) -> bool:
    got = [await replica.get(f"/v1/needs/{a_need().id}") for replica in replicas]
    return all(one.status == 200 and one.json["version"] == version for one in got)
