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
    """A page of a list, and whether there is more behind it."""

    collection: Sequence[T]
    more_results: bool


class Origin(Answer, frozen=True, kw_only=True):
    """Where a session began: an address and the client's name, null where not known."""

    ip: str | None
    client: str | None
    reported: bool


class UserBrief(Answer, frozen=True, kw_only=True):
    """A user as a validation tells of them."""

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
    """A session that began by this very answer."""

    request: Origin
    token: Token


class ValidSession(Session, frozen=True, kw_only=True):
    """A session that stands. `request` is null when it is unmanaged."""

    request: Origin | None
    active: Yes = True
    user: UserBrief
    revalidate_after: Annotated[int, Meta(ge=0, le=3_600)]


class ActiveSession(Session, frozen=True, kw_only=True):
    """A managed session that stands; `current` for its user: whether it is the caller's."""

    request: Origin
    active: Yes = True
    current: bool | UnsetType = UNSET


class Actor(Answer, frozen=True, kw_only=True):
    """Who ended a session."""

    type: Literal["session", "access_key", "system"]
    id: str


class EndedSession(Session, frozen=True, kw_only=True):
    """A session that ended before its time; `ended_by` for servers, `current` for its user."""

    request: Origin | None
    active: No = False
    ended_at: Time
    reason: Reason
    ended_by: Actor | UnsetType = UNSET
    current: No | UnsetType = UNSET


class InactiveSession(Answer, frozen=True, kw_only=True):
    """A token that is worth nothing, and why as far as that is known."""

    active: No = False
    code: Literal["token_invalid", "session_expired", "session_ended"]
    reason: Reason | UnsetType = UNSET
    ended_at: Time | UnsetType = UNSET


class SessionEnd(Answer, frozen=True, kw_only=True):
    """What an end of everything ended, or would end; `sessions` where they were counted."""

    object: Literal["session_end"] = "session_end"
    realm_id: RealmId
    user_id: UserId | None = None
    dry_run: bool = False
    ended_at: Time | None = None
    sessions: int | None = None
    complete: bool = True


if TYPE_CHECKING:
    KeptSession = ActiveSession | EndedSession
    Validation = ValidSession | InactiveSession
else:
    KeptSession = one_of("ActiveSession", "EndedSession")
    Validation = one_of("ValidSession", "InactiveSession")


class Sessions(Collection[KeptSession], frozen=True, kw_only=True):
    """Sessions: those that are active, or with `state=ended` those that were ended."""


class Validations(Answer, frozen=True, kw_only=True):
    """What each token is worth, in the order in which they were sent."""

    collection: Sequence[Validation]


def begun(found: sessions.Session, user: User, token: str) -> BegunSession:
    """A managed session that just began."""
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
    """An unmanaged session that just began; where, is known in this answer alone."""
    about = _unmanaged(session_id, user, auth_method, expires_at)
    return BegunSession(**about, request=_origin(origin), token=token)


def valid(found: sessions.Session, user: User, realm: Realm, *, left: int | None) -> ValidSession:
    """A managed session that stands."""
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
    """An unmanaged session that stands."""
    return ValidSession(
        **_unmanaged(session_id, user, auth_method, expires_at),
        request=None,
        user=user_brief(user),
        revalidate_after=revalidate_after(session_id, realm, left=left),
    )


def active(found: sessions.Session, user: User, *, current: str | None) -> ActiveSession:
    """A managed session that stands: for its user, whose own is `current`, or for a server."""
    return ActiveSession(
        **_managed(found, user), current=UNSET if current is None else found.id == current
    )


def ended(
    found: sessions.Ended, user: User, *, for_server: bool, current: bool | UnsetType = UNSET
) -> EndedSession:
    """A session that was ended before its time; only a server learns by whom."""
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
    """What a token is that does not stand: the code, and when and why where that is known."""
    return InactiveSession(**members(error) | {"code": error.code})


def user_brief(user: User) -> UserBrief:
    """The user as a validation tells of them."""
    return UserBrief(
        id=user.id,
        username=user.username,
        name=user.name,
        email=user.email,
        custom=None if user.custom is None else json.loads(user.custom),
    )


def revalidate_after(session_id: str, realm: Realm, *, left: int | None) -> int:
    """Seconds until the next validation: 80 to 100 % of the realm's `max_staleness_seconds`.

    At most `left`, the whole seconds that are left of the session (None: it has no end).

    The same for each validation of one session and different between sessions, so that caches
    do not expire together.
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
