"""Ports (Protocols): the operations that features need from the stores and from KMS.

`store/` and `crypto/kms.py` implement them on AWS, `tests/support/memory` in memory.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from sojourn.domain.access_key import AccessKey
from sojourn.domain.lockout import Counter, Failure
from sojourn.domain.realm import Realm, RealmChange
from sojourn.domain.revocation import Entry, Revocation
from sojourn.domain.session import Ended
from sojourn.domain.user import Candidate, Change, ChangeInRealm, NameKind, NewUser, User


class UserReader(Protocol):
    """Read a user and ended records, for validations. Every read is consistent."""

    def get(self, user_id: str) -> User | None:
        """The user, or None."""

    def ended(self, user_id: str, session_id: str) -> Ended | None:
        """The ended record of a session. Pending ones are only in the user."""


class RealmAndUser(Protocol):
    """Read a realm and a user in one call, for validations whose cached realm is too old."""

    def read(self, realm_id: str, user_id: str) -> tuple[Realm | None, User | None]:
        """The realm and its user, in one consistent read."""


class UserStore(UserReader, Protocol):
    """Users with their sessions. Every read is consistent; every write has its condition."""

    def commit(self, change: Change, /) -> Change:
        """Commit a change; returns it as committed, with the new version and pending endings.

        A change whose answer was lost is recognised. Raises `Superseded` if the user has changed
        since it was read.
        """

    def get_many(self, user_ids: Sequence[str]) -> Sequence[User | None]:
        """At most 100 users, in order, in one read."""

    def archive(self, user_id: str) -> int:
        """Write a user's pending ended records; returns their number."""

    def ended_many(self, wanted: Sequence[tuple[str, str]]) -> Sequence[Ended | None]:
        """At most 100 ended records, by user and session, in order, in one read."""

    def list_ended(
        self, user_id: str, *, after: str | None, limit: int, ascending: bool
    ) -> Sequence[Ended]:
        """Ended records by session id, from the next one after `after`."""


class UserDirectory(Protocol):
    """The users of a realm by name, and the list of them. Every read is consistent."""

    def user_of_name(self, realm_id: str, kind: NameKind, name: str) -> str | None:
        """The id of the realm's user with that name, or None."""

    def users_of_realm(
        self, realm_id: str, *, after: str | None, limit: int, ascending: bool
    ) -> tuple[Sequence[str], bool]:
        """The ids of one page of the realm's users, by id, and whether there are more."""

    def create_user(self, new: NewUser, /) -> None:
        """Create a user with their names, and add the user to the realm's list.

        Raises `NameTaken`, and `Superseded` with the current realm if it has changed and the user
        is bound to it (None: the realm is gone or is being deleted). A lost answer does not create
        the user twice.
        """

    def commit(self, change: ChangeInRealm, /) -> ChangeInRealm:
        """Commit a change of a user with the names that it claims and frees, as `UserStore` does.

        A deleted user is removed from the list. Raises `Superseded` with the current `UserInRealm`
        if the user has changed, or a realm that the change is bound to (None: the user is gone),
        `NotFound` if that realm is gone, and `NameTaken`.
        """


class Realms(Protocol):
    """Read realms, names and private keys, for logins and validations."""

    def get(self, realm_id: str) -> Realm | None:
        """The realm, read consistently, or None."""

    def get_many(self, realm_ids: Sequence[str]) -> Sequence[Realm | None]:
        """At most 100 realms, in order, in one consistent read."""

    def get_with_login(
        self, realm_id: str, *, username: str | None, email: str | None
    ) -> tuple[Realm | None, str | None]:
        """The realm, and the id of its user with that name, in one call."""

    def private_key(self, realm_id: str, key_id: str) -> bytes | None:
        """The encrypted private key of a signing key."""

    def record_open_ended(self, realm_id: str, key_id: str) -> None:
        """Record that a key may have signed a token without `exp`, before it signs the first one.

        Raises `Unavailable` if the realm no longer has that key.
        """


class RealmStore(Realms, Protocol):
    """Create and change realms. Every read is consistent."""

    def find(self, realm_id: str) -> Realm | None:
        """The realm, even if it is being deleted. All other methods treat that realm as gone."""

    def realms(
        self, *, after: str | None, limit: int, ascending: bool
    ) -> tuple[Sequence[Realm], bool]:
        """A page of all realms, by id, also of those being deleted, and whether there are more."""

    def each_realm(self) -> Iterator[Realm]:
        """Every realm, by id, also those that are being deleted."""

    def create_realm(self, realm: Realm, private: Mapping[str, bytes]) -> None:
        """Write a new realm, and the encrypted private keys of its signing keys, by key id."""

    def commit(self, change: RealmChange, /) -> RealmChange:
        """Commit a change; returns it as committed, with the realm's new version.

        The same commit writes the private keys of new signing keys, removes those of removed ones,
        and adds due work for cleanup. A change whose answer was lost is recognised. Raises
        `Superseded` if the realm has changed since it was read; a realm that is being deleted
        counts as gone.
        """


