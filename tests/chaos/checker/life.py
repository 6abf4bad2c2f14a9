"""C9, C10, C12: everything comes back by itself, nothing grows, and the logs are clean. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from shared.ports import Entry
from tests.chaos.checker.reading import Asked, Line
from tests.chaos.history import Process

BACK_S: Final = 25.0
"""So long after the heal a fresh command may take to its 201."""
STALL_S: Final = 30.0
RSS_GROWTH: Final = 1.2
RSS_MORE: Final = 30 * 1_048_576
SOCKETS_MORE: Final = 10

ALLOWED_TRACEBACKS: Final[tuple[re.Pattern[str], ...]] = ()
"""Log lines that may show a traceback: none."""
_SECRETS: Final = {
    "a bearer token": re.compile(r"[Bb]earer\s+[\w.~+/=-]{8,}"),
    "a JWT": re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\."),
    "a webhook's secret": re.compile(r"\bwhsec_[\w+/=-]+"),
    "a password in an address": re.compile(r"://[^\s/@:\"]+:[^\s/@\"]+@"),
    "an e-mail address": re.compile(r"[\w.+-]{1,64}@[\w-]{1,255}(?:\.[\w-]{1,255})+"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
}


def c9_fresh_commands_get_through(history: Iterable[Line], within: float = BACK_S) -> list[str]:
    """C9: after each heal a fresh command gets its 201 at every gateway in time."""
    return [
        f"after {line['after']} {line.get('service', '')} at {line['gateway']}: {line['seconds'] or 'never'}"
        for line in history
        if line["kind"] == "probe" and (line["seconds"] is None or line["seconds"] > within)
    ]


def c9_no_partition_stands_still(history: Iterable[Line], limit: float = STALL_S) -> list[str]:
    """C9: while no fault lasts, no group leaves a partition with lag untouched for longer than the limit."""
    found = []
    moved: dict[tuple[str, str], tuple[int, float]] = {}
    lasting: set[tuple[Any, ...]] = set()
    for line in history:
        if line["kind"] == "fault":
            fault = (line["name"], str(line.get("target")))
            (lasting.add if line["phase"] == "begin" else lasting.discard)(fault)
            moved.clear()
        if line["kind"] != "lag" or lasting:
            continue
        for place, (committed, end) in line["places"].items():
            where = (line["group"], place)
            if committed >= end:  # nothing is written down while it stays so, however long
                moved.pop(where, None)
                continue
            known, since = moved.get(where, (committed, line["t"]))
            if committed != known:
                known, since = committed, line["t"]
            moved[where] = (known, since)
            if line["t"] - since > limit:
                found.append(f"{line['group']} at {place}: {end - committed} behind, untouched for {limit:.0f} s")
                moved[where] = (committed, line["t"])
    return found


def c9_all_caught_up(lags: Mapping[str, int]) -> list[str]:
    """C9: in the end nothing is left to take."""
    return [f"{group}: {lag} behind in the end" for group, lag in lags.items() if lag]


def c9_nothing_died_by_itself(processes: Iterable[Process]) -> list[str]:
    """C9: only what was killed was started again."""
    return [
        f"{process.name}: ended by itself with {death.code}"
        for process in processes
        for death in process.deaths
        if not death.wanted
    ]


def c9_illness_shows(history: Sequence[Line], parts: Iterable[str], least: float = 5.0) -> list[str]:
    """C9: while a part is away for long enough to be seen, some process says that it is not ready."""
    found = []
    for part in parts:
        begins = [line for line in history if _is_of(line, part, "begin")]
        heals = [line for line in history if _is_of(line, part, "heal")]
        for begin, heal in zip(begins, heals, strict=False):
            ill = [
                line
                for line in history
                if line["kind"] == "health" and begin["t"] <= line["t"] <= heal["t"] and not line["ready"]
            ]
            if heal["t"] - begin["t"] > least and not ill:
                found.append(f"{begin['target']}: nobody was less than ready")
    return found


def _is_of(line: Line, part: str, phase: str) -> bool:
    return line["kind"] == "fault" and line["phase"] == phase and str(line["target"]).startswith(part)


def c9_all_well_in_the_end(history: Iterable[Line]) -> list[str]:
    """C9: the last that each health page said is that all is well."""
    last = {line["process"]: line["ready"] for line in history if line["kind"] == "health"}
    return [f"{process}: not ready in the end" for process, ready in last.items() if not ready]


def c10_nothing_grew(processes: Iterable[Process]) -> list[str]:
    """C10: memory and open sockets are about what they were before the faults."""
    found = []
    for process in processes:
        before, after = process.before, process.after
        if not before or not after:
            continue
        if after["rss"] > RSS_GROWTH * before["rss"] + RSS_MORE:
            found.append(f"{process.name}: {after['rss'] / 1e6:.0f} MB, before {before['rss'] / 1e6:.0f} MB")
        # Fewer are no harm: one that was started anew has dialled nobody whom it did not need.
        if after["sockets"] > before["sockets"] + SOCKETS_MORE:
            found.append(f"{process.name}: {after['sockets']:.0f} sockets, before {before['sockets']:.0f}")
    return found


def c10_nobody_is_left_waiting(processes: Iterable[Process]) -> list[str]:
    """C10: no request waits and no stream is open once all clients are gone."""
    return [
        f"{process.name}: {gauge} is {process.after[gauge]:.0f}"
        for process in processes
        for gauge in ("outcome_waiters", "open_streams")
        if process.after.get(gauge)
    ]


def c10_inbox_holds_each_command_once(inbox: Mapping[str, Sequence[Entry]], asked: Iterable[Asked]) -> list[str]:
    """C10: the inboxes together are as large as there are commands."""
    stored, commands = sum(map(len, inbox.values())), len({one.envelope.id for one in asked})
    return [f"{stored} inbox entries for {commands} commands"] if stored != commands else []


def c12_logs_are_clean(
    logs: Mapping[str, str], *, canaries: Iterable[str] = (), allowed: Sequence[re.Pattern[str]] = ALLOWED_TRACEBACKS
) -> list[str]:
    """C12: no traceback, no exception that nobody took, no secret and nothing personal (`canaries` among it)."""
    found = []
    private = {**_SECRETS, **{f"a canary ({word})": re.compile(re.escape(word)) for word in canaries}}
    for name, text in logs.items():
        for number, line in enumerate(text.splitlines(), 1):
            where = f"{name}.log:{number}"
            if "never retrieved" in line:
                found.append(f"{where}: an exception that nobody took: {_short(line)}")
            elif "Traceback (most recent call last)" in line and not any(one.search(line) for one in allowed):
                found.append(f"{where}: a traceback: {_short(line)}")
            found += [f"{where}: {what}" for what, pattern in private.items() if pattern.search(line)]
    return found


def _short(line: str) -> str:
    """What a line of a log says, and the error at the end of its traceback."""
    try:
        told = msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.DecodeError, msgspec.ValidationError):
        return line[:200]
    error = str(told.get("exception", "")).strip().splitlines()[-1:]
    return f"{told.get('logger')}: {told.get('event')} {''.join(error)}"[:300]
