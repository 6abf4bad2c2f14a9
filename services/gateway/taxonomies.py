"""`GET /v1/taxonomies`: the vocabulary, for forms and filters; ready bytes, since it changes with releases."""

from hashlib import sha256

import msgspec

from services.gateway import parameters
from services.gateway.problems import Answer
from services.gateway.table import Exchange, Route
from shared.vocabulary import terms


class Taxonomies(terms.Terms, frozen=True):
    """All vocabularies; `attribution` is to be shown with the wards."""

    wards: tuple[terms.Ward, ...]
    attribution: str


def route() -> Route:
    """The route, with its bytes ready."""
    body = msgspec.json.encode(
        Taxonomies(**msgspec.structs.asdict(terms.terms()), wards=terms.wards(), attribution=terms.ATTRIBUTION)
    )
    tag = b'"%s"' % sha256(body).hexdigest()[:16].encode()
    head = [(b"etag", tag), (b"cache-control", b"public, max-age=3600")]
    full = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *head]

    async def handle(exchange: Exchange) -> Answer:
        parameters.query(exchange.scope["query_string"])
        known = parameters.header(exchange.headers, b"if-none-match")
        if known is not None and (known == b"*" or tag in known):
            return Answer(304, head, b"")
        return Answer(200, full, body)

    return Route(
        "GET",
        "/v1/taxonomies",
        "Wards, principles and the other vocabularies",
        handle,
        "taxonomies",
        {200: Taxonomies},
        access="public",
    )
