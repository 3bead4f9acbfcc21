"""Turns for the threads of this process that want to change the same user or realm.

Each Lambda instance has a CPU of its own, and DynamoDB's conditions alone decide between them. The
threads of this server share one: of 60 logins of one user at once, 43 had no time left for a commit
of their own (in November 2026, on two busy cores). Turns decide nothing, they only spare that.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sojourn.domain.errors import Unavailable
from sojourn.runtime import deadline, optimistic
from sojourn.runtime.clock import Clock


class Turns:
    """One lock per key for as long as somebody wants it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, tuple[threading.Lock, int]] = {}

    @contextmanager
    def take(self, key: str, *, seconds: float) -> Iterator[bool]:
        """Wait for one's turn, at most so long; gives whether it came."""
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
    """Have this process take turns from now on."""
    optimistic.commit = in_turns(optimistic.commit)
