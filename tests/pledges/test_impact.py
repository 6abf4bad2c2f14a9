"""Figures out of deliveries: exact whatever is repeated and corrected, and reproducible from what is listed."""

import random
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from msgspec import structs

from services.pledges import need, tallies
from services.pledges.queries import Queries
from shared.contracts.figures import unit_code
from shared.contracts.pledges import (
    AcceptDelivery,
    ChangeNeed,
    CorrectDelivery,
    DeliverPledge,
    HideNeed,
    MakePledge,
    NeedState,
    ReturnDelivery,
)
from shared.decider import Refused
from tests.pledges.given import ANA, BOXES, OLGA, Step, ask, at, delivered, follow, fresh, given, pledged
from tests.pledges.records import Desk, asked

BOX = f"campaign_c.goods.{unit_code('boxes')}"
MANY = structs.replace(BOXES, quantity=100_000, principles=(4, 1))


async def listed(desk: Desk, figure: str, as_of: str | None = None, known: Any = "then") -> list[dict[str, Any]]:  # noqa: ANN401 -- then or now
    """All pages of the deliveries behind a figure."""
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = await Queries(desk.store).delivered(figure, as_of, known, cursor=cursor, limit=7)
        assert page is not None
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            return found


async def total(desk: Desk, as_of: str | None = None, known: Any = "then", **where: object) -> int:  # noqa: ANN401 -- then or now
    """The figure as the sums say."""
    cells = await Queries(desk.store).impact("campaign_c", as_of, known)
    return sum(cell["value"] for cell in cells if all(cell[name] == value for name, value in where.items()))


