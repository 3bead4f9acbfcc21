"""A managed session: its record while it is active, and its ended record afterwards."""

from dataclasses import dataclass
from typing import Final, Literal

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
    """Where a session began: an address and a client's printable name, None where not known.

    They are the connection's own, or `reported` by a server for its user.
    """

    ip: str | None
    client: str | None
    reported: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """A managed session as its user's item records it. Times: ms, and whole seconds."""

    id: str
    created_ms: int
    expires_at: int
    auth_method: AuthMethod
    origin: Origin
    key_number: int = 0
    """The number of the realm's key that signed its token; 0 in an ended record."""

    def live(self, now_ms: int) -> bool:
        """Rule 4: decided on read, and never by the TTL."""
        return now_ms < self.expires_at * 1000


@dataclass(frozen=True, slots=True)
class Ended:
    """What remains of a session that was ended before its time."""

    session: Session
    ended_ms: int
    reason: Reason
    by: Actor
    strip: bool = False
    """The user is being deleted: nothing of where the session began is kept."""

    @property
    def id(self) -> str:
        """The session's id."""
        return self.session.id

    @property
    def keep_until(self) -> int:
        """Rule 9: until the session would have expired, or 30 days, whichever is first."""
        return min(self.session.expires_at, self.ended_ms // 1000 + ENDED_RECORD_SECONDS)


def ending(session: Session, now_ms: int, reason: Reason, *, by: Actor) -> Ended:
    """The end of a session now; a clock behind the one that began it does not end it before."""
    return Ended(session=session, ended_ms=max(now_ms, session.created_ms), reason=reason, by=by)


@dataclass(frozen=True, slots=True)
class Login:
    """What a login brings: how it authenticated, from where, and which session it replaces."""

    auth_method: AuthMethod
    origin: Origin
    replace: str | None = None
