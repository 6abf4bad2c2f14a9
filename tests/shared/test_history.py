"""The history of things: every state, as of any instant, whatever comes again."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from random import Random
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import chronicle, history, instants
from shared.chronicle import CHUNK, State, Told
from shared.contracts.message import Fact
from shared.contracts.pledges import FACTS, NeedChanged, NeedState, PledgeMade
from shared.history import Gone, History, Lagging, People, newest_of
from shared.mongo import Client
from shared.ports import Record
from tests.gateway.given import CAMPAIGN, a_need, a_pledge, name

BEGUN = 1_780_000_000_000
TOPIC = "pledges.facts"


def when(tick: int) -> str:
    """An instant."""
    return instants.from_ms(BEGUN + tick * 1_000)


class Log:
    """A fact topic, with the history of its service."""

    def __init__(self, client: Client, database: str) -> None:
        """Have no facts yet."""
        self.records: dict[int, list[Record]] = {}
        self.facts: list[tuple[str, Fact]] = []
        self.documents: list[State] = []
        self.sought: list[tuple[int, int]] = []
        self._database = client.database(database)
        self.history = self.started()

    def started(self) -> History:
        """Another process."""

        async def documents() -> AsyncIterator[tuple[State, str]]:
            for state in self.documents:
                yield state, CAMPAIGN

        made = History(self._database, "pledges", FACTS, documents)
        made.follow(lambda place, offset: self.sought.append((place[1], offset)))
        return made

    def append(self, tick: int, partition: int, fact: Fact) -> None:
        """Append a fact."""
        self.facts.append((when(tick), fact))
        value = FACTS.wrap(
            fact, id=f"{uuid4()}", subject=fact.stream, time=when(tick), streamversion=fact.streamversion
        )
        records = self.records.setdefault(partition, [])
        records.append(Record(TOPIC, partition, len(records), fact.stream.encode(), value, (), BEGUN + tick * 1_000))

    async def read(self, partition: int, first: int, last: int, by: History | None = None) -> None:
        """Have a part of the log taken in."""
        await (by or self.history).work(self.records[partition][first:last])

    @property
    def ends(self) -> dict[int, int]:
        """How far the log goes."""
        return {partition: len(records) for partition, records in self.records.items()}

    async def at(self, at: str) -> tuple[dict[str, NeedState], int]:
        """Needs and volunteers as the history has them."""
        *lines, people = await self.history.at(CAMPAIGN, at, self.ends)
        assert isinstance(people, People)
        needs = [msgspec.json.decode(line.state, type=NeedState) for line in lines if isinstance(line, history.Line)]
        return {need.id: need for need in needs}, people.count

    def folded(self, at: str) -> tuple[dict[str, NeedState], int]:
        """The same by folding all facts up to then."""
        needs: dict[str, NeedState] = {}
        people = set()
        for told, fact in self.facts:
            if told <= at:
                assert isinstance(fact, NeedChanged | PledgeMade)
                needs[fact.need.id] = fact.need
                if isinstance(fact, PledgeMade):
                    people.add(fact.pledge.donor)
        return needs, len(people)


@pytest.fixture
async def log(mongo: str) -> AsyncIterator[Log]:
    """A log with an empty history."""
    client = Client(mongo)
    made = Log(client, f"history_{uuid4().hex}")
    await made.history.prepare()
    await made.history.assigned(frozenset((TOPIC, partition) for partition in range(3)))
    yield made
    client.close()


def a_season(log: Log, random: Random, length: int) -> None:
    """Needs change and are pledged on, in three partitions; now and then several facts in one instant."""
    versions: dict[int, int] = {}
    tick = 0
    for _ in range(length):
        tick += random.choice([0, 1, 7])
        n = random.randrange(8)
        versions[n] = version = versions.get(n, 0) + 1
        need = a_need(n, version=version, created_at=when(0), updated_at=when(tick), pledged=version)
        donor = random.choice(["ana", "bo", "cy", "dee"])
        told = PledgeMade(need, a_pledge(need, donor)) if random.random() < 0.3 else NeedChanged(need, ("title",))
        if version == 1:
            told = NeedChanged(msgspec.structs.replace(need, created_at=when(tick)), ())
        log.append(tick, n % 3, told)


@pytest.mark.parametrize("seed", range(5))
async def test_the_state_at_any_instant_is_the_fold_of_the_facts_until_then(log: Log, seed: int) -> None:
    """At 100 instants of a random history, read in batches of any size, with crashes and with facts told again."""
    random = Random(seed)
    a_season(log, random, 600)
    for partition, records in log.records.items():
        first = 0
        while first < len(records):
            last = min(len(records), first + random.choice([1, 5, 40, 150]))
            await log.read(partition, first, last)
            if random.random() < 0.3:  # another process begins where the positions are, or a little before
                log.history = log.started()
                await log.history.assigned(frozenset((TOPIC, known) for known in log.records))
            first = last

    await told_again(log, random)
    instants_asked = [when(random.randrange(-5, 1_600)) for _ in range(100)]
    for at in instants_asked:
        assert await log.at(at) == log.folded(at)


async def told_again(log: Log, random: Random) -> None:
    """A service that was killed publishes again what it had published, at the end of the log."""
    for partition, records in log.records.items():
        for record in random.sample(records, 10):
            again = msgspec.structs.replace(record, offset=len(records))
            records.append(again)
            await log.read(partition, len(records) - 1, len(records))


async def test_a_batch_that_was_written_and_not_noted_does_no_harm(log: Log) -> None:
    """Killed between the states and the position, the next process meets the batch again, cut otherwise."""
    for version in range(1, 41):
        log.append(version, 0, NeedChanged(a_need(version=version, pledged=version, created_at=when(1)), ()))

    async def killed(*_: object) -> None:
        raise InterruptedError

    log.history.store.reached = killed  # type: ignore[assignment,method-assign]
    with pytest.raises(InterruptedError):
        await log.read(0, 0, 40)
    assert await log.history.store.positions() == {}

    other = log.started()
    await other.assigned(frozenset({(TOPIC, 0)}))
    await log.read(0, 0, 7, other)
    await log.read(0, 7, 40, other)

    assert log.sought[-1] == (0, 0)
    for version in range(1, 41):
        assert await log.at(when(version)) == log.folded(when(version))


async def test_a_question_waits_for_the_log_to_be_read(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounded; but what is certain already is answered, however far behind the rest is."""
    monkeypatch.setattr(history, "REACH_S", 0.2)
    for tick in (1, 5, 9):
        log.append(tick, 0, NeedChanged(a_need(version=tick, created_at=when(1)), ()))
    await log.read(0, 0, 2)

    for tick in (9, 5):  # another fact may be of the same instant
        with pytest.raises(Lagging):
            await log.at(when(tick))
    assert await log.at(when(4)) == log.folded(when(4))

    waiting = asyncio.create_task(log.at(when(9)))
    await log.read(0, 2, 3)
    assert await waiting == log.folded(when(9))


