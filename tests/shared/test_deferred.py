"""Commands whose answer is given on another stream: decided in halves, answered once, whatever dies between them.

A toy of two purses: one gives (what it gives is on its way), the other takes or is full, the first books it or has it
back. The real processor runs over the log of the simulation, and dies at every point in turn.
"""

import time
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, Final

import pytest
from msgspec import Struct
from msgspec.structs import replace

from shared.contracts import outcomes, topics
from shared.contracts.message import Command, Envelope, Fact, Family, open_envelope
from shared.decider import DEFERRED, Asked, Decision, Done, refused
from shared.ports import Ask, Outgoing, Record
from shared.processor import Processor
from tests.simulation.log import Log
from tests.simulation.service import MemoryStore, Quiet, Replica
from tests.simulation.world import World

FULL_AT: Final = 10


class Give(Command, frozen=True):
    """Ask a purse to give to another."""

    purse: str
    to: str
    amount: int

    @property
    def stream(self) -> str:
        """The giver."""
        return self.purse


class Take(Command, frozen=True):
    """Ask the other to take it."""

    purse: str
    giver: str
    gift: str
    amount: int

    @property
    def stream(self) -> str:
        """The taker."""
        return self.purse


class Book(Command, frozen=True):
    """Tell the giver how it ended."""

    purse: str
    gift: str
    taken: bool

    @property
    def stream(self) -> str:
        """The giver."""
        return self.purse


class PurseChanged(Fact, frozen=True):
    """A purse holds something else; `under_way` is what others have not taken yet."""

    purse: str
    version: int
    holds: int
    under_way: dict[str, int]
    took: tuple[str, ...]

    @property
    def stream(self) -> str:
        """The purse."""
        return self.purse

    @property
    def streamversion(self) -> int:
        """Its version."""
        return self.version


class Shown(Struct, frozen=True):
    """A purse as it is answered."""

    holds: int


class Purses:
    """The rules of purses, and the documents of the store."""

    def __init__(self) -> None:
        """Two purses."""
        self.purses = {"a": PurseChanged("a", 1, 6, {}, ()), "b": PurseChanged("b", 1, 5, {}, ())}

    def decide(self, purse: PurseChanged, command: Command, asked: Asked) -> Decision:
        """Give, take and book, each a no-op when repeated."""
        match command:
            case Give(to=to, amount=amount):
                if amount > purse.holds:
                    return Decision(refused("too-little", left=purse.holds))
                after = {**purse.under_way, asked.command_id: amount}
                fact = _changed(purse, holds=purse.holds - amount, under_way=after)
                return Decision(DEFERRED, (fact,), (Take(to, purse.purse, asked.command_id, amount),))
            case Take(giver=giver, gift=gift, amount=amount):
                taken = gift in purse.took or purse.holds + amount <= FULL_AT
                new = taken and gift not in purse.took
                facts = (_changed(purse, holds=purse.holds + amount, took=(*purse.took, gift)),) if new else ()
                return Decision(DEFERRED, facts, (Book(giver, gift, taken),))
            case Book(gift=gift, taken=taken):
                back = 0 if taken else purse.under_way.get(gift, 0)
                after = {name: amount for name, amount in purse.under_way.items() if name != gift}
                fact = _changed(purse, holds=purse.holds + back, under_way=after)
                return Decision(
                    Done("purse", purse.purse, Shown(fact.holds), 201) if taken else refused("purse-full"),
                    (fact,) if gift in purse.under_way else (),
                )
            case _:
                raise TypeError(type(command).__name__)

    def evolve(self, purse: PurseChanged, fact: Fact) -> PurseChanged:
        """The fact is the state."""
        assert isinstance(fact, PurseChanged)
        assert fact.version == purse.version + 1
        return fact

    def version(self, purse: PurseChanged) -> int:
        """Version of a purse."""
        return purse.version

    def load(self, asks: Sequence[Ask]) -> dict[str, Any]:
        """Purses by name."""
        return {ask.stream: self.purses[ask.stream] for ask in asks}

    def clash(self, before: dict[str, Any], after: dict[str, Any]) -> bool:
        """Whether a changed purse has moved."""
        return any(self.purses[name] is not before[name] for name in after if after[name] is not before[name])

    def keep(self, after: dict[str, Any]) -> None:
        """Take the new ones."""
        self.purses.update(after)

    @property
    def money(self) -> int:
        """All there is."""
        return sum(purse.holds + sum(purse.under_way.values()) for purse in self.purses.values())


def _changed(purse: PurseChanged, **fields: Any) -> PurseChanged:  # noqa: ANN401 -- fields of the fact
    return replace(purse, version=purse.version + 1, **fields)


COMMANDS: Final = Family[Command]("pledges", Give, Take, Book)
FACTS: Final = Family[Fact]("pledges", PurseChanged)


