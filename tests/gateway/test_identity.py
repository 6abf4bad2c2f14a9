import asyncio
import base64
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from services.gateway import development
from services.gateway.identity import Identity, Principal, trusted
from services.gateway.jwks import HeldKeys, Issuer
from services.gateway.problems import ProblemError

ISSUER = "urn:test:issuer"
AUDIENCE = "brumtogether"

RSA_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()
STRANGER = rsa.generate_private_key(public_exponent=65_537, key_size=2048)


def _jwk(key: Any, kid: str) -> dict[str, Any]:  # noqa: ANN401 three kinds of keys
    algorithm = jwt.get_algorithm_by_name(
        {rsa.RSAPublicKey: "RS256", ec.EllipticCurvePublicKey: "ES256"}.get(
            next((kind for kind in (rsa.RSAPublicKey, ec.EllipticCurvePublicKey) if isinstance(key, kind)), Any),
            "EdDSA",
        )
    )
    made: dict[str, Any] = json.loads(algorithm.to_jwk(key))
    return {**made, "kid": kid}


KEYS = HeldKeys(
    [
        _jwk(RSA_KEY.public_key(), "rsa"),
        _jwk(EC_KEY.public_key(), "ec"),
        _jwk(ED_KEY.public_key(), "ed"),
    ]
)


@pytest.fixture
def identity() -> Identity:
    """Trusts one issuer with three keys."""
    return Identity([Issuer(ISSUER, AUDIENCE, KEYS)])


def _claims(**other: Any) -> dict[str, Any]:  # noqa: ANN401 whatever JSON can hold
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ana", "iat": now, "exp": now + 600, **other}
    return {name: value for name, value in claims.items() if value is not ...}


def _token(header: dict[str, Any] | None = None, key: Any = RSA_KEY, alg: str = "RS256", **claims: Any) -> str:  # noqa: ANN401
    return jwt.encode(_claims(**claims), key, alg, headers={"kid": "rsa", "typ": "JWT", **(header or {})})


def _raw(header: dict[str, Any], claims: bytes, sign: Callable[[bytes], bytes]) -> str:
    """A token that no library would make."""
    signed = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in (json.dumps(header).encode(), claims))
    return (signed + b"." + base64.urlsafe_b64encode(sign(signed)).rstrip(b"=")).decode()


async def _ask(identity: Identity, token: str) -> Principal | None:
    return await identity.authenticate([(b"host", b"x"), (b"authorization", b"Bearer " + token.encode())])


async def _refused(identity: Identity, token: str) -> str:
    with pytest.raises(ProblemError) as caught:
        await _ask(identity, token)
    answer = caught.value.answer()
    assert answer.status == 401
    assert any(name == b"www-authenticate" and b"invalid_token" in value for name, value in answer.headers)
    return caught.value.detail or ""


@pytest.mark.parametrize(
    ("key", "alg", "kid"), [(RSA_KEY, "RS256", "rsa"), (EC_KEY, "ES256", "ec"), (ED_KEY, "EdDSA", "ed")]
)
async def test_a_good_token_is_a_principal(identity: Identity, key: Any, alg: str, kid: str) -> None:  # noqa: ANN401
    """For each of the three algorithms, again from memory, under the same pseudonym."""
    token = _token({"kid": kid}, key, alg, roles=["organiser", "emperor", 7])

    first, second = await _ask(identity, token), await _ask(identity, token)

    assert first is second
    assert first is not None
    assert (first.issuer, first.subject) == (ISSUER, "ana")
    assert first.roles == {"resident", "organiser"}
    assert first.person not in {"ana", ISSUER}
    assert "ana" not in repr(first)


async def test_nobody_is_nobody_and_some_routes_want_somebody(identity: Identity) -> None:
    """Without a header a reader is anonymous; a writer is asked to sign in."""
    assert await identity.authenticate([(b"host", b"x")]) is None
    with pytest.raises(ProblemError, match="unauthenticated"):
        await identity.require([])


@pytest.mark.parametrize("typ", ["JWT", "jwt", "at+jwt", "application/at+jwt"])
async def test_sec_3_an_access_token_says_that_it_is_one(identity: Identity, typ: str) -> None:
    """`JWT` or `at+jwt`, in the notations of RFC 7515 section 4.1.9."""
    assert await _ask(identity, _token({"typ": typ}))


@pytest.mark.parametrize("typ", ["rt+jwt", "logout+jwt", "secevent+jwt", "", None, 7])
async def test_sec_3_a_token_of_another_type_is_refused(identity: Identity, typ: object) -> None:
    """A refresh token is no access token, and a token without a type is neither."""
    header = {"alg": "RS256", "kid": "rsa"} | ({} if typ is None else {"typ": typ})

    assert await _refused(identity, _signed(header, _claims())) == "The token is no access token."


