"""Tokens: the attacks of RFC 8725. Each is refused with the same `token_invalid`."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any, cast

import jwt
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from sojourn.crypto import signing_keys, token_sizes, tokens, unsigned_token
from sojourn.crypto.signing_keys import PrivateKey
from sojourn.crypto.token_claims import claims_of
from sojourn.crypto.unsigned_token import unsigned as unsigned_of
from sojourn.crypto.unverified_token import LONGEST, UnverifiedToken
from sojourn.domain import ids
from sojourn.domain.errors import Invalid, SessionExpired, TokenInvalid
from sojourn.domain.ports import RealmCache
from sojourn.domain.realm import Realm
from sojourn.domain.signing_key import Algorithm, PublicKey
from sojourn.domain.user import User
from tests.support.clock import MovedClock
from tests.unit.domain.test_session_rules import a_user, realm

CLOCK = MovedClock()
NOW = CLOCK.wall_ms()


def signing(algo: Algorithm) -> tuple[PublicKey, PrivateKey]:
    """A key pair of an algorithm."""
    der, pem = signing_keys.generate(algo)
    key_id = ids.new_id("jky", NOW)
    private = serialization.load_der_private_key(der, password=None)
    public = PublicKey(id=key_id, algo=algo, pem=pem, signs_from_ms=0, created_ms=0)
    return public, PrivateKey(id=key_id, algo=algo, number=1, key=private)


PAIRS = {algo: signing(algo) for algo in ("rs256", "es256", "eddsa")}
OWNER = replace(realm(), keys={public.id: public for public, _ in PAIRS.values()})
USER = a_user(OWNER)
RS_PUBLIC, RS_PRIVATE = PAIRS["rs256"]


def claims(**changes: object) -> dict[str, object]:
    """A good token's claims, with changes; None leaves one out."""
    session_id = ids.new_session_id(
        created_ms=NOW, user_id=USER.id, user_generation=0, realm_generation=0
    )
    good = claims_of(
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
    read = UnverifiedToken(token)
    return tokens.verified(read, {owner.id: owner}.get(read.named[0]), clock)


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
    found = verify(unsigned_of(body, PAIRS[algo][1]).sign())
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


def test_former_issuers_tokens_stay_good() -> None:
    """A token names the realm's issuer or a former one, exactly, and no other of the stack's."""
    before = unsigned_of(claims(), RS_PRIVATE).sign()
    owner = OWNER.naming("https://new.example.com", now_ms=NOW)
    assert (
        claims_of(
            USER, owner, session_id="kss_1", session_type="managed", issued_at=1, expires_at=2
        )["iss"]
        == "https://new.example.com"
    )
    for issuer in (owner.issuer, OWNER.issuer):
        assert verify(unsigned_of(claims(iss=issuer), RS_PRIVATE).sign(), owner).realm == owner
    for other in (OWNER.issuer + "/", OWNER.issuer[:-1], ""):
        with pytest.raises(TokenInvalid):
            verify(signed(claims() | {"iss": other}), owner)
    header = {"alg": "RS256", "typ": "JWT", "kid": RS_PUBLIC.id}
    for none in ([OWNER.issuer], 7, None):
        unsigned = f"{part(header)}.{part(claims() | {'iss': none})}"
        with pytest.raises(TokenInvalid):
            UnverifiedToken(f"{unsigned}.{part('signature')}")
    assert UnverifiedToken(before).named == (OWNER.id, RS_PUBLIC.id, OWNER.issuer)
    with pytest.raises(TokenInvalid):
        verify(unsigned_of(claims(iss=owner.issuer), RS_PRIVATE).sign(), OWNER)


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
        verify(unsigned_of(claims(), stolen).sign())
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


def test_expiry_is_by_our_clock_alone() -> None:
    """A token that has expired by the machine's clock is good as long as ours says so."""
    clock = MovedClock(1_000_000_000_000)
    token = signed(claims(iat=1_000_000_000, exp=1_000_000_060))
    assert verify(token, clock=clock).expires_at == 1_000_000_060
    clock.advance(60)
    with pytest.raises(SessionExpired):
        verify(token, clock=clock)


def test_iat_is_not_compared_with_now() -> None:
    """A token from an instance whose clock is ahead is good."""
    verify(signed(claims(iat=NOW // 1000 + 30)))


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b.c", "€.€.€", "x" * 4_001, f"{part([])}.{part([])}.", "[" * 3_000 + ".."],
    ids=["empty", "dot", "dots", "parts", "not ASCII", "too long", "lists", "brackets"],
)
def test_garbage_is_refused(token: str) -> None:
    """Garbage is `token_invalid`, and nothing else."""
    with pytest.raises(TokenInvalid):
        verify(token)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_any_signature_is_read(length: int) -> None:
    """Whatever bytes a part ends in, it is read as these."""
    unsigned = signed(claims()).rpartition(".")[0]
    for last in range(256):
        raw = bytes([255 - last] * (length - 1) + [last])
        text = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        assert UnverifiedToken(f"{unsigned}.{text}").signature == raw


@pytest.mark.parametrize("text", ["\ud800", "€", "٣", "\0", " ", "=", "+/"])
@pytest.mark.parametrize("part_of_it", [0, 1, 2])
def test_text_in_a_good_token_is_refused(part_of_it: int, text: str) -> None:
    """A token of which one part holds what base64url does not is none, and raises nothing else."""
    parts = signed(claims()).split(".")
    parts[part_of_it] = text + parts[part_of_it]
    with pytest.raises(TokenInvalid):
        verify(".".join(parts))


def test_too_long_a_token_is_never_signed() -> None:
    """A token over 4,000 bytes is refused, and the message says by how much."""
    with pytest.raises(Invalid, match="over the limit of 4000"):
        unsigned_of(claims(cs={"x": "y" * 4_000}), RS_PRIVATE).sign()


@pytest.mark.parametrize("algo", list(PAIRS))
def test_longest_token_is_of_4000_bytes(algo: str) -> None:
    """A token of up to 4,000 bytes is signed and read; the next longer one is not."""
    # Base64 without padding leaves out every fourth length, for these headers that of 4,000.
    sizes = {token_sizes.longest(padded(n), only(algo)): n for n in range(2_000, 2_600)}
    assert 4_000 not in sizes
    longest = unsigned_of(claims(cs="x" * sizes[3_999]), PAIRS[algo][1]).sign()
    assert len(longest) == 3_999
    verify(longest)
    with pytest.raises(Invalid) as refused:
        unsigned_of(claims(cs="x" * sizes[4_001]), PAIRS[algo][1]).sign()
    assert "would be 4001 bytes, 1 over the limit of 4000" in refused.value.detail
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(unsigned_token, "LONGEST", 5_000)
        longer = unsigned_of(claims(cs="x" * sizes[4_001]), PAIRS[algo][1]).sign()
    assert len(longer) == 4_001
    with pytest.raises(TokenInvalid):
        verify(longer)


def padded(count: int) -> User:
    """A user whose `custom` is a text of so many characters."""
    return replace(USER, custom=json.dumps("x" * count))


def only(algo: str) -> Realm:
    """A realm with just this key, whose tokens carry `custom` alone."""
    (public, _) = PAIRS[algo]
    wanted = replace(OWNER.settings, jwt_fields=("custom",), jwt_algo=public.algo)
    return replace(OWNER, keys={public.id: public}, settings=wanted)


def test_claims_are_the_sessions_and_what_the_realm_asks_for() -> None:
    """A token says whose session it is, until when, and of the user what `jwt_fields` names."""
    user = replace(USER, username="ada", name="Ada", email="a@b.c", custom='{"plan": [1]}')
    known: dict[str, dict[str, object]] = {
        "username": {"preferred_username": "ada"},
        "name": {"name": "Ada"},
        "email": {"email": "a@b.c", "email_verified": False},
        "custom": {"cs": {"plan": [1]}},
    }
    plain: dict[str, object] = {
        "iss": OWNER.issuer,
        "sub": user.id,
        "aud": OWNER.id,
        "rid": OWNER.id,
        "sid": "kss_1",
        "iat": 7,
        "session_type": "managed",
    }

    def made(who: User, fields: tuple[str, ...], expires_at: int | None) -> dict[str, object]:
        owner = replace(OWNER, settings=replace(OWNER.settings, jwt_fields=fields))
        return claims_of(
            who,
            owner,
            session_id="kss_1",
            session_type="managed",
            issued_at=7,
            expires_at=expires_at,
        )

    assert made(user, (), None) == plain
    assert made(user, (), 9) == plain | {"exp": 9}
    for field, told in known.items():
        assert made(user, (field,), None) == plain | told
        assert made(USER, (field,), None) == plain
    everything = {k: v for told in known.values() for k, v in told.items()}
    assert made(user, tuple(known), 9) == plain | everything | {"exp": 9}


def test_verified_claims_are_the_tokens() -> None:
    """Verified claims are returned as they were signed, with the realm of the key."""
    found = verify(signed(claims(exp=None, session_type="unmanaged", auth_method="api_key")))
    assert found.realm is OWNER
    assert found.key_id == jwt.get_unverified_header(signed(claims()))["kid"] in OWNER.keys
    assert (found.session_type, found.expires_at, found.issued_at) == (
        "unmanaged",
        None,
        NOW // 1000,
    )
    assert (found.auth_method, found.user_id) == ("api_key", USER.id)
    assert verify(signed(claims())).auth_method == "password"
    assert verify(signed(claims())).expires_at == NOW // 1000 + 60


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "rid", "sid", "iat"])
def test_claim_that_is_missing(name: str) -> None:
    """A token without one of the claims that every token has is refused."""
    with pytest.raises(TokenInvalid):
        verify(signed(claims(**{name: None})))


@pytest.mark.parametrize("change", [{"nbf": NOW}, {"iat": 4_000_000_000}, {"amr": 7}], ids=str)
def test_claims_that_are_nobodys_business(change: dict[str, object]) -> None:
    """A claim that these tokens have not, and a time that is another clock's, decide nothing."""
    verify(signed(claims(**change)))


@pytest.mark.parametrize("odd", ["", "x", "jky_", 7, None, ["x"], {"x": 1}], ids=str)
@pytest.mark.parametrize("name", ["kid", "rid"])
def test_nothing_is_looked_up_by_what_is_no_id(name: str, odd: object) -> None:
    """A token whose `kid` or `rid` has not an id's shape costs no look at any realm."""
    header: dict[str, object] = {"alg": "RS256", "typ": "JWT", "kid": RS_PUBLIC.id}
    body = claims()
    (header if name == "kid" else body)[name] = odd
    with pytest.raises(TokenInvalid):
        UnverifiedToken(f"{part(header)}.{part(body)}.")


def test_part_that_is_nested_too_deep() -> None:
    """A part of nothing but brackets is garbage, however deep a stack it takes to see it."""
    deep = base64.urlsafe_b64encode(b"[" * 1_450).rstrip(b"=").decode()
    assert len(f"{deep}.{deep}.") <= LONGEST
    with pytest.raises(TokenInvalid):
        verify(f"{deep}.{deep}.")


def test_realm_and_key_that_a_token_names() -> None:
    """A token's realm, key and issuer are read without belief in it; garbage names none."""
    assert UnverifiedToken(signed(claims())).named == (OWNER.id, RS_PRIVATE.id, OWNER.issuer)


def test_unknown_realm_and_unknown_key() -> None:
    """A token of a realm that is not there, or of a key that it has no more, is refused."""
    token = signed(claims())
    with pytest.raises(TokenInvalid):
        tokens.verified(UnverifiedToken(token), None, CLOCK)
    with pytest.raises(TokenInvalid):
        verify(token, replace(OWNER, keys={}))


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "at+jwt"},
        {"kid": "rl_000000007Cx81P4AWH6bgy"},
        {"kid": 7},
        {"cty": "JWT"},
        {"jku": "https://evil.example/keys"},
        {"b64": True},
    ],
    ids=str,
)
def test_signed_header_that_is_not_ours(header: dict[str, object]) -> None:
    """RFC 8725, 3.1: a header is refused for what it holds, though the signature is good."""
    parts = {"alg": "RS256", "typ": "JWT", "kid": RS_PUBLIC.id} | header
    unsigned = f"{part(parts)}.{part(claims())}"
    signature = RS_PRIVATE.key.sign(unsigned.encode(), padding.PKCS1v15(), hashes.SHA256())
    token = f"{unsigned}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
    with pytest.raises(TokenInvalid):
        verify(token)


