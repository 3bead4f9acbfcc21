"""The answers about sessions, as Structs: "The session object" of docs/http-api.md."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, TypeVar
from zlib import crc32

from msgspec import UNSET, Meta, UnsetType

from sojourn.api.problems import members
from sojourn.api.structs import Answer, No, RealmId, SessionId, Time, UserId, WholeTime, Yes, one_of
from sojourn.domain import ids
from sojourn.domain import session as sessions
from sojourn.domain.errors import Unauthenticated
from sojourn.domain.policy import SessionType
from sojourn.domain.realm import Realm
from sojourn.domain.session import AuthMethod, Reason
from sojourn.domain.user import User

T = TypeVar("T")
Token = Annotated[str, Meta(description="The login token; only in the answer that began it")]


class Collection(Answer, Generic[T], frozen=True, kw_only=True):
    """A page of a list, and whether more items follow."""

    collection: Sequence[T]
    more_results: bool


class Origin(Answer, frozen=True, kw_only=True):
    """Where a session began: the IP address and the User-Agent, null if unknown."""

    ip: str | None
    client: str | None
    reported: bool


class UserBrief(Answer, frozen=True, kw_only=True):
    """The user in the answer of a validation."""

    object: Literal["user"] = "user"
    id: UserId
    username: str | None
    name: str | None
    email: str | None
    custom: dict[str, Any] | None


class Session(Answer, frozen=True, kw_only=True):
    """A session."""

    object: Literal["session"] = "session"
    id: SessionId
    user_id: UserId
    realm_id: RealmId
    session_type: SessionType
    auth_method: AuthMethod
    created_at: Time
    expires_at: WholeTime | None


class BegunSession(Session, frozen=True, kw_only=True):
    """A new session, with its login token."""

    request: Origin
    token: Token


class ValidSession(Session, frozen=True, kw_only=True):
    """An active session. `request` is null if it is unmanaged."""

    request: Origin | None
    active: Yes = True
    user: UserBrief
    revalidate_after: Annotated[int, Meta(ge=0, le=3_600)]


class ActiveSession(Session, frozen=True, kw_only=True):
    """An active managed session. For its user, `current` says whether it is the caller's."""

    request: Origin
    active: Yes = True
    current: bool | UnsetType = UNSET


class Actor(Answer, frozen=True, kw_only=True):
    """Who ended a session."""

    type: Literal["session", "access_key", "system"]
    id: str


class EndedSession(Session, frozen=True, kw_only=True):
    """A session that ended before it expired; `ended_by` for servers, `current` for its user."""

    request: Origin | None
    active: No = False
    ended_at: Time
    reason: Reason
    ended_by: Actor | UnsetType = UNSET
    current: No | UnsetType = UNSET


class InactiveSession(Answer, frozen=True, kw_only=True):
    """An invalid token, and the reason if known."""

    active: No = False
    code: Literal["token_invalid", "session_expired", "session_ended"]
    reason: Reason | UnsetType = UNSET
    ended_at: Time | UnsetType = UNSET


class ActiveToken(Answer, frozen=True, kw_only=True):
    """An active token (RFC 7662). It has no `exp` if it is open-ended."""

    active: Yes = True
    iss: str
    sub: UserId
    aud: RealmId
    exp: WholeTime | UnsetType = UNSET
    iat: WholeTime
    sid: SessionId
    username: str | UnsetType = UNSET
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of a type
    session_type: SessionType
    auth_method: AuthMethod
    revalidate_after: Annotated[int, Meta(ge=0, le=3_600)]


class InactiveToken(Answer, frozen=True, kw_only=True):
    """A token that is not active, for whatever reason (RFC 7662, 2.2)."""

    active: No = False


class Revoked(Answer, frozen=True, kw_only=True):
    """Nothing: whoever revoked a token knows all from the status (RFC 7009, 2.2)."""


class SessionEnd(Answer, frozen=True, kw_only=True):
    """The result of ending all sessions, or of a dry run; `sessions` is their number if counted."""

    object: Literal["session_end"] = "session_end"
    realm_id: RealmId
    user_id: UserId | None = None
    dry_run: bool = False
    ended_at: Time | None = None
    sessions: int | None = None
    complete: bool = True


Introspection = ActiveToken | InactiveToken

if TYPE_CHECKING:
    KeptSession = ActiveSession | EndedSession
    Validation = ValidSession | InactiveSession
