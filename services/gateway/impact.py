"""What a campaign brought about: the figures, the deliveries behind each, and the one-page statement."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from services.gateway import impact_figures as figures
from services.gateway import moments, parameters, statement
from services.gateway.home import POLICY
from services.gateway.impact_figures import Cell, Happened, Impact, Moment
from services.gateway.parameters import Query
from services.gateway.personal import OK, PAGING
from services.gateway.problems import Answer, ProblemError
from services.gateway.table import PATTERNS, Exchange, Parameter, Route
from services.gateway.view_store import Ask, ViewStore, Whole
from services.gateway.views import facet
from shared import instants
from shared.contracts.events import CampaignState
from shared.internal_client import Internal, Unavailable
from shared.ports import Trouble

MOMENT: Final = (
    Parameter("as_of", "An instant (RFC 3339 with `Z`): the figures as they were then."),
    Parameter(
        "known",
        "With `as_of`: `then`, as it was known at that instant (if not said), or `now`, as it is known "
        "today of what had happened by then.",
    ),
)
_CAMPAIGN: Final = Parameter("campaign", "Id of the campaign.")
_PAGE: Final = 100
_GONE: Final = 404


class CountedCorrection(Struct, frozen=True):
    """A delivery's quantity was put right."""

    before: int
    after: int
    at: str


class CountedReturn(Struct, frozen=True):
    """Some of a delivery went back."""

    quantity: int
    at: str


class CountedDelivery(Struct, frozen=True):
    """A delivery behind a figure, without anybody's name. `at` is when it began to count."""

    delivery: str
    quantity: int
    unit: str
    kind: str
    ward: str | None
    principles: tuple[int, ...]
    occurred_at: str
    at: str
    corrections: tuple[CountedCorrection, ...]
    returns: tuple[CountedReturn, ...]


class CountedDeliveries(Struct, frozen=True):
    """A page of the deliveries behind a figure, in the order in which they began to count."""

    items: tuple[CountedDelivery, ...]
    next: str | None


class Statement(Struct, frozen=True):
    """A campaign with its impact."""

    campaign: CampaignState
    impact: Impact


class _Cells(Struct):
    cells: tuple[Cell, ...]


Seen = Callable[[Exchange, str], Awaitable[bytes]]
"""The body of a campaign as the caller may see it; raises `not-found`."""