async def test_a_replay_with_duplicates_and_corrections_is_exact(desk: Desk) -> None:
    """A tenth comes twice, one in a hundred is put right; each figure is the sum of what is listed behind it."""
    chance = random.Random(7)
    wards = ["aston", "ladywood", None]
    await desk.process(*(asked(OLGA, structs.replace(MANY, need_id=f"need_{n}", ward=wards[n])) for n in range(3)))
    expected: dict[str, int] = {}
    records = []
    for number in range(400):
        place = f"need_{number % 3}"
        pledge = f"{place}.{number}"
        quantity = chance.randint(1, 20)
        records += [
            asked(ANA, MakePledge(place, pledge, 20), partition=number % 3),
            asked(OLGA, DeliverPledge(place, pledge, quantity), partition=number % 3, minutes=number),
        ]
        expected[pledge] = quantity
        if chance.random() < 0.03:
            expected[pledge] = chance.randint(0, 20)
            correction = CorrectDelivery(place, pledge, 1, expected[pledge], "Counted again.")
            records.append(asked(OLGA, correction, partition=number % 3, minutes=number + 1))
    for start in range(0, len(records), 90):
        batch = records[start : start + 90]
        await desk.process(*batch, *chance.sample(batch, len(batch) // 10))
    await desk.process(*records[:50])

    assert await total(desk) == sum(expected.values())
    items = await listed(desk, BOX)
    assert {item["delivery"]: item["quantity"] for item in items} == {f"{name}/1": n for name, n in expected.items()}
    for number, ward in enumerate(wards):
        of_ward = sum(n for name, n in expected.items() if name.startswith(f"need_{number}."))
        assert await total(desk, ward=ward) == of_ward
        behind = await listed(desk, f"{BOX}.ward.{ward or '-'}")
        assert sum(item["quantity"] for item in behind) == of_ward
    assert sum(item["quantity"] for item in await listed(desk, f"{BOX}.principle.4")) == sum(expected.values())
    assert await listed(desk, f"{BOX}.principle.5") == []
    months = {item["occurred_at"][:7] for item in items}
    for month in months:
        behind = await listed(desk, f"{BOX}.month.{month}")
        assert sum(item["quantity"] for item in behind) == await total(desk, month=month)
    then, now = at(200), await total(desk, at(200))
    assert now == sum(item["quantity"] for item in await listed(desk, BOX, then))
    assert ANA not in str(items)


async def test_late_paper_is_known_then_and_now(desk: Desk) -> None:
    """What happened on Monday and was typed in on Wednesday is not known on Tuesday, and was so all the same."""
    await desk.process(asked(OLGA, MANY), asked(ANA, MakePledge("need_n", "need_n.1", 50)))
    await desk.process(asked(OLGA, DeliverPledge("need_n", "need_n.1", 10), minutes=10))
    await desk.process(asked(OLGA, DeliverPledge("need_n", "need_n.1", 7, occurred_at=at(-60_000)), minutes=30))
    await desk.process(asked(OLGA, CorrectDelivery("need_n", "need_n.1", 1, 8, "Two were broken."), minutes=40))

    assert [await total(desk, at(minutes)) for minutes in (9, 20, 35, 50)] == [0, 10, 17, 15]
    assert [await total(desk, at(minutes), "now") for minutes in (-61_000, 9, 20, 50)] == [0, 7, 15, 15]
    assert await total(desk) == 15
    assert await total(desk, month="2026-01") == 7
    [first, _] = await listed(desk, BOX, at(20)) + [None]
    assert first is not None
    assert (first["quantity"], first["corrections"]) == (10, [])
    assert (await listed(desk, BOX))[0]["corrections"] == [{"before": 10, "after": 8, "at": at(40)}]


async def test_what_went_back_was_there_before(desk: Desk) -> None:
    """Between two corrections, and at each instant the sum of what is listed."""
    await desk.process(asked(OLGA, MANY), asked(ANA, MakePledge("need_n", "need_n.1", 50)))
    await desk.process(asked(OLGA, DeliverPledge("need_n", "need_n.1", 10), minutes=10))
    await desk.process(asked(OLGA, CorrectDelivery("need_n", "need_n.1", 1, 12, "Two more."), minutes=20))
    await desk.process(asked(OLGA, ReturnDelivery("need_n", "need_n.1", 1, 5, "Damp."), minutes=30))
    await desk.process(asked(OLGA, CorrectDelivery("need_n", "need_n.1", 1, 6, "One was missing."), minutes=40))

    for minutes, expected in ((9, 0), (10, 10), (20, 12), (30, 7), (40, 6)):
        assert await total(desk, at(minutes)) == expected
        assert sum(item["quantity"] for item in await listed(desk, BOX, at(minutes))) == expected
    assert await total(desk) == 6


async def test_what_was_delivered_stays_where_it_was_counted(desk: Desk) -> None:
    """Hiding a need is no correction, and neither is another ward: published figures are found again."""
    pledge = "need_n.1"
    await desk.process(
        asked(OLGA, structs.replace(MANY, need_id="need_n", ward="aston")),
        asked(ANA, MakePledge("need_n", pledge, 9)),
        asked(OLGA, DeliverPledge("need_n", pledge, 4)),
    )
    await desk.process(asked(OLGA, ChangeNeed("need_n", ward="ladywood")), asked(OLGA, HideNeed("need_n")))
    await desk.process(asked(OLGA, CorrectDelivery("need_n", pledge, 1, 3, "Counted again.")))

    assert (await total(desk), await total(desk, ward="aston"), await total(desk, ward="ladywood")) == (3, 3, 0)
    assert [(item["delivery"], item["ward"]) for item in await listed(desk, BOX)] == [(f"{pledge}/1", "aston")]


def test_what_is_still_to_come_was_not_delivered() -> None:
    """The flaw is named."""
    _, [*_, decision] = _steps((OLGA, DeliverPledge("need_n", "need_n.1", 1, occurred_at=at(60))))

    assert isinstance(decision.answer, Refused)
    assert decision.answer.errors[0][0] == "/occurred_at"


def _steps(*steps: Step) -> Any:  # noqa: ANN401 -- as follow answers
    return follow(fresh(), [(OLGA, BOXES), pledged(), *steps])


async def test_what_was_delivered_before_deliveries_were_booked_is_booked_once(desk: Desk) -> None:
    """As by a service of an earlier version: the sums are made of its documents, and go on from there."""
    await desk.process(asked(OLGA, MANY), asked(ANA, MakePledge("need_n", "need_n.1", 50)))
    await desk.process(asked(OLGA, DeliverPledge("need_n", "need_n.1", 10)))
    for collection in (desk.store.book.delivered, desk.store.book.monthly):
        await collection.delete_many({})
    await desk.store.book.delivered.database.marks.delete_many({})
    for _ in range(2):
        await desk.store.prepare()
        assert await total(desk) == 10
    await desk.store.book.delivered.database.marks.delete_many({})
    await desk.process(asked(OLGA, CorrectDelivery("need_n", "need_n.1", 1, 4, "Counted again.")))
    await desk.store.prepare()

    assert await total(desk) == 4
    assert sum(item["quantity"] for item in await listed(desk, BOX)) == 4


async def test_a_report_counts_when_it_is_accepted(desk: Desk) -> None:
    """Not before; what nobody accepted is behind no figure."""
    await desk.process(asked(OLGA, MANY), asked(ANA, MakePledge("need_n", "need_n.1", 50)))
    await desk.process(asked(ANA, DeliverPledge("need_n", "need_n.1", 10), minutes=5))
    assert await total(desk) == 0
    await desk.process(asked(OLGA, AcceptDelivery("need_n", "need_n.1", 1), minutes=9))

    assert [await total(desk, at(minutes)) for minutes in (8, 9)] == [0, 10]


@pytest.mark.parametrize(
    "figure", ["campaign_c", BOX + ".mood.good", BOX + ".principle.x", "campaign_c.goods.00000000"]
)
def test_what_can_be_no_figure_has_nothing_behind_it(figure: str) -> None:
    """It is answered 404."""
    assert tallies.behind(figure, ["boxes"]) is None


STEPS = st.one_of(
    st.builds(delivered, st.integers(1, 9)),
    st.builds(lambda n: delivered(n, by=ANA), st.integers(1, 9)),
    st.builds(lambda n: (OLGA, AcceptDelivery("need_n", "need_n.1", n)), st.integers(1, 4)),
    st.builds(
        lambda n, q: (OLGA, CorrectDelivery("need_n", "need_n.1", n, q, "No.")), st.integers(1, 4), st.integers(0, 9)
    ),
)


@for_all(st.lists(STEPS, max_size=15))
def test_in_every_history_the_sums_are_those_of_the_ledger(steps: list[Step]) -> None:
    """Step by step, what is added to the sums makes up what the need says was delivered."""
    before = given(pledged(30))
    known: dict[str, Any] = {}
    value = deliveries = corrections = 0
    for number, step in enumerate(steps):
        after = before
        for fact in _decided(before, step, number):
            after = need.evolve(after, fact)
        booked = tallies.booked(before, after)
        for _, amounts in tallies.sums(known, booked, 3):
            value += amounts["value"]
            deliveries += amounts["deliveries"]
            corrections += amounts["corrections"]
        known |= {one["_id"]: one for one in booked}
        before = after
    state = before.state
    assert isinstance(state, NeedState)
    assert (value, deliveries) == (state.delivered, len(known))
    assert corrections == sum(len(one["corrections"]) for one in known.values())


def _decided(before: Any, step: Step, number: int) -> Any:  # noqa: ANN401 -- a need and facts
    return ask(before, step, number).facts
