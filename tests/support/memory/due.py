"""Due work and settlements, in memory."""

import threading
from collections.abc import Iterator, Sequence
from zlib import crc32

from sojourn.domain.due import Due, Progress
from tests.support.memory.feed import MemoryFeed
from tests.support.memory.users import MemoryUsers


class MemoryDue:
    """`DueIndex` and `Settlements`."""

    shards = 2

    def __init__(self, users: MemoryUsers, feed: MemoryFeed) -> None:
        self._feed = feed
        self._lock = threading.RLock()
        self._users = users
        self._jobs: dict[tuple[str, str, str], Due] = {}
        self._after: dict[tuple[str, str], str] = {}

    @property
    def jobs(self) -> list[Due]:
        """The jobs that are left to cleanup, in the order in which they came."""
        with self._lock:
            return list(self._jobs.values())

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
            times = [(user.id, user.due_at) for user in self._users.everybody()]
            users = [Due("user", user_id, at) for user_id, at in times if at is not None]
            records = [
                Due("ended_record", user_id, ended.keep_until, ended.session.id)
                for user_id, ended in self._users.records()
            ]
            return [*users, *records, *self._feed.due(), *self._jobs.values()]

    def remove_entry(self, owner: str, entry_id: str, *, now: int) -> bool:
        return self._feed.remove(owner, entry_id, now=now)

    def remove_record(self, user_id: str, session_id: str, *, now: int) -> bool:
        with self._lock:
            found = self._users.ended(user_id, session_id)
            if found is None or found.keep_until > now:
                return False
            self._users.remove_record(user_id, session_id)
            return True

    def progress(self, realm_id: str, name: str) -> Progress | None:
        with self._lock:
            job = self._jobs.get(("settlement", realm_id, name))
            return None if job is None else Progress(job.due_at, self._after.get((realm_id, name)))

    def save_progress(self, realm_id: str, name: str, *, after: str) -> bool:
        with self._lock:
            if ("settlement", realm_id, name) not in self._jobs:
                return False
            self._after[realm_id, name] = after
            return True

    def finish_settlement(self, realm_id: str, name: str) -> None:
        with self._lock:
            self._jobs.pop(("settlement", realm_id, name), None)
            self._after.pop((realm_id, name), None)


def _shard(owner: str) -> int:
    return crc32(owner.encode()) % MemoryDue.shards