class ImpactRoutes:
    """Answers out of the pledges service's ledger and the views."""

    def __init__(self, seen: Seen, store: ViewStore, pledges: Internal) -> None:
        """Wire the ports."""
        self._seen = seen
        self._store = store
        self._pledges = pledges

    def routes(self) -> list[Route]:
        """What is served here."""
        return [
            self._route("/v1/impact", "What a campaign brought about", self._impact, Impact, (_CAMPAIGN, *MOMENT)),
            self._route(
                "/v1/impact/statement",
                "The same on one page, for people (HTML) or as JSON",
                self._statement,
                Statement,
                (_CAMPAIGN, *MOMENT),
            ),
            self._route(
                "/v1/impact/{figure_id}/deliveries",
                "The deliveries behind a figure",
                self._deliveries,
                CountedDeliveries,
                (*MOMENT, *PAGING),
            ),
        ]

    def _route(self, path: str, summary: str, handle: Any, form: type, query: tuple[Parameter, ...]) -> Route:  # noqa: ANN401 -- a handler
        return Route(
            method="GET",
            path=path,
            summary=summary,
            handle=handle,
            tag="impact",
            answers={OK: form},
            access="public",
            query=query,
            problems=("not-found", "unavailable"),
        )

    async def _impact(self, exchange: Exchange) -> Answer:
        found = await self._found(exchange)
        return _answer(msgspec.json.encode(found.impact), b"application/json")

    async def _statement(self, exchange: Exchange) -> Answer:
        found = await self._found(exchange)
        if b"text/html" not in (parameters.header(exchange.headers, b"accept") or b""):
            return _answer(msgspec.json.encode(found), b"application/json", (b"vary", b"accept"))
        page = statement.page(found.campaign, found.impact).encode()
        policy = (b"content-security-policy", POLICY)
        return _answer(page, b"text/html; charset=utf-8", (b"vary", b"accept"), policy)

    async def _deliveries(self, exchange: Exchange) -> Answer:
        [figure] = exchange.ids
        query = _query(exchange, *(known.name for known in PAGING))
        limit, moment = query.limit(), _moment(query)
        await self._campaign(exchange, figure.partition(".")[0])
        wanted = {"figure": figure, "limit": str(limit), "known": moment.known}
        wanted |= {"cursor": cursor} if (cursor := query.one("cursor")) else {}
        page = await self._ask(exchange, "/impact/deliveries", wanted, moment)
        found = msgspec.json.decode(page, type=CountedDeliveries)
        if found.next is not None:
            asked = {name: value for name in ("as_of", "known") if (value := query.one(name)) is not None}
            address = f"{exchange.scope['path']}?{urlencode({**asked, 'cursor': found.next, 'limit': limit})}"
            found = msgspec.structs.replace(found, next=address)
        return _answer(msgspec.json.encode(found), b"application/json")

    async def _found(self, exchange: Exchange) -> Statement:
        query = _query(exchange, "campaign")
        moment = _moment(query)
        campaign = await self._campaign(exchange, query.one("campaign") or "")
        if moment.asked is not None and moment.asked < campaign.created_at:
            raise ProblemError("not-found")
        told = await self._ask(exchange, "/impact", {"campaign": campaign.id, "known": moment.known}, moment)
        cells = msgspec.json.decode(told, type=_Cells).cells
        try:
            events = await self._events(campaign.id)
            whole = None if moment.asked else await self._store.aggregate("id", campaign.id, moment.as_of)
        except Trouble:
            raise ProblemError("unavailable", "The figures cannot be shown just now. Try again soon.") from None
        impact = Impact(
            campaign.id,
            moment.as_of,
            moment.known,
            *figures.delivered(campaign.id, cells, moment),
            outcomes=figures.happened(campaign.id, events, moment),
        )
        if isinstance(whole, Whole):
            joined, people = len(whole.partners), whole.totals.volunteers
            impact = msgspec.structs.replace(
                impact,
                partners=figures.counted(campaign.id, "partners", joined, "partners", moment, figures.JOINED),
                volunteers=figures.counted(campaign.id, "volunteers", people, "people", moment, figures.COUNTED),
            )
        return Statement(campaign, impact)

    async def _events(self, campaign: str) -> list[Happened]:
        """All public events of the campaign, page by page."""
        found: list[Happened] = []
        after = ""
        while True:
            page = await self._store.page(Ask([facet("event", "campaign", campaign)], _PAGE, after=after))
            found += [msgspec.json.decode(body, type=Happened) for body in page.bodies]
            after = page.after
            if not after:
                return found

    async def _campaign(self, exchange: Exchange, name: str) -> CampaignState:
        if not PATTERNS["campaign_id"].fullmatch(name):
            raise ProblemError("not-found")
        return msgspec.json.decode(await self._seen(exchange, name), type=CampaignState)

    async def _ask(self, exchange: Exchange, path: str, wanted: dict[str, str], moment: Moment) -> bytes:
        if moment.asked is not None:
            wanted = {**wanted, "as_of": moment.asked}
        try:
            reply = await self._pledges.get(path, wanted, traceparent=exchange.traceparent)
        except Unavailable:
            raise ProblemError("unavailable", "The figures are read from their owner.") from None
        if reply.status == _GONE:
            raise ProblemError("not-found")
        if reply.status != OK:
            raise ProblemError("invalid-parameter", "cursor is malformed.", parameter="cursor")
        return reply.body


def _query(exchange: Exchange, *names: str) -> Query:
    return parameters.query(exchange.scope["query_string"], [*names, *(known.name for known in MOMENT)])


def _moment(query: Query) -> Moment:
    at, said = moments.as_of(query), query.one("known")
    if said not in {None, "then", "now"} or (said is not None and at is None):
        raise ProblemError("invalid-parameter", "known is `then` or `now`, and comes with as_of.", parameter="known")
    known: Literal["then", "now"] = "now" if said == "now" else "then"
    if at is None:
        return Moment(instants.from_ms(time.time_ns() // 1_000_000))
    return Moment(at, at, known)


def _answer(body: bytes, kind: bytes, *more: tuple[bytes, bytes]) -> Answer:
    length = (b"content-length", b"%d" % len(body))
    return Answer(OK, [(b"content-type", kind), length, (b"cache-control", b"no-cache"), *more], body)
