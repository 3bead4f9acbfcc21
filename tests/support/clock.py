"""A clock that tests can move."""

import time


class MovedClock:
    """Stands still until it is moved; sleeping moves it.

    It starts in 2049, so that a store that keeps the TTL by the true clock deletes nothing.
    `wrong_seconds` is how far the clock of the machine that it was moved from is off.
    """

    wrong_seconds = 0.0

    def __init__(self, wall_ms: int = 2_500_000_000_000) -> None:
        self._wall_ms = wall_ms
        self._monotonic = 1_000.0
        self._stopwatch = 1_000.0

    def wall_ms(self) -> int:
        return self._wall_ms

    def machine_ms(self) -> int:
        return time.time_ns() // 1_000_000 + round(self.wrong_seconds * 1000)

    def monotonic(self) -> float:
        return self._monotonic

    def stopwatch(self) -> float:
        return self._stopwatch

    def sleep(self, seconds: float) -> None:
        """A wait of a second or more is for something to expire, and takes no time."""
        if seconds < 1:
            self._stopwatch += seconds
        self._move(seconds)

    def advance(self, seconds: float) -> None:
        """Move on, as time does."""
        self._stopwatch += seconds
        self._move(seconds)

    def _move(self, seconds: float) -> None:
        self._wall_ms += round(seconds * 1000)
        self._monotonic += seconds

    def set_forward(self, seconds: float) -> None:
        """Move the wall clock alone, so that nothing that counts seconds of waiting ends."""
        self._wall_ms += round(seconds * 1000)

    def set_back(self, seconds: float) -> None:
        """Move the wall clock back, as a correction by NTP does."""
        self._wall_ms -= round(seconds * 1000)
