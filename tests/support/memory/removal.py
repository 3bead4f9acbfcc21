"""Removal of users and realms, in memory."""

import threading
from dataclasses import replace

from sojourn.domain.due import Due
from sojourn.domain.errors import Superseded
from sojourn.domain.job_ports import TimeLeft
from sojourn.domain.user import User
from tests.support.memory.access_keys import MemoryAccessKeys
from tests.support.memory.due import MemoryDue
from tests.support.memory.realms import MemoryRealms
from tests.support.memory.user_directory import MemoryUserDirectory
from tests.support.memory.users import MemoryUsers


class MemoryRemoval:
    """`Removal`."""

    def __init__(
        self,
        users: MemoryUsers,
        realms: MemoryRealms,
        directory: MemoryUserDirectory,
        keys: MemoryAccessKeys,
        due: MemoryDue,
    ) -> None:
        self._lock = threading.RLock()
        self._users, self._realms, self._due = users, realms, due
        self._directory, self._keys = directory, keys

    def finish_user(self, user_id: str, time_left: TimeLeft) -> bool:
        with self._lock:
            self._users.archive(user_id)
            for owner, ended in self._users.records():
                if owner != user_id or ended.strip:
                    continue
                if time_left() <= 0:
                    return False
                self._users.put_record(user_id, replace(ended, strip=True))
            user = self._users.get(user_id)
            if user is not None and user.state != "deleted":
                return False
            if user is not None:
                self._users.remove(user_id)
            return True

    def remove_records(self, user_id: str, time_left: TimeLeft) -> bool:
        with self._lock:
            for owner, ended in self._users.records():
                if owner != user_id:
                    continue
                if time_left() <= 0:
                    return False
                self._users.remove_record(user_id, ended.session.id)
            return True

    def remove_user(self, user: User) -> None:
        with self._lock:
            current = self._users.get(user.id)
            if current is None or current.version != user.version:
                raise Superseded(current)
            holders = [
                self._realms.user_of_name(user.realm_id, *name) for name in user.unique_names
            ]
            if {*holders} - {user.id, None}:
                raise Superseded(user)
            self._users.remove(user.id)
            for name in user.unique_names:
                self._realms.remove_name(user.realm_id, *name)
            self._directory.remove_member(user.realm_id, user.id)

    def forget_user(self, realm_id: str, user_id: str) -> None:
        self._directory.remove_member(realm_id, user_id)

    def remove_access_keys(self, realm_id: str, time_left: TimeLeft) -> bool:
        with self._lock:
            for key in self._keys.each_access_key(realm_id):
                if time_left() <= 0:
                    return False
                self._keys.delete_access_key(key)
            return True

    def count_removed(self, realm_id: str, users: int) -> None:
        with self._lock:
            realm = self._realms.find(realm_id)
            if realm is not None and realm.deletion is not None:
                deletion = replace(realm.deletion, users=realm.deletion.users + users)
                self._realms.add(replace(realm, deletion=deletion))

    def remove_realm(self, realm_id: str) -> None:
        with self._lock:
            self._realms.remove(realm_id)
            self._due.drop(Due("realm_deletion", realm_id, 0))
