"""The store's ports in memory, for tests that need no DynamoDB.

The contracts (`tests/integration/store/test_*_contract.py`) hold it to what the real store does.
It keeps its own copies, takes one call at a time, and writes nothing whose condition does not hold.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace

from sojourn.domain.access_key import AccessKey
from sojourn.domain.due import Due
from sojourn.domain.errors import AlreadyInitialised, NameTaken, NotFound, Superseded, Unavailable
from sojourn.domain.names import fold, gained
from sojourn.domain.realm import Realm
from sojourn.domain.realm_change import RealmChange
from sojourn.domain.session import Ended, Origin
from sojourn.domain.user import (
    Change,
    ChangeInRealm,
    NameKind,
    NewUser,
    UniqueName,
    User,
    UserInRealm,
)

RECORDS_PER_COMMIT = 99


def recorded(ended: Ended) -> Ended:
    """An ending as its record has it: no key, and nothing of where it began if it is stripped."""
    origin = Origin(ip=None, client=None) if ended.strip else ended.session.origin
    return replace(ended, session=replace(ended.session, key_number=0, origin=origin))


def page_of(
    ids: Iterable[str], *, after: str | None, limit: int, ascending: bool
) -> tuple[list[str], bool]:
    """A page of ids, and whether there are more."""
    found = sorted(ids, reverse=not ascending)
    if after is not None:
        found = [i for i in found if i != after and (i > after) == ascending]
    return found[:limit], len(found) > limit


class FakeUsers:
    """`UserStore`."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._users: dict[str, User] = {}
        self._ended: dict[str, dict[str, Ended]] = {}

    def add(self, user: User) -> None:
        """A user that was not there before."""
        with self._lock:
            assert user.id not in self._users
            self._users[user.id] = deepcopy(user)

    def remove(self, user_id: str) -> None:
        """A user is no more; their ended records stay."""
        with self._lock:
            del self._users[user_id]

    def everybody(self) -> list[User]:
        """All users."""
        with self._lock:
            return deepcopy(list(self._users.values()))

    def records(self) -> list[tuple[str, Ended]]:
        """All ended records, each with its user's id."""
        with self._lock:
            return [
                (owner, deepcopy(e)) for owner in self._ended for e in self._ended[owner].values()
            ]

    def put_record(self, user_id: str, ended: Ended) -> None:
        """An ended record, or another state of one."""
        with self._lock:
            self._ended.setdefault(user_id, {})[ended.session.id] = recorded(ended)

    def remove_record(self, user_id: str, session_id: str) -> None:
        """An ended record is no more."""
        with self._lock:
            del self._ended[user_id][session_id]

    def get(self, user_id: str) -> User | None:
        with self._lock:
            return deepcopy(self._users.get(user_id))

    def get_many(self, user_ids: Sequence[str]) -> Sequence[User | None]:
        with self._lock:
            return [self.get(user_id) for user_id in user_ids]

    def commit(self, change: Change, *, others: int = 0) -> Change:
        """Carry out a change; `others` writes that come with it leave room for fewer endings."""
        room = RECORDS_PER_COMMIT - others
        with self._lock:
            current = self.get(change.after.id)
            if current is None or current.version != change.before.version:
                raise Superseded(current)
            waiting = [recorded(e) for e in (*change.before.pending, *change.ended)]
            after = replace(
                change.after,
                version=current.version + 1,
                pending=tuple(waiting[room:]),
            )
            self._users[after.id] = deepcopy(after)
            records = self._ended.setdefault(after.id, {})
            records.update({e.session.id: deepcopy(e) for e in waiting[:room]})
            return replace(change, after=after)

    def archive(self, user_id: str) -> int:
        with self._lock:
            written = 0
            while (user := self.get(user_id)) is not None and user.pending:
                self.commit(Change(before=user, after=user))
                written += min(len(user.pending), RECORDS_PER_COMMIT)
            return written

    def ended(self, user_id: str, session_id: str) -> Ended | None:
        with self._lock:
            return deepcopy(self._ended.get(user_id, {}).get(session_id))

    def ended_many(self, wanted: Sequence[tuple[str, str]]) -> Sequence[Ended | None]:
        with self._lock:
            return [self.ended(*where) for where in wanted]

    def list_ended(
        self, user_id: str, *, after: str | None, limit: int, ascending: bool
    ) -> Sequence[Ended]:
        with self._lock:
            records = self._ended.get(user_id, {})
            found = [records[key] for key in sorted(records, reverse=not ascending)]
            if after is not None:
                found = [e for e in found if e.session.id != after]
                found = [e for e in found if (e.session.id > after) == ascending]
            return deepcopy(found[:limit])


