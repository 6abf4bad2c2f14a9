"""The development issuer: signs tokens on this machine, so that a fresh clone needs no provider."""

import os
import tempfile
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from services.gateway.jwks import HeldKeys, Issuer

ISSUER = "urn:brumtogether:development"
AUDIENCE = "brumtogether"

# The cheapest to verify of the three that we accept: two thirds of ES256, six tenths of EdDSA.
_ALGORITHM = "RS256"
_BITS = 2048


class Development:
    """The issuer of one data folder; whoever can read its key may sign."""

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        """Take a key; `load` finds the right one."""
        self._key = key
        public: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        # RFC 7638: the id is a hash of the key's required members.
        thumbprint = sha256(msgspec.json.encode({name: public[name] for name in ("e", "kty", "n")})).digest()
        self._kid = urlsafe_b64encode(thumbprint).decode().rstrip("=")
        self._public = {
            "kty": public["kty"],
            "n": public["n"],
            "e": public["e"],
            "use": "sig",
            "alg": _ALGORITHM,
            "kid": self._kid,
        }

    def token(self, sub: str, roles: Iterable[str] = (), ttl: int = 3600) -> str:
        """Sign an access token for a made-up person, valid for `ttl` seconds."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": sub,
            "iat": now,
            "exp": now + ttl,
            "roles": sorted(set(roles)),
        }
        return jwt.encode(claims, self._key, _ALGORITHM, headers={"kid": self._kid, "typ": "at+jwt"})

    def jwks(self) -> bytes:
        """The public half as a JSON Web Key Set, for `/.well-known/jwks.json`."""
        return msgspec.json.encode({"keys": [self._public]})

    def issuer(self) -> Issuer:
        """What the gateway trusts in development."""
        return Issuer(ISSUER, AUDIENCE, HeldKeys([self._public]))


def load(data: Path) -> Development:
    """The issuer of a data folder; the first to come makes its key, however many come at once."""
    path = data / "keys" / "development.pem"
    if not path.exists():
        _make(path)
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError(f"{path} holds no RSA key; delete it to get a new one")
    return Development(key)


def _make(path: Path) -> None:
    """Write a new key beside its place and link it there, which only one process can."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = rsa.generate_private_key(public_exponent=65_537, key_size=_BITS)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    descriptor, draft = tempfile.mkstemp(dir=path.parent)  # readable by its owner alone
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        Path(draft).unlink()
