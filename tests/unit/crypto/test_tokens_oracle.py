"""Our verification of tokens and PyJWT's get the same tokens: where they differ, ours refuses.

`DIFFERENCES` lists all of these places. Tokens are signed by the realm's own keys, as far as they
are signed: whatever an attacker could send is refused by both, by the signature.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any, Final

import jwt
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sojourn.crypto.public_keys import JOSE_NAMES
from sojourn.crypto.unverified_token import LONGEST
from sojourn.domain import ids
from sojourn.domain.errors import SessionExpired, TokenInvalid
from sojourn.domain.signing_key import Algorithm
from tests.unit.crypto.test_tokens import CLOCK, NOW, OWNER, PAIRS, claims, verify

ALGORITHMS: Final[tuple[Algorithm, ...]] = ("rs256", "es256", "eddsa")
P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ED25519_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
Outcome = tuple[Any, ...]
"""`("invalid",)`, `("expired",)`, or what is believed of the token."""


def ours(token: str) -> Outcome:
    """What Sojourn makes of it."""
    try:
        found = verify(token)
    except TokenInvalid:
        return ("invalid",)
    except SessionExpired:
        return ("expired",)
    return (
        *(found.session.text, found.user_id, found.realm.id, found.key_id),
        *(found.session_type, found.issued_at, found.expires_at, found.auth_method),
    )


def by_pyjwt(token: str) -> Outcome:
    """What PyJWT makes of it, and of its claims the rules of Sojourn that no library knows."""
    try:
        header = jwt.get_unverified_header(token)
        key = OWNER.keys.get(header.get("kid", ""))
        if len(token) > LONGEST or key is None or header.keys() != {"alg", "kid", "typ"}:
            return ("invalid",)
        found = jwt.decode(
            token,
            serialization.load_pem_public_key(key.pem.encode()),  # type: ignore[arg-type]
            algorithms=[JOSE_NAMES[key.algo]],
            audience=OWNER.id,
            issuer=OWNER.issuers,
            options={
                "require": ["sub", "sid", "iat", "rid", "session_type"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except (jwt.PyJWTError, UnicodeError, RecursionError):
        return ("invalid",)
    session, expires_at = ids.parse_session_id(found["sid"]), found.get("exp")
    if (
        header["typ"] != "JWT"
        or found["rid"] != OWNER.id
        or session is None
        or session.user_id != found["sub"]
        or found["session_type"] not in ("managed", "unmanaged")
        or not isinstance(found["iat"], int)
        or not (expires_at is None or type(expires_at) is int)
    ):
        return ("invalid",)
    if expires_at is not None and expires_at * 1000 <= CLOCK.wall_ms():
        return ("expired",)
    return (
        *(session.text, session.user_id, OWNER.id, key.id),
        *(found["session_type"], found["iat"], expires_at, found.get("auth_method", "password")),
    )


def part(value: object) -> str:
    """A part of a token: bytes as they are, all else as JSON."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sign(algo: Algorithm, text: str) -> bytes:
    """A signature by the realm's key of that algorithm, by `cryptography` alone."""
    key = PAIRS[algo][1].key
    if algo == "rs256":
        return bytes(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))
    if algo == "es256":
        r, s = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)
    return bytes(key.sign(text.encode()))


def header_of(algo: Algorithm, **changes: object) -> dict[str, object]:
    """A header as PyJWT writes it for that key, with changes; `...` leaves one out."""
    made = {"alg": JOSE_NAMES[algo], "kid": PAIRS[algo][0].id, "typ": "JWT"} | changes
    return {name: value for name, value in made.items() if value is not ...}


def token_of(algo: Algorithm, header: object, payload: object) -> str:
    """A token of these parts, well signed."""
    text = f"{part(header)}.{part(payload)}"
    return f"{text}.{part(sign(algo, text))}"


def right(algo: Algorithm = "rs256", **changes: object) -> str:
    """A token that both believe."""
    return token_of(algo, header_of(algo), claims() | changes)


def with_claim(name: str, value: object) -> str:
    """A token with that claim; `...` leaves it out."""
    made = {k: v for k, v in (claims() | {name: value}).items() if v is not ...}
    return token_of("rs256", header_of("rs256"), made)


def as_json(text: str) -> bytes:
    """The right claims with one more member, as it is written."""
    return json.dumps(claims()).encode()[:-1] + b"," + text.encode() + b"}"


def with_padding() -> str:
    """A token whose signature has base64's padding."""
    header, payload, signature = right().split(".")
    return ".".join((header, payload, signature + "=" * (-len(signature) % 4)))