class Bank:
    """The service in the world of the simulation: one replica that can be killed at any step."""

    def __init__(self, parked: str = "") -> None:
        """Begin with an empty log; commands of the kind `parked` cannot be decided."""
        self.world = World(0)
        self.world.faults = False
        self.log = Log(partitions=2, owner={0: 0, 1: 0})
        self.purses = Purses()
        self.store = MemoryStore(self.world, self.purses)
        self.quiet = Quiet()
        self.parked = parked
        self.start()

    def start(self) -> None:
        """A new process, in the place of the old one if there was one."""
        rules = _Failing(self.purses, self.parked) if self.parked else self.purses
        processor = Processor("pledges", COMMANDS, FACTS, rules, self.store, self.quiet, clock=time.perf_counter)
        self.world.start("replica", Replica(0, self.world, self.log, processor).run())

    def give(self, amount: int, name: str = "g", request: str = "r1", *, fingerprint: str = "f") -> None:
        """Append the command."""
        command = Give("a", "b", amount)
        value = COMMANDS.wrap(
            command,
            id=name,
            subject="a",
            time="2026-01-01T00:00:00.000Z",
            principal="ana resident",
            fingerprint=fingerprint,
            correlationid=name,
        )
        headers = ((outcomes.WAKE, b"replica"), (outcomes.REQUEST, request.encode()))
        self.log.append(Outgoing(topics.commands("pledges"), None, b"a", value, headers))

    def run(self, dies_at: Sequence[int] = ()) -> int:
        """Let it work until all is done, killed at these steps; return how many there were."""
        for step in range(1, 1_000):
            if self.world.at("replica") == "idle" and not self.log.behind(topics.commands("pledges")):
                return step
            if step in dies_at:
                self.start()
            self.world.step()
        raise AssertionError("never quiet")

    def told(self) -> Iterator[tuple[Record, Envelope]]:
        """All that was appended to the fact topic."""
        for record in self.log.all(topics.facts("pledges")):
            yield record, open_envelope(record.value)

    def answers(self, name: str = "g") -> list[tuple[Record, outcomes.Outcome]]:
        """Outcomes of a command, as often as they were told."""
        found = []
        for record, envelope in self.told():
            if envelope.causationid == name and envelope.type in outcomes.OUTCOME_TYPES:
                outcome = outcomes.OUTCOMES["pledges"].decode(envelope)
                assert isinstance(outcome, outcomes.CommandSucceeded | outcomes.CommandRefused | outcomes.CommandFailed)
                found.append((record, outcome))
        return found


class _Failing:
    """Rules that cannot decide commands of one kind."""

    def __init__(self, purses: Purses, kind: str) -> None:
        self._kind = kind
        self._purses = purses
        self.evolve, self.version = purses.evolve, purses.version

    def decide(self, purse: PurseChanged, command: Command, asked: Asked) -> Decision:
        """Fail, or not."""
        if type(command).__name__ == self._kind:
            raise ValueError("cannot be decided")
        return self._purses.decide(purse, command, asked)


def test_the_last_step_answers_for_the_first_with_all_that_was_touched() -> None:
    """201 when all is done, for who asked, to the request that waits, in the partition of the last step."""
    bank = Bank()
    bank.give(4)

    bank.run()

    [(record, outcome)] = bank.answers()
    assert isinstance(outcome, outcomes.CommandSucceeded)
    assert (outcome.command_id, outcome.person, outcome.status) == ("g", "ana", 201)
    assert outcome.submitted_at == "2026-01-01T00:00:00.000Z"
    assert outcome.touched == (outcomes.Touched("b", 2), outcomes.Touched("a", 3))
    assert dict(record.headers) == {"wake": b"replica", "request": b"r1"}
    assert open_envelope(record.value).subject == "a"
    assert (bank.purses.purses["a"].holds, bank.purses.purses["b"].holds) == (2, 9)


def test_a_refusal_by_the_other_stream_is_the_answer_and_gives_back() -> None:
    """Nothing is lost; the first stream is as it was, two versions later."""
    bank = Bank()
    bank.give(6)

    bank.run()

    [(_, outcome)] = bank.answers()
    assert isinstance(outcome, outcomes.CommandRefused)
    assert (outcome.problem, outcome.person) == ("purse-full", "ana")
    assert outcome.touched == (outcomes.Touched("b", 1), outcomes.Touched("a", 3))
    assert (bank.purses.purses["a"].holds, bank.purses.purses["b"].holds) == (6, 5)


def test_the_first_step_may_answer_by_itself() -> None:
    """What it can refuse at once it does."""
    bank = Bank()
    bank.give(7)

    bank.run()

    [(_, outcome)] = bank.answers()
    assert isinstance(outcome, outcomes.CommandRefused)
    assert outcome.touched == (outcomes.Touched("a", 1),)


def _steps(amount: int) -> int:
    bank = Bank()
    bank.give(amount)
    return bank.run()