async def test_without_the_beginning_of_the_log_it_begins_with_the_documents(log: Log) -> None:
    """What changed before is as the document has it since; earlier than that nobody knows, and that is said."""
    log.documents = [
        a_need(0, version=9, created_at=when(1), updated_at=when(50), pledged=9),
        a_need(1, version=4, created_at=when(2), updated_at=when(60), pledged=4),
    ]
    await log.history.prepare()
    log.append(55, 0, NeedChanged(a_need(1, version=3, created_at=when(2), updated_at=when(55), pledged=3), ()))
    log.append(60, 0, NeedChanged(a_need(1, version=4, created_at=when(2), updated_at=when(60), pledged=4), ()))
    await log.read(0, 0, 2)

    async def versions(at: str) -> list[int]:
        return sorted(need.version for need in (await log.at(at))[0].values())

    assert await log.history.at(CAMPAIGN, when(54), {}) == [Gone()]
    assert await versions(when(55)) == [3, 9]
    assert await versions(when(60)) == [4, 9]
    assert await versions(when(0)) == []


async def test_what_was_fetched_before_a_seek_is_left_out(log: Log) -> None:
    """It comes again in its turn; where the log begins later, that is where the history begins."""
    for version in range(1, 11):
        log.append(version, 1, NeedChanged(a_need(version=version, created_at=when(1)), ()))
    await log.read(1, 5, 10)
    assert (await log.history.store.positions(), log.sought[-1]) == ({}, (1, 0))

    await log.read(1, 5, 10)
    assert await log.history.store.positions() == {1: (10, when(10))}


