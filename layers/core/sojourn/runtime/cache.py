"""A bounded cache with a maximum age and single flight."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from sojourn.runtime.clock import Clock

V = TypeVar("V")


@dataclass(slots=True)
class _Entry(Generic[V]):
    value: V
    wall_ms: int
    monotonic: float


class Cache(Generic[V]):
    """At most `size` values, none older than `seconds`; what was absent is remembered too.

    Age is whichever of wall and monotonic clock moved more, because a frozen instance's
    monotonic clock stands still; a wall clock that went back makes an entry old. It counts from
    before the load, so it bounds how stale the value can be. Two threads that miss at once
    load once. A load that raises leaves nothing behind.
    """

    def __init__(self, clock: Clock, *, seconds: float, size: int) -> None:
        self._clock = clock
        self._seconds = seconds
        self._size = size
        self._entries: OrderedDict[str, _Entry[V]] = OrderedDict()
        self._lock = threading.Lock()
        self._loading: dict[str, threading.Lock] = {}

    def get(self, key: str, load: Callable[[], V], *, seconds: float | None = None) -> V:
        """The cached value, or the one that `load` gives now.

        `seconds` asks for one that is younger than the cache's age.
        """
        entry = self._fresh(key, seconds)
        if entry is not None:
            return entry.value
        with self._flight(key):
            entry = self._fresh(key, seconds)
            if entry is not None:
                return entry.value
            wall_ms, monotonic = self._clock.wall_ms(), self._clock.monotonic()
            value = load()
            self._store(key, _Entry(value, wall_ms, monotonic))
            return value

    def peek(self, key: str) -> V | None:
        """The value of whatever age that is at hand; nothing is loaded for it."""
        with self._lock:
            entry = self._entries.get(key)
            return None if entry is None else entry.value

    def get_many(
        self,
        keys: Iterable[str],
        load: Callable[[list[str]], Sequence[V]],
        *,
        seconds: float | None = None,
    ) -> dict[str, V]:
        """The cached values by key, and what `load` gives now, in order, for all that are missing.

        `seconds` asks for those that are younger than the cache's age.
        What is given does not depend on whether the cache has room for it.
        """
        # All take their flights in one order, so no two wait for each other.
        wanted = sorted(set(keys))
        found: dict[str, V] = {}
        with ExitStack() as flights:
            for key in wanted:
                if (entry := self._fresh(key, seconds)) is None:
                    flights.enter_context(self._flight(key))
                    entry = self._fresh(key, seconds)
                if entry is not None:
                    found[key] = entry.value
            missing = [key for key in wanted if key not in found]
            if missing:
                wall_ms, monotonic = self._clock.wall_ms(), self._clock.monotonic()
                for key, value in zip(missing, load(missing), strict=True):
                    self._store(key, _Entry(value, wall_ms, monotonic))
                    found[key] = value
        return found

    def purge(self, unwanted: Callable[[str], bool] = lambda _key: False) -> None:
        """Let go of what is too old and of what is unwanted, though nobody asks for it."""
        with self._lock:
            for key, entry in list(self._entries.items()):
                if unwanted(key) or self._old(entry, self._seconds):
                    del self._entries[key]

    @contextmanager
    def _flight(self, key: str) -> Iterator[None]:
        """One's turn to load a key."""
        with self._lock:
            loading = self._loading.setdefault(key, threading.Lock())
        with loading:
            try:
                yield
            finally:
                with self._lock:
                    if self._loading.get(key) is loading:
                        del self._loading[key]

    def _fresh(self, key: str, seconds: float | None = None) -> _Entry[V] | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            if self._old(entry, self._seconds if seconds is None else seconds):
                del self._entries[key]
                return None
            self._entries.move_to_end(key)
            return entry

    def _old(self, entry: _Entry[V], seconds: float) -> bool:
        wall = (self._clock.wall_ms() - entry.wall_ms) / 1000
        age = max(wall, self._clock.monotonic() - entry.monotonic)
        return wall < 0 or age >= seconds

    def _store(self, key: str, entry: _Entry[V]) -> None:
        with self._lock:
            self._entries[key] = entry
            self._entries.move_to_end(key)
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)
