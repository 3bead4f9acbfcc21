"""Validate a token's session: "Managed sessions must periodically be revalidated
[…] to ensure they haven't been terminated."
"""

from typing import TYPE_CHECKING

from sojourn.crypto.tokens import Claims
from sojourn.domain import ids
from sojourn.domain import session_rules as rules
from sojourn.domain.errors import SessionEnded, SessionExpired, TokenInvalid
from sojourn.domain.ports import RealmAndUser, RealmCache, UserReader
from sojourn.domain.realm import Realm
from sojourn.domain.session import Ended, Session
from sojourn.domain.user import User
from sojourn.domain.values import dataclass, replace
from sojourn.runtime.clock import Clock

if TYPE_CHECKING:
    from sojourn.sessions.answers import ValidSession


@dataclass(frozen=True, slots=True)
class Standing:
    """A caller whose session is active: their user, and the session if it is managed."""

    claims: Claims
    user: User
    session: Session | None


@dataclass(frozen=True, slots=True)
class WithoutRecords:
    """`UserReader` without ended records, which say why a session ended: not every answer does."""

    users: UserReader

    def get(self, user_id: str) -> User | None:
        return self.users.get(user_id)

    def ended(self, _user_id: str, _session_id: str) -> Ended | None:
        return None


@dataclass(frozen=True, slots=True)
class Validator:
    """Validates sessions: one consistent read for an active session, and nothing is cached."""

    users: UserReader
    realms: RealmCache
    together: RealmAndUser
    clock: Clock

    def validate(self, claims: Claims) -> "ValidSession":
        """The session with its user. Raises `SessionEnded`, `SessionExpired`, `TokenInvalid`."""
        return self.view(self.standing(claims))

    def view(self, standing: Standing) -> "ValidSession":
        """The answer of a validation for an active session."""
        # Here, for the authorizer needs no answer of HTTP and nothing that makes one.
        from sojourn.sessions.answers import valid, valid_unmanaged

        claims, user, session = standing.claims, standing.user, standing.session
        expires_at = claims.expires_at if session is None else session.expires_at
        left = None if expires_at is None else (expires_at * 1000 - self.clock.wall_ms()) // 1000
        if session is not None:
            return valid(session, user, claims.realm, left=left)
        return valid_unmanaged(
            claims.session.text,
            user,
            claims.realm,
            auth_method=claims.auth_method,
            expires_at=expires_at,
            left=left,
        )

    def standing(self, claims: Claims) -> Standing:
        """The caller, newly read. Raises as `validate` does."""
        return self.stands(claims, self.caller(claims))

    def caller(self, claims: Claims) -> User | None:
        """The caller's user, newly read; together with the realm if the cached one is too old."""
        read: list[User | None] = []

        def load() -> Realm | None:
            realm, user = self.together.read(claims.realm.id, claims.user_id)
            read.append(user)
            return realm

        self.realms.get(claims.realm.id, load)
        return read[0] if read else self.users.get(claims.user_id)

    def realm(self, claims: Claims) -> Realm:
        """The token's realm, at most five seconds old. Raises `TokenInvalid`.

        The token may have been verified long before. A delayed call must not act with a key that
        was stopped, or in a realm that was deleted, in the meantime.
        """
        realm = self.realms.with_key(claims.realm.id, claims.key_id, claims.realm.issuer)
        if realm is None or claims.key_id not in realm.keys:
            raise TokenInvalid
        return realm

    def stands(self, claims: Claims, user: User | None) -> Standing:
        """Check the caller's session on a user that was just read. Raises as `validate` does.

        The realm must be at most five seconds old, even if the token was verified before: a delayed
        call must not end sessions that began after an end of the realm that it did not see.
        """
        realm = self.realm(claims)
        if user is not None and user.realm_id != realm.id:
            raise TokenInvalid
        if realm is not claims.realm:
            claims = replace(claims, realm=realm)
        if claims.session_type == "unmanaged":
            return self._unmanaged(claims, user)
        session = None if user is None else user.find(claims.session.text)
        if user is None or session is None:
            raise self._why(claims, user)
        if not session.live(self.clock.wall_ms()):
            raise SessionExpired
        if (ended := rules.ended_by_realm(session, claims.realm)) is not None:
            raise _told(ended)
        return Standing(claims=claims, user=user, session=session)

    def find_ended(self, user: User | None, realm: Realm, session: ids.SessionId) -> Ended | None:
        """The ended record of a session, pending in the user or written, while it is kept.

        If only the realm ends the session, the user is read again: the realm may have been read
        later, and the session have ended in between for another reason.
        """
        now_ms = self.clock.wall_ms()
        kept = None if user is None else user.find(session.text)
        if kept is not None and rules.ended_by_realm(kept, realm) is not None:
            user = self.users.get(session.user_id)
        found = None
        if user is not None:
            found = rules.find_ended(user, session.text, realm, now_ms=now_ms)
        if found is None:
            found = self.users.ended(session.user_id, session.text)
        if found is None or now_ms >= found.keep_until * 1000:
            return None
        return found

    def gone(self, claims: Claims) -> SessionEnded:
        """The error for a session of a deleted user."""
        if claims.session_type == "unmanaged":
            return SessionEnded(reason="user_deleted")
        return self._why(claims, None)

    def _unmanaged(self, claims: Claims, user: User | None) -> Standing:
        if user is None or user.state == "deleted":
            raise self.gone(claims)
        if user.state == "inactive":
            raise SessionEnded(reason="user_disabled")
        end = claims.realm.end_of(generation=claims.session.realm_generation, key_number=0)
        if end is not None:
            raise SessionEnded(reason="realm_ended", ended_ms=end.ended_ms)
        if not user.accepts_unmanaged(claims.session):
            raise SessionEnded("All sessions of this user from before were ended.")
        return Standing(claims=claims, user=user, session=None)

    def _why(self, claims: Claims, user: User | None) -> SessionEnded:
        """Rule 9: ended records "answer 'why was I logged out'"."""
        found = self.find_ended(user, claims.realm, claims.session)
        return SessionEnded() if found is None else _told(found)


def _told(ended: Ended) -> SessionEnded:
    return SessionEnded(reason=ended.reason, ended_ms=ended.ended_ms)
