"""The occurrences of an event: a page of them between two dates, and one."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from itertools import islice
from typing import Final
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from services.gateway import lists, parameters, personal, series, versions
from services.gateway.problems import Answer, ProblemError
from services.gateway.reads import Draft, Reads
from services.gateway.ready import Entry
from services.gateway.series import Series
from services.gateway.table import PATTERNS, Exchange, Parameter, Route
from services.gateway.versions import MIN_VERSION
from services.gateway.view_store import Missing, ViewStore
from shared import series as rules
from shared.contracts.events import EventState, Occurrence
from shared.internal_client import Unavailable
from shared.ports import Trouble

_PLACE: Final = "/v1/events/{event_id}/occurrences"
_OK: Final = 200
_INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{12}Z")
_QUERY: Final = (
    Parameter("from", "First local date of the start, `YYYY-MM-DD`."),
    Parameter("to", "Last local date of the start, itself included."),
    *personal.PAGING,
)

_events = msgspec.json.Decoder(EventState)


class Occurrences(Struct, frozen=True):
    """A page of occurrences, by their start."""

    items: tuple[Occurrence, ...]
    next: str | None


class OccurrenceReads:
    """Answers for the occurrences of an event."""

    def __init__(self, reads: Reads, store: ViewStore) -> None:
        """Read as other reads do."""
        self._reads = reads
        self._store = store

    def routes(self) -> tuple[Route, ...]:
        """What is served here."""
        return (
            Route(
                method="GET",
                path=_PLACE,
                summary="List the occurrences of an event by their start",
                handle=self._list,
                tag="events",
                answers={_OK: Occurrences},
                access="public",
                query=(*_QUERY, MIN_VERSION),
                problems=("not-found", "unavailable"),
            ),
            Route(
                method="GET",
                path=f"{_PLACE}/{{occurrence}}",
                summary="Read one occurrence of an event",
                handle=self._one,
                tag="events",
                answers={_OK: Occurrence},
                access="public",
                query=(MIN_VERSION,),
                problems=("not-found", "unavailable"),
            ),
        )

    async def _list(self, exchange: Exchange) -> Answer:
        [event] = exchange.ids
        wanted = _wanted(exchange)
        await self._reads.versions.reach(wanted.versions)
        path = exchange.scope["path"]

        async def page(one: Series) -> bytes:
            slots = list(islice(_slots(one, wanted), wanted.limit + 1))
            bodies = await self._reads.series.shown(one, slots[: wanted.limit])
            address = None
            if len(slots) > wanted.limit:
                cursor = urlsafe_b64encode(_key(slots[wanted.limit - 1]).encode()).decode().rstrip("=")
                address = f"{path}?{urlencode({**wanted.chosen, 'cursor': cursor})}"
            return b'{"items":[' + b",".join(bodies) + b'],"next":' + msgspec.json.encode(address) + b"}"

        async def read() -> Draft:
            found = await self._store.view(event)
            if isinstance(found, Missing):
                return Draft("event", found.positions, missing=True)
            one = await self._series(event, found.body)
            return Draft(event, found.positions, await page(one), found.version, public=found.public)

        async def private(exchange: Exchange, _: str, otherwise: Entry | None) -> Answer:
            body = await self._owned(exchange, f"/events/{event}", otherwise)
            return personal.private(await page(await self._series(event, body)))

        target = f"{path}?{urlencode(sorted(wanted.chosen.items()))}" if wanted.chosen else path
        return await self._reads.answer(exchange, target, event, "event", read, private)

    async def _one(self, exchange: Exchange) -> Answer:
        event, name = exchange.ids
        await self._reads.versions.reach(versions.only(exchange.scope["query_string"]))

        async def read() -> Draft:
            found = await self._store.view(event)
            if isinstance(found, Missing):
                return Draft("event", found.positions, missing=True)
            one = await self._series(event, found.body)
            slot = rules.find(one.state, name, one.exceptions.get(name))
            if slot is None and found.public:
                raise ProblemError("not-found")
            bodies = await self._reads.series.shown(one, [slot] if slot else [])
            hidden = one.state.visibility == "hidden_location"
            return Draft(event, found.positions, b"".join(bodies), found.version, public=found.public, personal=hidden)

        async def private(exchange: Exchange, _: str, otherwise: Entry | None) -> Answer:
            return personal.private(await self._owned(exchange, f"/events/{event}/occurrences/{name}", otherwise))

        return await self._reads.answer(exchange, exchange.scope["path"], event, "event", read, private)

    async def _series(self, event: str, body: bytes) -> Series:
        """The event of a body, with what is particular to its occurrences."""
        known = await self._reads.series.one(event)
        return Series(_events.decode(body), known.exceptions if known else {})

    async def _owned(self, exchange: Exchange, path: str, otherwise: Entry | None) -> bytes:
        try:
            reply = await self._reads.owned(exchange, path)
        except (Unavailable, Trouble) as error:
            if otherwise is not None:
                return otherwise.body
            raise ProblemError("unavailable", "What is not public is read from its owner.") from error
        if reply.status != _OK:
            raise ProblemError("not-found")
        return reply.body


class _Wanted(Struct, frozen=True):
    chosen: dict[str, str]
    first: str
    last: str
    after: str
    limit: int
    versions: list[str]


def _wanted(exchange: Exchange) -> _Wanted:
    names = [known.name for known in _QUERY]
    query = parameters.query(exchange.scope["query_string"], names, (MIN_VERSION.name,))
    chosen = {name: value for name in names if (value := query.one(name)) is not None}
    return _Wanted(
        chosen,
        lists.date_of(chosen, "from"),
        lists.date_of(chosen, "to"),
        _after(chosen.get("cursor")),
        query.limit(),
        query.all(MIN_VERSION.name),
    )


def _after(cursor: str | None) -> str:
    if cursor is None:
        return ""
    try:
        key: str = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)).decode("ascii")
    except ValueError:
        key = ""
    at, _, name = key.partition("|")
    if not _INSTANT.fullmatch(at) or not PATTERNS["occurrence"].fullmatch(name):
        raise ProblemError("invalid-parameter", "cursor is malformed.", parameter="cursor")
    return key


def _slots(one: Series, wanted: _Wanted) -> Iterator[rules.Slot]:
    first = wanted.first
    if wanted.after:
        first = max(first, series.day_before(one, wanted.after.partition("|")[0]))
    return (slot for slot in series.between(one, first, wanted.last) if _key(slot) > wanted.after)


def _key(slot: rules.Slot) -> str:
    return f"{slot.starts_at_utc}|{slot.name}"
