"""What the routes answer, as types: a Struct for each form, with every member that it has.

The handlers answer plain dicts; the tests validate each of their answers against these.
"""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from sojourn.api.fields import RealmId, SessionId, UserId
from sojourn.directory.bodies import JwtField, Permission
from sojourn.domain import ids
from sojourn.domain.policy import AtLimit, SessionType
from sojourn.domain.session import AuthMethod, Reason
from sojourn.domain.signing_key import Algorithm, KeyKind
from sojourn.domain.user import UserType

CredentialId = Annotated[str, Meta(pattern=rf"^crd_[0-9A-Za-z]{{{2 * ids.BODY}}}\Z")]
AccessKeyId = Annotated[str, Meta(pattern=rf"^key_[0-9A-Za-z]{{{ids.BODY}}}\Z")]
JwtKeyId = Annotated[str, Meta(pattern=rf"^jky_[0-9A-Za-z]{{{ids.BODY}}}\Z")]
Time = Annotated[float, Meta(description="Seconds since the epoch, with a fraction", gt=0)]
WholeTime = Annotated[int, Meta(description="Whole seconds since the epoch", gt=0)]
# msgspec knows neither a Literal of a bool nor a union of two Structs without tags.
Yes = Annotated[bool, Meta(extra_json_schema={"const": True})]
No = Annotated[bool, Meta(extra_json_schema={"const": False})]
Token = Annotated[str, Meta(description="The login token; only in the answer that began it")]


