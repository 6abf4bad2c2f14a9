"""Plans of needs, kept by the clockwork on a real MongoDB."""

import asyncio

import pytest
from msgspec import structs

from services.pledges import documents, earlier_days
from shared.contracts import topics
from shared.contracts.message import open_envelope
from shared.contracts.pledges import ChangeNeed, MakePledge, NeedState
from shared.due import Clockwork
from shared.ports import Outgoing
from tests.pledges.given import ANA, BOXES, OLGA, START
from tests.pledges.records import Desk, asked, told_of


async def state(desk: Desk) -> NeedState:
    """The need as it lies there."""
    found = await desk.store.needs.find_one({"_id": "need_n"})
    assert found is not None
    return documents.need_state(found)


async def keep(desk: Desk, now: str, *, replicas: int = 2) -> list[str]:
    """Let replicas keep what is due, and the service decide it; what it told of."""
    appended: list[Outgoing] = []

    async def append(records: list[Outgoing]) -> None:
        appended.extend(records * replicas)  # an append may come twice

    clocks = [Clockwork("pledges", desk.store.calendar, append, now=lambda: now) for _ in range(replicas)]
    for clock in clocks:
        await clock.turn()
    facts = []
    for record in appended:
        assert record.topic == topics.commands("pledges")
        facts += await desk.process(told_of(record, now))
    return [open_envelope(fact.value).type.split(".")[2] for fact in facts]


async def test_two_replicas_escalate_a_need_once(desk: Desk) -> None:
    """A week late, all steps at once: the need is overdue, by one fact."""
    await desk.process(asked(OLGA, structs.replace(BOXES, by="2026-04-10")))
    assert await keep(desk, "2026-04-03T22:59:59.999Z") == []
    kinds = await keep(desk, "2026-04-18T00:00:00.000Z")

    assert kinds.count("NeedEscalated") == 1
    assert (await state(desk)).urgency == "overdue"
    assert await desk.store.calendar.next("2099-01-01T00:00:00.000Z") is None


async def test_the_plans_of_another_day_do_nothing(desk: Desk) -> None:
    """They stay until their time, and find that they are not wanted."""
    await desk.process(
        asked(OLGA, structs.replace(BOXES, by="2026-04-10")),
        asked(OLGA, ChangeNeed("need_n", by="2027-01-01")),
    )
    kinds = await keep(desk, "2026-04-11T00:00:00.000Z")

    assert kinds.count("CommandSucceeded") > 0
    assert "NeedEscalated" not in kinds
    assert (await state(desk)).urgency is None
    assert await desk.store.calendar.next(START) is not None


async def test_two_replicas_end_a_hold_once(desk: Desk) -> None:
    """While their clocks stand still nothing happens; when they go again, late, the hold ends by one fact."""
    await desk.process(asked(OLGA, BOXES), asked(ANA, MakePledge("need_n", "need_n.1", 2, hold_minutes=30)))

    assert [await keep(desk, START) for _ in range(2)] == [[], []]
    assert (await state(desk)).held == 2
    kinds = await keep(desk, "2026-04-18T00:00:00.000Z")
    assert kinds.count("PledgeExpired") == 1
    assert (await state(desk)).held == 0
    assert await keep(desk, "2026-04-19T00:00:00.000Z") == []


async def forget(desk: Desk) -> None:
    """Leave the service as one that never planned a day."""
    await desk.store.needs.database.due.delete_many({})
    await desk.store.needs.database.marks.delete_many({})


async def test_a_day_set_before_days_were_planned_gets_its_plans_once(desk: Desk) -> None:
    """Two replicas look through old needs at once, are cut short and start again: one fact, when the day is over."""
    await desk.process(asked(OLGA, structs.replace(BOXES, by="2026-04-10")))
    await forget(desk)

    await asyncio.gather(*(desk.store.days.catch_up(desk.client) for _ in range(2)))
    await desk.store.needs.database.marks.delete_many({})
    await desk.store.days.catch_up(desk.client)
    await desk.store.days.catch_up(desk.client)

    assert await desk.store.needs.database.due.count_documents({}) == 3
    assert await keep(desk, "2026-04-03T22:59:59.999Z") == []
    kinds = await keep(desk, "2026-04-18T00:00:00.000Z")
    assert kinds.count("NeedEscalated") == 1
    assert (await state(desk)).urgency == "overdue"
    await desk.store.days.catch_up(desk.client)
    assert await desk.store.calendar.next("2099-01-01T00:00:00.000Z") is None


async def test_old_needs_are_looked_through_in_steps(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Needs without a day are left alone."""
    monkeypatch.setattr(earlier_days, "STEP", 2)
    needs = [structs.replace(BOXES, need_id=f"need_{n}", by="2026-04-10" if n % 2 else None) for n in range(10)]
    await desk.process(*(asked(OLGA, need) for need in needs))
    await forget(desk)

    await desk.store.days.catch_up(desk.client)

    planned = [one["stream"] async for one in desk.store.needs.database.due.find({})]
    assert sorted(planned) == sorted(f"need_{n}" for n in range(1, 10, 2) for _ in range(3))
