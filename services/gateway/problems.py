"""Problem documents (RFC 9457): every way in which the API says no, each with a page that explains it."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

import msgspec
from starlette.types import Send

from services.gateway.problem_kinds import KINDS, Kind

_CLOSING = frozenset({408, 413})  # the rest of the body is not read, so the connection cannot be used again
_LATER = frozenset({429, 503})
_RESERVED = frozenset({"type", "title", "status", "detail", "instance", "errors", "trace_id"})
_TOLD_AS = {"status": "state"}
"""Figures of refusals whose names RFC 9457 has taken for itself, and what clients read them as."""
_PROBLEM_JSON = b"application/problem+json"
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><main>
<h1>{title}</h1><p><code>{slug}</code>, HTTP status {status}</p><p>{explanation}</p>
</main></body></html>
"""

#: A response head as ASGI wants it.
Headers = Sequence[tuple[bytes, bytes]]


class Flaw(NamedTuple):
    """What is wrong with one place of a body: a JSON Pointer (RFC 6901) and a sentence."""

    pointer: str
    detail: str


class Answer(NamedTuple):
    """A whole response, ready to be sent."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class ProblemError(Exception):
    """Ends a request with a problem document; `members` are extension members such as `left`."""

    def __init__(
        self,
        slug: str,
        detail: str | None = None,
        *,
        errors: Sequence[Flaw] = (),
        headers: Headers = (),
        **members: Any,  # noqa: ANN401 whatever JSON can hold
    ) -> None:
        """Name a kind of problem and, where it helps, what is special about this one."""
        super().__init__(slug)
        self.slug = slug
        self.detail = detail
        self.errors = errors
        self.headers = headers
        self.members = members

    def answer(self, *, instance: str | None = None, trace_id: str | None = None) -> Answer:
        """The response to send."""
        return answer(
            document(
                self.slug,
                self.detail,
                self.errors,
                instance=instance,
                trace_id=trace_id,
                members=self.members,
            ),
            self.headers,
        )


def kind(slug: str) -> Kind:
    """The entry of a slug; one that a newer service brought reads as a refusal by a rule."""
    known = KINDS.get(slug)
    return known or Kind(409, slug.replace("-", " ").capitalize(), "A rule of the platform refuses this.")


def document(
    slug: str,
    detail: str | None = None,
    errors: Sequence[Flaw] = (),
    *,
    instance: str | None = None,
    trace_id: str | None = None,
    members: Mapping[str, Any] | None = None,
    status: int | None = None,
) -> dict[str, Any]:
    """The problem's members; absent ones are left out, extension members cannot replace standard ones.

    The state a thing is in, which rules give as `status`, is told as `state`.

    `status` is that of the table unless the deciding service said another.
    """
    known = kind(slug)
    made: dict[str, Any] = {
        "type": f"/problems/{slug}",
        "title": known.title,
        "status": status or known.status,
    }
    if detail is not None:
        made["detail"] = detail
    if instance is not None:
        made["instance"] = instance
    if errors:
        made["errors"] = [flaw._asdict() for flaw in errors]
    if members:
        told = {_TOLD_AS.get(name, name): value for name, value in members.items()}
        made |= {name: value for name, value in told.items() if name not in _RESERVED}
    if trace_id is not None:
        made["trace_id"] = trace_id
    return made


def answer(problem: Mapping[str, Any], headers: Headers = ()) -> Answer:
    """A document as a response, never cached; says when to come back, sign in or connect anew where due."""
    status: int = problem["status"]
    body = msgspec.json.encode(problem)
    head = [
        (b"content-type", _PROBLEM_JSON),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        *headers,
    ]
    given = {name for name, _ in headers}
    if status in _LATER and b"retry-after" not in given:
        head.append((b"retry-after", b"1"))
    elif status == 401 and b"www-authenticate" not in given:  # noqa: PLR2004
        head.append((b"www-authenticate", b"Bearer"))
    elif status in _CLOSING:
        head.append((b"connection", b"close"))
    return Answer(status, head, body)


async def send_answer(send: Send, made: Answer) -> None:
    """Send a whole response through raw ASGI."""
    await send({"type": "http.response.start", "status": made.status, "headers": made.headers})
    await send({"type": "http.response.body", "body": made.body})


def page(slug: str, accept: str = "") -> Answer:
    """What `/problems/{slug}` shows: HTML for people, JSON for who asks for it; 404 for an unknown slug."""
    known = KINDS.get(slug)
    if known is None:
        return answer(document("not-found"))
    if "json" in accept and "text/html" not in accept:
        content_type = b"application/json"
        body = msgspec.json.encode({"type": f"/problems/{slug}", **known._asdict()})
    else:
        content_type = b"text/html; charset=utf-8"
        body = _PAGE.format(
            slug=escape(slug),
            title=escape(known.title),
            status=known.status,
            explanation=escape(known.explanation),
        ).encode()
    head = [
        (b"content-type", content_type),
        (b"content-length", b"%d" % len(body)),
        (b"vary", b"accept"),
        (b"cache-control", b"public, max-age=3600"),
    ]
    return Answer(200, head, body)
