"""Login tokens: sign and verify JWTs (RFC 7519), following RFC 8725.

The key fixes the algorithm; the token's `alg` never chooses it. The header may have only `alg`,
`kid` and `typ`, so tokens with `jku`, `x5u`, `jwk` or `crit` are refused.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import jwt
from jwt.utils import base64url_decode

from sojourn.crypto.signing_keys import JOSE_NAMES, PrivateKey, public_key
from sojourn.domain import ids
from sojourn.domain.errors import Invalid, SessionExpired, TokenInvalid
from sojourn.domain.policy import SessionType
from sojourn.domain.ports import RealmCache
from sojourn.domain.realm import Realm
from sojourn.domain.session import AuthMethod
from sojourn.domain.signing_key import Algorithm, PublicKey
from sojourn.domain.user import User
from sojourn.runtime.clock import Clock

LONGEST: Final = 4_000
_HEADER: Final = frozenset({"alg", "kid", "typ"})
_SIGNATURE_BYTES: Final[dict[Algorithm, int]] = {"rs256": 256, "es256": 64, "eddsa": 64}


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a verified token: the session, its user and realm, its type and times."""

    session: ids.SessionId
    user_id: str
    realm: Realm
    key_id: str
    """The id of the key that signed it."""
    session_type: SessionType
    issued_at: int
    expires_at: int | None
    auth_method: AuthMethod
    """Only for unmanaged sessions; that of a managed one is in its record."""


def claims_of(
    user: User,
    realm: Realm,
    *,
    session_id: str,
    session_type: SessionType,
    issued_at: int,
    expires_at: int | None,
) -> dict[str, object]:
    """The claims of a session's token, with the user's fields in the realm's `jwt_fields`."""
    claims: dict[str, object] = {
        "iss": realm.issuer,
        "sub": user.id,
        "aud": realm.id,
        "rid": realm.id,
        "sid": session_id,
        "iat": issued_at,
        "session_type": session_type,
    }
    if expires_at is not None:
        claims["exp"] = expires_at
    wanted = realm.settings.jwt_fields
    if "username" in wanted and user.username is not None:
        claims["preferred_username"] = user.username
    if "name" in wanted and user.name is not None:
        claims["name"] = user.name
    if "email" in wanted and user.email is not None:
        claims["email"] = user.email
        claims["email_verified"] = False
    if "custom" in wanted and user.custom is not None:
        claims["cs"] = json.loads(user.custom)
    return claims


@dataclass(frozen=True, slots=True)
class UnsignedToken:
    """The claims of a token within the size limit, and the key that will sign it."""

    claims: Mapping[str, object]
    key: PrivateKey

    def sign(self) -> str:
        """The signed token."""
        algorithm, headers = JOSE_NAMES[self.key.algo], {"kid": self.key.id}
        return jwt.encode(dict(self.claims), self.key.key, algorithm=algorithm, headers=headers)


def unsigned(claims: Mapping[str, object], key: PrivateKey) -> UnsignedToken:
    """The token before it is signed. Raises `Invalid` if it would be over 4,000 bytes."""
    if (size := size_of(claims, key.algo)) > LONGEST:
        raise Invalid(too_long("The user's token", size))
    return UnsignedToken(claims, key)


def size_of(claims: Mapping[str, object], algo: Algorithm) -> int:
    """The size in bytes of a token with these claims, signed by a key of that algorithm."""
    header = {"alg": JOSE_NAMES[algo], "kid": "jky_" + "0" * ids.BODY, "typ": "JWT"}
    parts = [len(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims)]
    return sum(map(_base64, [*parts, _SIGNATURE_BYTES[algo]])) + len("..")


def _base64(size: int) -> int:
    """The length of so many bytes in base64, without padding."""
    return (4 * size + 2) // 3


def too_long(whose: str, size: int) -> str:
    """The error message for a token of this size."""
    return (
        f"{whose} would be {size} bytes, {size - LONGEST} over the limit of {LONGEST}. Name fewer "
        "jwt_fields, or shorten name or custom."
    )


