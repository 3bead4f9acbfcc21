"""A clock that can be moved on: wall and monotonic together."""

import threading
import time


class LocalClock:
    """The machine's clocks, ahead by an offset."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offset = 0.0

    def wall_ms(self) -> int:
        return int(time.time_ns() // 1_000_000 + self._offset * 1000)

    def monotonic(self) -> float:
        return time.monotonic() + self._offset

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def advance(self, seconds: float) -> float:
        """Move on; the wall clock's new time in epoch seconds."""
        with self._lock:
            self._offset += seconds
        return self.wall_ms() / 1000
