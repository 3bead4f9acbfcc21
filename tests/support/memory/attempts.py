"""Counters of failed logins, in memory."""

import threading
from collections.abc import Sequence
from dataclasses import replace

from sojourn.domain.errors import Superseded
from sojourn.domain.lockout import Bucket, Counter, Failure
from sojourn.domain.user import Candidate, User
from tests.support.memory.users import MemoryUsers


class MemoryAttempts:
    """`Attempts`."""

    def __init__(self, users: MemoryUsers) -> None:
        self._lock = threading.RLock()
        self._users = users
        self._writes = 0
        self._held: dict[tuple[str, str], tuple[Bucket, str]] = {}

    def read(self, counters: Sequence[Counter]) -> Sequence[Counter]:
        with self._lock:
            return [self._read(counter) for counter in counters]

    def read_with_candidate(
        self, user_id: str | None, counters: Sequence[Counter]
    ) -> tuple[Candidate | None, Sequence[Counter]]:
        user, read = self.read_with_user(user_id, counters)
        if user is None:
            return None, read
        seen = {name: getattr(user, name) for name in Candidate.__match_args__}
        return Candidate(**seen), read

    def read_with_user(
        self, user_id: str | None, counters: Sequence[Counter]
    ) -> tuple[User | None, Sequence[Counter]]:
        with self._lock:
            user = None if user_id is None else self._users.get(user_id)
            return user, self.read(counters)

    def commit(self, failure: Failure, /) -> Failure:
        counters = failure.attempt.counters
        with self._lock:
            now = self.read(counters)
            if [c.version for c in now] != [c.version for c in counters]:
                raise Superseded(failure.attempt.read(now))
            self._writes += 1
            for counter, bucket in zip(counters, failure.buckets, strict=True):
                self._held[counter.digest, counter.kind] = (bucket, str(self._writes))
            return failure

    def _read(self, counter: Counter) -> Counter:
        bucket, version = self._held.get((counter.digest, counter.kind), (Bucket(), None))
        return replace(counter, bucket=bucket, version=version)