class FakeRealms:
    """`RealmStore`."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._realms: dict[str, Realm] = {}
        self._names: dict[tuple[str, NameKind, str], str] = {}
        self._private: dict[tuple[str, str], bytes] = {}
        self.leave: Callable[[Due], object] = lambda job: None
        """Takes what a commit leaves to cleanup."""

    def add(self, realm: Realm) -> None:
        """A realm that was not there before, or another state of one that was."""
        with self._lock:
            self._realms[realm.id] = deepcopy(realm)

    def find(self, realm_id: str) -> Realm | None:
        """The realm, also while it is being deleted."""
        with self._lock:
            return deepcopy(self._realms.get(realm_id))

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
            return deepcopy([self._realms[realm_id] for realm_id in found]), more

    def each_realm(self) -> Iterator[Realm]:
        yield from self.realms(after=None, limit=10_000, ascending=True)[0]

    def create_realm(self, realm: Realm, private: Mapping[str, bytes]) -> None:
        with self._lock:
            self._realms[realm.id] = deepcopy(realm)
            self._write_private(realm.id, private)

    def commit(self, change: RealmChange) -> RealmChange:
        with self._lock:
            current = self.get(change.before.id)
            if current is None or change.before.deletion is not None:
                raise Superseded(None)
            if current.version != change.before.version:
                raise Superseded(current)
            after = replace(change.after, version=current.version + 1)
            self._realms[after.id] = deepcopy(after)
            self._write_private(after.id, change.private)
            for key_id in change.gone_keys:
                self._private.pop((after.id, key_id), None)
            for job in change.due:
                self.leave(job)
            return replace(change, after=after)

    def _write_private(self, realm_id: str, private: Mapping[str, bytes]) -> None:
        self._private |= {(realm_id, key_id): private[key_id] for key_id in private}

    def private_key(self, realm_id: str, key_id: str) -> bytes | None:
        with self._lock:
            return self._private.get((realm_id, key_id))

    def mark_open_ended(self, realm_id: str, key_id: str) -> None:
        with self._lock:
            realm = self.find(realm_id)
            key = None if realm is None else realm.keys.get(key_id)
            if realm is None or key is None:
                raise Unavailable
            keys = {**realm.keys, key_id: replace(key, open_ended=True)}
            self._realms[realm_id] = replace(realm, keys=keys, version=realm.version + 1)


class FakeAccessKeys:
    """`AccessKeyStore`; a realm's keys need their realm."""

    def __init__(self, realms: FakeRealms) -> None:
        self._lock = threading.RLock()
        self._realms = realms
        self._keys: dict[str, AccessKey] = {}
        self._first: str | None = None

    def add(self, key: AccessKey) -> None:
        """A key, whatever its realm."""
        with self._lock:
            self._keys[key.id] = key

    def access_key(self, key_id: str) -> AccessKey | None:
        with self._lock:
            return self._keys.get(key_id)

    def access_keys(
        self, realm_id: str | None, *, after: str | None, limit: int, ascending: bool
    ) -> tuple[Sequence[AccessKey], bool]:
        with self._lock:
            ids = [key.id for key in self._keys.values() if key.realm_id == realm_id]
            found, more = page_of(ids, after=after, limit=limit, ascending=ascending)
            return [self._keys[key_id] for key_id in found], more

    def each_access_key(self, realm_id: str | None) -> Iterator[AccessKey]:
        yield from self.access_keys(realm_id, after=None, limit=10_000, ascending=True)[0]

    def create_access_key(self, key: AccessKey) -> None:
        with self._lock:
            if key.realm_id is not None and self._realms.get(key.realm_id) is None:
                raise NotFound("There is no such realm.")
            self._keys[key.id] = key

    def first_key_id(self) -> str | None:
        with self._lock:
            return self._first

    def create_first_key(self, key: AccessKey, *, replaced: str | None) -> None:
        with self._lock:
            if self._first != replaced:
                raise AlreadyInitialised
            self._keys[key.id], self._first = key, key.id

    def change_access_key(self, key_id: str, changes: Mapping[str, str | int | None]) -> None:
        with self._lock:
            if key_id not in self._keys:
                raise NotFound("There is no such realm.")
            self._keys[key_id] = replace(self._keys[key_id], **changes)  # type: ignore[arg-type]

    def delete_access_key(self, key: AccessKey) -> None:
        with self._lock:
            self._keys.pop(key.id, None)

    def record_use(self, key_id: str, *, now_ms: int, unless_since_ms: int) -> None:
        with self._lock:
            key = self._keys.get(key_id)
            if key is None:
                return
            if key.last_used_ms is None or key.last_used_ms < unless_since_ms:
                self._keys[key_id] = replace(key, last_used_ms=now_ms)