DIFFERENCES: Final[dict[str, Callable[[], str]]] = {
    "RFC 7515, 2: base64url has no padding": with_padding,
    "aud is the realm, and no list": lambda: with_claim("aud", [OWNER.id]),
    "exp is a number or absent": lambda: with_claim("exp", None),
    "iat is no bool": lambda: with_claim("iat", True),
    "auth_method is one of ours": lambda: with_claim("auth_method", "magic"),
    "auth_method is a text": lambda: with_claim("auth_method", None),
    "RFC 7519, 4: the first of two equal names has the claim's type too": lambda: token_of(
        "rs256", header_of("rs256"), json.dumps(claims()).encode().replace(b"{", b'{"sub":7,')
    ),
    "RFC 8259, 6: NaN is no number": lambda: token_of(
        "rs256", header_of("rs256"), as_json('"cs":NaN')
    ),
    "RFC 8259, 6: Infinity is no number": lambda: token_of(
        "rs256", header_of("rs256"), as_json('"cs":[-Infinity]')
    ),
    "RFC 8259, 8.1: JSON has no byte order mark": lambda: token_of(
        "rs256", header_of("rs256"), b"\xef\xbb\xbf" + json.dumps(claims()).encode()
    ),
    "RFC 8259, 8.1: JSON is in UTF-8": lambda: token_of(
        "rs256", header_of("rs256"), json.dumps(claims()).encode("utf-16")
    ),
    "RFC 8259, 8.2: a lone surrogate is no character": lambda: token_of(
        "rs256", header_of("rs256"), as_json('"cs":"\\ud800"')
    ),
}
"""What PyJWT believes and Sojourn refuses, though the realm's own key signed it."""


@pytest.mark.parametrize("name", DIFFERENCES)
def test_where_ours_is_stricter(name: str) -> None:
    """Each difference is one: PyJWT believes the token, and Sojourn does not."""
    token = DIFFERENCES[name]()
    assert (ours(token), len(by_pyjwt(token))) == (("invalid",), 8)


def agree(token: str) -> Outcome:
    """Both give the same; or ours refuses what is in the list."""
    found, oracle = ours(token), by_pyjwt(token)
    if found != oracle:
        assert found == ("invalid",), (token, oracle)
        assert listed(token), (token, oracle)
    return found


