import asyncio
import json
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationInfo, field_validator
from starlette.types import Message, Scope

from services.gateway import bodies
from services.gateway.bodies import Body, Disconnected
from services.gateway.problems import Flaw, ProblemError


class Kind(StrEnum):
    """Two kinds of things."""

    GOODS = "goods"
    MONEY = "money"


class Place(Body):
    """Something inside something."""

    name: str
    access: list[str] = Field(default_factory=list)


class Need(Body):
    """A body with a bit of everything."""

    title: str
    quantity: Annotated[int, Field(ge=1, le=10**9)]
    kind: Kind = Kind.GOODS
    by: date | None = None
    places: list[Place] = Field(default_factory=list)
    topics: dict[str, Literal["on", "off"]] = Field(default_factory=dict)
    target: Place | int | None = None

    @field_validator("title")
    @classmethod
    def _is_a_title(cls, value: str, _: ValidationInfo) -> str:
        if not value.strip():
            raise ValueError("A title needs a word.")
        return value


GOOD = b'{"title": "Soup", "quantity": 3, "kind": "money", "by": "2026-12-01"}'


def test_a_good_body_becomes_its_model() -> None:
    """Dates and enumerations from JSON's own text."""
    assert bodies.parse(GOOD, Need) == Need(title="Soup", quantity=3, kind=Kind.MONEY, by=date(2026, 12, 1))


@pytest.mark.parametrize(
    ("text", "pointers"),
    [
        ('{"title": "x", "quantity": 1, "owner_id": "bo"}', ["/owner_id"]),
        ('{"quantity": 1}', ["/title"]),
        ('{"title": " ", "quantity": 0}', ["/title", "/quantity"]),
        ('{"title": {"$gt": ""}, "quantity": "1"}', ["/title", "/quantity"]),
        ('{"title": "x", "quantity": 1.0}', ["/quantity"]),
        ('{"title": "x", "quantity": true}', ["/quantity"]),
        ('{"title": "x", "quantity": 1, "kind": "gold"}', ["/kind"]),
        ('{"title": "x", "quantity": 1, "by": "2026-02-30"}', ["/by"]),
        (
            '{"title": "x", "quantity": 1, "places": [{"name": "a"}, {"access": [1]}]}',
            ["/places/1/name", "/places/1/access/0"],
        ),
        ('{"title": "x", "quantity": 1, "topics": {"a/b~c": "maybe"}}', ["/topics/a~1b~0c"]),
        ('{"title": "x", "quantity": 1, "a/b~c": 1, "": 2}', ["/a~1b~0c", "/"]),
        ('{"title": "x", "quantity": 1, "target": {"nam": "x"}}', ["/target/name", "/target/nam", "/target"]),
        ("[]", [""]),
        ("null", [""]),
        ('"text"', [""]),
    ],
)
def test_sec_13_every_flaw_is_pointed_at(text: str, pointers: list[str]) -> None:
    """RFC 6901 pointers, all flaws at once, unknown fields among them; nothing of a model's inside."""
    problem = _problem(text.encode())

    assert problem.slug == "invalid-body"
    assert problem.answer().status == 422
    assert [flaw.pointer for flaw in problem.errors] == pointers


def test_sentences_are_for_people() -> None:
    """Without the library's own words where there are better ones, and never with what was sent."""
    problem = _problem(b'{"title": "", "more": "secret words"}')

    assert problem.errors == [
        Flaw("/title", "A title needs a word."),
        Flaw("/quantity", "Required."),
        Flaw("/more", "Unknown field."),
    ]