async def test_sec_1_a_token_without_signature_is_refused(identity: Identity) -> None:
    """`alg: none`, in any spelling, with and without a signature."""
    for alg in ("none", "None", "NONE", "nOnE", ""):
        header = {"alg": alg, "typ": "JWT", "kid": "rsa"}
        await _refused(identity, _raw(header, json.dumps(_claims()).encode(), lambda _: b""))
        await _refused(identity, _raw(header, json.dumps(_claims()).encode(), lambda _: b"x"))


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
async def test_sec_1_a_public_key_is_no_shared_secret(identity: Identity, alg: str) -> None:
    """HS256 over the RSA public key, the classic confusion."""
    public = RSA_KEY.public_key()
    for form in (
        public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
        json.dumps(_jwk(public, "rsa")).encode(),
    ):
        header = {"alg": alg, "typ": "JWT", "kid": "rsa"}
        token = _raw(
            header,
            json.dumps(_claims()).encode(),
            lambda text, key=form: hmac.digest(key, text, alg.replace("HS", "sha")),  # type: ignore[misc]
        )
        await _refused(identity, token)


async def test_sec_2_the_header_never_chooses_the_key(identity: Identity) -> None:
    """`jwk`, `jku`, `x5u`, `x5c` of a stranger's key are not even looked at; `alg` has to fit the key."""
    stranger = _jwk(STRANGER.public_key(), "rsa")
    for trick in (
        {"jwk": stranger},
        {"jku": "http://127.0.0.1:9/jwks.json"},
        {"x5u": "http://127.0.0.1:9/cert.pem"},
        {"x5c": ["AAAA"]},
        {},
    ):
        await _refused(identity, _token(trick, STRANGER))
    await _refused(identity, _token({"kid": "ec"}))
    await _refused(identity, _token({}, RSA_KEY, "RS512"))
    await _refused(identity, _token({}, RSA_KEY, "PS256"))


async def test_sec_2_an_unknown_or_missing_kid_is_refused(identity: Identity) -> None:
    """There is no key to try by default."""
    assert await _refused(identity, _token({"kid": "other"})) == "The token's key is unknown."
    assert await _refused(identity, _signed({"alg": "RS256", "typ": "JWT"}, _claims())) == "The token names no key."
    await _refused(identity, _signed({"alg": "RS256", "typ": "JWT", "kid": 7}, _claims()))
    await _refused(identity, _token({"kid": "../../etc/passwd"}))


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "iat", "exp"])
async def test_sec_3_a_required_claim_is_required(identity: Identity, claim: str) -> None:
    """Absent or null, the token is refused."""
    await _refused(identity, _signed(HEADER, _claims(**{claim: ...})))
    await _refused(identity, _signed(HEADER, _claims(**{claim: None})))


@pytest.mark.parametrize(
    "other",
    [
        {"iss": "urn:someone:else"},
        {"iss": [ISSUER]},
        {"aud": "another"},
        {"aud": ["another", "third"]},
        {"aud": {}},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"sub": "a\nb"},
        {"sub": "\ud800"},
        {"exp": str(int(time.time()) + 600)},
        {"exp": True},
        {"exp": {}},
        {"iat": str(int(time.time()))},
        {"iat": -1e300},
        {"nbf": "soon"},
    ],
)
async def test_sec_3_claims_of_the_wrong_value_or_kind_are_refused(identity: Identity, other: dict[str, Any]) -> None:
    """Never an error of ours."""
    await _refused(identity, _signed(HEADER, _claims(**other)))


async def test_sec_3_one_audience_of_several_is_enough(identity: Identity) -> None:
    """RFC 7519 section 4.1.3."""
    assert await _ask(identity, _token(aud=["another", AUDIENCE]))


async def test_sec_4_a_token_is_good_from_when_until_when_it_says(identity: Identity) -> None:
    """With thirty seconds of leeway for clocks."""
    now = int(time.time())
    assert await _refused(identity, _token(iat=now - 700, exp=now - 60)) == "The token has expired."
    await _refused(identity, _token(nbf=now + 120))
    await _refused(identity, _token(iat=now + 120, exp=now + 600))
    assert await _ask(identity, _token(iat=now - 600, exp=now - 5))
    assert await _ask(identity, _token(nbf=now + 10))


async def test_sec_4_a_token_of_ten_years_is_refused(identity: Identity) -> None:
    """A day is the longest life; one that ends before it begins is none."""
    now = int(time.time())
    assert await _refused(identity, _token(exp=now + 10 * 365 * 86_400)) == "The token lives too long."
    await _refused(identity, _token(iat=now - 86_000, exp=now + 86_000))
    await _refused(identity, _token(iat=now, exp=now - 10))
    endless = json.dumps(_claims(exp=1)).replace('"exp": 1', '"exp": 1e999').encode()
    await _refused(identity, _signed(HEADER, None, endless))
    assert await _ask(identity, _token(iat=now, exp=now + 86_400))


def test_sec_3_the_leeway_is_a_minute_at_most() -> None:
    """A larger one does not start."""
    with pytest.raises(ValueError, match="60"):
        Identity([], leeway=61)


