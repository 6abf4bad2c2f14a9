import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest

from services.notifications import policy
from services.notifications.channels.inbox import InboxRoad
from services.notifications.delivery import DELIVERED, Parcel, Result, letter
from services.notifications.schedule import Road, Schedule
from shared import instants
from shared.ports import Trouble
from tests.notifications.given import Desk, registered

START = "2026-03-23T09:00:01.000Z"
ROAD = "email"


class OtherRoad(InboxRoad):
    """Brings into the app what was scheduled for a road that leaves the house."""

    name = ROAD


class Clock:
    """Time that a test moves on."""

    def __init__(self) -> None:
        """Begin when the facts were read."""
        self.now = START

    def __call__(self) -> str:
        """Tell the instant."""
        return self.now

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self.now = instants.later(self.now, milliseconds=round(seconds * 1000))


class RecordingRoad:
    """A road that keeps what it was given, and fails as it is told."""

    name = ROAD
    timeout = 10.0

    def __init__(self) -> None:
        """Begin with an open road."""
        self.brought: list[str] = []
        self.trouble = False
        self.poison: str | None = None
        self.begun = asyncio.Event()
        self.gate: asyncio.Event | None = None

    async def bring(self, parcels: Sequence[Parcel]) -> list[Result]:
        """Take parcels, or fail."""
        if self.trouble:
            raise Trouble("blocked")
        if any(parcel.person == self.poison for parcel in parcels):
            raise KeyError("text")
        self.begun.set()
        if self.gate is not None:
            await self.gate.wait()
        self.brought += [parcel.person for parcel in parcels]
        return [Result(DELIVERED)] * len(parcels)


@pytest.fixture(name="clock")
def a_clock() -> Clock:
    """Give a clock."""
    return Clock()


def worker(desk: Desk, road: Road, clock: Clock, name: str = "w1") -> Schedule:
    """Give a worker without luck: chance is always in the middle."""
    return Schedule(desk.deliveries, road, worker=name, now=clock, chance=lambda: 0.5)


async def told(desk: Desk, *people: str) -> None:
    """Have it due that these people are told of their registrations."""
    for version, person in enumerate(people, 1):
        for message in policy.messages(registered(version, person)):
            due = letter(f"e.{version}", message)
            await desk.deliveries.post([due], [(due.id, person, ROAD)], now=START)


async def states(desk: Desk) -> dict[str, tuple[str, int]]:
    """Give state and fence of each person's delivery."""
    return {row["person"]: (row["state"], row["fence"]) for row in await desk.rows()}


async def items(desk: Desk) -> list[tuple[str, str]]:
    """List (person, title) of what arrived in the app."""
    return [(item["person"], item["title"]) async for item in desk.database.notifications.find({}).sort("person", 1)]


async def test_what_is_due_arrives(desk: Desk, clock: Clock) -> None:
    """Claimed, brought, written as delivered; then there is nothing left to do."""
    await told(desk, "ana", "bo")
    schedule = worker(desk, OtherRoad(desk.database), clock)

    assert [await schedule.step(), await schedule.step()] == [2, 0]

    assert await items(desk) == [("ana", "You are registered"), ("bo", "You are registered")]
    assert await states(desk) == {"ana": ("delivered", 1), "bo": ("delivered", 1)}


async def test_two_workers_share_the_work(desk: Desk, clock: Clock) -> None:
    """However they race, each delivery is claimed by one of them."""
    crowd = [f"p{number:03}" for number in range(300)]
    await told(desk, *crowd)
    road = RecordingRoad()
    first, second = worker(desk, road, clock, "w1"), worker(desk, road, clock, "w2")

    done = await asyncio.gather(first.step(), second.step(), first.step(), second.step())

    assert sum(done) == 300
    assert sorted(road.brought) == crowd


async def test_n2_a_dead_worker_s_lease_runs_out(desk: Desk, clock: Clock) -> None:
    """N2: killed while it brings, its work is taken over after the lease, and not before."""
    await told(desk, "ana")
    road = RecordingRoad()
    road.gate = asyncio.Event()
    dying = asyncio.create_task(worker(desk, road, clock, "w1").step())
    await road.begun.wait()
    dying.cancel()
    with suppress(asyncio.CancelledError):
        await dying
    successor = worker(desk, OtherRoad(desk.database), clock, "w2")

    clock.pass_by(29)
    assert await successor.step() == 0
    clock.pass_by(2)
    assert await successor.step() == 1

    assert await states(desk) == {"ana": ("delivered", 2)}
    assert await items(desk) == [("ana", "You are registered")]


