"""Log in by password: a user directly, or a server on a user's behalf."""

from sojourn.crypto.passwords import Hasher, VerifiedPassword
from sojourn.domain import ids, lockout, names
from sojourn.domain.access_key import Server
from sojourn.domain.errors import CredentialWrong, LoginFailed, NotFound, SessionLimit
from sojourn.domain.lockout import LoginAttempt
from sojourn.domain.names import fold
from sojourn.domain.ports import Realms
from sojourn.domain.realm import Realm
from sojourn.domain.session import Login
from sojourn.domain.user import Candidate
from sojourn.domain.values import dataclass
from sojourn.login.lockout import Lockout
from sojourn.login.login import Logins
from sojourn.sessions.answers import BegunSession


@dataclass(frozen=True, slots=True)
class PasswordLogins:
    """Logins by password, direct and by a server. Both raise `TooManyAttempts`."""

    realms: Realms
    logins: Logins
    lockout: Lockout
    hasher: Hasher

    def by_name(
        self,
        realm_id: str,
        password: str,
        login: Login,
        *,
        username: str | None = None,
        email: str | None = None,
    ) -> BegunSession:
        """Log in by name and password.

        Unknown realm, unknown user, wrong password and inactive user take the same calls and the
        same time, raise the same `LoginFailed`, and are counted in the same way. For an unknown
        user, a missing user is read and a dummy hash verified.
        """
        realm, user_id = self.realms.get_with_login(realm_id, username=username, email=email)
        bucket = _bucket(realm_id, user_id, username=username, email=email)
        user, attempt = self.lockout.password(user_id, bucket, login.origin.ip)
        return self._verified(realm, user, password, login, attempt)

    def on_behalf(self, server: Server, text: str, password: str, login: Login) -> BegunSession:
        """Log in a user, named by id, username or email, for a server.

        An unknown name, a wrong password and an inactive user raise the same `CredentialWrong`,
        after the same calls and the same time. Raises `NotFound` for an unknown id.
        """
        # The connection's address is the server's, not the user's.
        ip = login.origin.ip if login.origin.reported else None
        if ids.is_id("usr", text):
            user, attempt = self.lockout.password(text, lockout.of_account(text), ip)
            if user is None or user.state == "deleted":
                raise NotFound
            server.must_see(user.realm_id)
            realm = self.realms.get(user.realm_id)
        else:
            realm_id = server.in_realm()
            if len(text) > names.SENT:
                raise NotFound
            username, email = (None, text) if "@" in text else (text, None)
            realm, user_id = self.realms.get_with_login(realm_id, username=username, email=email)
            bucket = _bucket(realm_id, user_id, username=username, email=email)
            user, attempt = self.lockout.password(user_id, bucket, ip)
        if realm is None:
            raise NotFound
        try:
            return self._verified(realm, user, password, login, attempt)
        except LoginFailed as error:
            raise CredentialWrong(
                "The user does not exist, the password is wrong, or the user is inactive."
            ) from error

    def _verified(
        self,
        realm: Realm | None,
        candidate: Candidate | None,
        password: str,
        login: Login,
        attempt: LoginAttempt,
    ) -> BegunSession:
        self.lockout.check(attempt)
        known = None if candidate is None else candidate.password
        right = self.hasher.verify(password, known.secret if known else self.hasher.dummy())
        if (
            not right
            or known is None
            or candidate is None
            or realm is None
            or candidate.realm_id != realm.id
            or candidate.state != "active"
        ):
            self.lockout.failed(attempt)
            raise LoginFailed
        success, user = self.lockout.passed_with_user(attempt, candidate.id)
        if user is None:
            raise LoginFailed
        verified = VerifiedPassword(password, known, self.hasher, success)
        try:
            return self.logins.begin(realm, user, login, verified)
        except (SessionLimit, NotFound):
            # The password was correct, so it ends the row of failures.
            self.logins.leave(verified, user)
            raise


def _bucket(realm_id: str, user_id: str | None, *, username: str | None, email: str | None) -> str:
    """The bucket of an account, or of an unknown name."""
    if user_id is not None:
        return lockout.of_account(user_id)
    kind, name = ("name", username) if username is not None else ("email", email)
    return lockout.of_name(realm_id, kind, fold(name or ""))
