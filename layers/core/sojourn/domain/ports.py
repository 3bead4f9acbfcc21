"""Ports (Protocols): the operations that features need from the stores and from KMS.

`store/` and `crypto/kms.py` implement them on AWS, `tests/support/memory` in memory.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from sojourn.domain.access_key import AccessKey
from sojourn.domain.lockout import Counter, Failure
from sojourn.domain.realm import Realm, RealmChange
from sojourn.domain.session import Ended
from sojourn.domain.user import Candidate, Change, ChangeInRealm, NameKind, NewUser, User


class UserReader(Protocol):
    """What a validation reads. Every read is consistent."""

    def get(self, user_id: str) -> User | None:
        """The user, or None."""

    def ended(self, user_id: str, session_id: str) -> Ended | None:
        """The ended record of a session; what is pending is in the user alone."""


class RealmAndUser(Protocol):
    """What a validation reads where the realm that its instance remembers is too old."""

    def read(self, realm_id: str, user_id: str) -> tuple[Realm | None, User | None]:
        """The realm and its user, in one consistent read."""


class UserStore(UserReader, Protocol):
    """Users with their sessions. Every read is consistent; every write has its condition."""

    def commit(self, change: Change, /) -> Change:
        """Carry out a change, as it was done: its version raised, endings that are still pending.

        A change whose answer was lost is found again. Raises `Superseded` when the user is no
        longer the one that it was decided on.
        """

    def get_many(self, user_ids: Sequence[str]) -> Sequence[User | None]:
        """At most 100 users, in order, in one read."""

    def archive(self, user_id: str) -> int:
        """Write what a user has pending as ended records; how many were written."""

    def ended_many(self, wanted: Sequence[tuple[str, str]]) -> Sequence[Ended | None]:
        """At most 100 ended records, by user and session, in order, in one read."""

    def list_ended(
        self, user_id: str, *, after: str | None, limit: int, ascending: bool
    ) -> Sequence[Ended]:
        """Ended records by session id, from the one behind `after`."""


class UserDirectory(Protocol):
    """The users of a realm by name, and the list of them. Every read is consistent."""

    def user_of_name(self, realm_id: str, kind: NameKind, name: str) -> str | None:
        """The id of the realm's user of that name."""

    def users_of_realm(
        self, realm_id: str, *, after: str | None, limit: int, ascending: bool
    ) -> tuple[Sequence[str], bool]:
        """The ids of one page of the realm's users, by id, and whether there are more."""

    def create_user(self, new: NewUser, /) -> None:
        """Make a user, who then has their names and is in the list of the realm.

        Raises `Superseded` with the realm of now where it has changed and the user is bound to it
        (None: it is no more, or is being deleted), and `NameTaken`. When its answer is lost it is
        done once.
        """

    def commit(self, change: ChangeInRealm, /) -> ChangeInRealm:
        """Carry out a change with the names that it claims and frees, as `UserStore` does.

        A user who is deleted by it leaves the list. Raises `Superseded` with the `UserInRealm` of
        now, where the user has changed or a realm that the change is bound to (None: the user is
        gone), `NotFound` where that realm is gone, and `NameTaken`.
        """


class Realms(Protocol):
    """What logins and validations read of the directory."""

    def get(self, realm_id: str) -> Realm | None:
        """The realm, read consistently, or None."""

    def get_many(self, realm_ids: Sequence[str]) -> Sequence[Realm | None]:
        """At most 100 realms, in order, in one consistent read."""

    def get_with_login(
        self, realm_id: str, *, username: str | None, email: str | None
    ) -> tuple[Realm | None, str | None]:
        """The realm, and the id of its user of that name, in one call."""

    def private_key(self, realm_id: str, key_id: str) -> bytes | None:
        """A signing key's ciphertext."""

    def mark_open_ended(self, realm_id: str, key_id: str) -> None:
        """Have a key remember that a token of it may have no `exp`, before it has one.

        Raises `Unavailable` when the realm has that key no more.
        """


