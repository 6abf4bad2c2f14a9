"""The processor: what a batch turns into, without Kafka."""

import time
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from services.pledges import need as rules
from services.pledges.ledger import Need
from shared.contracts import outcomes, pledges, topics
from shared.contracts.message import Command, open_envelope
from shared.decider import Asked, Decision, Later
from shared.ports import Ask, Entry, Outgoing, Record, Repeated, TooLarge, TooSlow, Trouble
from shared.processor import ABREAST, MOST_COMMANDS, Processor
from tests.simulation.run import CAMPAIGN
from tests.simulation.service import Quiet, keep

AT_MS = 1_770_000_000_000


class Store:
    """Needs in memory that fail on demand."""

    def __init__(self) -> None:
        """Begin empty and well."""
        self.needs: dict[str, Any] = {}
        self.inbox: dict[str, Entry] = {}
        self.saved: list[int] = []
        self.fails: dict[str, Exception] = {}
        self.fails_once: dict[str, Exception] = {}
        self.most = 10_000

    async def answered(self, command_ids: Sequence[str]) -> dict[str, Entry]:
        """Look commands up."""
        return {name: self.inbox[name] for name in command_ids if name in self.inbox}

    async def load(self, asks: Sequence[Ask], *, doubted: bool = False) -> dict[str, Any]:  # noqa: ARG002 -- the port
        """Load needs."""
        return {ask.stream: self.needs.get(ask.stream, Need(ask.stream, campaign=CAMPAIGN)) for ask in asks}

    async def save(self, before: dict[str, Any], after: dict[str, Any], entries: Sequence[Entry]) -> None:
        """Save all or nothing."""
        for entry in entries:
            if entry.command_id in self.fails_once:
                raise self.fails_once.pop(entry.command_id)
            if before and entry.command_id in self.fails:
                raise self.fails[entry.command_id]
        if len(entries) > self.most:
            raise TooLarge
        if any(entry.command_id in self.inbox for entry in entries):
            raise Repeated
        self.saved.append(len(entries))
        self.needs.update(after)
        keep(self.inbox, entries)


def processor(store: Store, observer: Quiet | None = None) -> Processor[Any]:
    """Wire a processor of the pledges service."""
    return Processor(
        "pledges",
        pledges.COMMANDS,
        pledges.FACTS,
        rules,
        store,
        observer or Quiet(),
        clock=time.perf_counter,
    )


def record(
    command: Command,
    command_id: str,
    offset: int = 0,
    *,
    fingerprint: str = "f",
    principal: str = "org organiser",
    headers: tuple[tuple[str, bytes | None], ...] = (("wake", b"replica-1"), ("request", b"r1")),
    **changes: Any,  # noqa: ANN401 -- fields of Record
) -> Record:
    """Give a command's record as the log hands it out."""
    value = pledges.COMMANDS.wrap(
        command,
        id=command_id,
        subject=command.stream,
        time="2026-01-01T00:00:00.000Z",
        principal=principal,
        fingerprint=fingerprint,
    )
    whole = Record("pledges.commands", 0, offset, command.stream.encode(), value, headers, AT_MS)
    return msgspec.structs.replace(whole, **changes)


def need(name: str = "need_a", quantity: int = 5) -> pledges.OpenNeed:
    """A command that opens a need."""
    return pledges.OpenNeed(name, CAMPAIGN.id, "Soup", "meal", quantity, "meals")


def kinds(outgoing: Sequence[Outgoing]) -> list[str]:
    """Short names of what is appended."""
    return [
        "letter" if out.topic.endswith("dead-letters") else open_envelope(out.value).type.split(".")[2]
        for out in outgoing
    ]


async def test_facts_come_before_their_outcome_in_the_partition_of_the_command() -> None:
    """C5: who has read the outcome has read the facts."""
    batch = [record(need(), "c1"), record(pledges.MakePledge("need_a", "need_a.p", 2), "c2", 1, partition=0)]

    out = await processor(Store()).process(batch)

    assert kinds(out) == ["NeedOpened", "CommandSucceeded", "PledgeMade", "CommandSucceeded"]
    assert {(one.topic, one.partition, one.key) for one in out} == {("pledges.facts", 0, b"need_a")}


