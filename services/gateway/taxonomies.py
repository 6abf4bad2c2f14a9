"""`GET /v1/taxonomies`: the vocabularies, for forms and filters, and what a campaign adds to them.

What everybody shares is ready bytes, since it changes with releases only.
"""

from collections.abc import Awaitable, Callable
from hashlib import sha256

import msgspec
from msgspec.structs import asdict, replace

from services.gateway import parameters
from services.gateway.problems import Answer, ProblemError
from services.gateway.table import PATTERNS, Exchange, Parameter, Route
from shared.contracts.additions import AddedCategory, AddedNeedKind
from shared.contracts.events import CampaignState
from shared.vocabulary import terms

Seen = Callable[[Exchange, str], Awaitable[bytes]]
"""The body of a campaign by id, as the caller may see it; raises `ProblemError`."""


class Word(terms.Term, frozen=True, omit_defaults=True):
    """A word; `kind` is the fixed kind of need that one of a campaign's own is of."""

    kind: str = ""


class Taxonomies(terms.Terms, frozen=True):
    """All vocabularies; `attribution` is to be shown with the wards. A campaign's own words have its id as `source`."""

    need_kinds: tuple[Word, ...]
    wards: tuple[terms.Ward, ...]
    attribution: str


def route(seen: Seen) -> Route:
    """The route, with the bytes of what everybody shares ready."""
    shared = _shared()
    body, tag = _sealed(shared)
    head = [(b"etag", tag), (b"cache-control", b"public, max-age=3600")]

    async def handle(exchange: Exchange) -> Answer:
        campaign = parameters.query(exchange.scope["query_string"], ["campaign"]).one("campaign")
        if campaign is None:
            return _answer(exchange, body, head)
        if not PATTERNS["campaign_id"].fullmatch(campaign):
            raise ProblemError("invalid-parameter", "campaign is no id of a campaign.", parameter="campaign")
        state = msgspec.json.decode(await seen(exchange, campaign), type=CampaignState)
        added, its_tag = _sealed(_with(shared, state))
        return _answer(exchange, added, [(b"etag", its_tag), (b"cache-control", b"private, no-cache")])

    return Route(
        "GET",
        "/v1/taxonomies",
        "Wards, principles and the other vocabularies",
        handle,
        "taxonomies",
        {200: Taxonomies},
        access="public",
        query=(Parameter("campaign", "Id of a campaign, whose own words are listed after those of everybody."),),
        problems=("not-found", "unavailable"),
    )


def _shared() -> Taxonomies:
    known = asdict(terms.terms())
    known["need_kinds"] = tuple(Word(**asdict(term)) for term in terms.terms().need_kinds)
    return Taxonomies(**known, wards=terms.wards(), attribution=terms.ATTRIBUTION)


def _with(shared: Taxonomies, campaign: CampaignState) -> Taxonomies:
    return replace(
        shared,
        event_categories=(*shared.event_categories, *(_word(each, campaign.id) for each in campaign.categories)),
        need_kinds=(*shared.need_kinds, *(_word(each, campaign.id) for each in campaign.need_kinds)),
    )


def _word(added: AddedCategory | AddedNeedKind, campaign: str) -> Word:
    name = added.labels.get("en") or next(iter(added.labels.values()))
    kind = added.kind if isinstance(added, AddedNeedKind) else ""
    return Word(added.slug, name, added.labels, campaign, kind)


def _sealed(taxonomies: Taxonomies) -> tuple[bytes, bytes]:
    body = msgspec.json.encode(taxonomies)
    return body, b'"%s"' % sha256(body).hexdigest()[:16].encode()


def _answer(exchange: Exchange, body: bytes, head: list[tuple[bytes, bytes]]) -> Answer:
    tag = head[0][1]
    known = parameters.header(exchange.headers, b"if-none-match")
    if known is not None and (known == b"*" or tag in known):
        return Answer(304, head, b"")
    return Answer(200, [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *head], body)
