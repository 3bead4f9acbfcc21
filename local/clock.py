"""A clock that can be moved forward, wall and monotonic time together."""

import threading
import time
from typing import Final

LONG_WAIT: Final = 1.0
"""Waits of this many seconds or more are for expiry; `fast_waits` skips them."""


class LocalClock:
    """The machine's clocks, ahead by an offset that only `advance` moves.

    With `fast_waits` a wait of a second or more moves the clock forward instead. Then the
    clock is ahead of the machine's, and verifiers see `iat` in the future: only for tests.
    """

    def __init__(self, *, fast_waits: bool = False) -> None:
        self._fast_waits = fast_waits
        self._lock = threading.Lock()
        self._offset = 0.0

    def wall_ms(self) -> int:
        return int(time.time_ns() // 1_000_000 + self._offset * 1000)

    def machine_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic() + self._offset

    def stopwatch(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait; with `fast_waits`, a wait of a second or more moves the clock forward instead."""
        if self._fast_waits and seconds >= LONG_WAIT:
            self.advance(seconds)
        else:
            time.sleep(seconds)

    def advance(self, seconds: float) -> float:
        """Move the clock forward; returns the new time in epoch seconds."""
        with self._lock:
            self._offset += seconds
        return self.wall_ms() / 1000
