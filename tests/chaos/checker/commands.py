"""C1, C2, C11: what was answered, stored and told of each command. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import msgspec
from msgspec import Struct

from services.gateway import outcome
from shared.contracts import events, pledges
from shared.contracts.message import Fact
from shared.contracts.outcomes import CommandFailed, CommandSucceeded
from shared.ports import Entry
from tests.chaos.checker.reading import Asked, Attempt, Heard, Line, Told, outcome_of

Document = pledges.NeedState | pledges.PledgeState | events.EventState | events.RegistrationState
_DOCUMENTS: Final = ("need", "pledge", "event", "registration")


def c1_stored_as_heard(answers: Mapping[str, bytes], inbox: Mapping[str, Entry]) -> list[str]:
    """C1: the outcome record that a command was answered by is what the inbox holds, byte for byte."""
    return [
        f"{command_id}: {'no entry' if command_id not in inbox else 'another outcome'}"
        for command_id, value in answers.items()
        if command_id not in inbox or inbox[command_id].outcome != value
    ]


def c1_stored_as_answered(attempts: Iterable[Attempt], inbox: Mapping[str, Entry]) -> list[str]:
    """C1: what a client was answered is what the stored outcome reads as; own words may stand beside it."""
    found = []
    for attempt in attempts:
        if not attempt.is_decided or attempt.status is None:
            continue
        entry = inbox.get(attempt.command)
        if entry is None:
            found.append(f"{attempt.op} {attempt.verb} {attempt.command}: {attempt.status}, and no entry")
            continue
        expected = outcome.answer(outcome.read(entry.outcome), partial(str, attempt.operation))
        if expected.status != attempt.status or not _says(attempt.body, msgspec.json.decode(expected.body)):
            where = f"{attempt.op} {attempt.verb} {attempt.command}"
            found.append(f"{where}: answered {attempt.status}, stored is another answer ({expected.status})")
    return found


def _says(body: object, expected: dict[str, Any]) -> bool:
    return isinstance(body, dict) and all(name in body and body[name] == expected[name] for name in expected)


def c1_effects_stand(facts: Sequence[Told], documents: Mapping[str, Document]) -> list[str]:
    """C1: of each need, pledge, event and registration the documents hold what its newest fact tells."""
    newest: dict[str, tuple[int, Document]] = {}
    for one in facts:
        for state in states_of(one.fact):
            if newest.get(state.id, (0, state))[0] <= one.fact.streamversion:
                newest[state.id] = (one.fact.streamversion, state)
    missing = [f"{name}: facts without a document" for name in newest if name not in documents]
    unheard = [f"{name}: a document without facts" for name in documents if name not in newest]
    other = [
        f"{name}: the document differs from the newest fact"
        for name, (_, state) in newest.items()
        if name in documents and documents[name] != state
    ]
    return missing + unheard + other


def states_of(fact: Fact) -> list[Document]:
    """The states in a fact that are documents of their own."""
    return [state for name in _DOCUMENTS if (state := getattr(fact, name, None)) is not None]


def c1_follow_ups_are_asked(inbox: Mapping[str, Entry], asked: Iterable[Asked]) -> list[str]:
    """C1: what followed from a command was appended as a command."""
    values = {one.record.value for one in asked}
    return [
        f"{entry.command_id}: what follows was never asked"
        for entry in inbox.values()
        if not {value for _, value in entry.then} <= values
    ]


def c1_no_answer_is_owed(entries: Mapping[str, Sequence[Entry]]) -> list[str]:
    """C1: when all is quiet, no command still waits for the answer of one that follows from it."""
    return [f"{command_id}: never answered" for command_id, [entry, *_] in entries.items() if not entry.outcome]


def c1_nothing_is_passed_over(inbox: Mapping[str, Entry], asked: Iterable[Asked]) -> list[str]:
    """C1: what was decided of a command was decided of its first record; without an entry it was lost.

    A client that asks again brings a lost command back, so that only the place in the log tells.
    """
    first: dict[str, tuple[int, int]] = {}
    for one in asked:
        place = (one.record.partition, one.record.offset)
        first[one.envelope.id] = min(place, first.get(one.envelope.id, place))
    found = [f"{command_id}: appended and never decided" for command_id in first if command_id not in inbox]
    found += [
        f"{command_id}: appended at {first[command_id]}, decided at {(entry.partition, entry.offset)}"
        for command_id, entry in inbox.items()
        if command_id in first and first[command_id] != (entry.partition, entry.offset)
    ]
    found += [f"{command_id}: decided and not in the log" for command_id in inbox if command_id not in first]
    return found


def c2_decided_once(entries: Mapping[str, Sequence[Entry]]) -> list[str]:
    """C2: a command has one inbox entry in all services together."""
    return [f"{command_id}: {len(found)} entries" for command_id, found in entries.items() if len(found) > 1]


def c2_facts_are_those_of_the_inbox(facts: Sequence[Told], inbox: Mapping[str, Entry]) -> list[str]:
    """C2: the facts of a command in the log are those of its entry; a repeated fact is byte-identical."""
    found = []
    by_id: dict[str, bytes | None] = {}
    causes: dict[str, set[bytes]] = defaultdict(set)
    for record, envelope, _ in facts:
        if by_id.setdefault(envelope.id, record.value) != record.value:
            found.append(f"{envelope.id}: two versions of one fact")
        causes[envelope.causationid].add(record.value or b"")
    for command_id, values in causes.items():
        if command_id not in inbox or set(inbox[command_id].facts) != values:
            found.append(f"{command_id}: other facts in the log than in the inbox")
    found += [
        f"{entry.command_id}: facts never told"
        for entry in inbox.values()
        if not set(entry.facts) <= causes.get(entry.command_id, set())
    ]
    return found


def c11_answers_agree(outcomes: Iterable[Heard], inbox: Mapping[str, Entry]) -> list[str]:
    """C11: all outcome records of a decided command are the same, but for those that say `same key, other body`."""
    return [
        f"{one.outcome.command_id}: answered otherwise than was decided"
        for one in outcomes
        if not one.mismatch
        and one.outcome.command_id in inbox
        and inbox[one.outcome.command_id].outcome != one.record.value
    ]


def c11_no_means_no(attempts: Iterable[Attempt], inbox: Mapping[str, Entry]) -> list[str]:
    """C11: who was turned down finds that nothing of it happened; who was told yes, that it was their wish."""
    found = []
    for attempt in attempts:
        entry = inbox.get(attempt.command)
        ours = entry is not None and entry.fingerprint == attempt.fingerprint
        done = entry is not None and isinstance(outcome_of(entry), CommandSucceeded)
        where = f"{attempt.op} {attempt.verb} {attempt.command}"
        if attempt.outcome == "fail" and ours and done:
            found.append(f"{where}: told {attempt.status}, and it took effect")
        if attempt.problem == "key-reused" and (entry is None or ours):
            found.append(f"{where}: told of another body that there was not")
        if attempt.outcome == "ok" and entry is not None and not ours:
            found.append(f"{where}: told the answer to another body")
    return found


def c11_accepted_means_appended(attempts: Iterable[Attempt], asked: Iterable[Asked]) -> list[str]:
    """C11: behind each 200, 201 and 202 there is a command in the log."""
    appended = {(one.envelope.id, one.envelope.fingerprint) for one in asked}
    return [
        f"{attempt.op} {attempt.verb} {attempt.command}: {attempt.status} without a command in the log"
        for attempt in attempts
        if attempt.status in {200, 201, 202} and (attempt.command, attempt.fingerprint) not in appended
    ]


class Stands(Struct, frozen=True):
    """What a client reads of an operation: status, problem (slug), id of the resource."""

    command: str
    status: str
    problem: str | None = None
    resource: str | None = None


def operations(history: Iterable[Line]) -> list[Stands]:
    """The operations that clients of a history have read; the command is named in their ids."""
    return [
        Stands(
            line["operation"].partition(".")[2].rpartition(".")[0],
            line["status"],
            line.get("problem"),
            line.get("resource"),
        )
        for line in history
        if line["kind"] == "operation"
    ]


def c11_operations_agree(operations: Iterable[Stands], inbox: Mapping[str, Entry]) -> list[str]:
    """C11: an operation that reads as decided reads as what was decided."""
    return [
        f"{one.command}: its operation reads {one.status} {one.problem or one.resource or ''}".rstrip()
        for one in operations
        if one.status != "pending" and (one.command not in inbox or one != _stands(inbox[one.command]))
    ]


def _stands(entry: Entry) -> Stands:
    match outcome_of(entry):
        case CommandSucceeded(resource=resource):
            return Stands(entry.command_id, "succeeded", None, resource.id)
        case CommandFailed():
            return Stands(entry.command_id, "failed", "command-failed", None)
        case refused:
            return Stands(entry.command_id, "refused", refused.problem, None)


def touched(entry: Entry) -> dict[str, int]:
    """Streams that a decided command touched, with the versions they have since."""
    decided = outcome_of(entry)
    return {} if isinstance(decided, CommandFailed) else {one.stream: one.version for one in decided.touched}
