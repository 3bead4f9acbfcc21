"""Verify a token locally: signature, header and claims (RFC 8725).

The key fixes the algorithm. The header may have only `alg`, `kid` and `typ`, so a token with `jku`,
`x5u`, `jwk` or `crit` is refused. `exp` has no leeway and is checked at each use; `iat` is not
compared with now, because clocks differ.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import jwt

from sojourn_client.errors import InvalidToken
from sojourn_client.keys import Key
from sojourn_client.session import Session, User
from sojourn_client.token import Unverified, digest

_HEADER: Final = frozenset({"alg", "kid", "typ"})
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SESSION: Final = re.compile(r"kss_([0-9A-Za-z]{22})([0-9A-Za-z]{22})[0-9A-Za-z]{10}")


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verified token says. It does not hold the token's text, only its SHA-256.

    `created_at` is in the session's id, in epoch seconds; `issued_at` is the token's `iat`.
    """

    digest: bytes
    kid: str
    session_id: str
    user_id: str
    session_type: Literal["managed", "unmanaged"]
    created_at: float
    issued_at: int
    expires_at: int | None
    claims: Mapping[str, Any] = field(repr=False, hash=False)

    def expired(self, wall: float) -> bool:
        """Whether the session has expired by a wall clock."""
        return self.expires_at is not None and wall >= self.expires_at

    def session(self, realm_id: str) -> Session:
        """The session as far as the token tells it."""
        custom = self.claims.get("cs")
        return Session(
            id=self.session_id,
            user_id=self.user_id,
            realm_id=realm_id,
            session_type=self.session_type,
            created_at=self.created_at,
            expires_at=self.expires_at,
            auth_method=_text(self.claims.get("auth_method")),
            user=User(
                id=self.user_id,
                username=_text(self.claims.get("preferred_username")),
                name=_text(self.claims.get("name")),
                email=_text(self.claims.get("email")),
                custom=custom if isinstance(custom, dict) else None,
            ),
        )


def kid_of(token: Unverified) -> str:
    """The key that a token names. Raises `InvalidToken` if its header is not a login token's."""
    kid = token.header.get("kid")
    if not token.header.keys() <= _HEADER or token.header.get("typ") != "JWT":
        raise InvalidToken
    if not isinstance(kid, str):
        raise InvalidToken
    return kid


def verify(token: Unverified, key: Key, *, realm_id: str) -> Verified:
    """Verify a token by the key that it names. Raises `InvalidToken`."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token.text,
            key.public,
            # Only the key's algorithm: PyJWT refuses a header that names another.
            algorithms=[key.algorithm],
            audience=realm_id,
            options={
                "require": ["iss", "aud", "sub", "iat"],
                "strict_aud": True,
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except (jwt.PyJWTError, ValueError, TypeError):
        raise InvalidToken from None  # the error could have claims in it
    return _checked(claims, digest(token.text), key.kid, realm_id)


def _checked(claims: dict[str, Any], hashed: bytes, kid: str, realm_id: str) -> Verified:
    session_id = claims.get("sid")
    parts = _SESSION.fullmatch(session_id) if isinstance(session_id, str) else None
    session_type, issued_at, expires_at = (claims.get(n) for n in ("session_type", "iat", "exp"))
    if (
        parts is None
        or f"usr_{parts[2]}" != claims["sub"]
        or claims.get("rid") != realm_id
        or not _is_issuer(claims["iss"], realm_id)
        or session_type not in ("managed", "unmanaged")
        or type(issued_at) is not int
        or not (expires_at is None or type(expires_at) is int)
    ):
        raise InvalidToken
    return Verified(
        digest=hashed,
        kid=kid,
        session_id=str(session_id),
        user_id=claims["sub"],
        session_type="managed" if session_type == "managed" else "unmanaged",
        created_at=_created(parts[1]),
        issued_at=issued_at,
        expires_at=expires_at,
        claims=claims,
    )


def _is_issuer(issuer: object, realm_id: str) -> bool:
    """Whether an issuer is the realm's, at any address.

    A realm keeps the tokens of its former issuers, so the host may differ from the base URL's. The
    keys, which come from the base URL, tell whose tokens they are.
    """
    if not isinstance(issuer, str):
        return False
    try:
        parts = urlsplit(issuer)
    except ValueError:
        return False
    return parts.scheme in ("https", "http") and parts.path.endswith(f"/v1/realms/{realm_id}")


def _created(body: str) -> float:
    number = 0
    for character in body:
        number = number * 62 + _DIGITS.index(character)
    return (number >> 80) / 1000


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
