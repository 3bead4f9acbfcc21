"""Tokens: what RFC 8725 warns of, by name. Each refusal is the same `token_invalid`."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from sojourn import ids, keys, tokens
from sojourn.errors import Invalid, SessionExpired, TokenInvalid
from sojourn.keys import PrivateKey
from sojourn.realm import Algorithm, PublicKey, Realm
from tests.clock import MovedClock
from tests.unit.test_account import account, realm

CLOCK = MovedClock()
NOW = CLOCK.wall_ms()


def signing(algo: Algorithm) -> tuple[PublicKey, PrivateKey]:
    """A key pair of an algorithm."""
    der, pem = keys.generate(algo)
    key_id = ids.new_id("jky", NOW)
    private = serialization.load_der_private_key(der, password=None)
    public = PublicKey(id=key_id, algo=algo, pem=pem, signs_from_ms=0, created_ms=0)
    return public, PrivateKey(id=key_id, algo=algo, number=1, key=private)


PAIRS = {algo: signing(algo) for algo in ("rs256", "es256", "eddsa")}
OWNER = replace(realm(), keys={public.id: public for public, _ in PAIRS.values()})
USER = account(OWNER)
RS_PUBLIC, RS_PRIVATE = PAIRS["rs256"]


def claims(**changes: object) -> dict[str, object]:
    """A good token's claims, with changes; None leaves one out."""
    session_id = ids.new_session_id(
        created_ms=NOW, user_id=USER.id, user_generation=0, realm_generation=0
    )
    good = tokens.claims_of(
        USER,
        OWNER,
        session_id=session_id,
        session_type="managed",
        issued_at=NOW // 1000,
        expires_at=NOW // 1000 + 60,
    )
    return {name: value for name, value in (good | changes).items() if value is not None}


def verify(token: str, owner: Realm = OWNER, clock: MovedClock = CLOCK) -> tokens.Claims:
    """Verify against one realm."""
    known = {owner.id: owner}
    return tokens.verify(token, realm_of=known.get, clock=clock)


def part(value: object) -> str:
    """A token's part by hand."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def signed(body: dict[str, object], header: dict[str, Any] | None = None) -> str:
    """A token signed with the realm's own RS256 key, whatever its header says besides."""
    return jwt.encode(
        body, RS_PRIVATE.key, algorithm="RS256", headers={"kid": RS_PUBLIC.id, **(header or {})}
    )


@pytest.mark.parametrize("algo", list(PAIRS))
def test_each_algorithm_round_trips(algo: str) -> None:
    """A token of each algorithm verifies and says whose session it is."""
    body = claims()
    found = verify(tokens.sign(body, PAIRS[algo][1]))
    assert (found.session.text, found.user_id) == (body["sid"], USER.id)


HEADERS: dict[str, dict[str, Any]] = {
    "jku": {"jku": "https://evil.example/keys"},
    "x5u": {"x5u": "https://evil.example/cert"},
    "jwk": {"jwk": {"kty": "oct", "k": "AAAA"}},
    "crit": {"crit": ["exp"]},
    "kid is a path": {"kid": "../../etc/passwd"},
    "kid of 10 kB": {"kid": "k" * 10_000},
    "kid unknown": {"kid": ids.new_id("jky", 1)},
    "kid absent": {"kid": None},
    "typ absent": {"typ": None},
}


@pytest.mark.parametrize("name", list(HEADERS))
def test_headers_that_choose_a_key(name: str) -> None:
    """RFC 8725, 3.1 and 3.10: a header that would choose another key is refused."""
    header = {"alg": "RS256", "typ": "JWT", "kid": RS_PUBLIC.id} | HEADERS[name]
    header = {key: value for key, value in header.items() if value is not None}
    unsigned = f"{part(header)}.{part(claims())}"
    with pytest.raises(TokenInvalid):
        verify(f"{unsigned}.{part('signature')}")


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "HS256", "RS384", "PS256", "ES256", ""])
def test_algorithm_is_the_keys(alg: str) -> None:
    """RFC 8725, 2.1: `alg: none`, and any algorithm but the key's, is refused."""
    header = {"alg": alg, "typ": "JWT", "kid": RS_PUBLIC.id}
    unsigned = f"{part(header)}.{part(claims())}"
    for signature in ("", signed(claims()).rpartition(".")[2]):
        with pytest.raises(TokenInvalid):
            verify(f"{unsigned}.{signature}")


def test_public_key_as_an_hmac_secret() -> None:
    """CVE-2016-10555: an HS256 token under the RS256 public key as its secret is refused."""
    header = {"alg": "HS256", "typ": "JWT", "kid": RS_PUBLIC.id}
    unsigned = f"{part(header)}.{part(claims())}"
    digest = hmac.new(RS_PUBLIC.pem.encode(), unsigned.encode(), hashlib.sha256).digest()
    with pytest.raises(TokenInvalid):
        verify(f"{unsigned}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}")


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://elsewhere.example.com"},
        {"aud": ids.new_id("rl", 2)},
        {"aud": None},
        {"sub": ids.new_id("usr", 2)},
        {"sid": "kss_garbage"},
        {"sid": 7},
        {"sid": None},
        {"exp": "soon"},
        {"exp": 4_000_000_000.5},
        {"exp": True},
        {"iat": "now"},
        {"session_type": "other"},
        {"session_type": None},
        {"rid": ids.new_id("rl", 3)},
    ],
    ids=" ".join,
)
def test_claims_that_do_not_fit(change: dict[str, object]) -> None:
    """A signed token whose claims are not this realm's, or not of their kind, is refused."""
    with pytest.raises(TokenInvalid):
        verify(signed(claims(**change)))


def test_another_realms_key_with_the_same_kid() -> None:
    """A token signed by another realm's key is refused, though its `kid` is known here."""
    other, private = signing("rs256")
    stolen = replace(private, id=RS_PUBLIC.id)
    with pytest.raises(TokenInvalid):
        verify(tokens.sign(claims(), stolen))
    assert other.id != RS_PUBLIC.id


def test_expiry_has_no_leeway() -> None:
    """A token is good one millisecond before `exp`, and over at it."""
    clock = MovedClock()
    token = signed(claims())
    clock.advance(59.999)
    verify(token, clock=clock)
    clock.advance(0.001)
    with pytest.raises(SessionExpired):
        verify(token, clock=clock)


def test_iat_is_not_compared_with_now() -> None:
    """A token from an instance whose clock is ahead is good."""
    verify(signed(claims(iat=NOW // 1000 + 30)))


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b.c", "€.€.€", "x" * 4_001, f"{part([])}.{part([])}.", "[" * 3_000 + ".."],
    ids=lambda text: text[:8],
)
def test_garbage_is_refused(token: str) -> None:
    """Garbage is `token_invalid`, and nothing else."""
    with pytest.raises(TokenInvalid):
        verify(token)


def test_too_long_a_token_is_never_signed() -> None:
    """A token over 4,000 bytes is refused, and the message says by how much."""
    with pytest.raises(Invalid, match="over the limit of 4000"):
        tokens.sign(claims(cs={"x": "y" * 4_000}), RS_PRIVATE)
