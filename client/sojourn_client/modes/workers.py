"""Threads for what an event loop and a waiting request must not do, and one flight per session."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, Generic, TypeVar

T = TypeVar("T")
THREADS: Final = 32
"""Misses of event loops that are asked for at one time; more wait."""
BACKGROUND_THREADS: Final = 4
BACKGROUND_MOST: Final = 64
"""Refreshes in the background, running and waiting; more are left to a later request."""


class Workers:
    """Two pools of threads: one that requests wait for, and one that nobody waits for."""

    def __init__(self) -> None:
        self.after_fork()

    def after_fork(self) -> None:
        """The parent's threads are not in the child."""
        self._lock = threading.Lock()
        self._waited: ThreadPoolExecutor | None = None
        self._background: ThreadPoolExecutor | None = None
        self._pending = 0

    def submit(self, work: Callable[[], T]) -> "Future[T]":
        """Run this for a request that waits for it."""
        with self._lock:
            if self._waited is None:
                self._waited = ThreadPoolExecutor(THREADS, "sojourn")
            return self._waited.submit(work)

    def in_background(self, work: Callable[[], object]) -> bool:
        """Run this some time soon; False if there is too much of it already."""
        with self._lock:
            if self._pending >= BACKGROUND_MOST:
                return False
            if self._background is None:
                self._background = ThreadPoolExecutor(BACKGROUND_THREADS, "sojourn-refresh")
            future = self._background.submit(work)
            self._pending += 1
        future.add_done_callback(self._done)
        return True

    def close(self) -> None:
        """Let the threads end. What a request waits for is done before; refreshes are dropped."""
        with self._lock:
            waited, background = self._waited, self._background
            self._waited = self._background = None
        if waited is not None:
            waited.shutdown(wait=False)
        if background is not None:
            background.shutdown(wait=False, cancel_futures=True)

    def _done(self, _: "Future[object]") -> None:
        with self._lock:
            self._pending = max(0, self._pending - 1)


class Flights(Generic[T]):
    """What is being asked for now, by key: the first who asks flies, the others wait."""

    def __init__(self) -> None:
        self.after_fork()

    def after_fork(self) -> None:
        """The parent's flights do not land in the child."""
        self._lock = threading.Lock()
        self._flying: dict[bytes, Future[T]] = {}

    def join(self, key: bytes) -> tuple["Future[T]", bool]:
        """The flight of a key, and whether it is the caller's own to fly."""
        with self._lock:
            found = self._flying.get(key)
            if found is not None:
                return found, False
            mine = self._flying[key] = Future()
            return mine, True

    def flies(self, key: bytes) -> bool:
        """Whether there is a flight of a key."""
        with self._lock:
            return key in self._flying

    def land(self, key: bytes, flight: "Future[T]", result: T) -> None:
        """The end of one's own flight."""
        with self._lock:
            if self._flying.get(key) is flight:
                del self._flying[key]
        flight.set_result(result)
