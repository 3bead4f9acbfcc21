"""A clock that can be moved on: wall and monotonic together."""

import threading
import time
from typing import Final

LONG_WAIT: Final = 1.0
"""Seconds from which on a wait is for something to expire, which here needs no true time."""


class LocalClock:
    """The machine's clocks, ahead by an offset."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offset = 0.0

    def wall_ms(self) -> int:
        return int(time.time_ns() // 1_000_000 + self._offset * 1000)

    def monotonic(self) -> float:
        return time.monotonic() + self._offset

    def stopwatch(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait a moment; a wait of a second or more moves the clock on instead."""
        if seconds < LONG_WAIT:
            time.sleep(seconds)
        else:
            self.advance(seconds)

    def advance(self, seconds: float) -> float:
        """Move on; the wall clock's new time in epoch seconds."""
        with self._lock:
            self._offset += seconds
        return self.wall_ms() / 1000