def listed(token: str) -> bool:
    """Whether a token has one of the things in the list of differences."""
    if "=" in token:
        return True
    for raw in (base64.urlsafe_b64decode(p + "==") for p in token.split(".")[:2]):
        if json.detect_encoding(raw) != "utf-8":
            return True
        odd: list[object] = []

        def members(pairs: list[tuple[str, object]], odd: list[object] = odd) -> dict[str, object]:
            if len(made := dict(pairs)) < len(pairs):
                odd.append(pairs)
            return made

        found = json.loads(raw, parse_constant=odd.append, object_pairs_hook=members)
        try:
            json.dumps(found, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            return True
        if odd:
            return True
    return (
        isinstance(found["aud"], list)
        or found.get("exp", 0) is None
        or isinstance(found["iat"], bool)
        or found.get("auth_method", "password") not in ("password", "api_key", "server")
    )


TEXTS: Final = st.text(max_size=30) | st.sampled_from(
    ["", "JWT", "jwt", "none", "RS256", "HS256", "exp", "\0", "\ud800", OWNER.id, "managed"]
)
VALUES: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.integers(NOW // 1000 - 2, NOW // 1000 + 2)
    | st.sampled_from([2**31, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**40, 10**400])
    | st.floats()
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
CLAIMS: Final = ("iss", "sub", "aud", "rid", "sid", "iat", "exp", "nbf", "jti", "session_type")
NAMES: Final = st.sampled_from([*CLAIMS, "auth_method", "cs", "email"])
HEADERS: Final = st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jku", "jwk", "cty", "x5c"])
GENERATED: Final = settings(
    max_examples=300, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_true_token(algo: Algorithm) -> None:
    """A token that PyJWT signs is believed by both, and so is one that is signed by hand."""
    public, private = PAIRS[algo]
    made = jwt.encode(claims(), private.key, JOSE_NAMES[algo], headers={"kid": public.id})
    assert len(agree(made)) == len(agree(right(algo))) == 8


@GENERATED
@given(st.sampled_from(ALGORITHMS), st.dictionaries(NAMES, VALUES | st.just(...), max_size=3))
def test_signed_claims(algo: Algorithm, changes: dict[str, object]) -> None:
    """Claims of any type and value, well signed: both believe them, or neither does."""
    made = {k: v for k, v in (claims() | changes).items() if v is not ...}
    agree(token_of(algo, header_of(algo), made))


@GENERATED
@given(st.sampled_from(ALGORITHMS), st.dictionaries(HEADERS, VALUES | st.just(...), max_size=2))
def test_signed_headers(algo: Algorithm, changes: dict[str, object]) -> None:
    """Headers of any members, well signed: both believe them, or neither does."""
    agree(token_of(algo, header_of(algo, **changes), claims()))


@GENERATED
@given(st.sampled_from(["header", "payload"]), st.data())
def test_signed_bytes(where: str, data: st.DataObject) -> None:
    """A header or payload that is spoilt in its bytes, and well signed: the same."""
    parts = {"header": header_of("rs256"), "payload": claims()}
    raw = bytearray(json.dumps(parts[where]).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 2))] = data.draw(
            st.sampled_from([b"", b" ", b"\n", b"\0", b'"', b"{", b"}", b"[", b",", b":", b"\xff"])
            | st.binary(max_size=3)
        )
        raw = raw or bytearray(b" ")
    agree(token_of("rs256", *({**parts, where: bytes(raw)}.values())))


def test_claim_that_is_no_text() -> None:
    """Bytes that are no UTF-8 are refused by both, also in a claim that nobody reads."""
    payload = as_json('"cs":"?"').replace(b"?", b"\xff")
    assert agree(token_of("rs256", header_of("rs256"), payload)) == ("invalid",)


def spliced(token: str, at: int, drop: int, text: str) -> str:
    """A token with some characters in another's place."""
    return token[:at] + text + token[at + drop :]


@GENERATED
@given(
    st.sampled_from(ALGORITHMS),
    st.integers(0, 800),
    st.integers(0, 3),
    st.sampled_from(["", "A", "=", "==", ".", "-", "_", "+", "/", " ", "\n", "\0", "é", "€", "٣"])
    | st.text(max_size=3),
)
def test_spoilt_tokens(algo: Algorithm, at: int, drop: int, text: str) -> None:
    """A token with characters changed, left out or put in: nobody believes another than the one."""
    token = right(algo)
    spoilt = spliced(token, at % len(token), drop, text)
    if len(agree(spoilt)) > 1:
        assert spoilt == token


@GENERATED
@given(st.text(max_size=200) | st.lists(st.text(max_size=40), max_size=5).map(".".join))
def test_any_text(text: str) -> None:
    """A text is no token to either."""
    assert agree(text) == ("invalid",)


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_one_spelling(algo: Algorithm) -> None:
    """The last character of a part has bits that are not used: of 64 only one is believed."""
    token = right(algo)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for at in (index for index, part_ in enumerate(token.split("."), 1) if len(part_) % 4):
        end = len(".".join(token.split(".")[:at])) - 1
        believed = [c for c in alphabet if len(agree(spliced(token, end, 1, c))) > 1]
        assert believed == [token[end]]


ALGS: Final = ("none", "None", "NONE", "", "HS256", "HS512", "RS384", "RS512", "PS256", "ES384")


@pytest.mark.parametrize("alg", [*ALGS, *JOSE_NAMES.values(), "rs256", 7, None, ["RS256"]], ids=str)
def test_algorithm_of_the_token(alg: object) -> None:
    """CVE-2015-9235: whatever `alg` says, only the key's own algorithm is believed by either."""
    for algo in ALGORITHMS:
        found = agree(token_of(algo, header_of(algo, alg=alg), claims()))
        assert (len(found) > 1) == (alg == JOSE_NAMES[algo])
        unsigned = f"{part(header_of(algo, alg=alg))}.{part(claims())}"
        for secret in (PAIRS[algo][0].pem.encode(), b""):
            forged = part(hmac.digest(secret, unsigned.encode(), hashlib.sha256))
            assert agree(f"{unsigned}.{forged}") == ("invalid",)
        assert agree(f"{unsigned}.") == ("invalid",)


@pytest.mark.parametrize("named", ALGORITHMS)
@pytest.mark.parametrize("signing", ALGORITHMS)
def test_key_of_another_algorithm(named: Algorithm, signing: Algorithm) -> None:
    """A token that names one key and is signed by another is believed only if they are one."""
    found = agree(token_of(signing, header_of(named), claims()))
    assert (len(found) > 1) == (named == signing)
    found = agree(token_of(signing, header_of(signing, kid=PAIRS[named][0].id), claims()))
    assert (len(found) > 1) == (named == signing)


def signed_as(algo: Algorithm, change: Callable[[bytes], bytes]) -> str:
    """A token whose signature was changed."""
    token = right(algo)
    text, _, signature = token.rpartition(".")
    return f"{text}.{part(change(base64.urlsafe_b64decode(signature + '==')))}"


def der(raw: bytes) -> bytes:
    """An ES256 signature as X9.62 has it, not as RFC 7518."""
    return encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))


