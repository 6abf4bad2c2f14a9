import re
from uuid import UUID

from hypothesis import example, given
from hypothesis import strategies as st

from services.gateway import idempotency


def test_a_repeat_meets_the_same_command_and_the_same_stream() -> None:
    """Through any replica, on any day: nothing is looked up."""
    first, second = (idempotency.command_id("iss", "ana", "POST", "/v1/needs", "k1") for _ in range(2))

    assert first == second
    assert idempotency.new_id("need", first) == idempotency.new_id("need", second)


def test_the_derivation_never_changes() -> None:
    """Recorded values: another derivation would make every repeat new and every person a stranger."""
    command = idempotency.command_id("iss", "ana", "POST", "/v1/needs", "k1")

    assert command == "3d862a24-13d3-57c8-9f93-93d2e854ac88"
    assert idempotency.person("iss", "ana") == "0f13e3ab-2b66-5b1c-b900-b7d128326dfe"
    assert idempotency.new_id("need", command) == "need_ocabetilbzbpgwrdwhj5pspq6i"


def test_sec_25_a_key_belongs_to_its_principal_method_and_path() -> None:
    """B cannot meet A's answer with A's key."""
    ids = {
        idempotency.command_id(*parts)
        for parts in (
            ("iss", "ana", "POST", "/v1/needs", "k1"),
            ("iss", "bo", "POST", "/v1/needs", "k1"),
            ("other", "ana", "POST", "/v1/needs", "k1"),
            ("iss", "ana", "PATCH", "/v1/needs", "k1"),
            ("iss", "ana", "POST", "/v1/events", "k1"),
            ("iss", "ana", "POST", "/v1/needs", "k2"),
        )
    }

    assert len(ids) == 6


_NAMES = st.tuples(*[st.text("1:a", max_size=3)] * 2)


@given(_NAMES, _NAMES)
@example(("a:1", "b"), ("a", "1:b"))
def test_sec_25_no_subject_can_imitate_another_by_its_spelling(ana: tuple[str, str], bo: tuple[str, str]) -> None:
    """Parts are joined after their lengths."""
    assert (idempotency.person(*ana) == idempotency.person(*bo)) == (ana == bo)


def test_without_a_key_every_request_is_new() -> None:
    """Random, and an id all the same."""
    first, second = (idempotency.command_id("iss", "ana", "POST", "/v1/needs", None) for _ in range(2))

    assert first != second
    assert UUID(first).version == 4


def test_another_body_query_method_or_path_has_another_fingerprint() -> None:
    """The same key with one of these is 422."""
    prints = {
        idempotency.fingerprint(*parts)
        for parts in (
            ("POST", "/v1/needs", "", b"{}"),
            ("POST", "/v1/needs", "", b"{ }"),
            ("POST", "/v1/needs", "a=1", b"{}"),
            ("POST", "/v1/events", "", b"{}"),
            ("PATCH", "/v1/needs", "", b"{}"),
        )
    }

    assert len(prints) == 5
    assert all(re.fullmatch(r"[0-9a-f]{64}", found) for found in prints)


def test_ids_have_the_shape_that_routing_relies_on() -> None:
    """`<kind>_<26>` for a stream, and a suffix without a dot for what lives on one."""
    assert re.fullmatch(r"campaign_[a-z2-7]{26}", idempotency.new_id("campaign", "c1"))
    assert re.fullmatch(r"[a-z2-7]{26}", idempotency.suffix("person", "2026-12-01T10:00"))
    assert idempotency.new_id("need", "c1")[5:] != idempotency.new_id("event", "c1")[6:]