async def test_a_late_worker_writes_nothing(desk: Desk, clock: Clock) -> None:
    """It comes back after its lease: what it brought is there once, and its result does not count."""
    await told(desk, "ana")
    [stale] = await desk.deliveries.claim(ROAD, "w1.1", now=clock(), until=START, most=10)
    clock.pass_by(60)
    [fresh] = await desk.deliveries.claim(ROAD, "w2.1", now=clock(), until=instants.later(clock(), minutes=1), most=10)
    road = OtherRoad(desk.database)
    await road.bring([stale.parcel])
    await road.bring([fresh.parcel])

    await desk.deliveries.finish([(stale, Result("permanent_failure"))], now=clock())
    await desk.deliveries.postpone([stale], until=START, now=clock())
    assert await states(desk) == {"ana": ("sending", 2)}
    await desk.deliveries.finish([(fresh, Result(DELIVERED))], now=clock())
    await desk.deliveries.finish([(stale, Result("permanent_failure"))], now=clock())

    assert await states(desk) == {"ana": ("delivered", 2)}
    assert await items(desk) == [("ana", "You are registered")]


async def test_a_blocked_road_is_tried_again_later(desk: Desk, clock: Clock) -> None:
    """The pause doubles; nothing is given up for broken infrastructure."""
    await told(desk, "ana")
    road = RecordingRoad()
    road.trouble = True
    schedule = worker(desk, road, clock)

    assert await schedule.step() == 1
    assert await schedule.step() == 0
    clock.pass_by(0.5)
    assert await schedule.step() == 1
    clock.pass_by(0.9)
    assert await schedule.step() == 0
    road.trouble = False
    clock.pass_by(0.1)
    assert await schedule.step() == 1

    assert road.brought == ["ana"]
    assert await states(desk) == {"ana": ("delivered", 3)}


async def test_a_parcel_that_cannot_be_brought_fails_alone(desk: Desk, clock: Clock) -> None:
    """The others of its batch arrive."""
    await told(desk, "ana", "bo", "cy", "dee", "eve")
    road = RecordingRoad()
    road.poison = "cy"

    await worker(desk, road, clock).step()

    assert sorted(road.brought) == ["ana", "bo", "dee", "eve"]
    assert (await states(desk))["cy"] == ("permanent_failure", 1)
    [row] = [row for row in await desk.rows() if row["person"] == "cy"]
    assert row["code"] == "KeyError"


async def test_a_worker_runs_until_it_is_stopped(desk: Desk, clock: Clock) -> None:
    """It sleeps while nothing is due, is woken when something is, and finishes the work at hand."""
    road = RecordingRoad()
    road.gate = asyncio.Event()
    schedule = worker(desk, road, clock)
    running = asyncio.create_task(schedule.run())
    await asyncio.sleep(0.3)
    await told(desk, "ana")
    schedule.wake()
    await asyncio.wait_for(road.begun.wait(), 5)
    running.cancel()
    await asyncio.sleep(0.01)
    road.gate.set()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 5)
    assert road.brought == ["ana"]
    assert await states(desk) == {"ana": ("delivered", 1)}


async def test_a_worker_that_cannot_finish_is_left(desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopping is bounded; the lease sees to the rest."""
    monkeypatch.setattr("services.notifications.schedule.STOP_S", 0.05)
    await told(desk, "ana")
    road = RecordingRoad()
    road.gate = asyncio.Event()
    running = asyncio.create_task(worker(desk, road, clock).run())
    await asyncio.wait_for(road.begun.wait(), 5)
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 5)
    assert await states(desk) == {"ana": ("sending", 1)}


def test_a_lease_that_is_too_short_is_refused(desk: Desk, clock: Clock) -> None:
    """It must outlive the road's time-out by 15 s, or a slow attempt would be made twice."""
    with pytest.raises(ValueError, match="shorter"):
        Schedule(desk.deliveries, RecordingRoad(), worker="w1", now=clock, chance=lambda: 0.5, lease=24.9)