def test_signature_by_hand_is_good() -> None:
    """The hand that signs the headers above signs well: ours is taken."""
    unsigned = f"{part({'alg': 'RS256', 'typ': 'JWT', 'kid': RS_PUBLIC.id})}.{part(claims())}"
    signature = RS_PRIVATE.key.sign(unsigned.encode(), padding.PKCS1v15(), hashes.SHA256())
    verify(f"{unsigned}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}")


@pytest.mark.parametrize("which", ["header", "payload"])
def test_part_that_is_no_object(which: str) -> None:
    """A header or payload that is a list, a number or a text is refused."""
    header, payload, signature = signed(claims()).split(".")
    values: list[object] = [[], 7, "x", None]
    for value in values:
        odd = part(value)
        token = [odd, payload] if which == "header" else [header, odd]
        with pytest.raises(TokenInvalid):
            verify(".".join([*token, signature]))


class Asked:
    """A cache that has one realm, or only its store has it, and what was asked of both."""

    def __init__(self, *, cached: bool) -> None:
        self._cached = cached
        self.asked: list[tuple[str, ...]] = []

    def last_with_key(self, *named: str) -> Realm | None:
        self.asked.append(("cached", *named))
        return OWNER if self._cached else None

    def with_key(self, *named: str) -> Realm | None:
        self.asked.append(("read", *named))
        return OWNER


