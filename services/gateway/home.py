"""The pages: the live front page and the guide to the API, with what they need; nothing comes from elsewhere."""

from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files
from typing import Final

from services.gateway import parameters
from services.gateway.problems import Answer, ProblemError
from services.gateway.table import Exchange, Handle, Route

PAGES: Final = {"/": "home.html", "/docs": "docs.html"}
TYPES: Final = {
    "html": b"text/html; charset=utf-8",
    "css": b"text/css; charset=utf-8",
    "js": b"text/javascript; charset=utf-8",
    "svg": b"image/svg+xml",
}
POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class File:
    """A file with its answer ready."""

    def __init__(self, name: str, body: bytes) -> None:
        """Tag it by its content: browsers ask each time whether theirs is the newest."""
        self.tag = b'"%s"' % sha256(body).hexdigest()[:16].encode()
        self.body = body
        self.head = [(b"etag", self.tag), (b"cache-control", b"no-cache"), (b"content-security-policy", POLICY)]
        kind = TYPES[name.rpartition(".")[2]]
        self.full = [(b"content-type", kind), (b"content-length", b"%d" % len(body)), *self.head]

    def answer(self, exchange: Exchange) -> Answer:
        """The file, or 304 for a browser that has it."""
        parameters.query(exchange.scope["query_string"])
        known = parameters.header(exchange.headers, b"if-none-match")
        if known is not None and (known == b"*" or self.tag in known):
            return Answer(304, self.head, b"")
        return Answer(200, self.full, self.body)


def routes() -> list[Route]:
    """The pages and `/static/{file}`."""
    known = _files()
    return [
        *(_page(path, known[name]) for path, name in PAGES.items()),
        Route("GET", "/static/{file}", "What the pages need", _static(known), "pages", {200: None}, access="public"),
    ]


def _page(path: str, page: File) -> Route:
    async def handle(exchange: Exchange) -> Answer:
        return page.answer(exchange)

    summary = "The platform, live" if path == "/" else "A guide to the API"
    return Route("GET", path, summary, handle, "pages", {200: None}, access="public", media="text/html")


def _static(known: Mapping[str, File]) -> Handle:
    async def handle(exchange: Exchange) -> Answer:
        [name] = exchange.ids
        if name not in known or name in PAGES.values():
            raise ProblemError("not-found")
        return known[name].answer(exchange)

    return handle


def _files() -> dict[str, File]:
    """Everything that lies in `web/`, read once."""
    folder = files("services.gateway") / "web"
    return {
        each.name: File(each.name, each.read_bytes())
        for each in folder.iterdir()
        if each.name.rpartition(".")[2] in TYPES
    }
