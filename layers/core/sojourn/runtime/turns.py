"""Turns for those in one process who want to change the same thing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """One lock per key for as long as somebody wants it.

    It decides nothing: DynamoDB's condition does, between processes and within one. It only
    spares those of one process from losing to each other, which a Lambda instance never sees
    and a threaded server sees all the time.
    """

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
