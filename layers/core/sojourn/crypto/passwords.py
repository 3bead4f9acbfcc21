"""Hash and verify passwords: Argon2id with OWASP's parameters, stored as PHC strings.

Source: OWASP Password Storage Cheat Sheet (m = 19 MiB, t = 2, p = 1); RFC 9106.
"""

import os
import re
from typing import Final

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from sojourn.crypto import common_passwords
from sojourn.domain.errors import LoginFailed
from sojourn.domain.names import fold
from sojourn.domain.unicode import normalize
from sojourn.domain.user import Change, Credential, PasswordSuccess, Success, User
from sojourn.domain.values import dataclass, replace

SHORTEST: Final = 8
LONGEST: Final = 1024
SENT: Final = 4 * LONGEST
"""Characters as they are sent: NFD makes four of some one, and the length is that of the NFC."""
_PHC: Final = re.compile(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$")


@dataclass(frozen=True, slots=True)
class Hasher:
    """Hash with these parameters; verify with the parameters in a hash."""

    memory_kib: int = 19_456
    iterations: int = 2
    lanes: int = 1

    def hash(self, password: str) -> str:
        """The hash of a password, as a PHC string."""
        phc: str = self._argon2(os.urandom(16)).derive_phc_encoded(_bytes(password))
        return phc

    def verify(self, password: str, phc: str) -> bool:
        """Whether the password matches the hash."""
        try:
            Argon2id.verify_phc_encoded(_bytes(password), phc)
        except InvalidKey:
            return False
        return True

    def dummy(self) -> str:
        """A hash that no password matches; verifying it takes as long as a real one."""
        salt, tag = "A" * 22, "A" * 43
        cost = f"m={self.memory_kib},t={self.iterations},p={self.lanes}"
        return f"$argon2id$v=19${cost}${salt}${tag}"

    def outdated(self, phc: str) -> bool:
        """Whether a hash has weaker parameters, so the password should be hashed again."""
        match = _PHC.match(phc)
        if match is None:
            return True
        memory, iterations, lanes = (int(group) for group in match.groups())
        return memory < self.memory_kib or iterations < self.iterations or lanes < self.lanes

    def _argon2(self, salt: bytes) -> Argon2id:
        return Argon2id(
            salt=salt,
            length=32,
            iterations=self.iterations,
            lanes=self.lanes,
            memory_cost=self.memory_kib,
        )


class VerifiedPassword:
    """A verified password. It must still be the user's password when the login commits.

    For each state of the user it gives the change that the login makes.
    """

    def __init__(
        self, password: str, credential: Credential, hasher: Hasher, success: Success
    ) -> None:
        self._password = password
        self._hasher = hasher
        self._success = success
        # The hash that is to be kept, by each hash that the password is right for.
        self._kept = {credential.secret: self._current(credential.secret)}

    def password_success(self, user: User) -> PasswordSuccess:
        """The change of the user, with a hash at today's parameters. Raises `LoginFailed`."""
        known = user.password
        if known is None:
            raise LoginFailed
        if known.secret not in self._kept:
            if not self._hasher.verify(self._password, known.secret):
                raise LoginFailed
            self._kept[known.secret] = self._current(known.secret)
        kept = replace(known, secret=self._kept[known.secret])
        return PasswordSuccess(kept, self._success)

    def left(self, user: User) -> Change | None:
        """The change after a login that records no session, or None. Raises `LoginFailed`."""
        password_success = self.password_success(user)
        return (
            Change(user, password_success.left_in(user)) if password_success.changes(user) else None
        )

    def _current(self, phc: str) -> str:
        return self._hasher.hash(self._password) if self._hasher.outdated(phc) else phc


def _bytes(password: str) -> bytes:
    """NFC, so that the same password typed on another keyboard is the same."""
    return (password if password.isascii() else normalize("NFC", password)).encode()


def complaint(password: str, *names: str | None) -> str | None:
    """The error message for a new password, or None if it is valid.

    `names` are the user's username and email.
    """
    length = len(normalize("NFC", password))
    if not SHORTEST <= length <= LONGEST:
        return f"password must be {SHORTEST} to {LONGEST} characters, and is {length}."
    if common_passwords.is_common(password):
        return "password is among the most common ones; choose another."
    folded = fold(password)
    if any(name is not None and fold(name) == folded for name in names):
        return "password must not be the username or the email; choose another."
    return None