def test_sec_24_an_operator_where_text_is_expected_is_422() -> None:
    """While text may hold dollars and dots."""
    assert _problem(b'{"title": {"$gt": ""}, "quantity": 1}').answer().status == 422
    assert bodies.parse(b'{"title": "$gt.a $where", "quantity": 1}', Need).title == "$gt.a $where"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b" ",
        b"{",
        b"{'a': 1}",
        b'{"a": 1,}',
        b"{} {}",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'{"title": NaN}',
        b'{"title": Infinity}',
        b'{"title": -Infinity}',
        b'{"title": "a\nb"}',
        b'{"a": 1, "a": 2}',
        b'{"x": {"a": 1, "a": 1}}',
        b'{"title": "\\ud800"}',
        b'{"\\udfff": 1}',
        b'["\\ude00\\ud83d"]',
        b"[" * 33 + b"]" * 33,
        b'{"a":' * 33 + b"1" + b"}" * 33,
        b"[" * 65_000,
        b"[" * 32_000 + b"]" * 32_000,
        b'{"a":' * 13_000,
        b"01",
        b"+1",
        b".5",
        b"0x10",
        b"1__0",
    ],
)
def test_sec_20_what_is_no_acceptable_json_is_400(text: bytes) -> None:
    """Depth, NaN, duplicate names, unpaired surrogates, broken text."""
    problem = _problem(text)

    assert problem.slug == "invalid-json"
    assert problem.answer().status == 400


def test_sec_20_flaws_of_json_that_parses_are_pointed_at() -> None:
    """So that a person finds them in a long body."""
    assert _problem(b'{"x": [{"a": 1, "a": 2}]}').errors == [Flaw("/x/0/a", "The name occurs twice.")]
    assert [flaw.pointer for flaw in _problem(b'{"x": ["ok", "\\ud800"]}').errors] == ["/x/1"]


@pytest.mark.parametrize("number", ["9223372036854775808", "-9223372036854775809", "1e999", "-1e400", "1" * 5000])
def test_sec_20_a_number_beyond_64_bits_is_422_with_its_place(number: str) -> None:
    """It parses, but no store could keep it."""
    problem = _problem(b'{"title": "x", "quantity": %s}' % number.encode())

    assert problem.answer().status == 422
    assert problem.errors == [Flaw("/quantity", "The number does not fit 64 bits.")]


def test_the_bounds_themselves_are_fine() -> None:
    """32 levels, 64 bits, pairs of surrogates, escapes."""
    assert bodies.load(b"[" * 32 + b"]" * 32) is not None
    assert bodies.load(b"[9223372036854775807, -9223372036854775808]") == [2**63 - 1, -(2**63)]
    assert bodies.load(b'"\\ud83d\\ude00 \\u00e9"') == "😀 é"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
_FIELDS = st.fixed_dictionaries({}, optional=dict.fromkeys([*Need.model_fields, "$where", "id"], _JSON))


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_sec_20_no_bytes_are_worse_than_a_4xx(body: bytes) -> None:
    """Whatever comes, it is a model or a problem."""
    _model_or_4xx(body)


@given(_JSON | _FIELDS)
def test_sec_20_no_json_is_worse_than_a_4xx(value: object) -> None:
    """And every pointer leads to a place of the body, or to one that is missing there."""
    problem = _model_or_4xx(json.dumps(value).encode())

    for flaw in problem.errors if problem else ():
        *above, last = [part.replace("~1", "/").replace("~0", "~") for part in flaw.pointer.split("/")]
        here: Any = value
        for part in above[1:]:
            here = here[int(part)] if isinstance(here, list) else here[part]
        assert not last or isinstance(here, dict | list)


async def test_a_body_is_read_in_whatever_pieces_it_comes() -> None:
    """With and without Content-Length."""
    assert await bodies.read_body(_scope(), _Client(b"{", b"", b"}")) == b"{}"
    assert await bodies.read_body(_scope((b"content-length", b"2")), _Client(b"{}")) == b"{}"


async def test_sec_17_a_declared_length_beyond_the_limit_is_413_unread() -> None:
    """Not a byte is taken in."""
    client = _Client(b"x" * 70_000)

    with pytest.raises(ProblemError) as caught:
        await bodies.read_body(_scope((b"content-length", b"70000")), client)

    assert caught.value.answer().status == 413
    assert client.asked == 0


