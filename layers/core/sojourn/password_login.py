"""Begin a session by password: for nobody yet known, or for a server on a user's behalf."""

from dataclasses import dataclass
from typing import Any

from sojourn import attempts, ids, names
from sojourn.account import Account, Change, Login
from sojourn.auth import Server
from sojourn.commits import commit
from sojourn.errors import CredentialWrong, LoginFailed, NotFound, SessionLimit
from sojourn.guard import Guard
from sojourn.login import Logins
from sojourn.names import fold
from sojourn.passwords import Hasher
from sojourn.ports import Realms
from sojourn.proof import Proof
from sojourn.realm import Realm
from sojourn.tries import Try

View = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PasswordLogins:
    """The two ways to log in by password. Both raise `TooManyAttempts`."""

    realms: Realms
    logins: Logins
    guard: Guard
    hasher: Hasher

    def by_name(
        self,
        realm_id: str,
        password: str,
        login: Login,
        *,
        username: str | None = None,
        email: str | None = None,
    ) -> View:
        """Log in by name and password.

        Unknown realm, unknown user, wrong password and inactive user take the same calls, the
        same time and the same `LoginFailed`, and their failures are counted alike: the account
        that is not there is read and its password verified all the same.
        """
        realm, user_id = self.realms.get_with_login(realm_id, username=username, email=email)
        if user_id is not None:
            bucket = attempts.of_account(user_id)
        else:
            kind, name = ("name", username) if username is not None else ("email", email or "")
            bucket = attempts.of_name(realm_id, kind, fold(name or ""))
        account, tried = self.guard.password(user_id, bucket, login.origin.ip)
        return self._verified(realm, account, password, login, tried)

    def on_behalf(self, server: Server, text: str, password: str, login: Login) -> View:
        """Log in the user of an id, a username or an email, for a server.

        Raises `NotFound` and `CredentialWrong`.
        """
        realm, user_id = self._named(server, text)
        # The connection is the server's own, and says nothing of where its user is.
        ip = login.origin.ip if login.origin.reported else None
        account, tried = self.guard.password(user_id, attempts.of_account(user_id), ip)
        if account is None or account.state == "deleted":
            raise NotFound
        server.must_see(account.realm_id)
        realm = realm or self.realms.get(account.realm_id)
        if realm is None:
            raise NotFound
        try:
            return self._verified(realm, account, password, login, tried)
        except LoginFailed as error:
            raise CredentialWrong(
                "The password is not this user's, or the user is inactive."
            ) from error

    def _named(self, server: Server, text: str) -> tuple[Realm | None, str]:
        if ids.is_id("usr", text):
            return None, text
        username, email = (None, text) if "@" in text else (text, None)
        realm_id = server.in_realm()
        if len(text) > names.SENT:
            raise NotFound
        realm, user_id = self.realms.get_with_login(realm_id, username=username, email=email)
        if user_id is None:
            raise NotFound
        return realm, user_id

    def _verified(
        self,
        realm: Realm | None,
        account: Account | None,
        password: str,
        login: Login,
        tried: Try,
    ) -> View:
        tried.check()
        known = None if account is None else account.password
        right = self.hasher.verify(password, known.secret if known else self.hasher.dummy())
        if (
            not right
            or known is None
            or account is None
            or realm is None
            or account.realm_id != realm.id
            or account.state != "active"
        ):
            tried.failed()
            raise LoginFailed
        proof = Proof(password, known, self.hasher, tried.passed())
        if realm.settings.session_type == "unmanaged":
            return self.logins.begin_unmanaged(realm, self._leave(proof, account), login)
        try:
            return self.logins.begin_managed(realm, account, login, proof)
        except (SessionLimit, NotFound):
            # The password was right all the same, and ends the row of those that were not.
            self._leave(proof, account)
            raise

    def _leave(self, proof: Proof, account: Account) -> Account:
        """Commit what a right password leaves, without a session; the account that came of it."""
        at, seen = self.logins, account

        def decide(found: Account) -> Change | None:
            nonlocal seen
            seen = found
            return proof.left(found)

        left = commit(at.accounts, account, decide, clock=at.clock, gone=LoginFailed)
        return left.after if left else seen