@pytest.mark.parametrize("amount", [4, 6], ids=["taken", "given back"])
def test_a_death_at_every_step_and_at_every_two_changes_nothing(amount: int) -> None:
    """C1, C2: it takes effect once, is answered with the same bytes each time, and nothing is on its way for ever."""
    last = _steps(amount)
    assert last > 20
    pairs = [(first, then) for first, then in combinations(range(1, last + 8), 2) if then - first < 9]

    for deaths in [*((step,) for step in range(1, last)), *pairs]:
        bank = Bank()
        bank.give(amount)

        bank.run(deaths)

        holds = (2, 9) if amount == 4 else (6, 5)
        assert (bank.purses.purses["a"].holds, bank.purses.purses["b"].holds) == holds, deaths
        assert all(not purse.under_way for purse in bank.purses.purses.values()), deaths
        assert {entry.outcome for entry in bank.store.inbox.values()} == {bank.store.inbox["g"].outcome}, deaths
        answers = {record.value for record, _ in bank.answers()}
        assert answers == {bank.store.inbox["g"].outcome}, deaths
        assert len({record.partition for record, _ in bank.answers()}) == 1, deaths
        assert len({envelope.id for _, envelope in bank.told()}) == len({record.value for record, _ in bank.told()})


def test_a_repeat_at_every_step_is_answered_once_it_is_decided() -> None:
    """C11: same bytes, marked as replayed if it comes second; the money moves once."""
    last = _steps(4)
    for when in range(1, last + 1):
        bank = Bank()
        bank.give(4)
        for _ in range(when):
            bank.world.step()
        bank.give(4, request="r2")

        bank.run()

        heard = {dict(record.headers).get(outcomes.REQUEST): record for record, _ in bank.answers()}
        assert heard.keys() >= {b"r1", b"r2"}, when
        assert len({record.value for record in heard.values()}) == 1, when
        assert dict(heard[b"r2"].headers).get(outcomes.REPLAYED) == b"1", when
        assert (bank.purses.purses["a"].holds, bank.purses.money) == (2, 11), when


def test_a_repeat_long_after_is_answered_as_decided() -> None:
    """C2: from the inbox, to the partition that the first answer went to, without another command."""
    bank = Bank()
    bank.give(4)
    bank.run()
    asked = len(bank.log.all(topics.commands("pledges")))

    bank.give(4, request="r2")
    bank.run()

    (first, _), (again, _) = bank.answers()
    assert (again.value, again.partition) == (first.value, first.partition)
    assert len(bank.log.all(topics.commands("pledges"))) == asked + 1


def test_another_body_under_the_key_is_told_so_while_the_answer_is_due() -> None:
    """422 for that request alone; what goes on goes on."""
    bank = Bank()
    bank.give(4)
    bank.give(3, request="r2", fingerprint="other")

    bank.run()

    (mismatch, _), (answer, _) = sorted(bank.answers(), key=lambda told: outcomes.MISMATCH not in dict(told[0].headers))
    assert dict(mismatch.headers)[outcomes.REQUEST] == b"r2"
    assert dict(answer.headers)[outcomes.REQUEST] == b"r1"


@pytest.mark.parametrize("kind", ["Take", "Book"])
def test_a_step_that_cannot_be_decided_fails_the_first(kind: str) -> None:
    """It is parked, and nobody waits for ever."""
    bank = Bank(parked=kind)
    bank.give(4)

    bank.run()

    [(_, outcome)] = bank.answers()
    assert isinstance(outcome, outcomes.CommandFailed)
    assert (outcome.person, outcome.submitted_at) == ("ana", "2026-01-01T00:00:00.000Z")
    assert bank.quiet.dead == ["ValueError"]


def test_nobody_names_a_root_but_the_service_itself() -> None:
    """A command put on the topic with somebody's root would answer in their name: it is a dead letter."""
    bank = Bank()
    root = '["g","ana","a","2026-01-01T00:00:00.000Z",[]]'
    for number, (principal, named) in enumerate([("eve resident", root), ("pledges system", "[1]")]):
        value = COMMANDS.wrap(
            Book("a", "g", taken=True),
            id=f"x{number}",
            subject="a",
            time="2026-01-01T00:00:00.000Z",
            principal=principal,
            fingerprint="f",
            root=named,
        )
        bank.log.append(Outgoing(topics.commands("pledges"), None, b"a", value))

    bank.run()

    assert bank.quiet.dead == ["a root that nobody may name", "an unreadable root"]


def test_an_answer_that_is_to_come_needs_one_who_gives_it() -> None:
    """Rules that promise an answer and ask nobody for it are a mistake: the command is parked."""

    class Forgetful(Purses):
        def decide(self, purse: PurseChanged, command: Command, asked: Asked) -> Decision:
            return replace(super().decide(purse, command, asked), then=())

    bank = Bank()
    bank.purses.decide = Forgetful().decide  # type: ignore[method-assign]
    bank.give(4)

    bank.run()

    [(_, outcome)] = bank.answers()
    assert isinstance(outcome, outcomes.CommandFailed)
    assert bank.purses.money == 11
