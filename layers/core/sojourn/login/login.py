"""Begin a session: "Anytime there's a successful authentication (login) for a user, a login
token is created. This also marks the beginning of an authenticated session for that user."
"""

import hmac
from typing import Final

from sojourn.crypto.passwords import VerifiedPassword
from sojourn.crypto.signing_keys import SigningKeys
from sojourn.crypto.token_claims import claims_of
from sojourn.crypto.unsigned_token import UnsignedToken, unsigned
from sojourn.domain import ids
from sojourn.domain import session_rules as rules
from sojourn.domain.errors import (
    CredentialWrong,
    Invalid,
    LoginFailed,
    NotFound,
    SessionLimit,
    Superseded,
    Unavailable,
    UserInactive,
)
from sojourn.domain.ports import Realms, UserStore
from sojourn.domain.realm import REMEMBERED_SECONDS, Realm
from sojourn.domain.session import Login, Session
from sojourn.domain.user import Change, User
from sojourn.domain.values import dataclass, replace
from sojourn.login.lockout import Lockout
from sojourn.runtime import deadline, metrics, optimistic
from sojourn.runtime.clock import Clock
from sojourn.runtime.clock_skew import Skew
from sojourn.runtime.deadline import Deadline
from sojourn.sessions import answers
from sojourn.sessions.answers import BegunSession

_NOTHING_TO_REPLACE: Final = (
    "replace ends a managed session, and this login begins an unmanaged one, as the realm's "
    "session_type or the user's user_type has it; leave replace out."
)


@dataclass(frozen=True, slots=True)
class Logins:
    """Begins sessions. Each method returns the session with its `token`."""

    realms: Realms
    users: UserStore
    lockout: Lockout
    keys: SigningKeys
    clock: Clock
    skew: Skew

    def by_api_key(self, realm_id: str, api_key: str, login: Login) -> BegunSession:
        """Log in by API key for a server. Raises `CredentialWrong`, `TooManyAttempts`."""
        # The connection's address is the server's, not that of the API key's holder.
        ip = login.origin.ip if login.origin.reported else None
        try:
            return self.with_api_key(realm_id, api_key, login, ip=ip)
        except LoginFailed as error:
            raise CredentialWrong("The API key is not known in this realm.") from error

    def with_api_key(
        self, realm_id: str, api_key: str, login: Login, *, ip: str | None
    ) -> BegunSession:
        """Log in by API key: always an unmanaged session, and nothing is stored.

        Raises `LoginFailed`, and `TooManyAttempts` if `ip` has too many failures.

        "Authentication to your Realm using API keys will always create unmanaged sessions."
        """
        realm = self.realms.get(realm_id)
        user, attempt = self.lockout.api_key(ids.secret_owner("ak", "usr", api_key), ip)
        self.lockout.check(attempt)
        digest = ids.digest(api_key).hex()
        if (
            realm is None
            or user is None
            or user.realm_id != realm.id
            or user.user_type != "api"
            or user.state != "active"
            or not _holds(user, digest)
        ):
            self.lockout.failed(attempt)
            raise LoginFailed
        return self.begin(realm, user, login)

    def of_server(self, realm: Realm, user: User, login: Login) -> BegunSession:
        """Begin a session for a server, without the user's credential.

        Raises `UserInactive`, `NotFound` if user or realm was deleted in the meantime, `Invalid`,
        `SessionLimit`.
        """
        try:
            return self._begin_known(realm, user, login)
        except LoginFailed as error:
            # For a server a 401 would mean its own credential, but the user's is wrong.
            if error.inactive:
                raise UserInactive("The user is inactive; set `state` to active first.") from error
            raise NotFound from error

    def begin(
        self,
        realm: Realm,
        user: User,
        login: Login,
        verified: VerifiedPassword | None = None,
    ) -> BegunSession:
        """Begin a managed or unmanaged session, as user and realm require; returns the answer.

        Raises `Invalid`, `LoginFailed`, and for a managed one `SessionLimit` and `NotFound`.
        """
        if user.user_type == "api" or realm.settings.session_type == "unmanaged":
            if verified is not None:
                user = self.leave(verified, user)
            return self._begin_unmanaged(realm, user, login)
        return self._begin_managed(realm, user, login, verified)

    def leave(self, verified: VerifiedPassword, user: User) -> User:
        """Commit the change after a correct password, without a session; returns the user."""
        last = optimistic.commit_newest(
            self.users, user, verified.left, clock=self.clock, gone=LoginFailed
        )
        return last.value if last.change is None else last.change.after

    def _begin_known(self, realm: Realm, user: User, login: Login) -> BegunSession:
        """Begin a session of a user who was read before their realm was."""
        try:
            return self.begin(realm, user, login)
        except SessionLimit:
            # A commit would fail if the user had changed in the meantime, but a refusal would not.
            # So read the user again, after the realm, before refusing.
            now = self.users.get(user.id)
            if now is None:
                raise NotFound from None
            return self.begin(realm, now, login)

    def _begin_managed(
        self, realm: Realm, user: User, login: Login, verified: VerifiedPassword | None
    ) -> BegunSession:
        """Decide and commit; then sign the token and answer, once."""

        def decide(found: _Found) -> _Begun:
            self.skew.check()
            user, read = found.user, self._current(found.read)
            realm = read.realm
            key = self.keys.for_realm(realm, seconds=60 * realm.settings.session_minutes)
            success = None if verified is None else verified.password_success(user)
            now_ms = self.clock.wall_ms()
            change, session = rules.begin(
                user,
                realm,
                login,
                key_number=key.number,
                now_ms=now_ms,
                password_success=success,
            )
            claims = _managed_claims(user, realm, session)
            return _Begun(change, session, unsigned(claims, key), read)

        found = _Found(user, _Read(realm, deadline.current(self.clock)))
        begun = optimistic.commit(
            _Beginnings(self.users), found, decide, clock=self.clock, gone=LoginFailed
        )
        token = begun.token.sign()
        metrics.count(LoginSucceeded=1, SessionsEvicted=len(begun.change.ended))
        return answers.begun(begun.session, begun.change.after, token)

    def _current(self, read: "_Read") -> "_Read":
        """The realm, recent enough for a login. Raises `LoginFailed`, `Unavailable`."""
        if read.since.age() < REMEMBERED_SECONDS:
            return read
        # All sessions of the realm may have been ended since it was read. A session that began
        # after that must not be evicted by one that began before.
        since = Deadline(self.clock)
        realm = self.realms.get(read.realm.id)
        if realm is None:
            raise LoginFailed
        if realm.settings.session_type != "managed":
            raise Unavailable("The realm was changed meanwhile. Try again.")
        return _Read(realm, since)

    def _begin_unmanaged(self, realm: Realm, user: User, login: Login) -> BegunSession:
        """Begin an unmanaged session. Raises `Invalid`, `LoginFailed`."""
        if login.replace is not None:
            raise Invalid(errors=[_NOTHING_TO_REPLACE])
        self.skew.check()
        now_ms = self.clock.wall_ms()
        session_id = rules.unmanaged_session_id(user, realm, now_ms=now_ms)
        by_key = user.user_type == "api"
        minutes = realm.settings.api_key_minutes if by_key else realm.settings.session_minutes
        expires_at = now_ms // 1000 + 60 * minutes if minutes else None
        claims = claims_of(
            user,
            realm,
            session_id=session_id,
            session_type="unmanaged",
            issued_at=now_ms // 1000,
            expires_at=expires_at,
        )
        claims["auth_method"] = login.auth_method
        key = self.keys.for_realm(realm, seconds=60 * minutes)
        token = unsigned(claims, key).sign()
        if expires_at is None and not realm.keys[key.id].open_ended:
            self.realms.record_open_ended(realm.id, key.id)
        metrics.count(LoginSucceeded=1)
        return answers.begun_unmanaged(
            session_id,
            user,
            auth_method=login.auth_method,
            expires_at=expires_at,
            origin=login.origin,
            token=token,
        )


