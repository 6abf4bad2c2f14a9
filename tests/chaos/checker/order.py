"""C5, C6, C7: nothing comes out of order, goes back, or is late to who has caused it. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from shared.ports import Entry
from tests.chaos.checker.commands import touched
from tests.chaos.checker.reading import Attempt, Line, Told

LIVE: Final = frozenset({"connect", "gap"})
"""The last that is known of a client that still follows in the end."""


def c5_versions_in_order(facts: Iterable[Told]) -> list[str]:
    """C5: of each stream, first occurrences are 1, 2, 3 … in the order of one partition, and none comes twice anew."""
    found = []
    last: Counter[str] = Counter()
    homes: dict[str, int] = {}
    ids: dict[tuple[str, int], str] = {}
    for one in facts:
        stream, version = one.envelope.subject, one.envelope.streamversion
        if homes.setdefault(stream, one.record.partition) != one.record.partition:
            found.append(f"{stream}: in partitions {homes[stream]} and {one.record.partition}")
        if version > last[stream] + 1:
            found.append(f"{stream}: {version} after {last[stream]}")
        if ids.setdefault((stream, version), one.envelope.id) != one.envelope.id:
            found.append(f"{stream}: two facts are version {version}")
        last[stream] = max(last[stream], version)
    return found


class _Span:
    """When a session first asked for a command, and when it first knew how that ended."""

    def __init__(self, asked: float) -> None:
        self.asked = asked
        self.known = float("inf")


def c5_real_time_order(attempts: Iterable[Attempt], inbox: Mapping[str, Entry]) -> list[str]:
    """C5: what a session asked after it knew how something ended has a later version on the same stream."""
    spans: dict[tuple[str, str], _Span] = {}
    for attempt in attempts:
        span = spans.setdefault((attempt.session, attempt.command), _Span(attempt.asked))
        span.asked = min(span.asked, attempt.asked)
        if attempt.is_decided and attempt.told is not None:
            span.known = min(span.known, attempt.told)
    by_stream: dict[tuple[str, str], list[tuple[_Span, int, bool]]] = defaultdict(list)
    for (session, command), span in spans.items():
        if command in inbox:
            entry = inbox[command]
            for stream, version in touched(entry).items():
                by_stream[session, stream].append((span, version, bool(entry.facts)))
    found = []
    for (session, stream), acts in by_stream.items():
        for before, earlier, _ in acts:
            for after, later, told in acts:
                if before.known < after.asked and (later < earlier or (told and later == earlier)):
                    found.append(f"{session} on {stream}: {later} asked after {earlier} was known")
    return found


def c6_views_never_go_back(history: Iterable[Line]) -> list[str]:
    """C6: the sampled versions of a thing at one gateway never sink."""
    found = []
    last: Counter[tuple[str, str, str]] = Counter()
    for line in history:
        if line["kind"] != "view" or line.get("status") != 200 or line.get("version") is None:
            continue
        where = line["gateway"], line["path"], line["stream"]
        if line["version"] < last[where]:
            found.append(f"{line['stream']} at {line['gateway']}: {line['version']} after {last[where]}")
        last[where] = max(last[where], line["version"])
    return found


class _Follower:
    """What a client of a stream has seen; `lost` after it was told of a gap."""

    def __init__(self) -> None:
        self.cursor: str | None = None
        self.lost = False
        self.versions: Counter[str] = Counter()


def c6_followers_miss_nothing(history: Iterable[Line]) -> list[str]:
    """C6: each event names the one that its client saw before, across reconnects, and versions only rise.

    After a gap that the client was told of, the chain begins anew.
    """
    found = []
    followers: dict[tuple[str, str], _Follower] = defaultdict(_Follower)
    for line in history:
        if line["kind"] == "sse_state" and line["state"] == "gap":
            followers[line["client"], line["name"]].lost = True
        if line["kind"] != "sse":
            continue
        follower = followers[line["client"], line["name"]]
        where = f"{line['client']} on {line['name']}"
        if follower.cursor is not None and not follower.lost and line["prev"] != follower.cursor:
            found.append(f"{where}: {line['cursor']} follows {line['prev']}, but {follower.cursor} was seen last")
        if line["version"] <= follower.versions[line["subject"]]:
            seen = follower.versions[line["subject"]]
            found.append(f"{where}: {line['subject']} {line['version']} after {seen}")
        follower.versions[line["subject"]] = max(line["version"], follower.versions[line["subject"]])
        follower.cursor, follower.lost = line["cursor"], False
    return found


def c6_followers_saw_the_log(history: Sequence[Line], logs: Mapping[str, Sequence[tuple[str, int, Any]]]) -> list[str]:
    """C6, C3: from its first event on each client that was told of no gap saw all that the log holds, to its end."""
    seen: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    last: dict[tuple[str, str], str] = {}
    told_of_gap = set()
    for line in history:
        if line["kind"] == "sse":
            seen[line["client"], line["name"]].append((line["subject"], line["version"]))
        elif line["kind"] == "sse_state":
            last[line["client"], line["name"]] = line["state"]
            if line["state"] == "gap":
                told_of_gap.add((line["client"], line["name"]))
    found = []
    for (client, name), events in seen.items():
        whole = [(subject, version) for subject, version, _ in logs[name]]
        begin = whole.index(events[0]) if events[0] in whole else None
        if begin is None:
            found.append(f"{client} on {name}: {events[0]} is not in the log")
        elif last.get((client, name)) in LIVE and whole[-1] != events[-1]:
            found.append(f"{client} on {name}: saw {events[-1]} last, the log ends with {whole[-1]}")
        elif (client, name) not in told_of_gap and events != whole[begin : begin + len(events)]:
            found.append(f"{client} on {name}: saw something else than the log holds")
    return found


def c6_public_log_only_rises(log: Iterable[tuple[str, int, Any]]) -> list[str]:
    """C6: in a public topic no version of a stream comes twice, or after a higher one."""
    found = []
    last: Counter[str] = Counter()
    for subject, version, _ in log:
        if version <= last[subject]:
            found.append(f"{subject}: {version} after {last[subject]}")
        last[subject] = max(last[subject], version)
    return found


def c7_own_writes_are_read(
    history: Iterable[Line], attempts: Iterable[Attempt], inbox: Mapping[str, Entry]
) -> list[str]:
    """C7: a read of who knows a version never shows an older one: at the same gateway, or where it names it."""
    commands = {attempt.op: attempt.command for attempt in attempts}
    found = []
    for line in history:
        if line["kind"] != "read" or line["status"] != 200 or not (line["same"] or line["min_version"]):
            continue
        wanted = line["wanted"]
        command = commands.get(line["op"], "")
        if wanted is None and command in inbox:
            wanted = touched(inbox[command]).get(line["stream"])
        if line["version"] < (wanted or 0):
            found.append(f"{line['op']}: {line['gateway']} showed {line['stream']} {line['version']}, not {wanted}")
    return found
