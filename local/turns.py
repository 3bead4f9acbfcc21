"""Queue the threads of this process that change the same user or realm.

Each Lambda instance has its own CPU, and DynamoDB's conditions decide between instances. The
threads of this server share one CPU: of 60 simultaneous logins of one user, 43 had no time left to
commit (November 2026, two busy cores). Queueing changes no result, it only saves time.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sojourn.domain.errors import Unavailable
from sojourn.runtime import deadline, optimistic
from sojourn.runtime.clock import Clock


class Turns:
    """One lock per key, kept while a thread needs it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, tuple[threading.Lock, int]] = {}

    @contextmanager
    def take(self, key: str, *, seconds: float) -> Iterator[bool]:
        """Wait for a turn, at most this long; returns whether it came."""
        with self._lock:
            turn, wanted = self._held.get(key, (threading.Lock(), 0))
            self._held[key] = (turn, wanted + 1)
        came = turn.acquire(timeout=max(0.0, seconds))
        try:
            yield came
        finally:
            if came:
                turn.release()
            with self._lock:
                turn, wanted = self._held.pop(key)
                if wanted > 1:
                    self._held[key] = (turn, wanted - 1)


def in_turns(commit: Callable[..., Any]) -> Callable[..., Any]:
    """The optimistic loop for a threaded server: one thread at a time for each user.

    A user comes by itself, or in a value that has it.
    """
    turns = Turns()

    def waiting(store: Any, value: Any, decide: Any, *, clock: Clock, **others: Any) -> Any:
        seconds = deadline.current(clock).remaining()
        key = getattr(getattr(value, "user", value), "id", None)
        if key is None:
            return commit(store, value, decide, clock=clock, **others)
        with turns.take(key, seconds=seconds) as came:
            if not came:
                raise Unavailable("Too many changes at once. Try again.")
            return commit(store, value, decide, clock=clock, **others)

    return waiting


def install() -> None:
    """Enable turns in this process."""
    optimistic.commit = in_turns(optimistic.commit)
