"""What is known of a session and its user."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeVar

_TYPES: Final = ("managed", "unmanaged")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class User:
    """The user of a session. All but `id` may be None.

    In mode "feed" these are the claims that the realm's `jwt_fields` put into the token, unless the
    session was validated at the service.
    """

    id: str
    username: str | None = None
    name: str | None = None
    email: str | None = None
    custom: Mapping[str, Any] | None = field(default=None, hash=False)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a session began: the IP address and the User-Agent, None if unknown.

    `reported` is true if a server reported them for its user.
    """

    ip: str | None
    client: str | None
    reported: bool


@dataclass(frozen=True, slots=True)
class Session:
    """A session. Times are epoch seconds; `expires_at` is None if it is open-ended.

    - `user`: after `verify` and `validate_many`
    - `token`: the login token, after `login` and `authenticate`
    - `auth_method`: `password`, `api_key` or `server`; None if only the token was read
    - `request`: where it began; None if it is unmanaged, or if only the token was read
    - `current`: in a user's own list, whether this session is the caller's
    - `ended_at`, `reason`: in a list of ended sessions
    """

    id: str
    user_id: str
    realm_id: str
    session_type: Literal["managed", "unmanaged"]
    created_at: float
    expires_at: int | None
    auth_method: str | None = None
    request: Origin | None = None
    user: User | None = None
    active: bool = True
    current: bool | None = None
    ended_at: float | None = None
    reason: str | None = None
    token: str | None = field(default=None, repr=False)


def own(session: Session) -> Session:
    """A session for one request: what one request changes in `custom` reaches no other."""
    if session.user is None or session.user.custom is None:
        return session
    user = replace(session.user, custom=copy.deepcopy(session.user.custom))
    return replace(session, user=user)


def session_of(body: Any) -> Session:
    """The session of an answer. Raises `ValueError` if a member is missing or of another type."""
    if not isinstance(body, Mapping):
        raise ValueError("session")
    session_type = body.get("session_type")
    if session_type not in _TYPES:
        raise ValueError("session_type")
    return Session(
        id=_text(body, "id"),
        user_id=_text(body, "user_id"),
        realm_id=_text(body, "realm_id"),
        session_type="managed" if session_type == "managed" else "unmanaged",
        created_at=_number(body, "created_at"),
        expires_at=_maybe(body, "expires_at", int),
        auth_method=_text(body, "auth_method"),
        request=_origin(body.get("request")),
        user=_user(body.get("user")),
        active=_maybe(body, "active", bool) is not False,
        current=_maybe(body, "current", bool),
        ended_at=None if body.get("ended_at") is None else _number(body, "ended_at"),
        reason=_maybe(body, "reason", str),
        token=_maybe(body, "token", str),
    )


def user_of(session_id: str) -> str:
    """The user whose id is within a session's id."""
    return f"usr_{session_id[26:48]}"


def _user(found: Any) -> User | None:
    if found is None:
        return None
    if not isinstance(found, Mapping):
        raise ValueError("user")
    return User(
        id=_text(found, "id"),
        username=_maybe(found, "username", str),
        name=_maybe(found, "name", str),
        email=_maybe(found, "email", str),
        custom=_maybe(found, "custom", dict),
    )


def _origin(found: Any) -> Origin | None:
    if found is None:
        return None
    if not isinstance(found, Mapping):
        raise ValueError("request")
    return Origin(
        ip=_maybe(found, "ip", str),
        client=_maybe(found, "client", str),
        reported=_maybe(found, "reported", bool) is True,
    )


def _text(body: Mapping[str, Any], name: str) -> str:
    value = _maybe(body, name, str)
    if not value:
        raise ValueError(name)
    return value


def _number(body: Mapping[str, Any], name: str) -> float:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(name)
    return float(value)


def _maybe(body: Mapping[str, Any], name: str, kind: type[T]) -> T | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(name)
    return value