class RealmCache(Protocol):
    """A cache of realms in an instance, for a few seconds. Missing ones are read."""

    def get(self, realm_id: str, load: Callable[[], Realm | None] | None = None) -> Realm | None:
        """The realm, at most a few seconds old; `load` can read it together with something else."""

    def last_with_key(self, realm_id: str, key_id: str, issuer: str) -> Realm | None:
        """The cached realm of any age, if it has key and issuer; nothing is read."""

    def with_key(self, realm_id: str, key_id: str, issuer: str) -> Realm | None:
        """The realm; it is read again if the cached one lacks the key or the issuer."""

    def with_keys(self, wanted: Iterable[tuple[str, str, str]]) -> Mapping[str, Realm | None]:
        """Realms by id, as `with_key` gives them for each realm, key and issuer; in two reads."""

    def wait_for_expiry(self, *, since: float | None = None) -> None:
        """Wait until no instance has a cached realm that was read before now, or before `since`.

        `since` is a time of `Clock.monotonic`.
        """


class AccessKeyStore(Protocol):
    """Access keys. Every read is consistent."""

    def access_key(self, key_id: str) -> AccessKey | None:
        """An access key, or None."""

    def access_keys(
        self, realm_id: str | None, *, after: str | None, limit: int, ascending: bool
    ) -> tuple[Sequence[AccessKey], bool]:
        """A page of a realm's keys, or of the stack-wide ones, by id, and whether there are more.

        A key that is deleted at the same time is left out of its page.
        """

    def each_access_key(self, realm_id: str | None) -> Iterator[AccessKey]:
        """Every key of a realm, or every stack-wide one, by id."""

    def create_access_key(self, key: AccessKey) -> None:
        """Write a new key. Raises `NotFound` if its realm is gone or is being deleted."""

    def first_key_id(self) -> str | None:
        """The id of the stack's first key, even if it was deleted since; or None."""

    def create_first_key(self, key: AccessKey, *, replaced: str | None) -> None:
        """Write a new key as the stack's first, if the first is still `replaced` (None: no key).

        Raises `AlreadyInitialised`.
        """

    def change_access_key(self, key_id: str, changes: Mapping[str, str | int | None]) -> None:
        """Write only these fields of a key; None removes a field. Raises `NotFound`."""

    def delete_access_key(self, key: AccessKey) -> None:
        """Remove a key, if it exists."""

    def record_use(self, key_id: str, *, now_ms: int, unless_since_ms: int) -> None:
        """Write when an access key was used, unless a later use was already written.

        It never recreates a deleted key. Raises `Unavailable`.
        """


class Announcer(Protocol):
    """Adds to the feed. The commits of the stores do it themselves."""

    def announce(self, revocation: Revocation) -> None:
        """Add an entry for an end that is acknowledged, and was committed by another call.

        The entry of that commit may be too old: nobody knows when the commit was carried out.
        Raises `Unavailable`.
        """


class RevocationFeed(Protocol):
    """The feed of what ended. Every read is consistent."""

    def now_ms(self) -> int:
        """The time by which entries are ordered: this clock's, corrected if it is known wrong."""

    def read(
        self, realm_id: str, number: int, shard: int, *, after: str, limit: int
    ) -> tuple[Sequence[Entry], bool]:
        """At most `limit` entries of a slice in a shard, by id, from the next one after `after`.

        Also whether more may follow.
        """


class Attempts(Protocol):
    """Counters of failed logins. Every read is consistent, and returns the counters in order."""

    def read(self, counters: Sequence[Counter]) -> Sequence[Counter]:
        """The counters as they are now, in one read."""

    def read_with_candidate(
        self, user_id: str | None, counters: Sequence[Counter]
    ) -> tuple[Candidate | None, Sequence[Counter]]:
        """The part of a user that a password check needs, and the counters, in one read.

        It does the same work for an unknown or malformed id.
        """

    def read_with_user(
        self, user_id: str | None, counters: Sequence[Counter]
    ) -> tuple[User | None, Sequence[Counter]]:
        """The whole user and the counters, in one read."""

    def commit(self, failure: Failure, /) -> Failure:
        """Count a failure in all of its counters, if none has changed since it was read.

        A lost answer does not count it twice. Raises `Superseded` with the attempt's new counters.
        """


class Cipher(Protocol):
    """Encryption of private keys. A ciphertext can be decrypted only for the same realm and key."""

    def encrypt(self, plaintext: bytes, *, realm_id: str, key_id: str) -> bytes: ...

    def decrypt(self, ciphertext: bytes, *, realm_id: str, key_id: str) -> bytes: ...
