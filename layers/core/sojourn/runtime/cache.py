"""A bounded cache with a maximum age and single flight."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Generic, TypeVar

from sojourn.runtime.clock import Clock

V = TypeVar("V")


class _Entry(Generic[V]):
    __slots__ = ("monotonic", "value", "wall_ms")

    def __init__(self, value: V, wall_ms: int, monotonic: float) -> None:
        self.value = value
        self.wall_ms = wall_ms
        self.monotonic = monotonic


class Cache(Generic[V]):
    """At most `size` values, none older than `seconds`. Absent values are cached too (None).

    The age is measured by both the wall clock and the monotonic clock, and the larger one counts,
    because the monotonic clock of a frozen instance stands still. If the wall clock went back, the
    entry is too old. The age counts from before the load, so it is an upper bound of the staleness.
    Threads that miss the same key at once load it once (single flight). A failed load is not
    cached.
    """

    def __init__(self, clock: Clock, *, seconds: float, size: int) -> None:
        self._clock = clock
        self._seconds = seconds
        self._size = size
        self._entries: OrderedDict[str, _Entry[V]] = OrderedDict()
        self._lock = threading.Lock()
        self._loading: dict[str, threading.Lock] = {}

    def get(self, key: str, load: Callable[[], V], *, seconds: float | None = None) -> V:
        """The cached value, or the one that `load` returns.

        `seconds` asks for a value younger than the cache's maximum age.
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
        """The cached value of any age; nothing is loaded."""
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
        """The values by key: cached ones, and those that `load` returns, in order, for the others.

        `seconds` asks for values younger than the cache's maximum age. All values are returned,
        even if the cache has no room for them.
        """
        # All threads take the locks in the same order, so there is no deadlock.
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
        """Drop the entries that are too old or unwanted."""
        with self._lock:
            for key, entry in list(self._entries.items()):
                if unwanted(key) or self._old(entry, self._seconds):
                    del self._entries[key]

    @contextmanager
    def _flight(self, key: str) -> Iterator[None]:
        """The lock of the one thread that loads a key."""
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