@pytest.mark.parametrize("length", [b"9" * 5000, b"-1", b"x", b"", b"\xb2"])
async def test_an_odd_content_length_is_a_4xx(length: bytes) -> None:
    """Whatever the server in front let through."""
    with pytest.raises(ProblemError):
        await bodies.read_body(_scope((b"content-length", length)), _Client(b"{}"))


async def test_sec_17_an_undeclared_body_is_413_before_all_of_it_is_read() -> None:
    """Reading stops at the limit."""
    client = _Client(*[b"x" * 30_000] * 1000)

    with pytest.raises(ProblemError) as caught:
        await bodies.read_body(_scope(), client)

    assert caught.value.answer().status == 413
    assert client.asked == 3


async def test_exactly_the_limit_is_read() -> None:
    """64 kB are not beyond 64 kB."""
    assert len(await bodies.read_body(_scope(), _Client(b"x" * bodies.LIMIT))) == bodies.LIMIT


async def test_sec_19_a_body_that_does_not_come_is_408(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither server enforces a deadline of its own."""
    monkeypatch.setattr(bodies, "SECONDS", 0.05)

    async def receive() -> Message:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x", "more_body": True}

    with pytest.raises(ProblemError) as caught:
        await bodies.read_body(_scope(), receive)

    assert caught.value.answer().status == 408
    assert (b"connection", b"close") in caught.value.answer().headers


async def test_a_client_that_hangs_up_is_nobody_to_answer() -> None:
    """And no error of ours."""
    with pytest.raises(Disconnected):
        await bodies.read_body(_scope(), _Client(b"{", None))


@pytest.mark.parametrize(
    ("method", "content_type"),
    [
        ("POST", b"application/json"),
        ("POST", b"application/json; charset=utf-8"),
        ("POST", b'Application/JSON;charset="UTF-8"'),
        ("PATCH", b"application/merge-patch+json"),
        ("PATCH", b"application/json"),
        ("PUT", b"application/json"),
    ],
)
async def test_json_is_read(method: str, content_type: bytes) -> None:
    """By its name, in upper or lower case, in UTF-8."""
    scope = _scope((b"content-encoding", b"identity"), method=method, content_type=content_type)

    assert await bodies.read_body(scope, _Client(b"{}")) == b"{}"


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", []),
        ("POST", [(b"content-type", b"text/plain")]),
        ("POST", [(b"content-type", b"application/merge-patch+json")]),
        ("POST", [(b"content-type", b"application/json; charset=utf-16")]),
        ("POST", [(b"content-type", b"application/x-www-form-urlencoded")]),
        ("PATCH", [(b"content-type", b"application/json-patch+json")]),
        ("POST", [(b"content-type", b"application/json"), (b"content-encoding", b"gzip")]),
    ],
)
async def test_other_types_and_encodings_are_415(method: str, headers: list[tuple[bytes, bytes]]) -> None:
    """A form from another site among them."""
    with pytest.raises(ProblemError) as caught:
        await bodies.read_body({"type": "http", "method": method, "headers": headers}, _Client(b"{}"))

    assert caught.value.answer().status == 415


class _Client:
    """Sends its pieces one by one; None hangs up."""

    def __init__(self, *pieces: bytes | None) -> None:
        self.pieces = pieces
        self.asked = 0

    async def __call__(self) -> Message:
        piece = self.pieces[self.asked]
        self.asked += 1
        if piece is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": self.asked < len(self.pieces)}


def _scope(*headers: tuple[bytes, bytes], method: str = "POST", content_type: bytes = b"application/json") -> Scope:
    return {"type": "http", "method": method, "headers": [(b"content-type", content_type), *headers]}


def _problem(body: bytes) -> ProblemError:
    with pytest.raises(ProblemError) as caught:
        bodies.parse(body, Need)
    return caught.value


def _model_or_4xx(body: bytes) -> ProblemError | None:
    try:
        bodies.parse(body, Need)
    except ProblemError as error:
        assert error.answer().status in {400, 422}  # noqa: PT017 a model is fine as well
        return error
    return None
