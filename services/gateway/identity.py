"""Who is asking: bearer tokens checked as RFC 8725 wants it, and what we call the people behind them."""

import asyncio
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import jwt
import msgspec

from services.gateway import development, idempotency
from services.gateway.jwks import ALGORITHMS, Issuer, RemoteKeys
from services.gateway.problems import ProblemError

ROLES = frozenset({"resident", "organiser", "partner", "operator"})

_LARGEST_TOKEN = 8192
_LONGEST_NAME = 255
_TYPES = frozenset({"jwt", "at+jwt", "application/jwt", "application/at+jwt"})
_BEARER = re.compile(rb"bearer +([A-Za-z0-9_.-]+={0,2}) *", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_REQUIRED = ("iss", "aud", "sub", "iat", "exp")


class Principal(msgspec.Struct, frozen=True):
    """A signed-in person; messages carry the pseudonym `person`; `expires_at` counts seconds since 1970."""

    issuer: str
    subject: str
    person: str
    roles: frozenset[str]
    expires_at: float

    def __repr__(self) -> str:
        """Without what the issuer calls the person, so that it reaches no log."""
        return f"Principal(person={self.person!r}, roles={sorted(self.roles)})"


class Identity:
    """Checks tokens of a few trusted issuers; a token seen before costs a hash and a look-up."""

    def __init__(
        self,
        issuers: Sequence[Issuer],
        *,
        leeway: float = 30.0,
        longest: float = 86_400.0,
        remembered: int = 10_000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`leeway` forgives clocks (60 s at most), `longest` bounds how long a token may live."""
        if leeway > 60:  # noqa: PLR2004 a promise
            raise ValueError("the leeway is 60 seconds at most")
        self._issuers = tuple(issuers)
        self._leeway = leeway
        self._longest = longest
        self._remembered = remembered
        self._clock = clock
        self._seen: dict[bytes, Principal] = {}
        for issuer in self._issuers:
            issuer.keys.on_change(self._seen.clear)

    async def authenticate(self, headers: Iterable[tuple[bytes, bytes]]) -> Principal | None:
        """Who asks; None if nobody says so. A token that is not good raises `unauthenticated` (401)."""
        given = [value for name, value in headers if name == b"authorization"]
        if not given:
            return None
        digest = sha256(given[0]).digest()
        principal = self._seen.get(digest)
        if principal is not None and principal.expires_at > self._clock() and len(given) == 1:
            return principal
        match = _BEARER.fullmatch(given[0]) if len(given) == 1 else None
        if match is None:
            raise _refused("The Authorization header must be one bearer token.")
        principal = await self._verify(match[1])
        while len(self._seen) >= self._remembered:
            del self._seen[next(iter(self._seen))]
        self._seen[digest] = principal
        return principal

    async def require(self, headers: Iterable[tuple[bytes, bytes]]) -> Principal:
        """Who asks; `unauthenticated` (401) also if nobody says so."""
        principal = await self.authenticate(headers)
        if principal is None:
            raise ProblemError("unauthenticated")
        return principal

    async def run(self) -> None:
        """Keep the issuers' keys fresh until cancelled, so that a withdrawn key is refused within minutes."""
        await asyncio.gather(*(issuer.keys.run() for issuer in self._issuers))

    async def _verify(self, token: bytes) -> Principal:
        if len(token) > _LARGEST_TOKEN:
            raise _refused("The token is too large.")
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError):
            raise _refused("The token is malformed.") from None
        if str(header.get("typ")).lower() not in _TYPES:
            raise _refused("The token is no access token.")
        kid = header.get("kid")
        if not isinstance(kid, str):
            raise _refused("The token names no key.")
        for issuer in self._issuers:
            key = await issuer.keys.find(kid)
            if key is not None:
                return self._principal(self._claims(token, key, issuer))
        raise _refused("The token's key is unknown.")

    def _claims(self, token: bytes, key: jwt.PyJWK, issuer: Issuer) -> Mapping[str, Any]:
        """Signature and registered claims, by PyJWT; of the header only `kid` is used, to look a key up."""
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=list(ALGORITHMS.values()),
                issuer=issuer.name,
                audience=issuer.audience,
                leeway=self._leeway,
                options={"require": list(_REQUIRED), "enforce_minimum_key_length": True},
            )
        except jwt.ExpiredSignatureError:
            raise _refused("The token has expired.") from None
        except (jwt.PyJWTError, ValueError, TypeError):
            raise _refused("The token is not valid here.") from None
        return claims

    def _principal(self, claims: Mapping[str, Any]) -> Principal:
        """What PyJWT lets through and we do not: numbers as text, very long lives, odd subjects."""
        times = [claims[name] for name in ("iat", "exp", "nbf") if name in claims]
        if not all(type(moment) in {int, float} for moment in times):
            raise _refused("The token's times are no numbers.")
        if not 0 < claims["exp"] - claims["iat"] <= self._longest:
            raise _refused("The token lives too long.")
        subject: str = claims["sub"]
        if not 0 < len(subject) <= _LONGEST_NAME or _CONTROL.search(subject):
            raise _refused("The token's subject is not usable.")
        given = claims.get("roles")
        roles = {role for role in given if isinstance(role, str)} if isinstance(given, list) else set[str]()
        return Principal(
            issuer=claims["iss"],
            subject=subject,
            person=idempotency.person(claims["iss"], subject),
            roles=(ROLES & roles) | {"resident"},
            expires_at=float(claims["exp"]),
        )


def trusted(
    env: str, data: Path, oidc_issuer: str = "", oidc_audience: str = "", oidc_jwks_url: str = ""
) -> list[Issuer]:
    """The issuers of an installation: the configured one, and only in development the development issuer.

    ValueError if the configuration is half, or keys would come over an open line in production.
    """
    issuers = [development.load(data).issuer()] if env == "development" else []
    if oidc_issuer or oidc_audience or oidc_jwks_url:
        if not (oidc_issuer and oidc_audience and oidc_jwks_url):
            raise ValueError("BRUM_OIDC_ISSUER, BRUM_OIDC_AUDIENCE and BRUM_OIDC_JWKS_URL belong together")
        if env != "development" and not oidc_jwks_url.startswith("https://"):
            raise ValueError("BRUM_OIDC_JWKS_URL must be an https address")
        issuers.append(Issuer(oidc_issuer, oidc_audience, RemoteKeys(oidc_jwks_url)))
    return issuers


def _refused(detail: str) -> ProblemError:
    return ProblemError(
        "unauthenticated",
        detail,
        headers=[(b"www-authenticate", b'Bearer error="invalid_token", error_description="%s"' % detail.encode())],
    )