async def test_only_the_waiting_replica_is_named_in_the_answer() -> None:
    """sec_29: no header of the request is copied but the wake-up channel and the request id."""
    batch = [record(need(), "c1", headers=(("wake", b"w"), ("request", b"r"), ("reply_to", b"elsewhere")))]

    *_, outcome = await processor(Store()).process(batch)

    assert outcome.headers == (("wake", b"w"), ("request", b"r"))


async def test_a_redelivered_record_is_answered_with_the_same_bytes() -> None:
    """C2: a crash between commit and publish loses and doubles nothing."""
    store, batch = Store(), [record(need(), "c1")]
    first = await processor(store).process(batch)

    again = await processor(store).process(batch)

    assert [one.value for one in again] == [one.value for one in first]
    assert store.saved == [1]


async def test_a_repeat_hears_the_outcome_alone() -> None:
    """C2: a client's repeat is a new record; the facts are in the log already."""
    store = Store()
    first = await processor(store).process([record(need(), "c1")])

    [again] = await processor(store).process([record(need(), "c1", offset=9)])

    assert again.value == first[-1].value
    assert (outcomes.REPLAYED, b"1") in again.headers


async def test_a_repeat_within_one_batch_is_decided_once() -> None:
    """C2: two records of one command in one batch have one effect."""
    store = Store()

    out = await processor(store).process([record(need(), "c1"), record(need(), "c1", offset=1)])

    assert kinds(out) == ["NeedOpened", "CommandSucceeded", "CommandSucceeded"]
    assert store.saved == [1]


async def test_a_repeat_does_not_move_its_command_behind_others() -> None:
    """C5: commands are decided in the order of their first records, and their facts are told in that order."""
    batch = [
        record(need(), "c1"),
        record(pledges.MakePledge("need_a", "need_a.p", 1), "c2", 1),
        record(pledges.MakePledge("need_a", "need_a.q", 1), "c3", 2),
        record(pledges.MakePledge("need_a", "need_a.p", 1), "c2", 3),
    ]

    out = await processor(Store()).process(batch)

    assert [open_envelope(one.value).streamversion for one in out if not one.headers] == [1, 2, 3]


async def test_the_same_key_with_another_body_is_answered_422_and_changes_nothing() -> None:
    """C11: the answer goes to that request alone and is nobody's outcome."""
    store = Store()
    await processor(store).process([record(need(), "c1")])

    [answer] = await processor(store).process([record(need(quantity=7), "c1", 1, fingerprint="other")])

    refusal = outcomes.OUTCOMES["pledges"].decode(open_envelope(answer.value))
    assert isinstance(refusal, outcomes.CommandRefused)
    assert (refusal.status, refusal.problem) == (422, "key-reused")
    assert (outcomes.MISMATCH, b"1") in answer.headers
    assert store.needs["need_a"].state.quantity == 5


POISON = {
    "tombstone": {"value": None},
    "empty": {"value": b""},
    "not UTF-8": {"value": b"\xff\xfe"},
    "not JSON": {"value": b"{"},
    "deep": {"value": b"[" * 100_000},
    "NaN": {"value": b'{"id": NaN}'},
    "huge integer": {"value": b'{"id":"x","streamversion":' + b"9" * 400 + b"}"},
    "no key": {"key": None},
    "another key": {"key": b"need_b"},
    "null header": {"value": b"{", "headers": (("x", None),)},
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON.keys())
async def test_a_poison_record_becomes_one_dead_letter_and_its_neighbours_go_on(poison: dict[str, Any]) -> None:
    """C1: one bad record fails alone."""
    quiet = Quiet()
    bad = record(pledges.CloseNeed("need_a"), "c2", 1, **poison)
    after = record(pledges.MakePledge("need_a", "need_a.p", 1), "c3", 2)

    out = await processor(Store(), quiet).process([record(need(), "c1"), bad, after])

    assert [name for name in kinds(out) if name != "CommandFailed"] == [
        "NeedOpened",
        "CommandSucceeded",
        "letter",
        "PledgeMade",
        "CommandSucceeded",
    ]
    assert len(quiet.dead) == 1


