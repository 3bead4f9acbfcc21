"""The answers of the directory's routes, as Structs. None contains a hash or a private key."""

from typing import Literal

from msgspec import UNSET, UnsetType, structs

from sojourn.api.structs import (
    AccessKeyId,
    Answer,
    CredentialId,
    JwtKeyId,
    RealmId,
    Time,
    UserId,
    WholeTime,
    Yes,
)
from sojourn.directory.bodies import JwtField
from sojourn.domain import access_key as access_keys
from sojourn.domain import realm as realms
from sojourn.domain import user as users
from sojourn.domain.access_key import Permission
from sojourn.domain.errors import NotFound
from sojourn.domain.policy import AtLimit, SessionType
from sojourn.domain.signing_key import Algorithm, KeyKind, PublicKey, StoppedKey
from sojourn.domain.user import UserType
from sojourn.domain.values import asdict
from sojourn.sessions.answers import Collection, UserBrief, user_brief
from sojourn.sessions.counts import Count

KeyState = Literal["pending", "signing", "verifying", "compromised"]


class User(UserBrief, frozen=True, kw_only=True):
    """A user."""

    realm_id: RealmId
    user_type: UserType
    state: Literal["active", "inactive"]
    created_at: Time


class Realm(Answer, frozen=True, kw_only=True):
    """A realm with its settings."""

    object: Literal["realm"] = "realm"
    id: RealmId
    name: str
    issuer: str
    former_issuers: list[str]
    created_at: Time
    session_type: SessionType
    session_minutes: int
    api_key_minutes: int
    max_sessions: int
    at_limit: AtLimit
    jwt_algo: Algorithm
    jwt_fields: tuple[JwtField, ...]
    max_staleness_seconds: int
    rotate_days: int
    revocation_shards: int
    state: Literal["active", "deleting"]


class Deletion(Answer, frozen=True, kw_only=True):
    """The progress of a realm's deletion."""

    started_at: Time
    users_deleted: int
    users_remaining: int
    users_remaining_at_least: bool


class DeletingRealm(Realm, frozen=True, kw_only=True):
    """A realm that is being deleted."""

    deletion: Deletion


class Credential(Answer, frozen=True, kw_only=True):
    """A credential, without its secret."""

    object: Literal["credential"] = "credential"
    id: CredentialId
    user_id: UserId
    realm_id: RealmId
    credential_type: Literal["password", "api_key"]
    name: str | None
    created_at: Time


class NewCredential(Credential, frozen=True, kw_only=True):
    """A new credential. An API key's secret is shown only in this answer."""

    api_key: str | UnsetType = UNSET


class AccessKey(Answer, frozen=True, kw_only=True):
    """An access key, without its secret. `realm_id` null: stack-wide."""

    object: Literal["access_key"] = "access_key"
    id: AccessKeyId
    realm_id: RealmId | None
    name: str
    permission: Permission
    created_at: Time
    expires_at: WholeTime | None
    last_used_at: Time | None


class NewAccessKey(AccessKey, frozen=True, kw_only=True):
    """A new access key. Its secret is shown only in this answer."""

    secret: str


class JwtKey(Answer, frozen=True, kw_only=True):
    """A signing key, with its public key as PEM."""

    object: Literal["jwt_key"] = "jwt_key"
    id: JwtKeyId
    kid: JwtKeyId
    realm_id: RealmId
    algo: Algorithm
    kind: KeyKind
    state: KeyState
    public_key: str
    created_at: Time
    signs_from: Time
    open_ended: bool
    retire_after: WholeTime | None


class Ended(Answer, frozen=True, kw_only=True):
    """How many managed sessions ended with a stopped key, and whether all users were counted."""

    managed_sessions: int
    complete: bool


class StoppedJwtKey(JwtKey, frozen=True, kw_only=True):
    """A signing key that this request stopped."""

    ended: Ended


class Ends(Ended, frozen=True, kw_only=True):
    """What ended with a removed signing key, also unrecorded tokens."""

    open_ended: bool
    tokens_until: WholeTime | None


class RemovedJwtKey(Answer, frozen=True, kw_only=True):
    """A signing key that was removed although tokens of it may not have expired."""

    object: Literal["jwt_key"] = "jwt_key"
    id: JwtKeyId
    deleted: Yes = True
    ends: Ends


class Realms(Collection[Realm], frozen=True, kw_only=True):
    """Realms."""


