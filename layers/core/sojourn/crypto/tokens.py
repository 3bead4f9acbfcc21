"""Verify login tokens (JWT, RFC 7519), following RFC 8725.

The key fixes the algorithm; the token's `alg` never chooses it.
"""

from cryptography.exceptions import InvalidSignature
from msgspec import UNSET

from sojourn.crypto.public_keys import JOSE_NAMES, check_of
from sojourn.crypto.unverified_token import UnverifiedToken
from sojourn.domain import ids
from sojourn.domain.errors import SessionExpired, TokenInvalid
from sojourn.domain.policy import SessionType
from sojourn.domain.ports import RealmCache
from sojourn.domain.realm import Realm
from sojourn.domain.session import AuthMethod
from sojourn.domain.values import dataclass
from sojourn.runtime.clock import Clock


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


def verify(token: str, cache: RealmCache, clock: Clock, *, realm_id: str | None = None) -> Claims:
    """The claims of a token. `Validator` then checks whether the session is active.

    With a `realm_id`, a token of another realm is invalid, and no other realm is read.

    A cached realm of any age is good enough to verify a signature; the realm is then read again
    together with the user. An unknown key or issuer may belong to a newer state of the realm.

    Raises `TokenInvalid`, or `SessionExpired` after the signature was verified.
    """
    unverified = UnverifiedToken(token)
    named = unverified.named
    if realm_id not in (None, named[0]):
        raise TokenInvalid
    return verified(unverified, cache.last_with_key(*named) or cache.with_key(*named), clock)


def verified(token: UnverifiedToken, realm: Realm | None, clock: Clock) -> Claims:
    """The claims of a token by the realm that it names; None if there is none.

    Raises as `verify` does.
    """
    header, payload = token.header, token.payload
    key = None if realm is None else realm.keys.get(header.kid)
    session = ids.parse_session_id(payload.sid)
    if (
        realm is None
        or key is None
        or session is None
        or header.alg != JOSE_NAMES[key.algo]
        or not payload.rid == payload.aud == realm.id
        or payload.iss not in realm.issuers
        or payload.sub != session.user_id
    ):
        raise TokenInvalid
    try:
        check_of(key.pem, key.algo)(token.signature, token.signed)
    except InvalidSignature as error:
        raise TokenInvalid from error
    expires_at = None if payload.exp is UNSET else payload.exp
    # `exp` has no leeway; `iat` is not compared with now, because instances' clocks differ.
    if expires_at is not None and clock.wall_ms() >= expires_at * 1000:
        raise SessionExpired
    return Claims(
        session=session,
        user_id=session.user_id,
        realm=realm,
        key_id=key.id,
        session_type=payload.session_type,
        issued_at=payload.iat,
        expires_at=expires_at,
        auth_method=payload.auth_method,
    )