class Object(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One answer's JSON object: no member but those named."""


class Origin(Object, frozen=True):
    """Where a session began: an address and the client's name, null where not known."""

    ip: str | None
    client: str | None
    reported: bool


class UserBrief(Object, frozen=True):
    """A user as a validation tells of them."""

    object: Literal["user"]
    id: UserId
    username: str | None
    name: str | None
    email: str | None
    custom: dict[str, Any] | None


class Session(Object, frozen=True):
    """A session."""

    object: Literal["session"]
    id: SessionId
    user_id: UserId
    realm_id: RealmId
    session_type: SessionType
    auth_method: AuthMethod
    created_at: Time
    expires_at: WholeTime | None


class BegunSession(Session, frozen=True):
    """A session that began by this very answer."""

    request: Origin
    token: Token


class ValidSession(Session, frozen=True):
    """A session that stands. `request` is null when it is unmanaged."""

    active: Yes
    request: Origin | None
    user: UserBrief
    revalidate_after: Annotated[int, Meta(ge=0, le=3_600)]


class ActiveSession(Session, frozen=True):
    """A managed session that stands; `current` for its user: whether it is the caller's."""

    active: Yes
    request: Origin
    current: bool | UnsetType = UNSET


class Actor(Object, frozen=True):
    """Who ended a session."""

    type: Literal["session", "access_key", "system"]
    id: str


class EndedSession(Session, frozen=True):
    """A session that ended before its time; `ended_by` for servers, `current` for its user."""

    active: No
    request: Origin | None
    ended_at: Time
    reason: Reason
    ended_by: Actor | UnsetType = UNSET
    current: No | UnsetType = UNSET


EitherSession = Annotated[
    dict[str, Any],
    Meta(
        extra_json_schema={
            "oneOf": [
                {"$ref": "#/components/schemas/ActiveSession"},
                {"$ref": "#/components/schemas/EndedSession"},
            ]
        }
    ),
]


class User(UserBrief, frozen=True):
    """A user."""

    realm_id: RealmId
    user_type: UserType
    state: Literal["active", "inactive"]
    created_at: Time


class Realm(Object, frozen=True):
    """A realm with its settings."""

    object: Literal["realm"]
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
    jwt_fields: list[JwtField]
    max_staleness_seconds: int
    rotate_days: int
    state: Literal["active", "deleting"]


class Deletion(Object, frozen=True):
    """How far the deletion of a realm has come."""

    started_at: Time
    users_deleted: int
    users_remaining: int
    users_remaining_at_least: bool


class DeletingRealm(Realm, frozen=True):
    """A realm that is being deleted."""

    deletion: Deletion


class SessionEnd(Object, frozen=True):
    """What an end of everything ended, or would end; `sessions` where they were counted."""

    object: Literal["session_end"]
    realm_id: RealmId
    user_id: UserId | None
    dry_run: bool
    ended_at: Time | None
    sessions: int | None
    complete: bool


class Credential(Object, frozen=True):
    """A credential, without what it proves; `api_key` only in the answer that made one."""

    object: Literal["credential"]
    id: CredentialId
    user_id: UserId
    realm_id: RealmId
    credential_type: Literal["password", "api_key"]
    name: str | None
    created_at: Time


class NewCredential(Credential, frozen=True):
    """A credential that was just made: an API key's secret is shown here, and never again."""

    api_key: str | UnsetType = UNSET


class AccessKey(Object, frozen=True):
    """An access key, without its secret. `realm_id` null: stack-wide."""

    object: Literal["access_key"]
    id: AccessKeyId
    realm_id: RealmId | None
    name: str
    permission: Permission
    created_at: Time
    expires_at: WholeTime | None
    last_used_at: Time | None


class NewAccessKey(AccessKey, frozen=True):
    """An access key that was just made: its secret is shown here, and never again."""

    secret: str


class JwtKey(Object, frozen=True):
    """A signing key's public half, as PEM."""

    object: Literal["jwt_key"]
    id: JwtKeyId
    kid: JwtKeyId
    realm_id: RealmId
    algo: Algorithm
    kind: KeyKind
    state: Literal["pending", "signing", "verifying", "compromised"]
    public_key: str
    created_at: Time
    signs_from: Time
    retire_after: WholeTime | None
    open_ended: bool


class Ended(Object, frozen=True):
    """How many managed sessions a stopped key ended, and whether all users were looked at."""

    managed_sessions: int
    complete: bool


class StoppedJwtKey(JwtKey, frozen=True):
    """A signing key that was just stopped."""

    ended: Ended


class Ends(Ended, frozen=True):
    """What the removal of a signing key ended: also tokens that are nowhere recorded."""

    open_ended: bool
    tokens_until: WholeTime | None


class RemovedJwtKey(Object, frozen=True):
    """A signing key that was removed although tokens that it signed could be alive."""

    object: Literal["jwt_key"]
    id: JwtKeyId
    deleted: Yes
    ends: Ends


class Jwk(Object, frozen=True):
    """A public key as RFC 7517 has it, never with a private member."""

    kty: Literal["RSA", "EC", "OKP"]
    use: Literal["sig"]
    alg: Literal["RS256", "ES256", "EdDSA"]
    kid: JwtKeyId
    n: str | UnsetType = UNSET
    e: str | UnsetType = UNSET
    crv: Literal["P-256", "Ed25519"] | UnsetType = UNSET
    x: str | UnsetType = UNSET
    y: str | UnsetType = UNSET


class JwkSet(Object, frozen=True):
    """A realm's public keys."""

    keys: list[Jwk]


class Configuration(Object, frozen=True):
    """OpenID Provider Metadata: how to verify a realm's tokens."""

    issuer: str
    jwks_uri: str
    authorization_endpoint: str
    response_types_supported: list[str]
    grant_types_supported: list[str]
    subject_types_supported: list[str]
    id_token_signing_alg_values_supported: list[str]
    claims_supported: list[str]


class ApiDocument(Object, frozen=True):
    """This document."""

    openapi: str
    info: dict[str, Any]
    servers: list[dict[str, Any]]
    tags: list[dict[str, Any]]
    paths: dict[str, Any]
    components: dict[str, Any]


class Page(Object, frozen=True):
    """One page of a list."""

    more_results: bool


class Sessions(Page, frozen=True):
    """Sessions: those that are active, or with `state=ended` those that were ended."""

    collection: list[EitherSession]


class InactiveSession(Object, frozen=True):
    """A token that is worth nothing, and why as far as that is known."""

    active: No
    code: Literal["token_invalid", "session_expired", "session_ended"]
    reason: Reason | UnsetType = UNSET
    ended_at: Time | UnsetType = UNSET


Validation = Annotated[
    dict[str, Any],
    Meta(
        extra_json_schema={
            "oneOf": [
                {"$ref": "#/components/schemas/ValidSession"},
                {"$ref": "#/components/schemas/InactiveSession"},
            ]
        }
    ),
]


class Validations(Object, frozen=True):
    """What each token is worth, in the order in which they were sent."""

    collection: list[Validation]


class Users(Page, frozen=True):
    """Users of a realm."""

    collection: list[User]


class Realms(Page, frozen=True):
    """Realms."""

    collection: list[Realm]


class Credentials(Page, frozen=True):
    """A user's credentials."""

    collection: list[Credential]


class AccessKeys(Page, frozen=True):
    """Access keys of a realm, or of the whole stack."""

    collection: list[AccessKey]


class JwtKeys(Page, frozen=True):
    """A realm's signing keys."""

    collection: list[JwtKey]


class Problem(Object, frozen=True):
    """An error, as RFC 9457 has it; `errors` are sentences for a person."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: Annotated[list[str], Meta(min_length=1)]


class EndedMembers(Object, frozen=True):
    """What `session_ended` tells besides, while the record is kept."""

    reason: Reason | UnsetType = UNSET
    ended_at: Time | UnsetType = UNSET


class AttemptsMembers(Object, frozen=True):
    """What `too_many_attempts` tells besides: seconds until the next try, as `Retry-After`."""

    retry_after: Annotated[int, Meta(ge=1)]


class LimitSession(Object, frozen=True):
    """An active session, for whoever must choose one to replace."""

    id: SessionId
    created_at: Time
    client: str | None


class LimitMembers(Object, frozen=True):
    """What `session_limit` tells besides."""

    sessions: list[LimitSession]


class KeyMembers(Object, frozen=True):
    """What `key_in_use` tells besides."""

    retire_after: WholeTime | None
    open_ended: bool