class Users(Collection[User], frozen=True, kw_only=True):
    """Users of a realm."""


class Credentials(Collection[Credential], frozen=True, kw_only=True):
    """A user's credentials."""


class AccessKeys(Collection[AccessKey], frozen=True, kw_only=True):
    """Access keys of a realm, or of the whole stack."""


class JwtKeys(Collection[JwtKey], frozen=True, kw_only=True):
    """A realm's signing keys."""


def realm(found: realms.Realm) -> Realm:
    """A realm with its settings."""
    return Realm(
        id=found.id,
        name=found.name,
        issuer=found.issuer,
        former_issuers=[former.issuer for former in found.former],
        created_at=found.created_ms / 1000,
        **asdict(found.settings),
        state="active" if found.deletion is None else "deleting",
    )


def deleting_realm(found: realms.Realm, deletion: Deletion) -> DeletingRealm:
    """A realm that is being deleted, with the progress."""
    return DeletingRealm(**structs.asdict(realm(found)), deletion=deletion)


def user(found: users.User) -> User:
    """A user. Raises `NotFound` if the user is deleted."""
    if found.state == "deleted":
        raise NotFound
    return User(
        **structs.asdict(user_brief(found)),
        realm_id=found.realm_id,
        user_type=found.user_type,
        state=found.state,
        created_at=found.created_ms / 1000,
    )


def credential(found: users.Credential, owner: users.User) -> Credential:
    """A credential, without its hash."""
    return Credential(
        id=found.id,
        user_id=owner.id,
        realm_id=owner.realm_id,
        credential_type=found.type,
        name=found.name,
        created_at=found.created_ms / 1000,
    )


def new_credential(
    found: users.Credential, owner: users.User, *, api_key: str | None
) -> NewCredential:
    """A new credential."""
    return NewCredential(
        **structs.asdict(credential(found, owner)), api_key=UNSET if api_key is None else api_key
    )


def access_key(found: access_keys.AccessKey) -> AccessKey:
    """An access key, without its secret."""
    return AccessKey(
        id=found.id,
        realm_id=found.realm_id,
        name=found.name,
        permission=found.permission,
        created_at=found.created_ms / 1000,
        expires_at=found.expires_at,
        last_used_at=None if found.last_used_ms is None else found.last_used_ms / 1000,
    )


def new_access_key(found: access_keys.AccessKey, secret: str) -> NewAccessKey:
    """A new access key, with its secret."""
    return NewAccessKey(**structs.asdict(access_key(found)), secret=secret)


def jwt_key(found: PublicKey, owner: realms.Realm, *, now_ms: int) -> JwtKey:
    """A signing key that is not stopped."""
    state: KeyState = "pending" if found.signs_from_ms > now_ms else "verifying"
    if owner.signs(found, now_ms):
        state = "signing"
    return _key(found, owner, state, _whole_seconds(owner.retires_ms(found)))


def stopped_key(found: StoppedKey, owner: realms.Realm) -> JwtKey:
    """A stopped signing key."""
    return _key(found.key, owner, "compromised", found.ended_ms // 1000)


def just_stopped_key(found: StoppedKey, owner: realms.Realm, count: Count) -> StoppedJwtKey:
    """A signing key that this request stopped, and what ended with it."""
    ended = Ended(managed_sessions=count.sessions, complete=count.complete)
    return StoppedJwtKey(**structs.asdict(stopped_key(found, owner)), ended=ended)


def removed_key(found: PublicKey, owner: realms.Realm, count: Count) -> RemovedJwtKey:
    """A key that was removed before its last token expired, and what ended with it."""
    ends = Ends(
        managed_sessions=count.sessions,
        complete=count.complete,
        open_ended=found.open_ended,
        tokens_until=_whole_seconds(owner.retires_ms(found)),
    )
    return RemovedJwtKey(id=found.id, ends=ends)


def _key(
    found: PublicKey, owner: realms.Realm, state: KeyState, retire_after: int | None
) -> JwtKey:
    return JwtKey(
        id=found.id,
        kid=found.id,
        realm_id=owner.id,
        algo=found.algo,
        kind=found.kind,
        state=state,
        public_key=found.pem,
        created_at=found.created_ms / 1000,
        signs_from=found.signs_from_ms / 1000,
        open_ended=found.open_ended,
        retire_after=retire_after,
    )


def _whole_seconds(ms: int | None) -> int | None:
    return None if ms is None else -(-ms // 1000)
