"""What must hold of a history, as pure functions that return the violations they find."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from shared.contracts import outcomes, pledges
from shared.contracts.message import Envelope, open_envelope
from shared.ports import Entry


def facts_of(records: Iterable[bytes]) -> list[Envelope]:
    """The facts among the values of a fact topic."""
    return [envelope for envelope in map(open_envelope, records) if envelope.type not in outcomes.OUTCOME_TYPES]


def c1_nothing_acknowledged_is_lost(answers: Mapping[str, bytes], inbox: Mapping[str, Entry]) -> list[str]:
    """C1: what a client was told is what the inbox holds, byte for byte."""
    return [
        f"{command_id}: {'no entry' if command_id not in inbox else 'another outcome'}"
        for command_id, value in answers.items()
        if command_id not in inbox or inbox[command_id].outcome != value
    ]


def c2_nothing_is_applied_twice(values: Sequence[bytes], inbox: Mapping[str, Entry]) -> list[str]:
    """C2: the facts of a command in the log are those of its entry; a repeated fact is byte-identical."""
    found = []
    by_id: dict[str, bytes] = {}
    causes: dict[str, set[bytes]] = defaultdict(set)
    for value in values:
        envelope = open_envelope(value)
        if envelope.type in outcomes.OUTCOME_TYPES:
            continue
        if by_id.setdefault(envelope.id, value) != value:
            found.append(f"{envelope.id}: two versions of one fact")
        causes[envelope.causationid].add(value)
    for command_id, facts in causes.items():
        if command_id not in inbox or set(inbox[command_id].facts) != facts:
            found.append(f"{command_id}: other facts in the log than in the inbox")
    found += [
        f"{entry.command_id}: facts never told"
        for entry in inbox.values()
        if not set(entry.facts) <= causes[entry.command_id]
    ]
    return found


def c3_ledger_balances(needs: Iterable[pledges.NeedState], made: Iterable[pledges.PledgeState]) -> list[str]:
    """C3: a need's counters are the sums of its pledges, and the ledger's equation holds."""
    sums: Counter[tuple[str, str]] = Counter()
    for pledge in made:
        if pledge.status == "held":
            sums[pledge.need_id, "held"] += pledge.quantity
        elif pledge.status in {"pledged", "delivered"}:
            sums[pledge.need_id, "pledged"] += pledge.quantity
        else:
            sums[pledge.need_id, "pledged"] += pledge.delivered_quantity
        sums[pledge.need_id, "delivered"] += pledge.delivered_quantity
    found = []
    for need in needs:
        said = (need.held, need.pledged, need.delivered)
        counted = tuple(sums[need.id, what] for what in ("held", "pledged", "delivered"))
        if said != counted:
            found.append(f"{need.id}: says {said}, its pledges say {counted}")
        if need.quantity + need.over != need.uncommitted + need.held + need.pledged or need.delivered > need.pledged:
            found.append(f"{need.id}: the ledger does not balance")
    return found


def c4_never_oversubscribed(facts: Iterable[Envelope]) -> list[str]:
    """C4: at every position of the log a hard need holds no more than it asked for."""
    found = []
    for envelope in facts:
        need = _need(envelope)
        if need is not None and need.limit == "hard" and need.held + need.pledged > need.quantity:
            found.append(f"{need.id} v{need.version}: {need.held + need.pledged} of {need.quantity}")
    return found


def c5_versions_in_order(facts: Iterable[Envelope]) -> list[str]:
    """C5: of each stream, first occurrences are 1, 2, 3 … in the order of its partition."""
    found = []
    last: Counter[str] = Counter()
    for envelope in facts:
        if envelope.streamversion > last[envelope.subject] + 1:
            found.append(f"{envelope.subject}: {envelope.streamversion} after {last[envelope.subject]}")
        last[envelope.subject] = max(last[envelope.subject], envelope.streamversion)
    return found


def c11_answers_are_honest(outcome_values: Iterable[bytes]) -> list[str]:
    """C11: all answers to one command are the same, but for those that say `same key, other body`."""
    found = []
    first: dict[str, bytes] = {}
    for value in outcome_values:
        command_id = msgspec.json.decode(open_envelope(value).data)["command_id"]
        if first.setdefault(command_id, value) != value:
            found.append(f"{command_id}: two answers")
    return found


def _need(envelope: Envelope) -> pledges.NeedState | None:
    if envelope.type not in pledges.FACTS.kinds:
        return None
    fact = pledges.FACTS.decode(envelope)
    return fact.need if isinstance(fact, pledges.OnNeed) else None
