"""The API's JSON forms of realms, users, credentials and keys. No hash or secret is in any."""

from typing import Any

from sojourn.domain.access_key import AccessKey
from sojourn.domain.realm import Realm
from sojourn.domain.signing_key import PublicKey, StoppedKey
from sojourn.domain.user import Credential, User
from sojourn.sessions import answers

View = dict[str, Any]


def realm(found: Realm) -> View:
    """A realm with its settings."""
    settings = found.settings
    return {
        "object": "realm",
        "id": found.id,
        "name": found.name,
        "issuer": found.issuer,
        "former_issuers": [former.issuer for former in found.former],
        "created_at": found.created_ms / 1000,
        "session_type": settings.session_type,
        "session_minutes": settings.session_minutes,
        "api_key_minutes": settings.api_key_minutes,
        "max_sessions": settings.max_sessions,
        "at_limit": settings.at_limit,
        "jwt_algo": settings.jwt_algo,
        "jwt_fields": list(settings.jwt_fields),
        "max_staleness_seconds": settings.max_staleness_seconds,
        "rotate_days": settings.rotate_days,
        "state": "active" if found.deletion is None else "deleting",
    }


def jwt_key(found: PublicKey, owner: Realm, *, now_ms: int) -> View:
    """A signing key's public half. `state`: `signing`, `pending` or `verifying`."""
    if owner.signs(found, now_ms):
        state = "signing"
    else:
        state = "pending" if found.signs_from_ms > now_ms else "verifying"
    retires_ms = owner.retires_ms(found)
    return _key(found, owner, state=state) | {
        "retire_after": None if retires_ms is None else -(-retires_ms // 1000),
    }


def stopped_key(found: StoppedKey, owner: Realm) -> View:
    """A key that was compromised."""
    return _key(found.key, owner, state="compromised") | {"retire_after": found.ended_ms // 1000}


def _key(found: PublicKey, owner: Realm, *, state: str) -> View:
    return {
        "object": "jwt_key",
        "id": found.id,
        "kid": found.id,
        "realm_id": owner.id,
        "algo": found.algo,
        "kind": found.kind,
        "state": state,
        "public_key": found.pem,
        "created_at": found.created_ms / 1000,
        "signs_from": found.signs_from_ms / 1000,
        "open_ended": found.open_ended,
    }


def user(found: User) -> View:
    """A user."""
    return answers.user_brief(found) | {
        "realm_id": found.realm_id,
        "user_type": found.user_type,
        "state": found.state,
        "created_at": found.created_ms / 1000,
    }


def credential(found: Credential, owner: User) -> View:
    """A credential, without what it proves."""
    return {
        "object": "credential",
        "id": found.id,
        "user_id": owner.id,
        "realm_id": owner.realm_id,
        "credential_type": found.type,
        "name": found.name,
        "created_at": found.created_ms / 1000,
    }


def access_key(found: AccessKey) -> View:
    """An access key, without its secret."""
    return {
        "object": "access_key",
        "id": found.id,
        "realm_id": found.realm_id,
        "name": found.name,
        "permission": found.permission,
        "created_at": found.created_ms / 1000,
        "expires_at": found.expires_at,
        "last_used_at": None if found.last_used_ms is None else found.last_used_ms / 1000,
    }