def plus_order(raw: bytes) -> bytes:
    """Ed25519's S plus the group's order: the same to a verifier that does not look."""
    s = int.from_bytes(raw[32:], "little") + ED25519_ORDER
    return raw[:32] + s.to_bytes(32, "little")


SIGNATURES: Final[dict[str, Callable[[bytes], bytes]]] = {
    "empty": lambda _: b"",
    "one byte": lambda raw: raw[:1],
    "one byte less": lambda raw: raw[:-1],
    "one byte more": lambda raw: raw + b"\0",
    "a byte before": lambda raw: b"\0" + raw,
    "its first half": lambda raw: raw[: len(raw) // 2],
    "twice": lambda raw: raw + raw,
    "reversed": lambda raw: raw[::-1],
    "zeros": lambda raw: bytes(len(raw)),
    "ones": lambda raw: b"\xff" * len(raw),
    "first half zero": lambda raw: bytes(len(raw) // 2) + raw[len(raw) // 2 :],
    "second half zero": lambda raw: raw[: len(raw) // 2] + bytes(len(raw) // 2),
    "one in each half": lambda raw: (1).to_bytes(len(raw) // 2) * 2,
}


@pytest.mark.parametrize("algo", ALGORITHMS)
@pytest.mark.parametrize("name", SIGNATURES)
def test_signature_of_another_form(algo: Algorithm, name: str) -> None:
    """CVE-2022-21449 among them: a signature that is empty, short, long, zero or shifted is bad."""
    assert agree(signed_as(algo, SIGNATURES[name])) == ("invalid",)


@pytest.mark.parametrize(
    ("algo", "change"),
    [
        ("es256", der),
        ("es256", lambda raw: raw[:32] + b"\0" + raw[32:]),
        ("es256", lambda raw: raw[:32] + P256_ORDER.to_bytes(32)),
        ("es256", lambda raw: P256_ORDER.to_bytes(32) + raw[32:]),
        ("eddsa", plus_order),
        ("eddsa", lambda raw: b"\x01" + bytes(31) + raw[32:]),
        ("eddsa", lambda raw: b"\x01" + bytes(63)),
    ],
    ids=[
        "DER",
        "a zero before s",
        "s is the order",
        "r is the order",
        "S plus L",
        "R is neutral",
        "both",
    ],
)
def test_signature_that_some_verifiers_take(
    algo: Algorithm, change: Callable[[bytes], bytes]
) -> None:
    """RFC 8032, 5.1.7: a signature that another encoding, or the order added, makes is bad."""
    assert agree(signed_as(algo, change)) == ("invalid",)


def test_es256_with_the_other_s() -> None:
    """ECDSA has two signatures, s and n - s, and RFC 7518 takes both: so does PyJWT, and so do we.

    Only the holder of a token can turn one into the other. The session is the same.
    """

    def other(raw: bytes) -> bytes:
        return raw[:32] + (P256_ORDER - int.from_bytes(raw[32:])).to_bytes(32)

    assert len(agree(signed_as("es256", other))) == 8


@pytest.mark.parametrize(
    ("name", "other"), [("exp", 1), ("sid", "other"), ("iss", "https://evil.example"), ("rid", "")]
)
def test_last_of_equal_names(name: str, other: object) -> None:
    """RFC 7519, 4: of two members of one name the last one counts, for both of us."""
    right_one, other_one = json.dumps(claims())[1:-1], json.dumps({name: other})[1:-1]
    for members, believed in (((other_one, right_one), True), ((right_one, other_one), False)):
        payload = f"{{{','.join(members)}}}".encode()
        assert (len(agree(token_of("rs256", header_of("rs256"), payload))) == 8) == believed
    with_alg = json.dumps(header_of("rs256")).encode().replace(b"{", b'{"alg":"none",')
    assert len(agree(token_of("rs256", with_alg, claims()))) == 8
    assert agree(token_of("rs256", with_alg.replace(b"}", b',"alg":"none"}'), claims())) == (
        "invalid",
    )


@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ('{"a":', "}")], ids=["[", "{"])
@pytest.mark.parametrize("depth", [10, 300, 1_100])
def test_nested_claims(depth: int, opened: str, closed: str) -> None:
    """Nesting is believed by both, and what no stack bears by neither."""
    nested = opened * depth + "1" + closed * depth
    agree(token_of("rs256", header_of("rs256"), as_json(f'"cs":{nested}')))
