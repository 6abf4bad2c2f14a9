"""Versions that a caller has seen elsewhere: a read waits for them, so that nobody sees their own change undone."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from services.gateway import parameters
from services.gateway.memory import Memory
from services.gateway.problems import ProblemError
from services.gateway.table import CAMPAIGN_ID, COMMITMENT_ID, EVENT_ID, NEED_ID, VENUE_ID, Parameter
from services.gateway.view_store import Missing, ViewStore
from shared.contracts.message import Malformed, open_envelope
from shared.contracts.outcomes import Touched
from shared.ports import Trouble

WAIT_S: Final = 2.0
"""So long a read waits for the version that it names."""
MIN_VERSION: Final = Parameter(
    "min_version",
    "`<stream>:<version>`: answer only with what has seen it, within two seconds, else 503.",
    repeatable=True,
)

_STREAM: Final = re.compile(rf"({CAMPAIGN_ID}|{EVENT_ID}|{NEED_ID}|{COMMITMENT_ID}|{VENUE_ID}):([1-9][0-9]{{0,14}})")
_LOOK_S: Final = 0.1
_MOST: Final = 20


class _Outcome(Struct):
    touched: tuple[Touched, ...] = ()


_outcomes = msgspec.json.Decoder(_Outcome)


class Versions:
    """Makes this replica serve at least what somebody has seen."""

    def __init__(self, store: ViewStore, memory: Memory, *, wait: float = WAIT_S) -> None:
        """`wait` bounds a read's patience, in seconds."""
        self._store = store
        self._memory = memory
        self._wait = wait

    async def look(self, command_id: str) -> bytes | None:
        """Outcome record of a command, once this replica serves what it tells; None if there is none yet."""
        value = await self._store.operation(command_id)
        if value is None:
            return None
        try:
            touched = _outcomes.decode(open_envelope(value).data).touched
        except (Malformed, msgspec.DecodeError):
            return value
        for stream, version in _shown(touched):
            if not await self._shows(stream, version):
                return None
        return value

    async def reached(self, touched: Iterable[Touched], wait: float) -> bool:
        """Whether this replica serves, within so many seconds, what an outcome of several streams tells."""
        return await self._all_arrived(_shown(touched), wait)

    async def reach(self, given: Sequence[str]) -> None:
        """Wait until this replica serves the versions that a request names; 503 if it does not in time."""
        if given and not await self._all_arrived(_read(given), self._wait):
            raise ProblemError("unavailable", "This version has not arrived here yet.")

    async def _all_arrived(self, wanted: Iterable[tuple[str, int]], wait: float) -> bool:
        until = self._memory.clock() + wait
        for stream, version in wanted:
            while not await self._arrived(stream, version):
                left = until - self._memory.clock()
                if left <= 0:
                    return False
                await self._memory.risen(min(_LOOK_S, left))
        return True

    async def _arrived(self, stream: str, version: int) -> bool:
        try:
            return await self._shows(stream, version)
        except Trouble:  # it may come back in time
            return False

    async def _shows(self, stream: str, version: int) -> bool:
        """Whether the views hold a version; nothing older is served from then on."""
        if self._memory.told(stream) >= version:
            return True
        found = await self._store.view(stream)
        if isinstance(found, Missing) or found.version < version:
            return False
        self._memory.raise_floor(stream, found.version, found.campaign, stream.partition("_")[0])
        return True


def _shown(touched: Iterable[Touched]) -> list[tuple[str, int]]:
    """What views show of the streams that were touched."""
    return [(one.stream, one.version) for one in touched if _STREAM.fullmatch(f"{one.stream}:{one.version}")]


def only(raw: bytes) -> list[str]:
    """What a query names that may hold nothing else."""
    return parameters.query(raw, (), (MIN_VERSION.name,)).all(MIN_VERSION.name)


def _read(given: Sequence[str]) -> list[tuple[str, int]]:
    texts = [text for value in given for text in value.split(",")]
    if len(texts) > _MOST:
        raise _invalid(f"At most {_MOST} versions can be named.")
    found = [_STREAM.fullmatch(text) for text in texts]
    if not all(found):
        raise _invalid("min_version must be `<id of a campaign, event or need>:<version>`.")
    return [(one[1], int(one[2])) for one in found if one]


def _invalid(detail: str) -> ProblemError:
    return ProblemError("invalid-parameter", detail, parameter=MIN_VERSION.name)
