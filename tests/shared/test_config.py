"""Settings come from where people put them, and secrets do not leave."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.config import Events, Gateway

_SECRET = "a secret of thirty-two letters, or more"


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("BRUM_SECRET", "BRUM_SECRET_FILE", "BRUM_KAFKA", "BRUM_MONGO", "BRUM_REDIS", "PORT"):
        monkeypatch.delenv(name, raising=False)


def test_a_value_may_lie_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """NAME_FILE is read without its last line break; the variable itself wins over it."""
    (tmp_path / "secret").write_text(_SECRET + "\n", encoding="utf-8")
    monkeypatch.setenv("BRUM_SECRET_FILE", str(tmp_path / "secret"))

    assert Events(kafka="k:1", mongo="mongodb://m").secret.get_secret_value() == _SECRET
    monkeypatch.setenv("BRUM_SECRET", _SECRET.upper())
    assert Events(kafka="k:1", mongo="mongodb://m").secret.get_secret_value() == _SECRET.upper()


def test_the_public_port_is_called_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """PORT has no prefix, as hosting platforms have it."""
    monkeypatch.setenv("PORT", "8123")

    assert Gateway(kafka="k:1", redis="redis://r", secret=_SECRET).port == 8123


def test_no_secret_is_in_a_repr_or_an_error() -> None:
    """Neither the root secret nor the password of an address can reach a log by accident."""
    settings = Events(kafka="k:1", mongo="mongodb://ana:pass-word@m", secret=_SECRET)
    with pytest.raises(ValidationError) as too_short:
        Events(kafka="k:1", mongo="mongodb://m", secret="short-secret")

    assert _SECRET not in repr(settings)
    assert "pass-word" not in repr(settings)
    assert "short-secret" not in str(too_short.value)
