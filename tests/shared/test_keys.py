from base64 import b32encode

from hypothesis import example, given
from hypothesis import strategies as st

from shared import keys

_PARTS = st.lists(st.text("1:a", max_size=3), max_size=4)


@given(_PARTS, _PARTS)
@example(["a:1"], ["a", "1"])
@example(["a", "b"], ["ab"])
@example(["1:a"], ["a"])
def test_no_two_lists_of_parts_are_joined_alike(left: list[str], right: list[str]) -> None:
    """Whatever the parts hold, digits and colons included."""
    assert (keys.prefixed(*left) == keys.prefixed(*right)) == (left == right)


def test_every_purpose_has_its_own_key() -> None:
    """A key that leaks for one purpose opens nothing else."""
    assert keys.derive("root", "operations") != keys.derive("root", "internal-api")
    assert keys.derive("root", "operations") != keys.derive("other", "operations")


def test_sec_57_secrets_are_compared_whatever_they_hold() -> None:
    """Text beyond ASCII is a wrong secret, not an error."""
    assert keys.same("abc", "abc")
    assert not keys.same("abc", "abd")
    assert not keys.same("é", "é")


def test_a_mac_is_26_characters_that_a_path_can_hold() -> None:
    """128 bits in lower-case base32."""
    proof = keys.mac(b"key", "pledges", "c1", "ana")

    assert len(proof) == 26
    assert proof.isalnum()
    assert proof == proof.lower()


@given(st.binary(max_size=40))
def test_base32_is_that_of_the_standard_library(raw: bytes) -> None:
    """RFC 4648, but lower-case and without padding."""
    assert keys.base32(raw) == b32encode(raw).decode().rstrip("=").lower()
