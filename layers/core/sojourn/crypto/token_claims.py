"""The claims of a new login token, and the size of the token that has them."""

import json
from collections.abc import Mapping
from typing import Final

from sojourn.crypto.public_keys import JOSE_NAMES
from sojourn.crypto.unverified_token import LONGEST
from sojourn.domain import ids
from sojourn.domain.policy import SessionType
from sojourn.domain.realm import Realm
from sojourn.domain.signing_key import Algorithm
from sojourn.domain.user import User

_JSON: Final = json.JSONEncoder(separators=(",", ":")).encode
"""Made once, because `dumps` makes an encoder each time."""
_SIGNATURE_BYTES: Final[dict[Algorithm, int]] = {"rs256": 256, "es256": 64, "eddsa": 64}


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


def encoded(claims: Mapping[str, object]) -> bytes:
    """The payload of the token with these claims: JSON, in ASCII."""
    return _JSON(claims).encode("ascii")


def size_of(payload: bytes, algo: Algorithm) -> int:
    """The size in bytes of a token with this payload, signed by a key of that algorithm."""
    header = {"alg": JOSE_NAMES[algo], "kid": "jky_" + "0" * ids.BODY, "typ": "JWT"}
    parts = len(_JSON(header)), len(payload), _SIGNATURE_BYTES[algo]
    return sum(map(_base64, parts)) + len("..")


def _base64(size: int) -> int:
    """The length of so many bytes in base64, without padding."""
    return (4 * size + 2) // 3


def too_long(whose: str, size: int) -> str:
    """The error message for a token of this size."""
    return (
        f"{whose} would be {size} bytes, {size - LONGEST} over the limit of {LONGEST}. Name fewer "
        "jwt_fields, or shorten name or custom."
    )