async def test_sec_4_a_remembered_token_ends_with_its_life() -> None:
    """The memory of verified tokens is no second life."""
    now = [time.time()]
    identity = Identity([Issuer(ISSUER, AUDIENCE, KEYS)], leeway=0, clock=lambda: now[0])
    token = _token(exp=int(now[0]) + 1)
    assert await _ask(identity, token)

    await asyncio.sleep(1.1)
    now[0] = time.time()

    assert await _refused(identity, token) == "The token has expired."


async def test_the_memory_is_bounded() -> None:
    """The oldest entry makes room."""
    identity = Identity([Issuer(ISSUER, AUDIENCE, KEYS)], remembered=3)
    for sub in ("ana", "bo", "cy", "di", "ed"):
        assert await _ask(identity, _token(sub=sub))

    assert [principal.subject for principal in identity._seen.values()] == ["cy", "di", "ed"]


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"Bearer",
        b"Bearer ",
        b"Basic YW5hOmJv",
        b"Bearer a b",
        b"Bearer \xc3\xa9",
        b"a.b.c",
        b"Bearer ,",
        b"Token a.b.c",
    ],
)
async def test_another_authorization_is_refused(identity: Identity, value: bytes) -> None:
    """Whoever sends one means to be somebody."""
    with pytest.raises(ProblemError) as caught:
        await identity.authenticate([(b"authorization", value)])

    assert caught.value.answer().status == 401


async def test_two_authorizations_are_refused(identity: Identity) -> None:
    """A proxy could have read the other one."""
    with pytest.raises(ProblemError):
        await identity.authenticate([(b"authorization", b"Bearer " + _token().encode())] * 2)


async def test_a_token_beyond_8_kb_is_refused_unread(identity: Identity) -> None:
    """A good one, but for its size."""
    assert await _refused(identity, _token(padding="x" * 9000)) == "The token is too large."


@given(st.binary(max_size=120), st.text("abcXYZ019-_.=", max_size=120))
async def test_sec_3_nothing_made_up_is_worse_than_401(raw: bytes, text: str) -> None:
    """Neither bytes nor what looks like a token."""
    identity = Identity([Issuer(ISSUER, AUDIENCE, KEYS)])
    for value in (raw, b"Bearer " + raw, b"Bearer " + text.encode()):
        with pytest.raises(ProblemError) as caught:
            await identity.authenticate([(b"authorization", value)])
        assert caught.value.slug == "unauthenticated"


@given(
    st.dictionaries(
        st.sampled_from(["alg", "typ", "kid", "crit", "b64", "jwk"]),
        st.none() | st.text() | st.integers() | st.just({}) | st.just(["b64"]),
    )
)
async def test_sec_2_no_header_is_worse_than_401(header: dict[str, Any]) -> None:
    """Signed or not, whatever its members hold."""
    identity = Identity([Issuer(ISSUER, AUDIENCE, KEYS)])
    for made in (header, {**HEADER, **header}):
        try:
            await _ask(identity, _signed(made, _claims()))
        except ProblemError as error:
            assert error.slug == "unauthenticated"  # noqa: PT017 a harmless header may pass


def test_the_development_issuer_is_trusted_in_development_only(tmp_path: Path) -> None:
    """Any other environment, however it is spelt, knows only the configured issuer."""
    assert [issuer.name for issuer in trusted("development", tmp_path)] == [development.ISSUER]
    for env in ("production", "Development", "dev", ""):
        assert trusted(env, tmp_path) == []
    oidc = ("https://issuer.example", "brum", "https://issuer.example/jwks.json")
    assert [issuer.name for issuer in trusted("production", tmp_path, *oidc)] == ["https://issuer.example"]


@pytest.mark.parametrize(
    "oidc", [("https://i.example", "", ""), ("", "brum", ""), ("https://i.example", "b", "http://i.example/")]
)
def test_half_a_configuration_does_not_start(tmp_path: Path, oidc: tuple[str, str, str]) -> None:
    """Nor does one that fetches keys over an open line."""
    with pytest.raises(ValueError, match="BRUM_OIDC"):
        trusted("production", tmp_path, *oidc)


async def test_a_development_token_is_accepted_where_it_was_signed(tmp_path: Path) -> None:
    """And nowhere else."""
    here = development.load(tmp_path / "here")
    token = here.token("ana", ["organiser"], ttl=60)

    principal = await _ask(Identity([here.issuer()]), token)

    assert principal is not None
    assert principal.roles == {"resident", "organiser"}
    await _refused(Identity([development.load(tmp_path / "there").issuer()]), token)
    await _refused(Identity(trusted("production", tmp_path / "here")), token)


HEADER = {"alg": "RS256", "typ": "JWT", "kid": "rsa"}


def _signed(header: dict[str, Any], claims: dict[str, Any] | None, text: bytes = b"") -> str:
    """Signed by the right key, whatever the header and the claims say."""
    algorithm = jwt.get_algorithm_by_name("RS256")
    body = json.dumps(claims).encode() if claims is not None else text
    return _raw(header, body, lambda signed: algorithm.sign(signed, RSA_KEY))