async def test_a_dead_letter_holds_the_original_and_where_it_was() -> None:
    """A dead letter can be looked at and replayed."""
    bad = record(need(), "c1", 41, value=b"{", headers=(("x", b"y"),), partition=3)

    [letter] = await processor(Store()).process([bad])

    headers = dict(letter.headers)
    assert (letter.topic, letter.key, letter.value) == ("pledges.dead-letters", b"need_a", b"{")
    assert headers["x"] == b"y"
    assert (headers["dl-topic"], headers["dl-partition"], headers["dl-offset"]) == (b"pledges.commands", b"3", b"41")
    assert {"dl-reason", "dl-at", "dl-group"} <= set(headers)


async def test_a_command_without_a_principal_is_a_dead_letter_with_a_failed_outcome() -> None:
    """sec_10: a command put straight on the topic is refused."""
    out = await processor(Store()).process([record(need(), "c1", principal="")])

    assert kinds(out) == ["letter", "CommandFailed"]


async def test_an_unknown_type_is_a_dead_letter_and_tells_who_waits() -> None:
    """A message of a later version is parked, not guessed at."""
    future = record(need(), "c1")
    assert future.value is not None
    future = msgspec.structs.replace(future, value=future.value.replace(b"OpenNeed.v1", b"OpenNeed.v9"))

    letter, failed = await processor(Store()).process([future])

    assert letter.topic == topics.dead_letters("pledges")
    assert dict(failed.headers)["request"] == b"r1"


async def test_an_id_beyond_all_bounds_is_not_told_again() -> None:
    """An outcome tells the id several times: it would be too large for the topic, and nobody waits for it."""
    endless = record(need(), "c1", value=b'{"id":"%s"}' % (b"x" * 500_000))
    whole = record(need(), "c" * 500_000, 1)

    out = await processor(Store()).process([endless, whole])

    assert kinds(out) == ["letter", "letter"]


async def test_a_culprit_is_bisected_out_and_parked_once() -> None:
    """A record that fails alone is parked; the rest of its batch is decided."""
    store, quiet = Store(), Quiet()
    store.fails["c4"] = ValueError("cannot be stored")
    batch = [record(need(f"need_{n}"), f"c{n}", n) for n in range(8)]

    out = await processor(store, quiet).process(batch)

    assert kinds(out).count("NeedOpened") == 7
    assert kinds(out).count("letter") == 1
    assert quiet.dead == ["ValueError"]
    assert kinds(await processor(store).process([batch[4]])) == ["letter", "CommandFailed"]


async def test_trouble_parks_nothing() -> None:
    """Infrastructure that is broken is waited for."""
    store, quiet = Store(), Quiet()
    store.fails["c1"] = Trouble("112")

    with pytest.raises(Trouble):
        await processor(store, quiet).process([record(need(), "c1")])

    assert quiet.dead == []


async def test_a_record_that_fails_alone_only_once_is_decided() -> None:
    """Only what fails every time the same way is parked."""
    store, quiet = Store(), Quiet()
    store.fails_once["c1"] = ValueError("passing")

    out = await processor(store, quiet).process([record(need(), "c1")])

    assert kinds(out) == ["NeedOpened", "CommandSucceeded"]
    assert quiet.dead == []


@pytest.mark.parametrize("error", [TooSlow(), KeyError("another way")], ids=["slow", "another way each time"])
async def test_a_single_command_is_not_to_blame_for_what_is_slow_or_changes(error: Exception) -> None:
    """C1: a stalled database parks nothing."""
    store, quiet = Store(), Quiet()
    store.fails["c1"] = TooSlow() if isinstance(error, TooSlow) else ValueError("one way")
    store.fails_once["c1"] = error

    with pytest.raises(Trouble):
        await processor(store, quiet).process([record(need(), "c1")])

    assert quiet.dead == []


