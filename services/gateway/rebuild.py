"""Views built anew: the services' snapshots, then the facts since, into a new set that goes live when it is whole.

The ends of the log are taken before the snapshots: whatever the log told by then is in them, since a fact is
appended after its transaction. One process at a time builds, under a lease; the live views serve meanwhile.
"""

import asyncio
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from services.gateway.gathering import FACT_TOPICS, Gathered, name_of
from services.gateway.listener import EVERYTHING
from services.gateway.view_store import ViewStore
from services.gateway.views import Volunteer
from shared import logs
from shared.contracts.commitments import CommitmentState
from shared.contracts.events import CampaignState, EventState, OccurrenceState, PartnerState
from shared.contracts.message import Malformed
from shared.contracts.pledges import NeedState
from shared.contracts.venue_states import VenueState
from shared.internal_client import Internal, Unavailable
from shared.kafka.clients import Place
from shared.kafka.reader import Reader
from shared.ports import Trouble
from shared.redis import Script

log = logs.logger(__name__)

LEASE_MS: Final = 15_000
_RENEW_S: Final = 4.0
_LINES: Final = 500
_SCANNED: Final = 1_000
_PREFIX: Final = re.compile(r"v[0-9]{1,18}:")

_STATES: Final[Mapping[str, Any]] = {
    "campaign": CampaignState,
    "partner": PartnerState,
    "event": EventState,
    "occurrence": OccurrenceState,
    "need": NeedState,
    "commitment": CommitmentState,
    "venue": VenueState,
    "volunteer": Volunteer,
}

Progress = Callable[[int], None]
"""Told how many lines of snapshots were taken in so far."""


class Line(Struct, frozen=True):
    """A line of an owner's snapshot: the state of what its kind names, or a volunteer."""

    kind: Literal["campaign", "partner", "event", "occurrence", "need", "commitment", "venue", "volunteer"]
    state: msgspec.Raw = msgspec.Raw(b"null")
    campaign_id: str = ""
    person: str = ""


_lines = msgspec.json.Decoder(Line)