def verify(
    token: str, *, realm_of: Callable[[str, str, str], Realm | None], clock: Clock
) -> Claims:
    """Verify a token's signature, claims and expiry, and return its claims.

    `realm_of` gets the realm's id, and the key and the issuer that the token names.

    Raises `TokenInvalid`, or `SessionExpired` after the signature was verified.
    """
    unverified = _read(token)
    realm = realm_of(unverified.realm_id, unverified.kid, unverified.issuer)
    if realm is None or (key := realm.keys.get(unverified.kid)) is None:
        raise TokenInvalid
    try:
        claims: Mapping[str, Any] = jwt.decode(
            token,
            public_key(key.pem),
            # Only the key's algorithm is allowed: PyJWT refuses a header that names another.
            algorithms=[JOSE_NAMES[key.algo]],
            audience=realm.id,
            issuer=realm.issuers,
            options={
                # `iss` and `aud` are compared, and `rid` names the realm, so they are required too.
                "require": ["sub", "sid", "iat"],
                # `exp` is checked below, against our clock; `iat` is not compared with now,
                # because instances' clocks differ.
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except jwt.PyJWTError as error:
        raise TokenInvalid from error
    return _checked(claims, realm, key, clock)


def verify_by_cache(
    token: str, cache: RealmCache, clock: Clock, *, realm_id: str | None = None
) -> Claims:
    """`verify` by the cached realms. `Validator` then checks whether the session is active.

    With a `realm_id`, a token of another realm is invalid, and no other realm is read.

    A cached realm of any age is good enough to verify a signature; the realm is then read again
    together with the user. An unknown key or issuer may belong to a newer state of the realm.

    Raises `TokenInvalid`, `SessionExpired`.
    """

    def of(find: Callable[[str, str, str], Realm | None]) -> Claims:
        return verify(
            token,
            realm_of=lambda realm, *named: (
                find(realm, *named) if realm_id in (None, realm) else None
            ),
            clock=clock,
        )

    try:
        return of(cache.last_with_key)
    except TokenInvalid:
        return of(cache.with_key)


def named(token: str) -> tuple[str, str, str] | None:
    """The realm, key and issuer that a token names, not verified; None if it is not a token."""
    try:
        unverified = _read(token)
    except TokenInvalid:
        return None
    return unverified.realm_id, unverified.kid, unverified.issuer


@dataclass(frozen=True, slots=True)
class _Unverified:
    """The parts of a token that are needed to verify it, not verified themselves."""

    kid: str
    realm_id: str
    issuer: str


def _read(token: str) -> _Unverified:
    # A token is base64url and dots, so ASCII. PyJWT would raise other errors on some other texts.
    if len(token) > LONGEST or not token.isascii():
        raise TokenInvalid
    try:
        header_part, payload_part, _ = token.split(".")
        header = json.loads(base64url_decode(header_part))
        payload = json.loads(base64url_decode(payload_part))
    except (ValueError, RecursionError) as error:
        raise TokenInvalid from error
    if not isinstance(header, dict) or not isinstance(payload, dict):
        raise TokenInvalid
    kid, realm_id, issuer = header.get("kid"), payload.get("rid"), payload.get("iss")
    if (
        not header.keys() <= _HEADER
        or header.get("typ") != "JWT"
        or not ids.is_id("jky", kid)
        or not ids.is_id("rl", realm_id)
        or not isinstance(issuer, str)
    ):
        raise TokenInvalid
    return _Unverified(kid=str(kid), realm_id=str(realm_id), issuer=issuer)


def _checked(claims: Mapping[str, Any], realm: Realm, key: PublicKey, clock: Clock) -> Claims:
    session = ids.parse_session_id(claims["sid"])
    expires_at = claims.get("exp")
    if (
        session is None
        or session.user_id != claims["sub"]
        or claims.get("session_type") not in ("managed", "unmanaged")
        or not isinstance(claims["iat"], int)
        or not (expires_at is None or type(expires_at) is int)
    ):
        raise TokenInvalid
    if expires_at is not None and clock.wall_ms() >= expires_at * 1000:
        raise SessionExpired
    return Claims(
        session=session,
        user_id=session.user_id,
        realm=realm,
        key_id=key.id,
        session_type=claims["session_type"],
        issued_at=claims["iat"],
        expires_at=expires_at,
        auth_method=claims.get("auth_method", "password"),
    )
