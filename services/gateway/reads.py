"""Public reads: out of memory, else out of one read of the views; of drafts and the like, out of their owner.

While Redis is away, memory answers, if it is below no floor; what is not there is 503, never 404.
"""

import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from services.gateway import lists, parameters, personal, ready, shaping, venue_shapes, versions
from services.gateway.aggregate import Aggregate, assemble
from services.gateway.front import SECURITY_HEADERS
from services.gateway.identity import Identity
from services.gateway.lists import Collection
from services.gateway.memory import Floor, Memory
from services.gateway.moments import AS_OF
from services.gateway.problems import Answer, ProblemError
from services.gateway.ready import Entry
from services.gateway.series import SeriesReads, with_next
from services.gateway.table import CAMPAIGN_ID, Exchange, Route
from services.gateway.time_machine import TimeMachine
from services.gateway.venue_shapes import PlaceOfWelcome
from services.gateway.versions import MIN_VERSION, Versions
from services.gateway.view_store import Behind, Missing, ViewStore, Whole
from shared import instants
from shared.contracts.commitments import CommitmentState
from shared.contracts.events import EventAnswer
from shared.contracts.pledges import NeedState
from shared.contracts.recurrence import Recurrence
from shared.internal_client import Internal, Reply, Unavailable
from shared.ports import Trouble

AGGREGATE_S: Final = 30.0
"""An aggregate is looked at again after this long, or when its next event starts."""
_ATTEMPTS: Final = 3
_OK: Final = 200
_NOT_FOUND: Final = 404

_CAMPAIGN: Final = re.compile(CAMPAIGN_ID)
_SLUG: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LONGEST_SLUG: Final = 80


class Draft(Struct, frozen=True):
    """What was read, before it becomes an answer. `personal`: some signed-in people may be told more."""

    tag: str
    positions: Mapping[str, int]
    body: bytes = b""
    version: int | None = None
    missing: bool = False
    public: bool = True
    personal: bool = False
    seconds: float | None = None


class _Hidden(Struct):
    visibility: str = "public"
    recurrence: Recurrence | None = None


_events = msgspec.json.Decoder(_Hidden)

Read = Callable[[], Awaitable[Draft]]
Private = Callable[[Exchange, str, Entry | None], Awaitable[Answer]]


