import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest
from prometheus_client import REGISTRY

from shared import instants
from shared.contracts.message import open_envelope
from shared.contracts.pledges import COMMANDS, ExpireHold
from shared.due import AT_ONCE, LEASE_MS, Calendar, Clockwork, due
from shared.mongo import Client
from shared.ports import Outgoing, Trouble

NOON = "2026-03-02T12:00:00.000Z"
HOLD = ExpireHold("need_n", "need_n.1", NOON)


class Wall:
    """A clock that stands until it is moved, and a log that can be out of order."""

    def __init__(self) -> None:
        """Begin at noon."""
        self.now = NOON
        self.appended: list[Outgoing] = []
        self.broken = 0

    def later(self, seconds: float) -> None:
        """Move on."""
        self.now = instants.later(self.now, milliseconds=int(seconds * 1000))

    async def append(self, records: list[Outgoing]) -> None:
        """Append, unless it is broken for so many times."""
        if self.broken:
            self.broken -= 1
            raise Trouble("no log")
        self.appended += records


@pytest.fixture
async def client(mongo: str) -> AsyncIterator[Client]:
    """A connection."""
    client = Client(mongo)
    yield client
    client.close()


@pytest.fixture
async def calendar(client: Client) -> AsyncIterator[Calendar]:
    """A calendar of its own."""
    collection = client.database("tests")[f"due_{uuid.uuid4().hex}"]
    calendar = Calendar(collection)
    await calendar.prepare()
    yield calendar
    await collection.drop()


async def plan(client: Client, calendar: Calendar, *commands: ExpireHold) -> None:
    """Plan holds to end."""
    plans = [due(COMMANDS, command, command.pledge_id, command.held_until) for command in commands]
    await client.transact(lambda session: calendar.add(session, plans))


def holds(count: int) -> list[ExpireHold]:
    """Holds that end one second after the other."""
    return [ExpireHold("need_n", f"need_n.{n}", instants.later(NOON, milliseconds=1000 * n)) for n in range(count)]


def test_a_plan_is_a_command_whose_id_holds_its_time() -> None:
    """Planned twice it is the same; the service itself is who asks."""
    planned = due(COMMANDS, HOLD, "need_n.1", NOON)
    envelope = open_envelope(planned.value)

    assert planned == due(COMMANDS, HOLD, "need_n.1", NOON)
    assert (planned.id, planned.at, planned.stream) == (f"ExpireHold/need_n.1/{NOON}", NOON, "need_n")
    assert (envelope.id, envelope.subject, envelope.principal) == (planned.id, "need_n", "pledges system")
    assert envelope.fingerprint == "system"
    assert COMMANDS.decode(envelope) == HOLD


async def test_what_is_due_is_appended_once_and_taken_away(client: Client, calendar: Calendar) -> None:
    """What is not due stays."""
    wall = Wall()
    await plan(client, calendar, *holds(3))
    clockwork = Clockwork("pledges", calendar, wall.append, now=lambda: wall.now)
    wall.later(1)

    assert await clockwork.turn() == 2
    assert await clockwork.turn() == 0
    assert sorted(open_envelope(record.value).id for record in wall.appended) == [
        due(COMMANDS, hold, hold.pledge_id, hold.held_until).id for hold in holds(2)
    ]
    assert {(record.topic, record.partition, record.key) for record in wall.appended} == {
        ("pledges.commands", None, b"need_n")
    }
    assert await calendar.next(wall.now) == instants.later(NOON, milliseconds=2000)


async def test_a_claim_is_one_replicas_until_its_lease_ends(client: Client, calendar: Calendar) -> None:
    """Then it is anybody's, and the first one can no longer take it away."""
    await plan(client, calendar, HOLD)
    first = await calendar.claim(NOON)
    assert first is not None
    assert await calendar.claim(instants.later(NOON, milliseconds=LEASE_MS - 1)) is None

    second = await calendar.claim(instants.later(NOON, milliseconds=LEASE_MS))
    assert second is not None
    assert (first["fence"], second["fence"]) == (1, 2)
    assert await calendar.settle(first) is False
    assert await calendar.settle(second) is True
    assert await calendar.claim(instants.later(NOON, days=1)) is None


async def test_two_replicas_share_the_work(client: Client, calendar: Calendar) -> None:
    """Each plan is appended by one of them."""
    wall = Wall()
    await plan(client, calendar, *holds(3 * AT_ONCE))
    wall.later(3600)
    replicas = [Clockwork("pledges", calendar, wall.append, now=lambda: wall.now) for _ in range(2)]
    for _ in range(3):
        await asyncio.gather(*(replica.turn() for replica in replicas))

    ids = [open_envelope(record.value).id for record in wall.appended]
    assert len(ids) == len(set(ids)) == 3 * AT_ONCE


async def test_the_loop_survives_trouble(client: Client, calendar: Calendar) -> None:
    """What could not be appended comes again when its lease has ended, under the same id."""
    wall = Wall()
    wall.broken = 1
    await plan(client, calendar, HOLD)
    running = asyncio.create_task(Clockwork("pledges", calendar, wall.append, now=lambda: wall.now).run())
    while wall.broken:
        await asyncio.sleep(0.01)
    wall.later(LEASE_MS / 1000)
    async with asyncio.timeout(10):
        while not wall.appended:
            await asyncio.sleep(0.01)
    running.cancel()

    [record] = wall.appended
    assert open_envelope(record.value).id == f"ExpireHold/need_n.1/{NOON}"


async def test_the_loop_sleeps_until_the_next_plan_is_due(client: Client, calendar: Calendar) -> None:
    """But never longer than a second, for a plan may come that is due sooner."""
    wall = Wall()
    clockwork = Clockwork("pledges", calendar, wall.append, now=lambda: wall.now)
    assert await clockwork._pause() == 1.0

    await plan(client, calendar, ExpireHold("need_n", "need_n.1", instants.later(NOON, milliseconds=250)))
    assert await clockwork._pause() == 0.25
    wall.later(0.3)
    assert await clockwork._pause() <= 0


async def test_what_nobody_appends_shows_as_overdue(client: Client, calendar: Calendar) -> None:
    """GTBitsOfGood/VolunTrack#497: a job that silently stopped was noticed by people; expected is held against done."""
    wall = Wall()
    await plan(client, calendar, *holds(3))
    clockwork = Clockwork("pledges", calendar, wall.append, now=lambda: wall.now)
    wall.later(1.5)
    wall.broken = 2
    with pytest.raises(Trouble):
        await clockwork.turn()
    await clockwork.measure()
    assert measured("due_commands_overdue") == 2
    assert measured("due_commands_overdue_seconds") == 1.5

    done = measured("due_commands_appended_total")
    wall.later(LEASE_MS / 1000)
    await clockwork.turn()
    await clockwork.measure()
    assert measured("due_commands_appended_total") - done == 3
    assert (measured("due_commands_overdue"), measured("due_commands_overdue_seconds")) == (0, 0)


def measured(name: str) -> float:
    """A metric of the pledges service, as Prometheus would see it."""
    return REGISTRY.get_sample_value(name, {"service": "pledges"}) or 0