async def test_a_transaction_that_is_too_large_is_halved() -> None:
    """No batch is larger than its store takes."""
    store = Store()
    store.most = 3

    await processor(store).process([record(need(f"need_{n}"), f"c{n}", n) for n in range(8)])

    assert sorted(store.saved) == [2, 2, 2, 2]


async def test_a_transaction_has_at_most_500_commands() -> None:
    """A backlog is cut."""
    store = Store()

    await processor(store).process([record(need(f"need_{n}"), f"c{n}", n) for n in range(MOST_COMMANDS + 1)])

    assert store.saved == [500, 1]


def backlog() -> list[Record]:
    """Needs opened in four partitions, twice the size from which on a batch is halved."""
    return [record(need(f"need_{n}"), f"c{n}", n, partition=n % 4) for n in range(2 * ABREAST)]


async def test_a_large_batch_is_decided_in_two_halves_that_share_no_stream() -> None:
    """Each partition keeps its order, and all is answered."""
    store = Store()

    out = await processor(store).process(backlog())

    assert store.saved == [ABREAST, ABREAST]
    facts = [msgspec.json.decode(answer.value)["causationid"] for answer in out if answer.partition == 3]
    assert facts == [f"c{n}" for n in range(3, 2 * ABREAST, 4) for _ in ("fact", "outcome")]
    assert len(out) == 4 * ABREAST


async def test_trouble_of_one_half_is_the_batch_s() -> None:
    """Nothing is answered; the other half is known when the batch comes again."""
    store = Store()
    store.fails_once["c1"] = Trouble("away")
    decider = processor(store)

    with pytest.raises(Trouble):
        await decider.process(backlog())

    assert store.saved == [ABREAST]
    assert len(await decider.process(backlog())) == 4 * ABREAST


class Planning:
    """The rules of needs, but for an opening that plans the close, twice."""

    at = "2026-05-01T00:00:00.000Z"
    evolve = staticmethod(rules.evolve)
    version = staticmethod(rules.version)

    def decide(self, state: Any, command: Command, asked: Asked) -> Decision:  # noqa: ANN401 -- as the processor sees it
        """Decide, and plan."""
        decision = rules.decide(state, command, asked)
        if isinstance(command, pledges.OpenNeed):
            return msgspec.structs.replace(decision, later=(Later(self.at, pledges.CloseNeed(command.need_id)),) * 2)
        return decision


def planning(store: Store) -> Processor[Any]:
    """Wire a processor that plans."""
    return Processor("pledges", pledges.COMMANDS, pledges.FACTS, Planning(), store, Quiet(), clock=time.perf_counter)


async def test_what_is_planned_is_saved_with_the_decision() -> None:
    """Each plan is a command of the service to itself, under an id that no other command plans; a repeat plans none."""
    store = Store()
    await planning(store).process([record(need(), "c1"), record(need("need_b"), "c2", 1)])
    plans = [plan for entry in store.inbox.values() for plan in entry.due]
    envelopes = [open_envelope(plan.value) for plan in plans]

    assert [(plan.at, plan.stream) for plan in plans] == [(Planning.at, "need_a")] * 2 + [(Planning.at, "need_b")] * 2
    assert [plan.id for plan in plans] == [envelope.id for envelope in envelopes]
    assert len({plan.id for plan in plans}) == 4
    assert {(envelope.principal, envelope.fingerprint) for envelope in envelopes} == {("pledges system", "system")}
    assert [envelope.causationid for envelope in envelopes] == ["c1", "c1", "c2", "c2"]
    assert pledges.COMMANDS.decode(envelopes[0]) == pledges.CloseNeed("need_a")

    before = dict(store.inbox)
    await planning(store).process([record(need(), "c1", 2)])
    assert store.inbox == before


async def test_a_plan_that_plans_the_next_keeps_its_id_short() -> None:
    """A chain without an end would outgrow what an id may be, if each id held the one before."""
    store = Store()
    command_id = "c1"
    for place in range(50):
        await planning(store).process([record(need(f"need_{place}"), command_id, place)])
        command_id = store.inbox[command_id].due[0].id

    assert len(command_id) < 80