class Reads:
    """Answers for campaigns, events, needs and commitments."""

    def __init__(
        self,
        store: ViewStore,
        memory: Memory,
        identity: Identity,
        owners: Mapping[str, Internal],
        *,
        added: Sequence[tuple[bytes, bytes]] = SECURITY_HEADERS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`owners` by service; `added` are header fields of every answer that goes out past the front door."""
        self._store = store
        self._memory = memory
        self._identity = identity
        self._owners = owners
        self._added = list(added)
        self._clock = clock
        self.versions = Versions(store, memory)
        self.series = SeriesReads(store)
        self._past = TimeMachine(store, owners)

    def routes(self) -> tuple[Route, ...]:
        """What is served here."""
        return (
            self._list(lists.CAMPAIGNS, "campaigns", "List campaigns, newest first"),
            Route(
                method="GET",
                path="/v1/campaigns/{campaign}",
                summary="Read a campaign with all that hangs on it, by id or slug",
                handle=self._campaign,
                tag="campaigns",
                answers={_OK: Aggregate},
                access="public",
                query=(MIN_VERSION, AS_OF),
                problems=("not-found", "history-gone", "unavailable"),
            ),
            self._list(lists.EVENTS, "events", "List events by their start"),
            self._one("event", "events", "/v1/events/{event_id}", "Read an event", EventAnswer),
            self._list(lists.NEEDS, "needs", "List needs, newest first"),
            self._one("need", "needs", "/v1/needs/{need_id}", "Read a need", NeedState),
            self._list(lists.COMMITMENTS, "commitments", "List commitments to the shared vision, newest first"),
            self._one(
                "commitment",
                "commitments",
                "/v1/commitments/{commitment_id}",
                "Read a commitment",
                CommitmentState,
            ),
            self._list(lists.VENUES, "venues", "List venues, newest first, as they stand now"),
            self._one("venue", "venues", "/v1/venues/{venue_id}", "Read a venue as it stands now", PlaceOfWelcome),
        )

    # ------------------------------------------------------------ routes

    def _list(self, collection: Collection, tag: str, summary: str) -> Route:
        async def handle(exchange: Exchange) -> Answer:
            asked = lists.wanted(collection, exchange.scope["query_string"])
            await self.versions.reach(asked.versions)
            if "as_of" in asked.chosen:
                return await self._past.needs(asked)

            async def read() -> Draft:
                if collection is lists.EVENTS:
                    return await self._events_page(asked)
                until = ""
                if collection.shape is None:
                    page = await self._store.page(asked.ask)
                else:
                    page, until = await shaping.page(self._store, asked, collection.shape, self._now())
                body = lists.page(collection, asked, page.bodies, page.after)
                return Draft(collection.kind, page.positions, body, seconds=self._left(until))

            return await self.answer(exchange, asked.target, collection.kind, collection.kind, read)

        return Route(
            method="GET",
            path=collection.path,
            summary=summary,
            handle=handle,
            tag=tag,
            answers={_OK: _page_of(collection)},
            access="public",
            query=(*collection.parameters, MIN_VERSION),
            problems=("history-gone", "unavailable") if collection.past else ("unavailable",),
        )

    def _one(self, kind: str, tag: str, path: str, summary: str, form: type[Struct]) -> Route:
        async def handle(exchange: Exchange) -> Answer:
            [name] = exchange.ids
            await self.versions.reach(versions.only(exchange.scope["query_string"]))
            target = f"/v1/{tag}/{name}"
            return await self.answer(exchange, target, name, kind, partial(self._view, name, kind))

        return Route(
            method="GET",
            path=path,
            summary=summary,
            handle=handle,
            tag=tag,
            answers={_OK: form},
            access="public",
            query=(MIN_VERSION,),
            problems=("not-found", "unavailable"),
        )

    async def _campaign(self, exchange: Exchange) -> Answer:
        [name] = exchange.ids
        query = parameters.query(exchange.scope["query_string"], (AS_OF.name,), (MIN_VERSION.name,))
        await self.versions.reach(query.all(MIN_VERSION.name))
        by_id = _CAMPAIGN.fullmatch(name) is not None
        if not by_id and not (_SLUG.fullmatch(name) and len(name) <= _LONGEST_SLUG):
            raise ProblemError("not-found")
        asked = query.one(AS_OF.name)
        if asked is not None:
            return await self._past.campaign("id" if by_id else "slug", name, asked)

        async def read() -> Draft:
            whole = await self._whole(name, by_id=by_id)
            return self._drafted(whole) if isinstance(whole, Whole) else _missing("campaign", whole)

        tag = name if by_id else None
        return await self.answer(exchange, f"/v1/campaigns/{name}", tag, "campaign", read)

    async def campaign(self, exchange: Exchange, name: str) -> bytes:
        """The body of a campaign by id, as the caller may see it."""
        try:
            found, _ = await self._current(name, "campaign", partial(self._view, name, "campaign"))
            if found.missing:
                raise ProblemError("not-found")
            if found.public:
                return found.body
            reply = await self.owned(exchange, f"/campaigns/{name}")
        except (Unavailable, Trouble) as error:
            raise _unavailable() from error
        if reply.status != _OK:
            raise ProblemError("not-found")
        return reply.body

    # ------------------------------------------------------------ reading

    async def _events_page(self, asked: lists.Wanted) -> Draft:
        now = self._now()
        page = await self.series.page(asked.ask, now)
        body = lists.page(lists.EVENTS, asked, page.bodies, page.after)
        return Draft("event", page.positions, body, seconds=self._left(page.until))

    async def _whole(self, name: str, *, by_id: bool) -> Whole | Missing:
        now = self._now()
        whole = await self._store.aggregate("id" if by_id else "slug", name, now)
        if isinstance(whole, Missing):
            return whole
        events, start = await self.series.upcoming(whole.found.id, whole.events, now)
        return replace(whole, events=events, next_start=start)

    def _drafted(self, whole: Whole) -> Draft:
        found = whole.found
        self._memory.learn(found.id, found.version, found.id)
        seconds = AGGREGATE_S
        if whole.next_start:
            starts = instants.to_ms(whole.next_start) / 1000
            seconds = min(seconds, max(0.0, starts - self._clock()))
        body = assemble(whole, found.body)
        return Draft(found.id, found.positions, body, found.version, public=found.public, seconds=seconds)

    async def _view(self, name: str, kind: str) -> Draft:
        found = await self._store.view(name)
        if isinstance(found, Missing):
            return _missing(kind, found)
        self._memory.learn(found.id, found.version, found.campaign)
        hidden = kind == "event" and _events.decode(found.body).visibility == "hidden_location"
        body, until = await self._shaped(name, kind, found.body)
        seconds = self._left(until)
        return Draft(name, found.positions, body, found.version, public=found.public, personal=hidden, seconds=seconds)

    async def _shaped(self, name: str, kind: str, body: bytes) -> tuple[bytes, str]:
        """A thing as it reads now, and until when; empty for those that time alone does not change."""
        if kind == "event" and _events.decode(body).recurrence is not None:
            return with_next(body, await self.series.one(name), self._now())
        if kind != "venue":
            return body, ""
        read, until = venue_shapes.shown(body, self._now(), {})
        return read or body, until

    def _now(self) -> str:
        return instants.from_ms(int(self._clock() * 1000))

    def _left(self, until: str) -> float | None:
        """Seconds until an instant, if there is one."""
        return max(0.0, instants.to_ms(until) / 1000 - self._clock()) if until else None

    async def _current(self, tag: str | None, kind: str, read: Read) -> tuple[Draft, Floor]:
        """Read what is not below what was known when the reading began; `Behind` if Redis has lost that."""
        for _ in range(_ATTEMPTS):
            since, of_kind = self._memory.floor(tag or kind), self._memory.floor(kind)
            draft = await read()
            if draft.missing:
                if not of_kind.above(draft.positions) and not since.version:
                    return draft, since
                continue
            floor = since if tag is not None else self._memory.floor(draft.tag)
            if not floor.above(draft.positions, draft.version):
                return draft, since
            tag = draft.tag
        raise Behind("Redis holds less than was seen here")

    async def answer(
        self,
        exchange: Exchange,
        target: str,
        tag: str | None,
        kind: str,
        read: Read,
        private: Private | None = None,
    ) -> Answer:
        """Answer out of memory, or read; `private` answers what is not for everybody, if not by the thing itself."""
        private = private or self._private
        signed = any(name == b"authorization" for name, _ in exchange.headers)
        entry = self._memory.get(target)
        if entry is None:
            try:
                draft, since = await self._current(tag, kind, read)
            except Trouble as trouble:
                entry = self._memory.last(target)
                if entry is None or (kind == "venue" and self._over(entry)):
                    raise _unavailable() from trouble
            else:
                if draft.missing:
                    raise ProblemError("not-found")
                if not draft.public:
                    return await private(exchange, draft.tag, None)
                entry = self._entry(draft, exchange, target)
                self._memory.keep(target, entry, since)
        if signed and entry.personal:
            return await private(exchange, entry.tag, entry)
        return ready.sent(entry, exchange.headers)

    def _over(self, entry: Entry) -> bool:
        """Whether time has made an answer wrong: nobody is sent to a door that has closed."""
        return entry.expires is not None and entry.expires <= self._memory.clock()

    async def _private(self, exchange: Exchange, name: str, otherwise: Entry | None = None) -> Answer:
        """What the owner shows this person; to a stranger it does not exist, unless there is a public form."""
        kind = name.partition("_")[0]
        try:
            reply = await self.owned(exchange, f"/{kind}s/{name}")
            if reply.status == _OK and kind == "campaign":
                whole = await self._whole(name, by_id=True)
                body = assemble(whole, reply.body) if isinstance(whole, Whole) else b""
            else:
                body = (await self._shaped(name, kind, reply.body))[0] if reply.status == _OK else reply.body
        except (Unavailable, Trouble) as error:
            if otherwise is not None:
                return ready.sent(otherwise, exchange.headers)
            raise _unavailable() from error
        if reply.status == _NOT_FOUND or not body:
            raise ProblemError("not-found")
        if reply.status != _OK:
            raise RuntimeError(f"{kind}: its owner answered {reply.status}")
        return personal.private(body)

    async def owned(self, exchange: Exchange, path: str) -> Reply:
        """What the owner shows this person at a path; nothing is shown to nobody."""
        caller = await self._identity.authenticate(exchange.headers)
        if caller is None:
            raise ProblemError("not-found")
        owner = self._owners["pledges" if path.startswith("/needs/") else "events"]
        return await owner.get(path, {"person": caller.person}, traceparent=exchange.traceparent)

    def _entry(self, draft: Draft, exchange: Exchange, target: str) -> Entry:
        route = exchange.route.path if exchange.route else target
        expires = None if draft.seconds is None else self._memory.clock() + draft.seconds
        return ready.entry(draft.tag, route, draft.body, self._added, personal=draft.personal, expires=expires)


def _missing(kind: str, missing: Missing) -> Draft:
    return Draft(kind, missing.positions, missing=True)


def _unavailable() -> ProblemError:
    return ProblemError("unavailable", "What you ask for cannot be shown just now. Try again soon.")


def _page_of(collection: Collection) -> type[Struct]:
    """Shape of a page, for the documents."""
    name = f"{collection.kind.capitalize()}Page"
    return msgspec.defstruct(
        name,
        [("items", tuple[collection.item, ...]), ("next", str | None)],  # type: ignore[name-defined]
        frozen=True,
    )
