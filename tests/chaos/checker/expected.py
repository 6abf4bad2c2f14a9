"""What each fault is expected to show besides the criteria, as far as the history tells it. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from services.gateway import projector
from services.notifications import reader
from services.pledges import follower
from shared.contracts import topics
from shared.contracts.outcomes import MISMATCH, REPLAYED
from shared.ports import Record
from tests.chaos.checker.reading import Attempt, Heard, Line, Told
from tests.chaos.history import Process

DEADLINE_S: Final = 20.0
"""No gateway keeps a write longer than this: two appends that get no answer, and the time its client would wait."""
STOP_S: Final = 20.0
LATER_S: Final = 2.0


def only_503(attempts: Iterable[Attempt]) -> list[str]:
    """F1, F2: of all server errors a client meets 503 alone."""
    return [
        f"{attempt.op} {attempt.verb}: {attempt.status}"
        for attempt in attempts
        if attempt.status is not None and attempt.status >= 500 and attempt.status != 503
    ]


def answered_in_time(attempts: Iterable[Attempt], within: float = DEADLINE_S) -> list[str]:
    """F1: also a 503 comes within the deadline; a client that gave up has waited longer."""
    return [
        f"{attempt.op} {attempt.verb}: {attempt.status} after {attempt.told - attempt.asked:.1f} s"
        for attempt in attempts
        if attempt.told is not None and attempt.told - attempt.asked >= within
    ]


def nothing_was_redelivered(facts: Sequence[Told], outcomes: Sequence[Heard]) -> list[str]:
    """F6: no record of the command topics was decided or answered twice; who repeats a key is answered anew."""
    told: Counter[str] = Counter(one.envelope.id for one in facts)
    told.update(
        one.envelope.id for one in outcomes if not {REPLAYED, MISMATCH} & {name for name, _ in one.record.headers}
    )
    return [f"{name}: told {count} times" for name, count in told.items() if count > 1]


def ended_in_peace(processes: Iterable[Process], ends: Iterable[Line]) -> list[str]:
    """F6: who is asked to end does so with 0 and in time."""
    found = [
        f"{process.name}: ended with {death.code}"
        for process in processes
        for death in process.deaths
        if death.wanted and death.code
    ]
    found += [
        f"{line['process']}: {line['seconds']:.1f} s, code {line['code']}"
        for line in ends
        if line["kind"] == "exit" and (line["code"] or line["seconds"] > STOP_S)
    ]
    return found


def no_client_noticed(attempts: Iterable[Attempt]) -> list[str]:
    """F6: every request is answered, and none is turned away."""
    return [
        f"{attempt.op} {attempt.verb} at {attempt.gateway}: {attempt.status}"
        for attempt in attempts
        if attempt.status is None or attempt.status >= 500
    ]


def one_letter_each(letters: Iterable[Record], poisoned: Iterable[tuple[str, int, int]]) -> list[str]:
    """F10: each poisoned record has one dead letter of each group that reads it, and nothing else has any."""
    found = []
    places: dict[tuple[str, int, int], Counter[str]] = defaultdict(Counter)
    for letter in letters:
        told = {name: (value or b"").decode() for name, value in letter.headers if name.startswith("dl-")}
        place = (told["dl-topic"], int(told["dl-partition"]), int(told["dl-offset"]))
        places[place][told["dl-group"]] += 1
    poisoned = set(poisoned)
    for place in sorted(poisoned):
        expected = dict.fromkeys(readers_of(place[0]), 1)
        if places[place] != expected:
            found.append(f"{place}: dead letters of {dict(places[place])}, not of {expected}")
    found += [
        f"{place}: a dead letter ({', '.join(groups)}) of what was no poison"
        for place, groups in places.items()
        if place not in poisoned and groups
    ]
    return found


def readers_of(topic: str) -> tuple[str, ...]:
    """Consumer groups that write dead letters of a topic."""
    service = topic.partition(".")[0]
    if topic == topics.commands(service):
        return (service,)
    copies = (follower.GROUP,) if service == "events" else ()
    history = (reader.GROUP,) if service != reader.SERVICE else ()
    return (projector.GROUP, *history, *copies)


def neighbours_were_not_held_up(attempts: Iterable[Attempt], begin: float, most: float = LATER_S) -> list[str]:
    """F10: beside poison a write takes hardly longer than before (its median, and so much more)."""
    known = [attempt for attempt in attempts if attempt.is_decided and attempt.told is not None]
    before = sorted((one.told or 0) - one.asked for one in known if one.asked < begin)
    usual = before[len(before) // 2] if before else 0.0
    return [
        f"{one.op} {one.verb}: {(one.told or 0) - one.asked:.1f} s, usual are {usual:.1f} s"
        for one in known
        if one.asked >= begin and (one.told or 0) - one.asked > usual + most
    ]
