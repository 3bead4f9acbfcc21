"""A managed session: its record while it is active, and its ended record afterwards."""

from typing import Final, Literal

from sojourn.domain.values import dataclass

Reason = Literal[
    "logout",
    "terminated_by_user",
    "terminated_by_admin",
    "evicted",
    "replaced",
    "password_changed",
    "user_disabled",
    "user_deleted",
    "realm_ended",
]
AuthMethod = Literal["password", "api_key", "server"]
Keep = Literal["none", "current", "all"]
ENDED_RECORD_SECONDS: Final = 30 * 86_400


@dataclass(frozen=True, slots=True)
class Actor:
    """Who ended a session: `type` is `session`, `access_key` or `system`."""

    type: Literal["session", "access_key", "system"]
    id: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a session began: the IP address and the printable User-Agent, None if unknown.

    They are those of the connection, or `reported` by a server for its user.
    """

    ip: str | None
    client: str | None
    reported: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """A managed session as recorded in its user's item. Times are epoch ms or whole seconds."""

    id: str
    created_ms: int
    expires_at: int
    auth_method: AuthMethod
    origin: Origin
    key_number: int = 0
    """The number of the realm's key that signed its token; 0 in an ended record."""

    def live(self, now_ms: int) -> bool:
        """Whether it has not expired. Rule 4: checked on every read, never left to the TTL."""
        return now_ms < self.expires_at * 1000


@dataclass(frozen=True, slots=True)
class Ended:
    """The ended record of a session that ended before it expired."""

    session: Session
    ended_ms: int
    reason: Reason
    by: Actor
    strip: bool = False
    """The user is being deleted, so the session's address and User-Agent are not kept."""

    @property
    def id(self) -> str:
        """The session's id."""
        return self.session.id

    @property
    def keep_until(self) -> int:
        """Rule 9: until the session would have expired, or 30 days, whichever is first."""
        return min(self.session.expires_at, self.ended_ms // 1000 + ENDED_RECORD_SECONDS)


def ending(session: Session, now_ms: int, reason: Reason, *, by: Actor) -> Ended:
    """The ended record of a session that ends now; never earlier than the session began."""
    return Ended(session=session, ended_ms=max(now_ms, session.created_ms), reason=reason, by=by)


@dataclass(frozen=True, slots=True)
class Login:
    """A login: how the user authenticated, from where, and the session to replace."""

    auth_method: AuthMethod
    origin: Origin
    replace: str | None = None
