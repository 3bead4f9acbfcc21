"""The bodies of the directory's routes, as Structs. A change leaves absent fields as they are."""

import json
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from sojourn.api.changes import ReadOnly
from sojourn.api.complaints import CHECK
from sojourn.api.structs import InRealm, UserId
from sojourn.domain import names
from sojourn.domain.access_key import Permission
from sojourn.domain.errors import Invalid
from sojourn.domain.policy import AtLimit, SessionType
from sojourn.domain.signing_key import Algorithm, KeyKind
from sojourn.login.bodies import NewPassword

CUSTOM_BYTES: Final = 8 * 1024


def as_stored(field: str, value: Any) -> Any:
    """A user's field in its stored form. Raises `Invalid`."""
    if value is None or field not in ("username", "email", "custom"):
        return value
    if field != "custom":
        return names.composed(value)
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    size = len(text.encode())
    if size > CUSTOM_BYTES:
        raise Invalid(
            errors=[f"custom is {size} bytes as JSON; at most {CUSTOM_BYTES} are allowed."]
        )
    return text


def _username(_: str, sent: str) -> list[str]:
    return names.username_complaints(sent)


def _email(_: str, sent: str) -> list[str]:
    return names.email_complaints(sent)


Label = Annotated[str, Meta(min_length=1, max_length=200, extra={CHECK: names.label_complaints})]
# As they are sent; what else they must be is of their NFC.
Username = Annotated[str, Meta(min_length=1, max_length=names.SENT, extra={CHECK: _username})]
Email = Annotated[str, Meta(min_length=3, max_length=names.SENT, extra={CHECK: _email})]
# The end of the year 9999: what is later was meant in milliseconds.
ExpiresAt = Annotated[int, Meta(le=253_402_300_799)]
JwtField = Literal["username", "name", "email", "custom"]


class RealmSettings(InRealm, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A realm's settings."""

    session_type: SessionType | UnsetType = UNSET
    session_minutes: int | UnsetType = UNSET
    api_key_minutes: int | UnsetType = UNSET
    max_sessions: int | UnsetType = UNSET
    at_limit: AtLimit | UnsetType = UNSET
    jwt_algo: str | UnsetType = UNSET
    jwt_fields: list[JwtField] | UnsetType = UNSET
    max_staleness_seconds: int | UnsetType = UNSET
    rotate_days: int | UnsetType = UNSET
    revocation_shards: int | UnsetType = UNSET


class RealmBody(RealmSettings, forbid_unknown_fields=True, frozen=True):
    """A new realm."""

    name: Label


class RealmChanges(RealmSettings, forbid_unknown_fields=True, frozen=True):
    """A realm's name and settings."""

    name: Label | UnsetType = UNSET
    object: ReadOnly | UnsetType = UNSET
    id: ReadOnly | UnsetType = UNSET
    created_at: ReadOnly | UnsetType = UNSET
    issuer: str | UnsetType = UNSET
    former_issuers: ReadOnly | UnsetType = UNSET
    state: ReadOnly | UnsetType = UNSET


class Changes(InRealm, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The body of a change: changeable fields, and read-only members."""

    object: ReadOnly | UnsetType = UNSET
    id: ReadOnly | UnsetType = UNSET
    created_at: ReadOnly | UnsetType = UNSET


class UserBody(InRealm, forbid_unknown_fields=True, frozen=True):
    """A new user."""

    user_type: Literal["human", "api"] = "human"
    username: Username | None = None
    email: Email | None = None
    name: Label | None = None
    password: NewPassword | None = None
    custom: dict[str, Any] | None = None


class UserChanges(Changes, forbid_unknown_fields=True, frozen=True):
    """Changes of a user; null clears an optional field."""

    username: Username | None | UnsetType = UNSET
    email: Email | None | UnsetType = UNSET
    name: Label | None | UnsetType = UNSET
    password: NewPassword | UnsetType = UNSET
    custom: dict[str, Any] | None | UnsetType = UNSET
    state: Literal["active", "inactive"] | UnsetType = UNSET
    user_type: ReadOnly | UnsetType = UNSET


class CredentialBody(InRealm, forbid_unknown_fields=True, frozen=True):
    """A new credential."""

    user_id: UserId
    credential_type: Literal["password", "api_key"]
    password: NewPassword | None = None
    name: Label | None = None


class CredentialChanges(Changes, forbid_unknown_fields=True, frozen=True):
    """Changes of a credential."""

    name: Label | None | UnsetType = UNSET
    password: NewPassword | UnsetType = UNSET
    user_id: ReadOnly | UnsetType = UNSET
    credential_type: ReadOnly | UnsetType = UNSET


class AccessKeyBody(InRealm, forbid_unknown_fields=True, frozen=True):
    """A new access key, of the request's realm or stack-wide."""

    name: Label
    permission: Permission
    expires_at: ExpiresAt | None = None


class AccessKeyChanges(Changes, forbid_unknown_fields=True, frozen=True):
    """Changes of an access key; `expires_at` null: it does not expire."""

    name: Label | UnsetType = UNSET
    expires_at: ExpiresAt | None | UnsetType = UNSET
    permission: ReadOnly | UnsetType = UNSET
    last_used_at: ReadOnly | UnsetType = UNSET


class JwtKeyBody(InRealm, forbid_unknown_fields=True, frozen=True):
    """A new signing key; by default with the realm's `jwt_algo`, for tokens with an `exp`."""

    algo: Algorithm | None = None
    kind: KeyKind = "expiring"


class JwtKeyChanges(Changes, forbid_unknown_fields=True, frozen=True):
    """Changes of a signing key: only `compromised`, which cannot be undone."""

    compromised: bool | UnsetType = UNSET
    kid: ReadOnly | UnsetType = UNSET
    algo: ReadOnly | UnsetType = UNSET
    kind: ReadOnly | UnsetType = UNSET
    state: ReadOnly | UnsetType = UNSET
    public_key: ReadOnly | UnsetType = UNSET
    signs_from: ReadOnly | UnsetType = UNSET
    open_ended: ReadOnly | UnsetType = UNSET
    retire_after: ReadOnly | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.compromised is False:
            raise ValueError("compromised can be set to true, and cannot be undone")


class RealmDeletionBody(InRealm, forbid_unknown_fields=True, frozen=True):
    """The name of the realm to delete, as a confirmation."""

    name: str | None = None


class JwtKeyDeletionBody(InRealm, forbid_unknown_fields=True, frozen=True):
    """Whether to remove a signing key before its last token has expired."""

    force: bool = False
