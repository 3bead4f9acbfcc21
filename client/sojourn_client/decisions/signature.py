"""Verify a token locally: signature, header and claims (RFC 8725).

The key fixes the algorithm. The header may have only `alg`, `kid` and `typ`, so a token with `jku`,
`x5u`, `jwk` or `crit` is refused. `exp` has no leeway and is checked at each use; `iat` is not
compared with now, because clocks differ.
"""

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from jwt.utils import base64url_decode

from sojourn_client.decisions.keys import Key
from sojourn_client.decisions.token import Unverified, digest
from sojourn_client.errors import InvalidToken
from sojourn_client.session import Session, User

_HEADER: Final = frozenset({"alg", "kid", "typ"})
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SESSION: Final = re.compile(r"kss_([0-9A-Za-z]{22})([0-9A-Za-z]{22})[0-9A-Za-z]{10}")


@dataclass(frozen=True, slots=True)
class Verified:
    """A verified token: its SHA-256, its key, and the session as far as the token tells it.

    `issued_at` is its `iat`. The token's text is not held.
    """

    digest: bytes
    kid: str
    issued_at: int
    session: Session

    @property
    def session_id(self) -> str:
        """The session's id."""
        return self.session.id

    @property
    def user_id(self) -> str:
        """The user's id."""
        return self.session.user_id

    def expired(self, wall: float) -> bool:
        """Whether the session has expired by a wall clock."""
        expires_at = self.session.expires_at
        return expires_at is not None and wall >= expires_at


def kid_of(token: Unverified) -> str:
    """The key that a token names. Raises `InvalidToken` if its header is not a login token's."""
    kid = token.header.get("kid")
    if not token.header.keys() <= _HEADER or token.header.get("typ") != "JWT":
        raise InvalidToken
    if not isinstance(kid, str):
        raise InvalidToken
    return kid


def verify(token: Unverified, key: Key, *, realm_id: str) -> Verified:
    """Verify a token by the key that it names. Raises `InvalidToken`.

    The token's parts were read already, so PyJWT has only the signature to check: its `decode`
    would read them again.
    """
    message, _, signature = token.text.rpartition(".")
    try:
        good = token.header.get("alg") == key.algorithm and key.signed(
            message.encode(), base64url_decode(signature)
        )
    except ValueError:
        good = False
    if not good:
        raise InvalidToken
    return _checked(token.claims, digest(token.text), key.kid, realm_id)


def _checked(claims: dict[str, Any], hashed: bytes, kid: str, realm_id: str) -> Verified:
    session_id = claims.get("sid")
    parts = _SESSION.fullmatch(session_id) if isinstance(session_id, str) else None
    session_type, issued_at, expires_at = (claims.get(n) for n in ("session_type", "iat", "exp"))
    if (
        parts is None
        or f"usr_{parts[2]}" != claims.get("sub")
        or claims.get("aud") != realm_id
        or claims.get("rid") != realm_id
        or not _is_issuer(claims.get("iss"), realm_id)
        or session_type not in ("managed", "unmanaged")
        or type(issued_at) is not int
        or not (expires_at is None or type(expires_at) is int)
    ):
        raise InvalidToken
    custom = claims.get("cs")
    session = Session(
        id=str(session_id),
        user_id=claims["sub"],
        realm_id=realm_id,
        session_type="managed" if session_type == "managed" else "unmanaged",
        created_at=_created(parts[1]),
        expires_at=expires_at,
        auth_method=_text(claims.get("auth_method")),
        user=User(
            id=claims["sub"],
            username=_text(claims.get("preferred_username")),
            name=_text(claims.get("name")),
            email=_text(claims.get("email")),
            custom=custom if isinstance(custom, dict) else None,
        ),
    )
    return Verified(hashed, kid, issued_at, session)


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
