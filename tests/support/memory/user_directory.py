"""The users of a realm by name, and their list, in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sojourn.domain.errors import NameTaken, NotFound, Superseded
from sojourn.domain.names import gained
from sojourn.domain.realm import Realm
from sojourn.domain.user import (
    ChangeInRealm,
    NameKind,
    NewUser,
    UniqueName,
    User,
    UserInRealm,
)
from tests.support.memory.realms import MemoryRealms
from tests.support.memory.users import MemoryUsers


class MemoryUserDirectory:
    """`UserDirectory` and `RealmAndUser`."""

    def __init__(self, realms: MemoryRealms, users: MemoryUsers) -> None:
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

    def read(self, realm_id: str, user_id: str) -> tuple[Realm | None, User | None]:
        return self._realms.get(realm_id), self._users.get(user_id)

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
