"""Tokens are verified locally, and whatever could deceive a verifier is refused."""

import base64
import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from sojourn_client import InvalidToken
from sojourn_client.decisions.keys import Key, keys_of
from sojourn_client.decisions.signature import Verified, kid_of, verify
from sojourn_client.decisions.token import read
from tests.client.unit.script import REALM, USER
from tests.client.unit.service import ISSUER, KID, START, jwk, private_key, session_id, signed

SID = session_id(START)
GOOD: dict[str, Any] = {"sid": SID, "iat": int(START), "exp": int(START) + 60}


def check(text: str, key: Key | None = None) -> Verified:
    """Verify a token by the realm's key."""
    unverified = read(text, realm_id=REALM)
    kid_of(unverified)
    return verify(unverified, key or keys_of({"keys": [jwk()]})[KID], realm_id=REALM)


def test_good_token() -> None:
    """A token says its session, user, key, times and what it tells of the user."""
    token = check(signed(**GOOD, name="Ada", email="a@x.example", cs={"a": 1}))
    assert (token.session_id, token.user_id, token.kid) == (SID, USER, KID)
    assert (token.session.created_at, token.issued_at) == (START, int(START))
    session = token.session
    assert (session.id, session.created_at, session.expires_at) == (SID, START, int(START) + 60)
    assert session.user is not None
    assert (session.user.username, session.user.name, session.user.email) == (
        "ada",
        "Ada",
        "a@x.example",
    )
    assert session.user.custom == {"a": 1}
    assert signed(**GOOD) not in repr(token)


def test_expiry_has_no_leeway() -> None:
    """A token expires at its `exp` to the moment; without one it never does."""
    token = check(signed(**GOOD))
    assert (token.expired(START + 59.999), token.expired(START + 60)) == (False, True)
    assert not check(signed(**{**GOOD, "exp": None})).expired(START + 1e9)


def test_clock_that_is_behind_accepts() -> None:
    """A token from the future of this clock is accepted: clocks differ."""
    assert check(signed(**{**GOOD, "iat": int(START) + 3_600})).issued_at == int(START) + 3_600


def test_former_issuers_host_is_accepted() -> None:
    """A realm keeps tokens of its former issuers, whose host is another."""
    assert check(signed(**GOOD, iss=ISSUER.replace("sessions", "old")))


BAD_CLAIMS: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example.com"},
    "another realm's issuer": {"iss": ISSUER[:-1] + "1"},
    "an issuer that is no URL": {"iss": "https://[" + ISSUER},
    "no issuer": {"iss": None},
    "another audience": {"aud": "rl_" + "9" * 22},
    "several audiences": {"aud": [REALM, "other"]},
    "no audience": {"aud": None},
    "another user": {"sub": "usr_" + "9" * 22},
    "no user": {"sub": None},
    "no session": {"sid": None},
    "a malformed session": {"sid": SID + "0"},
    "a number as session": {"sid": 7},
    "no type": {"session_type": None},
    "a strange type": {"session_type": "eternal"},
    "no iat": {"iat": None},
    "a text as iat": {"iat": "now"},
    "true as iat": {"iat": True},
    "a fraction as exp": {"exp": START + 0.5},
    "a text as exp": {"exp": "never"},
    "true as exp": {"exp": True},
}


@pytest.mark.parametrize("name", BAD_CLAIMS)
def test_bad_claims(name: str) -> None:
    """A token with a claim that is missing, of another type or for somebody else is refused."""
    with pytest.raises(InvalidToken):
        check(signed(**{**GOOD, **BAD_CLAIMS[name]}))


@pytest.mark.parametrize("header", ["jku", "x5u", "jwk", "crit", "x5c", "zip", "cty"])
def test_headers_that_could_name_another_key(header: str) -> None:
    """RFC 8725: a header beyond `alg`, `kid` and `typ` is refused."""
    value: object = ["b64"] if header == "crit" else "https://evil.example.com"
    with pytest.raises(InvalidToken):
        check(signed(**GOOD, headers={"kid": KID, header: value}))


@pytest.mark.parametrize(
    "headers", [{"kid": KID, "typ": "at+jwt"}, {"kid": KID, "typ": None}, {}], ids=str
)
def test_token_of_another_kind(headers: dict[str, Any]) -> None:
    """A token with another `typ`, without one or without `kid` is no login token."""
    with pytest.raises(InvalidToken):
        check(signed(**GOOD, headers=headers or {"typ": "JWT"}))