else:
    KeptSession = one_of("ActiveSession", "EndedSession")
    Validation = one_of("ValidSession", "InactiveSession")


class Sessions(Collection[KeptSession], frozen=True, kw_only=True):
    """Sessions: the active ones, or with `state=ended` the ended ones."""


class Validations(Answer, frozen=True, kw_only=True):
    """The result for each token, in the order in which they were sent."""

    collection: Sequence[Validation]


def begun(found: sessions.Session, user: User, token: str) -> BegunSession:
    """The answer for a new managed session."""
    return BegunSession(**_managed(found, user), token=token)


def begun_unmanaged(
    session_id: str,
    user: User,
    *,
    auth_method: AuthMethod,
    expires_at: int | None,
    origin: sessions.Origin,
    token: str,
) -> BegunSession:
    """The answer for a new unmanaged session. Only this answer has its `request`."""
    about = _unmanaged(session_id, user, auth_method, expires_at)
    return BegunSession(**about, request=_origin(origin), token=token)


def valid(found: sessions.Session, user: User, realm: Realm, *, left: int | None) -> ValidSession:
    """The answer for an active managed session."""
    return ValidSession(
        **_managed(found, user),
        user=user_brief(user),
        revalidate_after=revalidate_after(found.id, realm, left=left),
    )


def valid_unmanaged(
    session_id: str,
    user: User,
    realm: Realm,
    *,
    auth_method: AuthMethod,
    expires_at: int | None,
    left: int | None,
) -> ValidSession:
    """The answer for an active unmanaged session."""
    return ValidSession(
        **_unmanaged(session_id, user, auth_method, expires_at),
        request=None,
        user=user_brief(user),
        revalidate_after=revalidate_after(session_id, realm, left=left),
    )


def active(found: sessions.Session, user: User, *, current: str | None) -> ActiveSession:
    """An active managed session in a list or look-up, for its user or for a server."""
    return ActiveSession(
        **_managed(found, user), current=UNSET if current is None else found.id == current
    )


def ended(
    found: sessions.Ended, user: User, *, for_server: bool, current: bool | UnsetType = UNSET
) -> EndedSession:
    """An ended session in a list or look-up. Only servers see who ended it."""
    about = _managed(found.session, user)
    if found.strip:
        about["request"] = None
    return EndedSession(
        **about,
        ended_at=found.ended_ms / 1000,
        reason=found.reason,
        ended_by=Actor(type=found.by.type, id=found.by.id) if for_server else UNSET,
        current=current,
    )


def refused(error: Unauthenticated) -> InactiveSession:
    """The result for an invalid token: the code, and when and why the session ended if known."""
    return InactiveSession(**members(error) | {"code": error.code})


def user_brief(user: User) -> UserBrief:
    """The user in the answer of a validation."""
    return UserBrief(
        id=user.id,
        username=user.username,
        name=user.name,
        email=user.email,
        custom=None if user.custom is None else json.loads(user.custom),
    )


def revalidate_after(session_id: str, realm: Realm, *, left: int | None) -> int:
    """Seconds until the next validation: 80 to 100 % of the realm's `max_staleness_seconds`.

    It is at most `left`, the session's remaining whole seconds (None: it never expires). It is
    constant for one session and different between sessions, so that caches do not all expire at the
    same time.
    """
    most = realm.settings.max_staleness_seconds
    advised = max(1, most - crc32(session_id.encode()) % (most // 5 + 1))
    return advised if left is None else max(0, min(advised, left))


def _managed(found: sessions.Session, user: User) -> dict[str, Any]:
    return {
        "id": found.id,
        "user_id": user.id,
        "realm_id": user.realm_id,
        "session_type": "managed",
        "auth_method": found.auth_method,
        "created_at": found.created_ms / 1000,
        "expires_at": found.expires_at,
        "request": _origin(found.origin),
    }


def _unmanaged(
    session_id: str, user: User, auth_method: AuthMethod, expires_at: int | None
) -> dict[str, Any]:
    return {
        "id": session_id,
        "user_id": user.id,
        "realm_id": user.realm_id,
        "session_type": "unmanaged",
        "auth_method": auth_method,
        "created_at": ids.created_ms(session_id) / 1000,
        "expires_at": expires_at,
    }


def _origin(origin: sessions.Origin) -> Origin:
    return Origin(ip=origin.ip, client=origin.client, reported=origin.reported)
