from hypothesis import given
from hypothesis import strategies as st

from services.gateway.operations import Operations

COMMAND = "0b9cf5ce-0d6c-5d4b-9f5c-6a2f1d1f5c11"


def test_an_id_tells_its_creator_service_and_command() -> None:
    """Every replica that knows the secret reads it, without any store."""
    operation_id = Operations("root").issue("pledges", COMMAND, "ana")

    assert Operations("root").read(operation_id, "ana") == ("pledges", COMMAND)


def test_sec_11_to_anyone_else_an_operation_does_not_exist() -> None:
    """Nor to its creator if a single character is not ours."""
    operations = Operations("root")
    operation_id = operations.issue("pledges", COMMAND, "ana")

    assert operations.read(operation_id, "bo") is None
    assert operations.read(operation_id.replace("pledges", "events"), "ana") is None
    assert operations.read(operation_id.replace("0b9c", "0b9d"), "ana") is None
    assert operations.read(operation_id[:-1], "ana") is None
    assert operations.read(operation_id + "a", "ana") is None
    assert Operations("another secret").read(operation_id, "ana") is None


@given(st.text())
def test_sec_11_nothing_made_up_is_an_operation(made_up: str) -> None:
    """And nothing is an error either."""
    assert Operations("root").read(made_up, "ana") is None


def test_an_id_fits_a_path_a_key_and_a_header() -> None:
    """Letters, digits, dots and dashes."""
    operation_id = Operations("root").issue("pledges", COMMAND, "ana")

    assert operation_id.replace(".", "").replace("-", "").isalnum()
    assert len(operation_id) <= 80
