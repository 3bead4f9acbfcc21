"""What the core needs of the outside, as it would like to be answered."""

from collections.abc import Sequence
from typing import Protocol

from sojourn.domain.access_key import AccessKey
from sojourn.domain.realm import Realm
from sojourn.domain.session import Ended
from sojourn.domain.user import Change, User


class Superseded(Exception):
    """A commit's account was no longer current; `current` is (None: the user is gone)."""

    def __init__(self, current: User | None) -> None:
        super().__init__("the account has changed")
        self.current = current


class Committer(Protocol):
    """Carries out changes of accounts."""

    def commit(self, change: Change) -> User:
        """Carry out a change; the account as it is then, with the endings that are still pending.

        Raises `Superseded` when the account is no longer the same.
        """
        ...


class UserReader(Protocol):
    """What a validation reads. Every read is consistent."""

    def get(self, user_id: str) -> User | None:
        """The account, or None."""
        ...

    def ended(self, user_id: str, session_id: str) -> Ended | None:
        """The ended record of a session; what is pending is in the account alone."""
        ...


class RealmAndUser(Protocol):
    """What a validation reads where the realm that its instance remembers is too old."""

    def read(self, realm_id: str, user_id: str) -> tuple[Realm | None, User | None]:
        """The realm and its user, in one consistent read."""
        ...


class UserStore(Committer, UserReader, Protocol):
    """Users with their sessions. Every read is consistent; every write has its condition."""

    def get_many(self, user_ids: Sequence[str]) -> Sequence[User | None]:
        """At most 100 accounts, in order, in one read."""
        ...

    def archive(self, user_id: str) -> int:
        """Write what an account has pending as ended records; how many were written."""
        ...

    def ended_many(self, wanted: Sequence[tuple[str, str]]) -> Sequence[Ended | None]:
        """At most 100 ended records, by user and session, in order, in one read."""
        ...

    def list_ended(
        self, user_id: str, *, after: str | None, limit: int, ascending: bool
    ) -> Sequence[Ended]:
        """Ended records by session id, from the one behind `after`."""
        ...


class Realms(Protocol):
    """What logins and validations read of the directory."""

    def get(self, realm_id: str) -> Realm | None:
        """The realm, read consistently, or None."""
        ...

    def get_many(self, realm_ids: Sequence[str]) -> Sequence[Realm | None]:
        """At most 100 realms, in order, in one consistent read."""
        ...

    def get_with_login(
        self, realm_id: str, *, username: str | None, email: str | None
    ) -> tuple[Realm | None, str | None]:
        """The realm, and the id of its user of that name, in one call."""
        ...

    def private_key(self, realm_id: str, key_id: str) -> bytes | None:
        """A signing key's ciphertext."""
        ...

    def mark_open_ended(self, realm_id: str, key_id: str) -> None:
        """Have a key remember that a token of it may have no `exp`, before it has one.

        Raises `Unavailable` when the realm has that key no more.
        """
        ...

    def access_key(self, key_id: str) -> AccessKey | None:
        """An access key, or None."""
        ...

    def record_use(self, key_id: str, *, now_ms: int, unless_since_ms: int) -> None:
        """Write when an access key was used, unless a use since then is written already.

        It revives no deleted key. Raises `Unavailable`.
        """
        ...


class Cipher(Protocol):
    """The stack's key service: what it encrypts, only the same realm and key can decrypt."""

    def encrypt(self, plaintext: bytes, *, realm_id: str, key_id: str) -> bytes: ...

    def decrypt(self, ciphertext: bytes, *, realm_id: str, key_id: str) -> bytes: ...