class Rebuild:
    """Builds the views, online."""

    def __init__(
        self,
        store: ViewStore,
        owners: Sequence[Internal],
        bootstrap: str,
        *,
        topics: Sequence[str] = FACT_TOPICS,
    ) -> None:
        """`owners` are the services whose snapshots make up the views."""
        self._store = store
        self._owners = tuple(owners)
        self._bootstrap = bootstrap
        self._topics = tuple(topics)
        self._lease = f"{store.root}rebuild"
        self._replace = Script.beside(__file__, "replace.lua")

    async def once(self, *, force: bool = False, progress: Progress | None = None) -> bool:
        """Build and put live; False if there was no need, or another process is at it.

        Without `force` only missing views are built. Raises `Trouble` if something needed is away or broke.
        """
        async with self._leased() as token:
            if token is None or (not force and await self._store.prefix()):
                return False
            started = time.monotonic()
            prefix = f"{self._store.root}v{await self._number()}:"
            await self._store.redis.call("SET", f"{prefix}building", token)
            lines = await self._load(prefix, progress)
            keys = (self._store.pointer, self._store.channel, self._lease)
            if not await self._store.redis.run(self._replace, keys, (prefix, token, EVERYTHING)):
                raise Trouble("the views were lost while they were built")
            log.info("views rebuilt", lines=lines, seconds=round(time.monotonic() - started, 1))
        await self._sweep(prefix)
        return True

    async def _number(self) -> int:
        """A number that no set of views bears: neither the live one's nor that of one left half-built."""
        return int(await self._store.redis.call("INCR", f"{self._store.root}sets"))

    async def _load(self, prefix: str, progress: Progress | None) -> int:
        async with Reader(self._bootstrap) as reader:
            places = await reader.places(self._topics)
            starts = await reader.ends(places)
            positions = [(name_of(place), 0, offset) for place, offset in starts.items()]
            await self._store.apply(Gathered().batch(positions), prefix)
            if not any(starts.values()):
                return 0
            lines = 0
            for owner in self._owners:
                lines = await self._snapshot(owner, prefix, lines, progress)
            await self._follow(reader, starts, prefix)
            return lines

    async def _snapshot(self, owner: Internal, prefix: str, lines: int, progress: Progress | None) -> int:
        gathered = Gathered()
        try:
            async for text in owner.lines("/snapshot"):
                if not text:
                    continue
                lines += 1
                _take(gathered, text)
                if len(gathered) >= _LINES:
                    await self._store.apply(gathered.batch(()), prefix)
                    gathered = Gathered()
                    if progress is not None:
                        progress(lines)
        except Unavailable as error:
            raise Trouble(f"no snapshot: {error}") from error
        await self._store.apply(gathered.batch(()), prefix)
        if progress is not None:
            progress(lines)
        return lines

    async def _follow(self, reader: Reader, starts: Mapping[Place, int], prefix: str) -> None:
        """Take in the facts since the snapshots were begun, so that the new set is not older than the old one."""
        reached, ends = dict(starts), await reader.ends(starts)
        if reached == ends:
            return
        reader.begin(starts)
        while any(reached[place] < end for place, end in ends.items()):
            records = await reader.read(wait_ms=500)
            gathered = Gathered()
            for record in records:
                reached[record.topic, record.partition] = record.offset + 1
                with suppress(Malformed):  # the projector parks it
                    gathered.record(record)
            positions = [(name_of(place), 0, offset) for place, offset in reached.items()]
            await self._store.apply(gathered.batch(positions), prefix)

    @asynccontextmanager
    async def _leased(self) -> AsyncIterator[str | None]:
        """Hold the lease, as long as we live; None if another holds it."""
        token = secrets.token_hex(16)
        redis = self._store.redis
        if not await redis.call("SET", self._lease, token, "NX", "PX", LEASE_MS):
            yield None
            return
        renewing = asyncio.create_task(self._renew(token))
        try:
            yield token
        finally:
            renewing.cancel()
            with suppress(Trouble):
                await redis.run(_RELEASE, (self._lease,), (token,))

    async def _renew(self, token: str) -> None:
        while True:
            await asyncio.sleep(_RENEW_S)
            with suppress(Trouble):
                await self._store.redis.run(_EXTEND, (self._lease,), (token, LEASE_MS))

    async def _sweep(self, live: str) -> None:
        """Delete all other sets, half-built ones too; harmless if cut short, the next rebuild does it."""
        redis, root = self._store.redis, self._store.root
        cursor = b"0"
        while True:
            cursor, names = await redis.call("SCAN", cursor, "MATCH", f"{root}v*", "COUNT", _SCANNED)
            old = [name for name in names if _of_other_set(name.decode().removeprefix(root), live.removeprefix(root))]
            if old:
                await redis.call("UNLINK", *old)
            if cursor == b"0":
                return


_RELEASE: Final = Script("if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0")
_EXTEND: Final = Script(
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"
)


def _of_other_set(key: str, live: str) -> bool:
    found = _PREFIX.match(key)
    return found is not None and found[0] != live


def _take(gathered: Gathered, text: bytes) -> None:
    """Take a line of a snapshot; an owner that does not keep to the form is `Trouble`, for nothing else can mend it."""
    try:
        line = _lines.decode(text)
        if line.kind == "volunteer":
            gathered.volunteer(Volunteer(line.campaign_id, line.person))
            return
        state = msgspec.json.decode(line.state, type=_STATES[line.kind])
        if isinstance(state, PartnerState):
            gathered.partner(state)
        elif isinstance(state, OccurrenceState):
            gathered.occurrence(state)
        else:
            gathered.state(state)
    except (msgspec.DecodeError, Malformed, UnicodeDecodeError) as error:
        raise Trouble(f"a line of a snapshot cannot be read: {type(error).__name__}") from error
