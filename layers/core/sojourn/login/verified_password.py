"""A password that was right, and must still be the user's in the commit of their login."""

from dataclasses import replace

from sojourn.crypto.passwords import Hasher
from sojourn.domain.errors import LoginFailed
from sojourn.domain.lockout import Success
from sojourn.domain.user import Change, Credential, Proved, User


class VerifiedPassword:
    """Says of each state of its user what the right password leaves: `Proved`."""

    def __init__(
        self, password: str, credential: Credential, hasher: Hasher, success: Success
    ) -> None:
        self._password = password
        self._hasher = hasher
        self._success = success
        # The hash that is to be kept, by each hash that the password is right for.
        self._kept = {credential.secret: self._current(credential.secret)}

    def proved(self, user: User) -> Proved:
        """What it leaves in the user, with a hash at today's parameters. Raises `LoginFailed`."""
        known = user.password
        if known is None:
            raise LoginFailed
        if known.secret not in self._kept:
            if not self._hasher.verify(self._password, known.secret):
                raise LoginFailed
            self._kept[known.secret] = self._current(known.secret)
        kept = replace(known, secret=self._kept[known.secret])
        return Proved(kept, self._success)

    def left(self, user: User) -> Change:
        """What a login that records no session leaves; nothing may change by it.

        Raises `LoginFailed`.
        """
        proved = self.proved(user)
        return Change(before=user, after=proved.left_in(user) if proved.changes(user) else user)

    def _current(self, phc: str) -> str:
        return self._hasher.hash(self._password) if self._hasher.outdated(phc) else phc
