"""What is due, and what removes users and realms, over the store in memory."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from zlib import crc32

from sojourn.domain.due import Due, Walk, due_at
from sojourn.domain.errors import Superseded
from sojourn.domain.job_ports import TimeLeft
from sojourn.domain.user import User
from tests.fake_store import FakeAccessKeys, FakeRealms, FakeUserDirectory, FakeUsers


class FakeDue:
    """`DueIndex` and `Walks`."""

    shards = 2

    def __init__(self, users: FakeUsers) -> None:
        self._lock = threading.RLock()
        self._users = users
        self._jobs: dict[tuple[str, str, str], Due] = {}
        self._after: dict[tuple[str, str], str] = {}

    def leave(self, job: Due) -> None:
        """A job that a realm's commit leaves to cleanup."""
        with self._lock:
            self._jobs[job.kind, job.owner, job.name] = job

    def drop(self, job: Due) -> None:
        """A job that is done."""
        with self._lock:
            self._jobs.pop((job.kind, job.owner, job.name), None)

    def pages(self, shard: int, *, now: int, limit: int) -> Iterator[Sequence[Due]]:
        found = [due for due in self._all() if due.due_at <= now and _shard(due.owner) == shard]
        found.sort(key=lambda due: due.due_at)
        for start in range(0, max(len(found), 1), limit):
            yield found[start : start + limit]

    def _all(self) -> list[Due]:
        with self._lock:
            times = [(user.id, due_at(user)) for user in self._users.everybody()]
            users = [Due("user", user_id, at) for user_id, at in times if at is not None]
            records = [
                Due("ended_record", user_id, ended.keep_until, ended.session.id)
                for user_id, ended in self._users.records()
            ]
            return [*users, *records, *self._jobs.values()]

    def remove_record(self, user_id: str, session_id: str, *, now: int) -> bool:
        with self._lock:
            found = self._users.ended(user_id, session_id)
            if found is None or found.keep_until > now:
                return False
            self._users.remove_record(user_id, session_id)
            return True

    def walk(self, realm_id: str, name: str) -> Walk | None:
        with self._lock:
            job = self._jobs.get(("settlement", realm_id, name))
            return None if job is None else Walk(job.due_at, self._after.get((realm_id, name)))

    def note_walk(self, realm_id: str, name: str, *, after: str) -> bool:
        with self._lock:
            if ("settlement", realm_id, name) not in self._jobs:
                return False
            self._after[realm_id, name] = after
            return True

    def finish_walk(self, realm_id: str, name: str) -> None:
        with self._lock:
            self._jobs.pop(("settlement", realm_id, name), None)
            self._after.pop((realm_id, name), None)


class FakeRemoval:
    """`Removal`."""

    def __init__(
        self,
        users: FakeUsers,
        realms: FakeRealms,
        directory: FakeUserDirectory,
        keys: FakeAccessKeys,
        due: FakeDue,
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
                raise Superseded(user)
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


def _shard(owner: str) -> int:
    return crc32(owner.encode()) % FakeDue.shards
