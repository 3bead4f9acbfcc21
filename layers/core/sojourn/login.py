"""Begin a session: "Anytime there's a successful authentication (login) for a user, a login
token is created. This also marks the beginning of an authenticated session for that user."
"""

import hmac
from dataclasses import dataclass, replace
from typing import Any

from sojourn import account as rules
from sojourn import ids, telemetry, tokens, views
from sojourn.account import Account, Change, Credential, Login, Session
from sojourn.clock import Clock
from sojourn.commits import commit
from sojourn.errors import CredentialWrong, LoginFailed
from sojourn.keys import SigningKeys
from sojourn.passwords import Hasher
from sojourn.ports import Accounts, Realms, Superseded
from sojourn.realm import Realm

View = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Logins:
    """Every way to begin a session. All answer the session with its `token`."""

    realms: Realms
    accounts: Accounts
    keys: SigningKeys
    hasher: Hasher
    clock: Clock

    def with_password(
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
        same time and the same `LoginFailed`: the account that is not there is read and its
        password verified all the same.
        """
        realm, user_id = self.realms.get_with_login(realm_id, username=username, email=email)
        account = self.accounts.get(user_id or _NOBODY)
        return self._verified(realm, account, password, login)

    def on_behalf(self, realm: Realm, account: Account, password: str, login: Login) -> View:
        """Log a user in by password for a server. Raises `CredentialWrong`."""
        try:
            return self._verified(realm, account, password, login)
        except LoginFailed as error:
            raise CredentialWrong(
                "The password is not this user's, or the user is inactive."
            ) from error

    def by_api_key(self, realm_id: str, api_key: str, login: Login) -> View:
        """Log in by API key for a server. Raises `CredentialWrong`."""
        try:
            return self.with_api_key(realm_id, api_key, login)
        except LoginFailed as error:
            raise CredentialWrong("The API key is not known in this realm.") from error

    def with_api_key(self, realm_id: str, api_key: str, login: Login) -> View:
        """Log in by API key: always unmanaged, and nothing is stored. Raises `LoginFailed`.

        "Authentication to your Realm using API keys will always create unmanaged sessions."
        """
        realm = self.realms.get(realm_id)
        account = self.accounts.get(ids.secret_owner("ak", "usr", api_key) or _NOBODY)
        digest = ids.digest(api_key).hex()
        if (
            realm is None
            or account is None
            or account.realm_id != realm.id
            or account.user_type != "api"
            or not _holds(account, digest)
        ):
            raise LoginFailed
        return self._begin_unmanaged(realm, account, login)

    def of_server(self, realm: Realm, account: Account, login: Login) -> View:
        """Begin a session on a server's word, without a credential. Raises `LoginFailed`."""
        if account.user_type == "api" or realm.settings.session_type == "unmanaged":
            return self._begin_unmanaged(realm, account, login)
        return self._begin_managed(realm, account, login, None)

    def _verified(
        self, realm: Realm | None, account: Account | None, password: str, login: Login
    ) -> View:
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
            raise LoginFailed
        if realm.settings.session_type == "unmanaged":
            self._rehash(account, known, password)
            return self._begin_unmanaged(realm, account, login)
        return self._begin_managed(realm, account, login, _Proof(password, known, self.hasher))

    def _begin_managed(
        self, realm: Realm, account: Account, login: Login, proof: "_Proof | None"
    ) -> View:
        key = self.keys.for_realm(realm, seconds=60 * realm.settings.session_minutes)
        attempts: dict[str, View] = {}
        found: list[str] = []

        def decide(current: Account) -> Change | None:
            # A write whose answer was lost may have been done: then this login is in there.
            found[:] = [s.id for s in current.sessions if s.id in attempts]
            if found:
                return None
            if proof is not None:
                current = proof.confirm(current)
            change, session = rules.begin(
                current, realm, login, key_number=key.number, now_ms=self.clock.wall_ms()
            )
            claims = _managed_claims(current, realm, session)
            token = tokens.sign(claims, key)
            attempts[session.id] = views.session(session, current) | {"token": token}
            if proof is not None:
                change = replace(change, before=proof.before or change.before)
            return change

        change = commit(self.accounts, account, decide, clock=self.clock, gone=LoginFailed)
        telemetry.count(
            LoginSucceeded=1, SessionsEvicted=0 if change is None else len(change.ended)
        )
        return attempts[found[0]] if found else list(attempts.values())[-1]

    def _begin_unmanaged(self, realm: Realm, account: Account, login: Login) -> View:
        now_ms = self.clock.wall_ms()
        session_id = rules.unmanaged_session_id(account, realm, now_ms=now_ms)
        by_key = account.user_type == "api"
        minutes = realm.settings.api_key_minutes if by_key else realm.settings.session_minutes
        expires_at = now_ms // 1000 + 60 * minutes if minutes else None
        claims = tokens.claims_of(
            account,
            realm,
            session_id=session_id,
            session_type="unmanaged",
            issued_at=now_ms // 1000,
            expires_at=expires_at,
        )
        claims["auth_method"] = login.auth_method
        key = self.keys.for_realm(realm, seconds=60 * minutes)
        token = tokens.sign(claims, key)
        if expires_at is None and not realm.keys[key.id].open_ended:
            self.realms.mark_open_ended(realm.id, key.id)
        telemetry.count(LoginSucceeded=1)
        view = views.unmanaged(
            session_id,
            account,
            auth_method=login.auth_method,
            expires_at=expires_at,
            origin=login.origin,
        )
        return view | {"token": token}

    def _rehash(self, account: Account, known: Credential, password: str) -> None:
        """Store a hash at today's parameters, unless the account has changed meanwhile."""
        if not self.hasher.outdated(known.secret):
            return
        after = _with_hash(account, known, self.hasher.hash(password))
        change = Change(before=account, after=replace(after, version=account.version + 1))
        try:
            self.accounts.commit(change)
        except Superseded:
            telemetry.info("A rehash gave way to another change")


_NOBODY = "usr_" + "0" * ids.BODY
"""Whom to read when there is nobody, so that the answer takes the same time."""


class _Proof:
    """A password that was verified, and must still be the account's when the login commits."""

    def __init__(self, password: str, credential: Credential, hasher: Hasher) -> None:
        self._password = password
        self._verified = credential
        self._hasher = hasher
        self._fresh: str | None = None
        self.before: Account | None = None

    def confirm(self, account: Account) -> Account:
        """The account to begin from, with a hash at today's parameters. Raises `LoginFailed`."""
        known = account.password
        if known is None:
            raise LoginFailed
        if known.secret != self._verified.secret:
            if not self._hasher.verify(self._password, known.secret):
                raise LoginFailed
            self._verified = known
        self.before = account
        if not self._hasher.outdated(known.secret):
            return account
        if self._fresh is None:
            self._fresh = self._hasher.hash(self._password)
        return _with_hash(account, known, self._fresh)


def _with_hash(account: Account, known: Credential, phc: str) -> Account:
    credentials = {**account.credentials, known.id: replace(known, secret=phc)}
    return replace(account, credentials=credentials)


def _holds(account: Account, digest: str) -> bool:
    """Whether an API key of the account has that digest."""
    matches = [
        hmac.compare_digest(c.secret, digest)
        for c in account.credentials.values()
        if c.type == "api_key"
    ]
    return any(matches)


def _managed_claims(account: Account, realm: Realm, session: Session) -> dict[str, object]:
    return tokens.claims_of(
        account,
        realm,
        session_id=session.id,
        session_type="managed",
        issued_at=session.created_ms // 1000,
        expires_at=session.expires_at,
    )
