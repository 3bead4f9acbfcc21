"""A password that was right: what must still hold, and what it leaves, when its login commits."""

from dataclasses import replace

from sojourn.crypto.passwords import Hasher
from sojourn.domain.errors import LoginFailed
from sojourn.domain.lockout import Success
from sojourn.domain.user import Change, Credential, User


class Proof:
    """A password that was verified, and must still be the account's at the commit."""

    def __init__(
        self, password: str, credential: Credential, hasher: Hasher, success: Success
    ) -> None:
        self._password = password
        self._verified = credential
        self._hasher = hasher
        self._success = success
        self._fresh: str | None = None
        self.before: User | None = None

    def confirm(self, account: User) -> User:
        """The account to begin from: a hash at today's parameters, the success remembered.

        Raises `LoginFailed`.
        """
        known = account.password
        if known is None:
            raise LoginFailed
        if known.secret != self._verified.secret:
            if not self._hasher.verify(self._password, known.secret):
                raise LoginFailed
            self._verified = known
        self.before = account
        if self._hasher.outdated(known.secret):
            if self._fresh is None:
                self._fresh = self._hasher.hash(self._password)
            account = _with_hash(account, known, self._fresh)
        return succeeded(account, self._success)

    def left(self, account: User) -> Change | None:
        """What a login that records no session leaves in the account; None when nothing.

        Raises `LoginFailed`.
        """
        after = self.confirm(account)
        known = account.password
        outdated = known is not None and self._hasher.outdated(known.secret)
        if not outdated and not self._success.due(account.proofs, account.known):
            return None
        return Change(before=account, after=after)


def succeeded(account: User, success: Success) -> User:
    """The account with what a right password leaves in it."""
    proofs, known = success.applied(account.proofs, account.known)
    return replace(account, proofs=proofs, known=known)


def _with_hash(account: User, known: Credential, phc: str) -> User:
    credentials = {**account.credentials, known.id: replace(known, secret=phc)}
    return replace(account, credentials=credentials)
