"""The feed of what ended, in memory."""

import threading
from collections.abc import Sequence

from sojourn.domain import ids
from sojourn.domain.due import Due
from sojourn.domain.revocation import Entry, Revocation, slice_of
from sojourn.runtime.clock import Clock, SystemClock

KEPT_SECONDS = 25 * 3_600


class MemoryFeed:
    """`RevocationFeed`."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._lock = threading.RLock()
        self._clock = clock or SystemClock()
        self._entries: dict[tuple[str, int, int], dict[str, Entry]] = {}

    def now_ms(self) -> int:
        return self._clock.wall_ms()

    def add(self, revocation: Revocation | None) -> None:
        """What a commit ended, if anything."""
        if revocation is None:
            return
        now_ms = self.now_ms()
        entry = Entry(ids.new_id("rev", now_ms), revocation)
        at = revocation.realm_id, slice_of(now_ms), revocation.shard
        with self._lock:
            self._entries.setdefault(at, {})[entry.id] = entry

    def announce(self, revocation: Revocation) -> None:
        self.add(revocation)

    @property
    def entries(self) -> list[Entry]:
        """All entries, oldest first."""
        with self._lock:
            found = [entry for kept in self._entries.values() for entry in kept.values()]
            return sorted(found, key=lambda entry: entry.id)

    def due(self) -> list[Due]:
        """When cleanup may remove each entry."""
        with self._lock:
            return [
                Due("revocation", _owner(*at), _due_at(entry_id), entry_id)
                for at, kept in self._entries.items()
                for entry_id in kept
            ]

    def remove(self, owner: str, entry_id: str, *, now: int) -> bool:
        """Remove an entry that is kept no longer; False if there is none."""
        with self._lock:
            for at, kept in self._entries.items():
                if _owner(*at) == owner and entry_id in kept and _due_at(entry_id) <= now:
                    del kept[entry_id]
                    return True
            return False

    def read(
        self, realm_id: str, number: int, shard: int, *, after: str, limit: int
    ) -> tuple[Sequence[Entry], bool]:
        with self._lock:
            kept = self._entries.get((realm_id, number, shard), {})
            found = [kept[entry_id] for entry_id in sorted(kept) if entry_id > after]
            return found[:limit], len(found) >= limit


def _owner(realm_id: str, number: int, shard: int) -> str:
    return f"{realm_id}#feed#{number}#{shard}"


def _due_at(entry_id: str) -> int:
    return ids.created_ms(entry_id) // 1000 + KEPT_SECONDS