def test_algorithm_none() -> None:
    """`alg: none` is refused (RFC 8725, 2.1)."""
    claims = signed(**GOOD).split(".")[1]
    head = _part({"alg": "none", "kid": KID, "typ": "JWT"})
    for signature in ("", "AA"):
        with pytest.raises(InvalidToken):
            check(f"{head}.{claims}.{signature}")


def test_algorithm_confusion() -> None:
    """A public key is not taken for a shared secret (CVE-2022-29217)."""
    public = private_key(KID).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    head = _part({"alg": "HS256", "kid": KID, "typ": "JWT"})
    claims = signed(**GOOD).split(".")[1]
    for encoding in (serialization.Encoding.PEM, serialization.Encoding.DER):
        secret = public.public_bytes(encoding, form)
        mac = hmac.digest(secret, f"{head}.{claims}".encode(), "sha256")
        signature = base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
        with pytest.raises(InvalidToken):
            check(f"{head}.{claims}.{signature}")


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES384", "RS256", "es256", None])
def test_algorithm_is_the_keys(algorithm: str | None) -> None:
    """A token that the key did sign, under another `alg` than the key's, is refused."""
    claims = signed(**GOOD).split(".")[1]
    for told, good in ((algorithm, False), ("ES256", True)):
        message = f"{_part({'alg': told, 'kid': KID, 'typ': 'JWT'})}.{claims}"
        signature = jwt.algorithms.ECAlgorithm(hashes.SHA256).sign(
            message.encode(), private_key(KID)
        )
        text = f"{message}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
        if good:
            assert check(text).session_id == SID
        else:
            with pytest.raises(InvalidToken):
                check(text)


def test_tampered_token() -> None:
    """A changed claim, another key's signature and a cut signature are refused."""
    head, claims, signature = signed(**GOOD).split(".")
    other = signed(**{**GOOD, "exp": int(START) + 9_999}).split(".")[1]
    stolen = signed(**GOOD, kid="jky_" + "1" * 22, headers={"kid": KID}).split(".")[2]
    for text in (
        f"{head}.{other}.{signature}",
        f"{head}.{claims}.{stolen}",
        f"{head}.{claims}.{signature[:-2]}",
        f"{head}.{claims}.AA",
    ):
        with pytest.raises(InvalidToken):
            check(text)


@pytest.mark.parametrize("algorithm", ["RS256", "EdDSA"])
def test_other_algorithms(algorithm: str) -> None:
    """RS256 and EdDSA keys verify what they signed, and nothing that names another algorithm."""
    private: Any = (
        rsa.generate_private_key(65_537, 2_048)
        if algorithm == "RS256"
        else ed25519.Ed25519PrivateKey.generate()
    )
    kind = jwt.get_algorithm_by_name(algorithm)
    members = kind.to_jwk(private.public_key(), as_dict=True)
    found = keys_of({"keys": [{**members, "kid": KID, "alg": algorithm}]})
    claims = {"iss": ISSUER, "sub": USER, "aud": REALM, "rid": REALM, **GOOD}
    claims["session_type"] = "managed"
    text = jwt.encode(claims, private, algorithm=algorithm, headers={"kid": KID})
    assert check(text, found[KID]).session_id == SID
    with pytest.raises(InvalidToken):
        check(signed(**GOOD), found[KID])


def test_key_sets() -> None:
    """Of a key set, only public keys for signatures of their own algorithm count."""
    good = jwk()
    bad: list[Any] = [
        {**good, "kid": "a", "use": "enc"},
        {**good, "kid": "b", "alg": "HS256"},
        {**good, "kid": "c", "kty": "oct", "k": "AA", "alg": "HS256"},
        {**good, "kid": "d", "alg": "RS256"},
        {**good, "kid": "e", "d": "AA"},
        {**good, "kid": "f", "x": "AA"},
        {**good, "kid": 7},
        {name: value for name, value in good.items() if name != "alg"},
        "key",
    ]
    assert keys_of({"keys": [*bad, good]}).keys() == {KID}
    for document in ({}, {"keys": "x"}, {"keys": [good] * 101}):
        with pytest.raises(ValueError, match="keys"):
            keys_of(document)


def test_short_rsa_keys_are_not_taken() -> None:
    """An RSA key under 2,048 bits verifies nothing."""
    short = rsa.generate_private_key(65_537, 1_024).public_key()
    members = jwt.algorithms.RSAAlgorithm.to_jwk(short, as_dict=True)
    assert keys_of({"keys": [{**members, "kid": KID, "alg": "RS256"}]}) == {}


def _part(told: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=").decode()