class FakeUserDirectory:
    """`UserDirectory`."""

    def __init__(self, realms: FakeRealms, users: FakeUsers) -> None:
        self._realms, self._users = realms, users
        self._members: set[tuple[str, str]] = set()

    def add_member(self, realm_id: str, user_id: str) -> None:
        """A user is on the realm's list."""
        with self._realms._lock:
            self._members.add((realm_id, user_id))

    def remove_member(self, realm_id: str, user_id: str) -> None:
        """A user is off the realm's list."""
        with self._realms._lock:
            self._members.discard((realm_id, user_id))

    def user_of_name(self, realm_id: str, kind: NameKind, name: str) -> str | None:
        return self._realms.user_of_name(realm_id, kind, name)

    def users_of_realm(
        self, realm_id: str, *, after: str | None, limit: int, ascending: bool
    ) -> tuple[Sequence[str], bool]:
        with self._realms._lock:
            found = sorted(user for realm, user in self._members if realm == realm_id)
        if after is not None:
            found = [user for user in found if user != after and (user > after) == ascending]
        found = found if ascending else found[::-1]
        return found[:limit], len(found) > limit

    def create_user(self, new: NewUser, /) -> None:
        user, realm = new.user, new.realm
        with self._realms._lock, self._users._lock:
            if self._users.get(user.id) is not None:
                return
            now = self._realms.get(realm.id)
            if now is None or (new.bound and now.version != realm.version):
                raise Superseded(now)
            self._name(user, lost=[], new=user.unique_names)
            self._users.add(user)
            self._members.add((realm.id, user.id))

    def commit(self, changed: ChangeInRealm, /) -> ChangeInRealm:
        change, realm = changed.change, changed.realm
        before, after = change.before, change.after
        with self._realms._lock, self._users._lock:
            found = self._users.get(before.id)
            if found is None or found.version != before.version:
                raise Superseded(found and UserInRealm(found, realm))
            now = self._realms.get(realm.id)
            if changed.bound and now is None:
                raise NotFound("There is no such realm.")
            if changed.bound and now is not None and now.version != realm.version:
                raise Superseded(UserInRealm(before, now))
            lost = gained(after.unique_names, before.unique_names)
            new = gained(before.unique_names, after.unique_names)
            self._name(after, lost=lost, new=new)
            leaves = after.state == "deleted"
            if leaves:
                self._members.discard((realm.id, after.id))
            others = len(lost) + len(new) + leaves + changed.bound
            return replace(changed, change=self._users.commit(change, others=others))

    def _name(self, user: User, *, lost: Iterable[UniqueName], new: Iterable[UniqueName]) -> None:
        """Take names from a user and give them others, if nobody else has any of these."""

        def others(names: Iterable[UniqueName]) -> list[str]:
            holders = [(kind, self.user_of_name(user.realm_id, kind, n)) for kind, n in names]
            return [kind for kind, holder in holders if holder not in (None, user.id)]

        if others(new) or others(lost):
            raise NameTaken(*others(new))
        for name in lost:
            self._realms.remove_name(user.realm_id, *name)
        for name in new:
            self._realms.add_name(user.realm_id, *name, user.id)


class FakeTogether:
    """`RealmAndUser`."""

    def __init__(self, realms: FakeRealms, users: FakeUsers) -> None:
        self._realms, self._users = realms, users

    def read(self, realm_id: str, user_id: str) -> tuple[Realm | None, User | None]:
        return self._realms.get(realm_id), self._users.get(user_id)
