"""What happened, one JSON object a line, and what was found in the end: all that the checker is given.

Every line has `t` (monotonic seconds, one clock for the whole rig), `wall` (seconds since 1970) and `kind`:

- `invoke`: `op`, `session`, `gateway`, `key`, `command` (id of the command that the request makes), `method`, `path`,
  `verb`, `target` (id of the need or event, null for a new one), `body`; `retry_of` (op) for a repeat with the same
  key (not for one sent at the same instant), and `other_body` true if that repeat asks for something else. A need that
  is opened has a `role`: `hot`, `plain` or `capacity` (pledges of 1, never withdrawn, three times as many as fit).
- `answer`, one for each op that ended: `op`, `status` (null if there was none), `outcome` (`ok`, `fail`, `info`),
  `operation` (id, where the answer names one), `problem` (slug), `replayed`, `resource` (id), `versions`
  {stream: version} as far as the answer tells, `body`, `seconds`, `error` (`refused`: nobody listened; `cut`; `late`).
- `operation`, some time after an answer: `op`, `operation`, `status` (`pending`, `succeeded`, `refused`, `failed`),
  `problem`, `resource`. An answer 202 (`info`) becomes `ok` by `succeeded` or `refused`.
- `view`: `gateway`, `path`, `stream` (null: of the whole page), `status`, `version`, `body` (figures), whenever it
  differs from the last look at the same path; of one sampler a gateway, so strictly one after the other.
- `read`: `op` (the write that it follows), `gateway`, `same` (the gateway that answered the write), `min_version`,
  `stream`, `wanted` (null: what the inbox says that `op` touched), `status`, `version`, `body`.
- `sse`: `client`, `gateway`, `name` (of the stream), `cursor`, `prev` (null on the first), `type`, `subject`,
  `version`, `body` (figures of a need or event), `connection` (counts up).
- `sse_state`: `client`, `gateway`, `name`, `state` (`connect`, `disconnect`, `gap`, `refused`), `after` (cursor).
- `health`: `process`, `ready`, on each change.
- `lag`: `group`, `places` {`topic/partition`: [committed, end]}.
- `fault`: `name`, `phase` (`begin`, `heal`, `quiet`), `target`, and what else the fault has to tell.
- `probe`: `gateway`, `service`, `seconds` from the heal to the first fresh success (null: never), `after` (name of the
  fault).
"""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import msgspec
from msgspec import Struct

from shared.contracts.events import EventState, RegistrationState
from shared.contracts.pledges import NeedState, PledgeState
from shared.ports import Entry, Record

Line = dict[str, Any]


class History:
    """An append-only file of lines; they outlive a kill of the rig at once, and a power cut once synced."""

    def __init__(self, path: Path) -> None:
        """Open, or go on with, a file."""
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._count = 0
        self._dirty = threading.Event()
        self._closing = False
        # Syncing in the event loop would hold up the proxies, which share it.
        self._syncer = threading.Thread(target=self._sync, daemon=True)
        self._syncer.start()

    def __enter__(self) -> Self:
        """Nothing to prepare."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def write(self, kind: str, **fields: Any) -> None:  # noqa: ANN401 -- JSON
        """Append a line; answers are synced to the disk right after."""
        line = {"t": time.monotonic(), "wall": time.time(), "kind": kind, **fields}
        os.write(self._file, msgspec.json.encode(line) + b"\n")
        if kind == "answer":
            self._dirty.set()

    def new_op(self) -> str:
        """Name the next operation."""
        self._count += 1
        return f"op{self._count}"

    def lines(self) -> list[Line]:
        """Everything so far."""
        return list(read(self.path))

    def close(self) -> None:
        """Sync and close; nothing is written afterwards."""
        self._closing = True
        self._dirty.set()
        self._syncer.join()
        os.fsync(self._file)
        os.close(self._file)

    def _sync(self) -> None:
        while not self._closing:
            self._dirty.wait()
            self._dirty.clear()
            os.fsync(self._file)


def read(path: Path) -> Iterator[Line]:
    """The lines of a file; a last one that was cut short is left out."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield msgspec.json.decode(line)


class Death(Struct, frozen=True):
    """The end of a process: `code` as `subprocess` tells it, `wanted` if the rig brought it about."""

    t: float
    code: int
    wanted: bool


class Process(Struct):
    """A service process over the whole run, restarts included.

    `before`/`after`: memory (`rss`, bytes), `sockets` and `/metrics` gauges (by name, `outcome_waiters` and
    `open_streams` among them) at the plateau before the faults and after quiescence; empty if it was not up.
    """

    name: str
    service: str
    restarts: int = 0
    deaths: list[Death] = []
    before: dict[str, float] = {}
    after: dict[str, float] = {}
    log: str = ""


class Collected(Struct):
    """The final state of a run, after quiescence. `save` keeps it beside the history."""

    seed: int
    broker: str
    """Name and version of the broker."""
    history: list[Line]
    records: list[Record]
    """Every record of every topic; those of one partition in the order of their offsets."""
    inbox: dict[str, list[Entry]]
    """Inbox entries by service."""
    needs: list[NeedState]
    pledges: list[PledgeState]
    events: list[EventState]
    registrations: list[RegistrationState]
    deliveries: list[Line]
    """The delivery documents of the notifications service, as they lie in MongoDB (`_id` as a string)."""
    notifications: list[Line]
    """Its `notifications` documents, likewise: what people find in their inboxes."""
    views: dict[str, dict[str, Line]]
    """What each gateway answers for each need and event: {gateway: {stream: body}}; absent if it did not answer."""
    lags: dict[str, int]
    """Records that each group has yet to take."""
    processes: list[Process]
    mutant: str | None = None

    def of_topic(self, topic: str) -> list[Record]:
        """The records of a topic, each partition's in order."""
        return [record for record in self.records if record.topic == topic]

    def lines(self, kind: str) -> list[Line]:
        """The lines of a kind, in order."""
        return [line for line in self.history if line["kind"] == kind]

    def save(self, path: Path) -> None:
        """Write everything but the history, which lies in its own file; bytes as base64."""
        path.write_bytes(msgspec.json.encode(msgspec.structs.replace(self, history=[])))

    @classmethod
    def load(cls, path: Path, history: Path) -> Self:
        """Read what `save` wrote, to judge it again."""
        found = msgspec.json.decode(path.read_bytes(), type=cls)
        found.history = list(read(history))
        return found