NAMED = (OWNER.id, RS_PUBLIC.id, OWNER.issuer)


def test_realm_is_asked_for_by_what_the_token_names() -> None:
    """A cached realm that has the token's key and issuer is enough; any other is read."""
    known, unknown = Asked(cached=True), Asked(cached=False)
    assert tokens.verify(signed(claims()), cast(RealmCache, known), CLOCK).realm is OWNER
    assert known.asked == [("cached", *NAMED)]
    tokens.verify(signed(claims()), cast(RealmCache, unknown), CLOCK, realm_id=OWNER.id)
    assert unknown.asked == [("cached", *NAMED), ("read", *NAMED)]


def test_bad_signature_reads_nothing() -> None:
    """A key never changes, so a signature that a cached key refuses is looked at once."""
    known = Asked(cached=True)
    with pytest.raises(TokenInvalid):
        tokens.verify(signed(claims())[:-4] + "AAAA", cast(RealmCache, known), CLOCK)
    assert known.asked == [("cached", *NAMED)]


def test_token_of_another_realm_than_the_one_that_is_asked_for() -> None:
    """A token of another realm is invalid where one realm is meant, and nothing is read."""
    cache = Asked(cached=True)
    with pytest.raises(TokenInvalid):
        tokens.verify(
            signed(claims()), cast(RealmCache, cache), CLOCK, realm_id=ids.new_id("rl", 9)
        )
    assert cache.asked == []
