"""Ways to spoil a good run in one place, for examples that the criteria have to object to."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace

from shared.contracts import pledges
from shared.contracts.message import Fact, Family, encode, open_envelope
from shared.ports import Entry, Record
from tests.chaos.history import Collected, Line

Spoil = Callable[[Collected], Collected]


def lines(change: Callable[[Line], Line | None]) -> Spoil:
    """Other lines in the history; None leaves one out."""

    def spoil(story: Collected) -> Collected:
        return replace(story, history=[new for line in story.history if (new := change(line)) is not None])

    return spoil


def line(where: dict[str, Any], **fields: Any) -> Spoil:  # noqa: ANN401 -- JSON
    """Other fields in the last line that has these."""

    def spoil(story: Collected) -> Collected:
        last = max(number for number, each in enumerate(story.history) if where.items() <= each.items())
        return replace(
            story,
            history=[{**each, **fields} if number == last else each for number, each in enumerate(story.history)],
        )

    return spoil


def answer(op_of: str, **fields: Any) -> Spoil:  # noqa: ANN401 -- JSON
    """Another answer to the first request that makes this command."""

    def spoil(story: Collected) -> Collected:
        op = next(each["op"] for each in story.history if each.get("command") == op_of)
        return line({"kind": "answer", "op": op}, **fields)(story)

    return spoil


def extra(**fields: Any) -> Spoil:  # noqa: ANN401 -- JSON
    """One more line in the end."""
    return lambda story: replace(story, history=[*story.history, {"t": 1e3, "wall": 2e9, **fields}])


def entry(command_id: str, change: Callable[[Entry], Entry | None]) -> Spoil:
    """Another inbox entry, or none."""

    def spoil(story: Collected) -> Collected:
        found = {
            service: [
                new for each in entries if (new := change(each) if each.command_id == command_id else each) is not None
            ]
            for service, entries in story.inbox.items()
        }
        return replace(story, inbox=found)

    return spoil


def outcome(command_id: str, **fields: Any) -> Spoil:  # noqa: ANN401 -- fields of an outcome
    """An entry that stores another outcome."""

    def change(old: Entry) -> Entry:
        envelope = open_envelope(old.outcome)
        data = msgspec.json.decode(envelope.data)
        return replace(old, outcome=encode(replace(envelope, data=msgspec.Raw(encode({**data, **fields})))))

    return entry(command_id, change)


def record(envelope_id: str, change: Callable[[Record], Record | None], topic: str = ".facts") -> Spoil:
    """Another record in the place of the one with this message, or none."""

    def spoil(story: Collected) -> Collected:
        found = [
            new
            for each in story.records
            if (new := change(each) if each.topic.endswith(topic) and _id(each) == envelope_id else each) is not None
        ]
        return replace(story, records=found)

    return spoil


def again(envelope_id: str, change: Callable[[Record], Record] = lambda same: same, topic: str = ".facts") -> Spoil:
    """The record with this message once more, at the end of the log."""

    def spoil(story: Collected) -> Collected:
        [found, *_] = [each for each in story.records if each.topic.endswith(topic) and _id(each) == envelope_id]
        return replace(story, records=[*story.records, replace(change(found), offset=found.offset + 1_000)])

    return spoil


def fact(change: Callable[[Any], Fact], family: Family[Fact] = pledges.FACTS) -> Callable[[Record], Record]:
    """The same fact with other data, in the same envelope."""

    def make(old: Record) -> Record:
        envelope = open_envelope(old.value)
        data = encode(change(family.decode(envelope)))
        return replace(old, value=encode(replace(envelope, data=msgspec.Raw(data))))

    return make


def process(name: str, **fields: Any) -> Spoil:  # noqa: ANN401 -- fields of a process
    """A process that went otherwise."""

    def spoil(story: Collected) -> Collected:
        return replace(
            story, processes=[replace(each, **fields) if each.name == name else each for each in story.processes]
        )

    return spoil


def vitals(name: str, **fields: float) -> Spoil:
    """A process that weighs something else in the end."""

    def spoil(story: Collected) -> Collected:
        [found] = [each for each in story.processes if each.name == name]
        return process(name, after={**found.after, **fields})(story)

    return spoil


def log(text: str) -> Spoil:
    """A process that has logged this."""
    return process("pledges-1", log=text)


def _id(each: Record) -> str:
    return open_envelope(each.value).id
