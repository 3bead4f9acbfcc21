"""The clock, passed as an argument. Only this module reads the machine's clock."""

import time
from typing import Protocol


class Clock(Protocol):
    """The clocks that the service uses."""

    def wall_ms(self) -> int:
        """Milliseconds since the epoch."""

    def machine_ms(self) -> int:
        """The machine's own wall clock, even if tests have moved this clock."""

    def monotonic(self) -> float:
        """Seconds that never go back, from an arbitrary start."""

    def stopwatch(self) -> float:
        """Seconds that really passed, from an arbitrary start, for measuring durations.

        Moving a test's clock does not change it, so no request runs out of time by that.
        """

    def sleep(self, seconds: float) -> None:
        """Wait; a test's clock may return at once."""


class SystemClock:
    """The machine's own clocks."""

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def machine_ms(self) -> int:
        return self.wall_ms()

    def monotonic(self) -> float:
        return time.monotonic()

    def stopwatch(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