async def test_a_promise_counts_from_its_first_day(log: Log) -> None:
    """Whichever partition is read first, and by whom."""
    for tick, partition in ((30, 0), (10, 1), (20, 2)):
        need = a_need(partition, created_at=when(tick))
        log.append(tick, partition, PledgeMade(need, a_pledge(need, "ana")))
    await log.read(0, 0, 1)
    other = log.started()
    await other.assigned(frozenset({(TOPIC, 1)}))
    await log.read(1, 0, 1, other)
    await log.read(2, 0, 1)

    assert [(await log.at(when(tick)))[1] for tick in (9, 10, 20, 30)] == [0, 1, 1, 1]


async def test_a_fact_that_cannot_be_read_is_left_out(log: Log) -> None:
    """Its neighbours go on; the gateway has parked it."""
    log.append(1, 0, NeedChanged(a_need(version=1, created_at=when(1)), ()))
    bad = Record(TOPIC, 0, 1, b"k", b"soup", (), BEGUN)

    assert await log.history.work([*log.records[0], bad]) == []
    assert await log.at(when(1)) == log.folded(when(1))


async def test_a_question_looks_at_one_chunk_of_each_thing(log: Log) -> None:
    """However many facts there are."""
    for version in range(1, 2_001):
        log.append(version, 0, NeedChanged(a_need(version=version, created_at=when(1)), ()))
    await log.read(0, 0, 2_000)
    store = log.history.store
    plan: dict[str, Any] = await store.chunks.database.command(
        {
            "explain": {
                "aggregate": store.chunks.name,
                "pipeline": newest_of([name("need")], "z", when(900)),
                "cursor": {},
            },
            "verbosity": "executionStats",
        }
    )
    [cursor] = [stage["$cursor"] for stage in plan["stages"] if "$cursor" in stage]
    looked_at = cursor["executionStats"]

    assert looked_at["totalDocsExamined"] == 1
    assert looked_at["totalKeysExamined"] <= 2


@given(st.lists(st.integers(0, 3), min_size=1, max_size=3 * CHUNK), st.integers(-1, 150))
def test_a_chunk_holds_what_was_told(steps: list[int], asked: int) -> None:
    """The last state of those told by then, of a thing's chunks in their order."""
    ticks = [sum(steps[: n + 1]) for n in range(len(steps))]
    told = [chronicle.told(a_need(version=n + 1), CAMPAIGN, when(tick)) for n, tick in enumerate(ticks)]
    other = [chronicle.told(a_need(7, version=n + 1), CAMPAIGN, when(tick)) for n, tick in enumerate(ticks)]
    mixed: list[Told] = [one for pair in zip(told, other, strict=True) for one in pair]
    chunks = [some for some in chronicle.chunks(mixed) if some[0].thing == name("need")]

    assert [one for some in chunks for one in some] == told
    assert all(len(some) <= CHUNK for some in chunks)
    assert all(before[-1].version + 1 == after[0].version for before, after in pairwise(chunks))
    found = [chronicle.state_at(chronicle.packed(some), when(asked)) for some in chunks if some[0].at <= when(asked)]
    expected = [one.state for one in told if one.at <= when(asked)]
    assert found[-1:] == expected[-1:]
