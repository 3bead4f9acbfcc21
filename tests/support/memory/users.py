"""Users with their sessions and ended records, in memory."""

import threading
from collections.abc import Sequence
from dataclasses import replace

from sojourn.domain.errors import Superseded
from sojourn.domain.session import Ended, Origin
from sojourn.domain.user import (
    Change,
    User,
)
from tests.support.memory.feed import MemoryFeed

RECORDS_PER_COMMIT = 99


def recorded(ended: Ended) -> Ended:
    """An ending as its record has it: no key, and nothing of where it began if it is stripped."""
    origin = Origin(ip=None, client=None) if ended.strip else ended.session.origin
    return replace(ended, session=replace(ended.session, key_number=0, origin=origin))


def copied(user: User) -> User:
    """The user with a mapping of their own: all else of a value cannot be changed."""
    return replace(user, credentials=dict(user.credentials))


class MemoryUsers:
    """`UserStore`."""

    def __init__(self, feed: MemoryFeed) -> None:
        self._lock = threading.RLock()
        self._feed = feed
        self._users: dict[str, User] = {}
        self._ended: dict[str, dict[str, Ended]] = {}

    def add(self, user: User) -> None:
        """A user that was not there before."""
        with self._lock:
            assert user.id not in self._users
            self._users[user.id] = copied(user)

    def remove(self, user_id: str) -> None:
        """A user is no more; their ended records stay."""
        with self._lock:
            del self._users[user_id]

    def everybody(self) -> list[User]:
        """All users."""
        with self._lock:
            return [copied(user) for user in self._users.values()]

    def records(self) -> list[tuple[str, Ended]]:
        """All ended records, each with its user's id."""
        with self._lock:
            return [(owner, e) for owner in self._ended for e in self._ended[owner].values()]

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
            found = self._users.get(user_id)
            return None if found is None else copied(found)

    def get_many(self, user_ids: Sequence[str]) -> Sequence[User | None]:
        with self._lock:
            return [self.get(user_id) for user_id in user_ids]

    def commit(self, change: Change, *, others: int = 0) -> Change:
        """Carry out a change; `others` writes that come with it leave room for fewer endings."""
        room = RECORDS_PER_COMMIT - others - (change.revocation is not None)
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
            self._users[after.id] = copied(after)
            records = self._ended.setdefault(after.id, {})
            records.update({e.session.id: e for e in waiting[:room]})
            self._feed.add(change.revocation)
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
            return self._ended.get(user_id, {}).get(session_id)

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
            return found[:limit]
