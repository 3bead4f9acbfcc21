"""Realms with their signing keys and names, in memory."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from sojourn.domain.due import Due
from sojourn.domain.errors import Superseded, Unavailable
from sojourn.domain.names import fold
from sojourn.domain.realm import Realm, RealmChange
from sojourn.domain.user import (
    NameKind,
)
from tests.support.memory.feed import MemoryFeed
from tests.support.memory.pages import page_of


def copied(realm: Realm) -> Realm:
    """The realm with mappings of its own: all else of a value cannot be changed."""
    return replace(realm, keys=dict(realm.keys), stopped=dict(realm.stopped))


class MemoryRealms:
    """`RealmStore`."""

    def __init__(self, feed: MemoryFeed) -> None:
        self._lock = threading.RLock()
        self._feed = feed
        self._realms: dict[str, Realm] = {}
        self._names: dict[tuple[str, NameKind, str], str] = {}
        self._private: dict[tuple[str, str], bytes] = {}
        self.leave: Callable[[Due], object] = lambda job: None
        """Takes what a commit leaves to cleanup."""
        self.commits: list[RealmChange] = []
        """The changes that were carried out."""

    def add(self, realm: Realm) -> None:
        """A realm that was not there before, or another state of one that was."""
        with self._lock:
            self._realms[realm.id] = copied(realm)

    def find(self, realm_id: str) -> Realm | None:
        """The realm, also while it is being deleted."""
        with self._lock:
            found = self._realms.get(realm_id)
            return None if found is None else copied(found)

    def add_name(self, realm_id: str, kind: NameKind, name: str, user_id: str) -> None:
        """A user has a name."""
        with self._lock:
            self._names[realm_id, kind, fold(name)] = user_id

    def remove_name(self, realm_id: str, kind: NameKind, name: str) -> None:
        """A user has a name no more."""
        with self._lock:
            self._names.pop((realm_id, kind, fold(name)), None)

    def user_of_name(self, realm_id: str, kind: NameKind, name: str) -> str | None:
        """The id of the realm's user of that name."""
        with self._lock:
            return self._names.get((realm_id, kind, fold(name)))

    def add_private_key(self, realm_id: str, key_id: str, ciphertext: bytes) -> None:
        """A signing key's private half."""
        with self._lock:
            self._private[realm_id, key_id] = ciphertext

    def remove(self, realm_id: str) -> None:
        """A realm is no more, nor are its private keys."""
        with self._lock:
            self._realms.pop(realm_id, None)
            for at in [at for at in self._private if at[0] == realm_id]:
                del self._private[at]

    def get(self, realm_id: str) -> Realm | None:
        realm = self.find(realm_id)
        return None if realm is None or realm.deletion is not None else realm

    def get_many(self, realm_ids: Sequence[str]) -> Sequence[Realm | None]:
        with self._lock:
            return [self.get(realm_id) for realm_id in realm_ids]

    def get_with_login(
        self, realm_id: str, *, username: str | None, email: str | None
    ) -> tuple[Realm | None, str | None]:
        kind: NameKind = "email" if username is None else "username"
        name = email if username is None else username
        with self._lock:
            return self.get(realm_id), self.user_of_name(realm_id, kind, name or "")

    def realms(
        self, *, after: str | None, limit: int, ascending: bool
    ) -> tuple[Sequence[Realm], bool]:
        with self._lock:
            found, more = page_of(self._realms, after=after, limit=limit, ascending=ascending)
            return [copied(self._realms[realm_id]) for realm_id in found], more

    def each_realm(self) -> Iterator[Realm]:
        yield from self.realms(after=None, limit=10_000, ascending=True)[0]

    def create_realm(self, realm: Realm, private: Mapping[str, bytes]) -> None:
        with self._lock:
            self._realms[realm.id] = copied(realm)
            self._write_private(realm.id, private)

    def commit(self, change: RealmChange) -> RealmChange:
        with self._lock:
            current = self.get(change.before.id)
            if current is None or change.before.deletion is not None:
                raise Superseded(None)
            if current.version != change.before.version:
                raise Superseded(current)
            after = replace(change.after, version=current.version + 1)
            self._realms[after.id] = copied(after)
            self._write_private(after.id, change.private)
            for key_id in change.gone_keys:
                self._private.pop((after.id, key_id), None)
            self._feed.add(change.revocation)
            for job in change.due:
                self.leave(job)
            self.commits.append(done := replace(change, after=after))
            return done

    def _write_private(self, realm_id: str, private: Mapping[str, bytes]) -> None:
        self._private |= {(realm_id, key_id): private[key_id] for key_id in private}

    def private_key(self, realm_id: str, key_id: str) -> bytes | None:
        with self._lock:
            return self._private.get((realm_id, key_id))

    def record_open_ended(self, realm_id: str, key_id: str) -> None:
        with self._lock:
            realm = self.find(realm_id)
            key = None if realm is None else realm.keys.get(key_id)
            if realm is None or key is None:
                raise Unavailable
            keys = {**realm.keys, key_id: replace(key, open_ended=True)}
            self._realms[realm_id] = replace(realm, keys=keys, version=realm.version + 1)
