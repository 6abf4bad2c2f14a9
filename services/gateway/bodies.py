"""Reading a JSON body strictly: bounded in size, time and depth; a flaw is a 4xx that says where it is."""

import asyncio
import json
import re
from collections.abc import Iterator
from math import isinf
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.types import Receive, Scope

from services.gateway.parameters import header
from services.gateway.problems import Flaw, ProblemError
from shared.serving import is_whole

LIMIT = 65_536
SECONDS = 30.0
DEPTH = 32

_MOST_FLAWS = 50
_INTEGERS = range(-(2**63), 2**63)
_LONGEST_INTEGER = 20  # characters; a longer one is beyond 64 bits, and is not worth the conversion
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_JSON_TYPES = frozenset({b"application/json", b"application/json; charset=utf-8"})
_PATCH_TYPES = _JSON_TYPES | {b"application/merge-patch+json"}
_ABSENT = object()
_ACCEPT_PATCH = (b"accept-patch", b"application/merge-patch+json, application/json")


class Body(BaseModel):
    """What the models of bodies have in common: no unknown fields, no conversions."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Disconnected(Exception):  # noqa: N818 it tells what the client did
    """The client has gone; there is nobody to answer."""


_Model = TypeVar("_Model", bound=BaseModel)


async def read_body(scope: Scope, receive: Receive, limit: int = LIMIT) -> bytes:
    """Read the body of a write: 415 for another type, 413 beyond the limit, 408 when it does not come."""
    _check_type(scope)
    length = header(scope["headers"], b"content-length")
    if length is not None and not (length.isdigit() and int(length[:20]) <= limit):
        raise ProblemError("body-too-large", f"The body may hold {limit} bytes.")
    try:
        if is_whole(scope):
            return await _collect(receive, limit)  # it need not be waited for, and a timer costs more than the reading
        async with asyncio.timeout(SECONDS):
            return await _collect(receive, limit)
    except TimeoutError:
        raise ProblemError("body-timeout") from None


def parse(body: bytes, model: type[_Model]) -> _Model:
    """Make a model of a body.

    Raises `invalid-json` (400) for what is no acceptable JSON and `invalid-body` (422), with a pointer for
    every flaw, for what does not fit the model. Pydantic reads the bytes itself because its strict mode takes
    dates and enumerations from JSON text only.
    """
    value = load(body)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise ProblemError("invalid-body", errors=list(_flaws(error, value))) from None


def load(body: bytes) -> object:
    """Decode acceptable JSON: UTF-8, at most 32 levels, no doubled names, no number beyond 64 bits."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise ProblemError("invalid-json", "The body is not UTF-8.") from None
    try:
        value: object = _STRICT.decode(text)
    except _SuspectError:
        _explain(text)
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        raise ProblemError("invalid-json", f"{error.msg} at character {error.pos}.") from None
    if body.count(b"[") + body.count(b"{") > DEPTH or _SURROGATE.search(text):
        _check(value)
    return value


async def _collect(receive: Receive, limit: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        body += message.get("body", b"")
        if len(body) > limit:
            raise ProblemError("body-too-large", f"The body may hold {limit} bytes.")
        if not message.get("more_body", False):
            return bytes(body)


def _check_type(scope: Scope) -> None:
    patching = scope["method"] == "PATCH"
    given = header(scope["headers"], b"content-type") or b""
    encoding = header(scope["headers"], b"content-encoding")
    known = _PATCH_TYPES if patching else _JSON_TYPES
    if encoding not in {None, b"identity"}:
        raise ProblemError("unsupported-media-type", "The body may not be compressed.")
    if given not in known:
        bare, _, parameters = given.lower().partition(b";")
        charset = parameters.replace(b'"', b"").strip()
        if bare.strip() not in known or charset not in {b"", b"charset=utf-8"}:
            raise ProblemError("unsupported-media-type", headers=[_ACCEPT_PATCH] if patching else [])


class _SuspectError(ValueError):
    """The strict decoder met something that is not acceptable; a second, slower look finds out where."""


class _Flawed:
    """Stands where the second look found a flaw of its own kind."""

    def __init__(self, slug: str, detail: str) -> None:
        self.slug = slug
        self.detail = detail


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _SuspectError
    return made


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_INTEGER or (value := int(digits)) not in _INTEGERS:
        raise _SuspectError
    return value


def _float(digits: str) -> float:
    value = float(digits)
    if isinf(value):
        raise _SuspectError
    return value


def _constant(name: str) -> NoReturn:
    raise ProblemError("invalid-json", f"{name} is not JSON.")


def _or_flawed_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        for name in made:
            if names.count(name) > 1:
                made[name] = _Flawed("invalid-json", "The name occurs twice.")
    return made


def _or_flawed_number(digits: str) -> object:
    try:
        return _float(digits) if set(digits) & set(".eE") else _integer(digits)
    except _SuspectError:
        return _Flawed("invalid-body", "The number does not fit 64 bits.")


_STRICT = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant)
_MARKING = json.JSONDecoder(
    object_pairs_hook=_or_flawed_object,
    parse_int=_or_flawed_number,
    parse_float=_or_flawed_number,
    parse_constant=_constant,
)


