import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from services.gateway.identity import Identity
from services.gateway.jwks import Issuer, RemoteKeys, usable
from services.gateway.problems import ProblemError
from shared.serving import Server

OLD = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
NEW = rsa.generate_private_key(public_exponent=65_537, key_size=2048)


class Provider:
    """An issuer's key server that counts its visitors and can be made to misbehave."""

    def __init__(self) -> None:
        """Offer the old key."""
        self.keys: list[dict[str, Any]] = [_jwk(OLD, "old")]
        self.visits = 0
        self.visited = asyncio.Event()
        self.answer: Response | None = None
        self.server = Server(
            Starlette(routes=[Route("/jwks.json", self._serve), Route("/elsewhere.json", _elsewhere)]), "127.0.0.1", 0
        )

    @property
    def url(self) -> str:
        """Where the keys are."""
        return f"http://127.0.0.1:{self.server.port}/jwks.json"

    async def _serve(self, _: Request) -> Response:
        self.visits += 1
        self.visited.set()
        return self.answer or Response(json.dumps({"keys": self.keys}), media_type="application/json")


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    """A provider that is up."""
    made = Provider()
    await made.server.start()
    yield made
    await made.server.stop()


async def test_sec_2_unknown_keys_do_not_lead_to_a_fetch_each(provider: Provider) -> None:
    """A hundred made-up tokens at once, and again: one visit; after the pause one more."""
    now = [100.0]
    keys = RemoteKeys(provider.url, clock=lambda: now[0])

    assert await keys.find("old") is not None
    for _ in range(2):
        found = await asyncio.gather(*(keys.find(f"made-up-{n}") for n in range(100)))
        assert set(found) == {None}
    assert provider.visits == 1

    now[0] += 16
    await asyncio.gather(*(keys.find(f"made-up-{n}") for n in range(100)))
    assert provider.visits == 2


async def test_sec_5_a_new_key_is_found_and_the_old_one_goes_with_what_it_signed(provider: Provider) -> None:
    """Both are good while both are published; the memory of verified tokens does not outlive a key."""
    now = [100.0]
    keys = RemoteKeys(provider.url, fresh=0.05, clock=lambda: now[0])
    identity = Identity([Issuer("iss", "aud", keys)])
    assert await _accepted(identity, _token(OLD, "old"))

    provider.keys.append(_jwk(NEW, "new"))
    now[0] += 16
    assert await _accepted(identity, _token(NEW, "new"))
    old = _token(OLD, "old")
    assert await _accepted(identity, old)

    provider.keys = [_jwk(NEW, "new")]
    now[0] += 16
    provider.visited.clear()
    refreshing = asyncio.create_task(identity.run())
    await provider.visited.wait()
    await asyncio.sleep(0.05)
    refreshing.cancel()

    assert not await _accepted(identity, old)
    assert await _accepted(identity, _token(NEW, "new"))


async def test_keys_that_cannot_be_read_are_503_not_401(provider: Provider) -> None:
    """Nobody's token is called wrong because the issuer is away."""
    provider.answer = Response("busy", 500)
    keys = RemoteKeys(provider.url)

    with pytest.raises(ProblemError) as caught:
        await keys.find("old")

    assert caught.value.answer().status == 503


async def test_known_keys_outlive_a_provider_that_is_away(provider: Provider) -> None:
    """What was good stays good until the provider says otherwise."""
    now = [100.0]
    keys = RemoteKeys(provider.url, clock=lambda: now[0])
    assert await keys.find("old")

    for answer in (
        Response("busy", 500),
        Response("not json"),
        Response("[]"),
        Response('{"keys": 7}'),
        Response(b"[" * 300_000),
        RedirectResponse("/elsewhere.json"),
    ):
        provider.answer = answer
        now[0] += 16
        assert await keys.find("elsewhere") is None
        assert await keys.find("old") is not None
    assert provider.visits == 7


def test_sec_1_only_strong_public_keys_for_signatures_are_used() -> None:
    """Shared secrets, private halves, short keys, other curves and other uses are left out."""
    short = rsa.generate_private_key(public_exponent=65_537, key_size=1024)  # noqa: S505 to see it refused
    curve = json.loads(jwt.get_algorithm_by_name("ES384").to_jwk(ec.generate_private_key(ec.SECP384R1()).public_key()))
    good = _jwk(OLD, "good")

    found = usable(
        [
            good,
            {**good, "kid": "encrypts", "use": "enc"},
            {**good, "kid": "other alg", "alg": "RS512"},
            {**good, "kid": "hmac", "alg": "HS256"},
            {**good, "kid": 7},
            {"kty": "oct", "k": "c2VjcmV0", "kid": "shared", "alg": "HS256"},
            {**json.loads(jwt.get_algorithm_by_name("RS256").to_jwk(OLD)), "kid": "private"},
            {**_jwk(short, "short")},
            {**curve, "kid": "curve"},
            {"kty": "RSA", "kid": "empty"},
            {"kty": ["RSA"], "kid": "odd"},
            "not a key",
        ]
    )

    assert list(found) == ["good"]


async def _elsewhere(_: Request) -> Response:
    return Response(json.dumps({"keys": [_jwk(NEW, "elsewhere")]}), media_type="application/json")


def _jwk(key: rsa.RSAPrivateKey, kid: str) -> dict[str, Any]:
    return {**json.loads(jwt.get_algorithm_by_name("RS256").to_jwk(key.public_key())), "kid": kid}


def _token(key: rsa.RSAPrivateKey, kid: str) -> bytes:
    now = int(time.time())
    claims = {"iss": "iss", "aud": "aud", "sub": "ana", "iat": now, "exp": now + 60}
    return b"Bearer " + jwt.encode(claims, key, "RS256", headers={"kid": kid}).encode()


async def _accepted(identity: Identity, authorization: bytes) -> bool:
    try:
        return await identity.authenticate([(b"authorization", authorization)]) is not None
    except ProblemError:
        return False
