"""Decides a batch of commands: one load, one fold, one transaction; no Kafka in here.

It takes records and returns records, so that a simulator can drive it with a log, a store and a clock of its own.
Three roads for trouble: a refusal is an outcome; a malformed or culprit command becomes a dead letter with a
`failed` outcome; broken infrastructure is `Trouble`, after which the same batch is simply processed again.
"""

import asyncio
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any, Final, Generic, TypeVar

from msgspec import Raw
from msgspec.structs import replace

from shared import instants
from shared.contracts import outcomes, topics
from shared.contracts.message import (
    Command,
    Fact,
    Family,
    Malformed,
    encode,
    open_envelope,
    readable_id,
)
from shared.decider import SYSTEM, Asked, Decision, Deferred, Done, Later, Refused
from shared.ports import (
    Ask,
    Due,
    Entry,
    Observer,
    Outgoing,
    Record,
    Repeated,
    Rules,
    Store,
    TooLarge,
    TooSlow,
    Trouble,
    dead_letter,
)

S = TypeVar("S")

MOST_COMMANDS: Final = 500
"""Commands a transaction decides at the most."""
MOST_BYTES: Final = 2 * 1_048_576
"""Bytes of answers a transaction stores at the most; the documents written beside them about double it."""
ABREAST: Final = 100
"""A batch of so many is decided in two halves at once: one thinks while the other's writes are awaited."""
MORE_TRIES: Final = 2
"""So often a command that fails alone is tried again before it is parked."""