def _explain(text: str) -> NoReturn:
    """Look again at a suspect text and raise with the places of its flaws."""
    try:
        _check(_MARKING.decode(text))
    except json.JSONDecodeError as error:
        raise ProblemError("invalid-json", f"{error.msg} at character {error.pos}.") from None
    except RecursionError:
        raise _too_deep() from None
    raise ProblemError("invalid-json")


def _check(value: object) -> None:
    """Walk through a decoded value; raise if it is too deep, or holds unpaired surrogates or marked flaws."""
    flaws = dict[str, list[Flaw]]()
    waiting = [("", 1, value)]
    while waiting:
        pointer, depth, item = waiting.pop()
        if isinstance(item, _Flawed):
            flaws.setdefault(item.slug, []).append(Flaw(pointer, item.detail))
        elif isinstance(item, str):
            if not _is_text(item):
                flaws.setdefault("invalid-json", []).append(Flaw(pointer, "An unpaired surrogate is no text."))
        elif isinstance(item, dict | list):
            if depth > DEPTH:
                raise _too_deep()
            if isinstance(item, dict) and not all(map(_is_text, item)):
                flaws.setdefault("invalid-json", []).append(Flaw(pointer, "A name holds an unpaired surrogate."))
                continue
            waiting.extend((f"{pointer}/{_escape(part)}", depth + 1, below) for part, below in _children(item))
    for slug in ("invalid-json", "invalid-body"):
        if slug in flaws:
            raise ProblemError(slug, errors=sorted(flaws[slug])[:_MOST_FLAWS])


def _children(item: dict[str, Any] | list[Any]) -> Iterator[tuple[str, Any]]:
    if isinstance(item, dict):
        yield from item.items()
    else:
        for place, below in enumerate(item):
            yield str(place), below


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _too_deep() -> ProblemError:
    return ProblemError("invalid-json", f"The body is more than {DEPTH} levels deep.")


def _flaws(error: ValidationError, value: object) -> Iterator[Flaw]:
    for found in error.errors(include_url=False, include_context=False, include_input=False)[:_MOST_FLAWS]:
        match found["type"]:
            case "extra_forbidden":
                detail = "Unknown field."
            case "missing":
                detail = "Required."
            case _:
                detail = found["msg"].removeprefix("Value error, ")
        yield Flaw(_pointer(found["loc"], value, missing=found["type"] == "missing"), detail)


def _pointer(location: tuple[int | str, ...], value: object, *, missing: bool) -> str:
    """Follow pydantic's location through the body; what is not in it (the branch of a union) is no step.

    A missing field is pointed at where it should be.
    """
    pointer = ""
    for place, part in enumerate(location):
        below = _step(value, part)
        if below is not _ABSENT:
            value = below
        elif not missing or place != len(location) - 1:
            continue
        pointer += f"/{_escape(str(part))}"
    return pointer


def _step(value: object, part: int | str) -> object:
    match value:
        case dict():
            return value.get(part, _ABSENT)
        case list() if isinstance(part, int) and part < len(value):
            return value[part]
        case _:
            return _ABSENT


def _escape(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
