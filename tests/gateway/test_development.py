import json
import multiprocessing
import stat
from pathlib import Path

import jwt
import pytest

from services.gateway import development


def test_the_key_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    """The next start signs with the same one."""
    first, second = development.load(tmp_path), development.load(tmp_path)

    assert first.jwks() == second.jwks()
    (file,) = (tmp_path / "keys").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    """Whoever comes first makes it; no draft is left behind."""
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        answers = set(pool.map(_jwks, [tmp_path] * 4))

    assert len(answers) == 1
    assert [file.name for file in (tmp_path / "keys").iterdir()] == ["development.pem"]


def test_the_jwks_holds_no_private_half(tmp_path: Path) -> None:
    """It is served to everybody."""
    (key,) = json.loads(development.load(tmp_path).jwks())["keys"]

    assert set(key) == {"kty", "n", "e", "use", "alg", "kid"}


def test_a_token_verifies_with_the_published_key(tmp_path: Path) -> None:
    """By any library that reads a JWKS."""
    issuer = development.load(tmp_path)
    token = issuer.token("ana", ["organiser", "resident"], ttl=60)

    key = jwt.PyJWKSet.from_json(issuer.jwks().decode())[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, ["RS256"], audience=development.AUDIENCE, issuer=development.ISSUER)

    assert claims["sub"] == "ana"
    assert claims["roles"] == ["organiser", "resident"]
    assert claims["exp"] - claims["iat"] == 60


def test_a_spoilt_key_file_is_said_plainly(tmp_path: Path) -> None:
    """With the remedy, or at least the place."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "development.pem").write_text("not a key")

    with pytest.raises(ValueError, match="PEM"):
        development.load(tmp_path)


def _jwks(data: Path) -> bytes:
    return development.load(data).jwks()