class RealmStore(Realms, Protocol):
    """Realms as they are made and changed. Every read is consistent."""

    def find(self, realm_id: str) -> Realm | None:
        """The realm, also while it is being deleted; to everything else it is gone by then."""

    def realms(
        self, *, after: str | None, limit: int, ascending: bool
    ) -> tuple[Sequence[Realm], bool]:
        """A page of all realms, by id, also of those being deleted, and whether there are more."""

    def each_realm(self) -> Iterator[Realm]:
        """Every realm, by id, also those that are being deleted."""

    def create_realm(self, realm: Realm, private: Mapping[str, bytes]) -> None:
        """Write a new realm, and the ciphertexts of its signing keys' private halves, by key."""

    def commit(self, change: RealmChange, /) -> RealmChange:
        """Carry out a change, as it was done: the realm's version raised.

        With it the private halves of new keys are written, those of the keys that go are removed,
        and what is due is left to cleanup. A change whose answer was lost is found again. Raises
        `Superseded` when the realm is no longer the one that it was decided on; one that is being
        deleted is gone.
        """


class RealmCache(Protocol):
    """Realms as an instance may remember them for a few seconds. What is not there is read."""

    def get(self, realm_id: str, load: Callable[[], Realm | None] | None = None) -> Realm | None:
        """The realm, hardly old; `load` reads it together with something else."""

    def last_with_key(self, realm_id: str, key_id: str, issuer: str) -> Realm | None:
        """The realm of whatever age that is at hand, if it has key and issuer."""

    def with_key(self, realm_id: str, key_id: str, issuer: str) -> Realm | None:
        """The realm, read once more when it lacks key or issuer."""

    def with_keys(self, wanted: Iterable[tuple[str, str, str]]) -> Mapping[str, Realm | None]:
        """Realms by id, as `with_key` gives them for each realm, key and issuer; in two reads."""

    def outwait(self, *, since: float | None = None) -> None:
        """Wait until no instance remembers a realm that it read before now, or before `since`.

        `since` is of `Clock.monotonic`.
        """


class AccessKeyStore(Protocol):
    """Access keys. Every read is consistent."""

    def access_key(self, key_id: str) -> AccessKey | None:
        """An access key, or None."""

    def access_keys(
        self, realm_id: str | None, *, after: str | None, limit: int, ascending: bool
    ) -> tuple[Sequence[AccessKey], bool]:
        """A page of a realm's keys, or of the stack-wide ones, by id, and whether there are more.

        A key that is deleted meanwhile is left out of its page.
        """

    def each_access_key(self, realm_id: str | None) -> Iterator[AccessKey]:
        """Every key of a realm, or every stack-wide one, by id."""

    def create_access_key(self, key: AccessKey) -> None:
        """Write a new key. Raises `NotFound` when its realm is gone, or being deleted."""

    def first_key_id(self) -> str | None:
        """The id of the stack's first key, also when that was deleted since; or None."""

    def create_first_key(self, key: AccessKey, *, replaced: str | None) -> None:
        """Write a new key as the stack's first, where `replaced` still is that, or there is none.

        Raises `AlreadyInitialised`.
        """

    def change_access_key(self, key_id: str, changes: Mapping[str, str | int | None]) -> None:
        """Write these fields of a key, and no other; None removes one. Raises `NotFound`."""

    def delete_access_key(self, key: AccessKey) -> None:
        """Remove a key, if it is still there."""

    def record_use(self, key_id: str, *, now_ms: int, unless_since_ms: int) -> None:
        """Write when an access key was used, unless a use since then is written already.

        It revives no deleted key. Raises `Unavailable`.
        """


class Attempts(Protocol):
    """Counters of failed tries. Every read is consistent, and gives the counters in order."""

    def read(self, counters: Sequence[Counter]) -> Sequence[Counter]:
        """The counters as they are now, in one read."""

    def read_with_candidate(
        self, user_id: str | None, counters: Sequence[Counter]
    ) -> tuple[Candidate | None, Sequence[Counter]]:
        """As much of a user as a password is tried by, and the counters, in one read.

        Where there is nobody, or is no id, it takes as much work.
        """

    def read_with_user(
        self, user_id: str | None, counters: Sequence[Counter]
    ) -> tuple[User | None, Sequence[Counter]]:
        """The whole user and the counters, in one read."""

    def commit(self, failure: Failure, /) -> Failure:
        """Count a failure in all of its counters, where each is still as it was read; or in none.

        When its answer is lost it is counted once. Raises `Superseded` with the try as it is now.
        """


class Cipher(Protocol):
    """The stack's key service: what it encrypts, only the same realm and key can decrypt."""

    def encrypt(self, plaintext: bytes, *, realm_id: str, key_id: str) -> bytes: ...

    def decrypt(self, ciphertext: bytes, *, realm_id: str, key_id: str) -> bytes: ...
