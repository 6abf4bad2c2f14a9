import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway import parameters
from services.gateway.problems import ProblemError


def test_sec_25_an_idempotency_key_is_up_to_128_visible_ascii_characters() -> None:
    """Without one there is none; anything else is 400."""
    assert parameters.idempotency_key([]) is None
    assert parameters.idempotency_key([(b"idempotency-key", b"!~" * 64)]) == "!~" * 64


@pytest.mark.parametrize("value", [b"", b" ", b"a b", b"x" * 129, b"\xc3\xa9", b"a\x00b", b"a\tb", b"a\r\nb", b"\x7f"])
def test_sec_25_another_idempotency_key_is_400(value: bytes) -> None:
    """Empty, too long, or with a character that cannot be seen."""
    _is_400(lambda: parameters.idempotency_key([(b"idempotency-key", value)]), "invalid-header")


def test_a_header_that_may_stand_once_is_400_when_it_stands_twice() -> None:
    """Two parties could read different ones."""
    _is_400(lambda: parameters.idempotency_key([(b"idempotency-key", b"a")] * 2), "invalid-header")


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        ([], 2.0),
        ([b"respond-async"], 0.0),
        ([b"wait=0"], 0.0),
        ([b"wait=7"], 7.0),
        ([b'wait="7"'], 7.0),
        ([b"wait=600"], 10.0),
        ([b"respond-async, wait=5"], 5.0),
        ([b"wait=5, respond-async"], 5.0),
        ([b"respond-async", b"wait=3"], 3.0),
        ([b"wait=1, wait=9"], 1.0),
        ([b"return=minimal; foo, Respond-Async"], 0.0),
        ([b"handling=lenient"], 2.0),
    ],
)
def test_prefer_says_how_long_to_wait(values: list[bytes], seconds: float) -> None:
    """RFC 7240: unknown preferences are ignored, the first of several counts."""
    assert parameters.prefer([(b"prefer", value) for value in values]) == seconds


@pytest.mark.parametrize("value", [b"wait", b"wait=", b"wait=soon", b"wait=-1", b"wait=1.5", b"wait=" + b"9" * 10])
def test_a_wait_that_is_no_number_is_400(value: bytes) -> None:
    """Rather than a guess."""
    _is_400(lambda: parameters.prefer([(b"prefer", value)]), "invalid-header")


def test_if_match_names_a_revision() -> None:
    """A star matches whatever is there."""
    assert parameters.if_match([]) is None
    assert parameters.if_match([(b"if-match", b"*")]) is None
    assert parameters.if_match([(b"if-match", b'"12"')]) == 12


@pytest.mark.parametrize("value", [b'W/"3"', b'"abc"', b'""', b'"1.5"', b'"' + b"9" * 30 + b'"'])
def test_a_tag_that_cannot_be_a_revision_matches_nothing(value: bytes) -> None:
    """412, as RFC 9110 section 13.1.1 has it for weak and foreign tags."""
    with pytest.raises(ProblemError) as caught:
        parameters.if_match([(b"if-match", value)])

    assert caught.value.answer().status == 412


@pytest.mark.parametrize("value", [b"3", b"", b'"3', b'"3", "4"'])
def test_what_is_no_tag_is_400(value: bytes) -> None:
    """One revision in double quotes, nothing else."""
    _is_400(lambda: parameters.if_match([(b"if-match", value)]), "invalid-header")


def test_a_query_gives_single_and_repeated_parameters() -> None:
    """Decoded, in order."""
    query = parameters.query(b"q=caf%C3%A9+au&type=a&type=b&cursor=", ("q", "cursor"), ("type",))

    assert query.one("q") == "café au"
    assert query.one("cursor") == ""
    assert query.one("limit") is None
    assert query.all("type") == ["a", "b"]


def test_a_limit_is_1_to_100_and_20_without_one() -> None:
    """Pages are capped."""
    assert parameters.query(b"").limit() == 20
    assert parameters.query(b"limit=100", ("limit",)).limit() == 100
    for value in (b"0", b"101", b"-1", b"ten", b"1e1", b"", b"%D9%A3", b"9" * 50):
        _is_400(lambda value=value: parameters.query(b"limit=" + value, ("limit",)).limit())


@pytest.mark.parametrize(
    "raw",
    [
        b"unknown=1",
        b"q",
        b"q=1&q=2",
        b"q=%zz",
        b"q=%f",
        b"q=%ff",
        b"q=%00",
        b"q=%0d%0a",
        b"q=\xff",
        b"&&",
        b"q=" + b"x" * 9000,
    ],
)
def test_an_unknown_or_malformed_query_is_400(raw: bytes) -> None:
    """Strict, so that a typing error is not a silent change of meaning."""
    _is_400(lambda: parameters.query(raw, ("q",)))


def test_sec_18_more_than_100_parameters_are_400() -> None:
    """One hundred are not."""
    assert len(parameters.query(b"&".join([b"t=1"] * 100), (), ("t",)).all("t")) == 100
    _is_400(lambda: parameters.query(b"&".join([b"t=1"] * 101), (), ("t",)))


def test_the_canonical_query_does_not_depend_on_order_or_notation() -> None:
    """It is part of a request's fingerprint."""
    one = parameters.query(b"b=%41+1&a=2", ("a", "b"))
    other = parameters.query(b"a=2&b=A%201", ("a", "b"))

    assert one.canonical() == other.canonical() == "a=2&b=A+1"


@given(st.binary(max_size=300))
def test_no_query_or_header_is_worse_than_400(raw: bytes) -> None:
    """Whatever bytes come."""
    for read in (
        lambda: parameters.query(raw, ("q",), ("t",)).limit(),
        lambda: parameters.idempotency_key([(b"idempotency-key", raw)]),
        lambda: parameters.prefer([(b"prefer", raw)]),
        lambda: parameters.if_match([(b"if-match", raw)]),
    ):
        try:
            read()
        except ProblemError as error:
            assert error.answer().status in {400, 412}  # noqa: PT017 either outcome is fine


def _is_400(read: object, slug: str = "invalid-parameter") -> None:
    assert callable(read)
    with pytest.raises(ProblemError) as caught:
        read()

    assert (caught.value.slug, caught.value.answer().status) == (slug, 400)