@dataclass(frozen=True, slots=True)
class _Read:
    """A realm, and what began when it was read or before."""

    realm: Realm
    since: Deadline


@dataclass(frozen=True, slots=True)
class _Found:
    """The values on which a managed session is decided: the current user, and the read realm."""

    user: User
    read: _Read


@dataclass(frozen=True, slots=True)
class _Begun:
    """A new managed session: the change that records it, and its token before it is signed."""

    change: Change
    session: Session
    token: UnsignedToken
    read: _Read


@dataclass(frozen=True, slots=True)
class _Beginnings:
    """Commits new sessions. After a conflict, it continues with the realm that was read last."""

    users: UserStore

    def commit(self, begun: _Begun, /) -> _Begun:
        try:
            return replace(begun, change=self.users.commit(begun.change))
        except Superseded as error:
            raise Superseded(error.current and _Found(error.current, begun.read)) from error


def _holds(user: User, digest: str) -> bool:
    """Whether an API key of the user has that digest."""
    matches = [
        hmac.compare_digest(c.secret, digest)
        for c in user.credentials.values()
        if c.type == "api_key"
    ]
    return any(matches)


def _managed_claims(user: User, realm: Realm, session: Session) -> dict[str, object]:
    return claims_of(
        user,
        realm,
        session_id=session.id,
        session_type="managed",
        # When its lifetime began: of a user's item that a wrong clock wrote, `created_ms` is later.
        issued_at=session.expires_at - 60 * realm.settings.session_minutes,
        expires_at=session.expires_at,
    )
