"""What a request says beside its body: header fields and the query, read strictly."""

import re
from collections.abc import Collection, Iterable
from urllib.parse import parse_qsl, urlencode

from services.gateway.problems import ProblemError

DEFAULT_WAIT = 2.0
LONGEST_WAIT = 10.0

_KEY = re.compile(rb"[\x21-\x7e]{1,128}")
_REVISION = re.compile(rb'"([0-9]{1,18})"')
_ENTITY_TAG = re.compile(rb'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_SECONDS = re.compile(rb"[0-9]{1,9}")
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_BROKEN_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MOST_PARAMETERS = 100
_LONGEST_QUERY = 8192

#: A request head as ASGI gives it: names in lower case.
Headers = Iterable[tuple[bytes, bytes]]


def header(headers: Headers, name: bytes) -> bytes | None:
    """The value of a field that may stand once; 400 if it stands twice."""
    found = [value for field, value in headers if field == name]
    if len(found) > 1:
        raise ProblemError("invalid-header", f"{name.decode()} may be sent once.")
    return found[0].strip() if found else None


def idempotency_key(headers: Headers) -> str | None:
    """The Idempotency-Key: 1 to 128 visible ASCII characters, else 400."""
    given = header(headers, b"idempotency-key")
    if given is None:
        return None
    if not _KEY.fullmatch(given):
        raise ProblemError("invalid-header", "Idempotency-Key must be 1 to 128 visible ASCII characters.")
    return given.decode("ascii")


def prefer(headers: Headers) -> float:
    """How many seconds to wait for an outcome: `Prefer: wait=N`, 0 for `respond-async` (RFC 7240).

    A wait beyond ours is cut, since it is a preference. The first of several counts (section 2), unknown
    preferences are ignored, a wait that is no number is 400.
    """
    wait: float | None = None
    respond_async = False
    for name, value in headers:
        if name != b"prefer":
            continue
        for part in value.split(b","):
            token, _, argument = part.split(b";", 1)[0].partition(b"=")
            match token.strip().lower():
                case b"respond-async":
                    respond_async = True
                case b"wait" if wait is None:
                    seconds = argument.strip().strip(b'"')
                    if not _SECONDS.fullmatch(seconds):
                        raise ProblemError("invalid-header", "Prefer: wait takes a whole number of seconds.")
                    wait = min(float(seconds), LONGEST_WAIT)
                case _:
                    pass
    if wait is None:
        wait = 0.0 if respond_async else DEFAULT_WAIT
    return wait


def if_match(headers: Headers) -> int | None:
    """The revision that If-Match names, None without one or with `*`.

    A tag that cannot be a revision matches nothing (412, RFC 9110 section 13.1.1); no tag at all is 400.
    """
    given = header(headers, b"if-match")
    if given is None or given == b"*":
        return None
    revision = _REVISION.fullmatch(given)
    if revision:
        return int(revision[1])
    if _ENTITY_TAG.fullmatch(given):
        raise ProblemError("revision-mismatch")
    raise ProblemError("invalid-header", 'If-Match must be one revision in double quotes, such as "3".')


class Query:
    """The parameters of a request's query; every one is known and well-formed."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        """Hold the pairs in the order in which they came."""
        self._pairs = pairs

    def one(self, name: str) -> str | None:
        """The value of a parameter, None if it was not sent."""
        return next((value for key, value in self._pairs if key == name), None)

    def all(self, name: str) -> list[str]:
        """All values of a repeatable parameter."""
        return [value for key, value in self._pairs if key == name]

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number within bounds, else 400."""
        given = self.one(name)
        if given is None:
            return default
        if not _INTEGER.fullmatch(given) or not least <= int(given) <= most:
            raise _invalid(name, f"{name} must be a whole number from {least} to {most}.")
        return int(given)

    def limit(self) -> int:
        """How many items a page holds: `limit`, 1 to 100, 20 if not said."""
        return self.integer("limit", 20, 1, 100)

    def canonical(self) -> str:
        """The same text for the same parameters, in whatever order and notation they came."""
        return urlencode(sorted(self._pairs))


def query(raw: bytes, single: Collection[str] = (), repeatable: Collection[str] = ()) -> Query:
    """Read a query string; unknown, doubled, malformed or too many parameters are 400."""
    if not raw:
        return Query([])
    if len(raw) > _LONGEST_QUERY or raw.count(b"&") >= _MOST_PARAMETERS:
        raise ProblemError("invalid-parameter", f"A query may hold {_MOST_PARAMETERS} parameters in 8 kB.")
    if _BROKEN_PERCENT.search(raw):
        raise ProblemError("invalid-parameter", "The query holds a broken percent escape.")
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        raise ProblemError("invalid-parameter", "The query must be name=value pairs in UTF-8.") from None
    seen = set[str]()
    for name, value in pairs:
        if name in seen:
            raise _invalid(name, f"{name} may be sent once.")
        if name in single:
            seen.add(name)
        elif name not in repeatable:
            raise ProblemError("invalid-parameter", "The query holds an unknown parameter.", parameter=name[:100])
        if _CONTROL.search(value):
            raise _invalid(name, f"{name} holds a control character.")
    return Query(pairs)


def _invalid(name: str, detail: str) -> ProblemError:
    return ProblemError("invalid-parameter", detail, parameter=name)