class Processor(Generic[S]):
    """Decides batches for one service."""

    def __init__(
        self,
        service: str,
        commands: Family[Command],
        facts: Family[Fact],
        rules: Rules[S],
        store: Store[S],
        observer: Observer,
        *,
        clock: Callable[[], float],
    ) -> None:
        """Wire the ports; `clock` (seconds, monotonic) only measures."""
        self.service = service
        self.commands = commands
        self.facts = facts
        self.rules = rules
        self.store = store
        self.observer = observer
        self.clock = clock
        self.outcomes = outcomes.OUTCOMES[service]

    async def process(self, batch: Sequence[Record]) -> list[Outgoing]:
        """Decide a batch and return what to append, in order, each command's facts before its outcome.

        Everything returned is stored; processing the batch again returns the same bytes. Raises `Trouble`.
        """
        if len(batch) < ABREAST:
            return await self._process(batch)
        # A stream lies in one partition, so the halves have nothing in common.
        halves = ([record for record in batch if record.partition % 2 == half] for half in (0, 1))
        done = await asyncio.gather(*(self._process(half) for half in halves), return_exceptions=True)
        for error in done:
            if isinstance(error, BaseException):
                raise error
        return [outgoing for half in done if not isinstance(half, BaseException) for outgoing in half]

    async def _process(self, batch: Sequence[Record]) -> list[Outgoing]:
        asks: list[Ask] = []
        out: dict[int, list[Outgoing]] = {}
        for place, record in enumerate(batch):
            try:
                asks.append(self._read(record))
            except Malformed as error:
                out[place] = self._dead_letter(record, str(error))
        entries: dict[str, Entry] = {}
        fresh = _first_of_each(asks)
        self.observer.repeated(len(asks) - len(fresh))
        for start in range(0, len(fresh), MOST_COMMANDS):
            await self._decide(fresh[start : start + MOST_COMMANDS], entries)
        waiting = iter(asks)
        for place in range(len(batch)):
            if place not in out:
                out[place] = self._answer(next(waiting), entries)
        return [outgoing for place in range(len(batch)) for outgoing in out[place]]

    async def _decide(self, asks: Sequence[Ask], entries: dict[str, Entry]) -> None:
        """Decide and save, halving what is too large or fails, down to the one that fails alone.

        That a command was decided before is rare, and told by its entry being there already.
        """
        try:
            decided = await self._transact(asks)
        except Trouble:
            raise
        except Exception as error:  # noqa: BLE001 -- whatever a culprit raises
            known = await self.store.answered([ask.envelope.id for ask in asks]) if isinstance(error, Repeated) else {}
            if known:
                self.observer.repeated(len(known))
                entries.update(known)
                left = [ask for ask in asks if ask.envelope.id not in known]
                if left:
                    await self._decide(left, entries)
                return
            if len(asks) > 1:
                middle = len(asks) // 2
                await self._decide(asks[:middle], entries)
                await self._decide(asks[middle:], entries)
                return
            decided = [await self._alone(asks[0], error)]
        entries.update((entry.command_id, entry) for entry in decided)

    async def _alone(self, ask: Ask, error: Exception) -> Entry:
        """Decide a command that failed alone; park it, once, if it fails every time the same way."""
        if isinstance(error, TooSlow):
            raise Trouble("a transaction of one command took too long") from error
        known = await self.store.answered([ask.envelope.id])
        if known:
            self.observer.repeated(1)
            return known[ask.envelope.id]
        for _ in range(MORE_TRIES):
            try:
                [entry] = await self._transact([ask], doubted=True)
            except Trouble:
                raise
            except Exception as again:
                if type(again) is not type(error):
                    raise Trouble(type(again).__name__) from again
            else:
                return entry
        entry = self._failure(ask, type(error).__name__)
        await self.store.save({}, {}, [entry])
        return entry

    async def _transact(self, asks: Sequence[Ask], *, doubted: bool = False) -> list[Entry]:
        before = await self.store.load(asks, doubted=doubted)
        after = dict(before)
        started = self.clock()
        decided = []
        size = 0
        for ask in asks:
            entry, after[ask.stream] = self._fold(after[ask.stream], ask)
            decided.append(entry)
            size += entry.size
        self.observer.decided(len(asks), self.clock() - started)
        if size > MOST_BYTES and len(asks) > 1:
            raise TooLarge
        started = self.clock()
        await self.store.save(before, after, decided)
        self.observer.committed(self.clock() - started, [ask.record.timestamp for ask in asks])
        return decided

    def _fold(self, state: S, ask: Ask) -> tuple[Entry, S]:
        decision = self.rules.decide(state, ask.command, ask.asked)
        command, at = ask.envelope, ask.asked.at
        facts = []
        for number, fact in enumerate(decision.facts, 1):
            state = self.rules.evolve(state, fact)
            facts.append(
                self.facts.wrap(
                    fact,
                    id=f"{command.id}.{number}",
                    subject=fact.stream,
                    time=at,
                    correlationid=command.correlationid or command.id,
                    causationid=command.id,
                    streamversion=fact.streamversion,
                    traceparent=command.traceparent,
                )
            )
        for fact in decision.private:
            state = self.rules.evolve(state, fact)
        touched = ask.asker.touching(ask.stream, self.rules.version(state))
        outcome = b"" if isinstance(decision.answer, Deferred) else self._judged(decision.answer, ask, touched)
        entry = Entry(
            command.id,
            command.fingerprint,
            ask.record.partition,
            ask.record.offset,
            (ask.stream,),
            tuple(facts),
            outcome,
            self._follow_ups(decision, ask, touched),
            due=tuple(self._planned(later, ask, number) for number, later in enumerate(decision.later, 1)),
            settles=ask.asker.via if outcome else (),
        )
        return entry, state

    def _judged(self, answer: Done | Refused, ask: Ask, touched: tuple[outcomes.Touched, ...]) -> bytes:
        asker, at = ask.asker, ask.asked.at
        outcome: outcomes.Outcome
        match answer:
            case Done(kind, id, body, status):
                outcome = outcomes.CommandSucceeded(
                    asker.id,
                    asker.person,
                    status,
                    outcomes.Resource(kind, id),
                    Raw(encode(body)),
                    touched,
                    asker.time,
                    at,
                )
            case Refused(problem, status, figures, errors):
                outcome = outcomes.CommandRefused(
                    asker.id, asker.person, status, problem, figures, errors, touched, asker.time, at
                )
        return self._outcome(outcome, ask)

    def _follow_ups(
        self, decision: Decision, ask: Ask, touched: tuple[outcomes.Touched, ...]
    ) -> tuple[tuple[str, bytes], ...]:
        """What follows, as records; an answer that is to come travels with the first of it."""
        root = ""
        if isinstance(decision.answer, Deferred):
            if not decision.then:
                raise ValueError("who is to give the answer?")
            asker = ask.asker
            root = encode(replace(asker, touched=touched, via=(*asker.via, ask.envelope.id))).decode()
        return tuple(
            self._follow_up(command, ask, number, root if number == 1 else "")
            for number, command in enumerate(decision.then, 1)
        )

    def _follow_up(self, command: Command, ask: Ask, number: int, root: str) -> tuple[str, bytes]:
        """Put a command that follows from another into an envelope; its id derives from the first one's."""
        value = self.commands.wrap(
            command,
            id=f"{ask.envelope.id}~{number}",
            subject=command.stream,
            time=ask.asked.at,
            correlationid=ask.envelope.correlationid or ask.envelope.id,
            causationid=ask.envelope.id,
            traceparent=ask.envelope.traceparent,
            principal=f"{self.service} {SYSTEM}",
            fingerprint=SYSTEM,
            root=root,
        )
        return command.stream, value

    def _planned(self, later: Later, ask: Ask, number: int) -> Due:
        """Put a command into an envelope for its time; its id derives from the one that plans it.

        Hashed, since a plan may plan the next one for ever; whatever follows from it is traced back to itself.
        """
        command = later.command
        origin = blake2b(f"{ask.envelope.id}+{number}".encode(), digest_size=12).hexdigest()
        command_id = f"{type(command).__name__}/{later.at}/{origin}"
        value = self.commands.wrap(
            command,
            id=command_id,
            subject=command.stream,
            time=later.at,
            correlationid=command_id,
            causationid=ask.envelope.id,
            principal=f"{self.service} {SYSTEM}",
            fingerprint=SYSTEM,
        )
        return Due(command_id, later.at, command.stream, value)

    def _failure(self, ask: Ask, reason: str) -> Entry:
        asker = ask.asker
        failed = outcomes.CommandFailed(asker.id, asker.person, reason, asker.time, ask.asked.at)
        return Entry(
            ask.envelope.id,
            ask.envelope.fingerprint,
            ask.record.partition,
            ask.record.offset,
            (),
            (),
            self._outcome(failed, ask),
            parked=reason,
            settles=ask.asker.via,
        )

    def _outcome(self, outcome: outcomes.Outcome, ask: Ask) -> bytes:
        """Put an outcome into the envelope that its command gets, whoever of those that followed gives it."""
        return self.outcomes.wrap(
            outcome,
            id=f"{outcome.command_id}.outcome",
            subject=ask.root.subject if ask.root else ask.stream,
            time=ask.asked.at,
            correlationid=ask.envelope.correlationid or ask.envelope.id,
            causationid=outcome.command_id,
            traceparent=ask.envelope.traceparent,
        )

    def _read(self, record: Record) -> Ask:
        envelope = open_envelope(record.value)
        if record.key is None or record.key.decode(errors="replace") != envelope.subject:
            raise Malformed("the key is not the subject")
        command = self.commands.decode(envelope)
        if command.stream != envelope.subject:
            raise Malformed("the subject is not the deciding stream")
        person, _, roles = envelope.principal.partition(" ")
        if not person or not roles or not envelope.fingerprint:
            raise Malformed("no principal or no fingerprint")
        asked = Asked(envelope.id, person, frozenset(roles.split(",")), instants.from_ms(record.timestamp))
        root = outcomes.root_of(envelope)
        if root and not asked.may(SYSTEM):
            raise Malformed("a root that nobody may name")
        return Ask(record, envelope, command, asked, root)

    def _answer(self, ask: Ask, entries: dict[str, Entry]) -> list[Outgoing]:
        """Records that answer one command; one decided by an earlier record gets the outcome alone again.

        While there is none, what follows is asked for again; whoever waits is named to it, to be woken by its answer.
        """
        entry, record = entries[ask.envelope.id], ask.record
        to = topics.facts(self.service)
        key = ask.stream.encode()
        if entry.fingerprint != ask.envelope.fingerprint:
            return [Outgoing(to, record.partition, key, self._mismatch(ask), _reply(record, outcomes.MISMATCH))]
        first = (entry.partition, entry.offset) == (record.partition, record.offset)
        out: list[Outgoing] = []
        if first and entry.parked:
            out.append(self._letter(record, entry.parked, ask.envelope.id))
        if first:
            out += [Outgoing(to, entry.partition, key, fact) for fact in entry.facts]
        if first or not entry.outcome:
            own, waiting = topics.commands(self.service), () if entry.outcome else _reply(record)
            out += [Outgoing(own, None, stream.encode(), value, waiting) for stream, value in entry.then]
        if entry.outcome:
            mark = () if first else (outcomes.REPLAYED,)
            out.append(Outgoing(to, entry.place, key, entry.outcome, _reply(record, *mark)))
        return out

    def _mismatch(self, ask: Ask) -> bytes:
        refusal = outcomes.CommandRefused(
            ask.envelope.id, ask.asked.person, 422, "key-reused", {}, (), (), ask.envelope.time, ask.asked.at
        )
        return self._outcome(refusal, ask)

    def _dead_letter(self, record: Record, reason: str) -> list[Outgoing]:
        """Park a record that cannot be read, and tell who waits for it if its command id can be."""
        command_id = readable_id(record.value)
        out = [self._letter(record, reason, command_id)]
        if command_id is not None:
            at = instants.from_ms(record.timestamp)
            failed = outcomes.CommandFailed(command_id, "", reason, at, at)
            value = self.outcomes.wrap(
                failed, id=f"{command_id}.outcome", subject=self.service, time=at, causationid=command_id
            )
            out.append(Outgoing(topics.facts(self.service), record.partition, record.key, value, _reply(record)))
        return out

    def _letter(self, record: Record, reason: str, command_id: str | None) -> Outgoing:
        self.observer.parked(record, reason, command_id)
        return dead_letter(self.service, record, reason, group=self.service)


def _first_of_each(asks: Sequence[Ask]) -> list[Ask]:
    firsts: dict[str, Ask] = {}
    for ask in asks:
        firsts.setdefault(ask.envelope.id, ask)
    return list(firsts.values())


def _reply(record: Record, *marks: str) -> tuple[tuple[str, bytes], ...]:
    """Headers that bring the outcome to the replica that waits; nothing else is copied from the request."""
    given: dict[str, Any] = dict(record.headers)
    back = tuple(
        (name, given[name]) for name in (outcomes.WAKE, outcomes.REQUEST) if isinstance(given.get(name), bytes)
    )
    return (*back, *((mark, b"1") for mark in marks))
