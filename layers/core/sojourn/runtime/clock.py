"""The clock, passed as an argument. Only this module reads the machine's clock."""

import time
from typing import Protocol


class Clock(Protocol):
    """What the service needs to know of time."""

    def wall_ms(self) -> int:
        """Milliseconds since the epoch."""

    def machine_ms(self) -> int:
        """What the machine's own wall clock shows, wherever tests have moved this one to."""

    def monotonic(self) -> float:
        """Seconds that never go back, from an arbitrary start."""

    def stopwatch(self) -> float:
        """Seconds that truly passed, from an arbitrary start: what work and waiting took.

        A clock that is moved moves the other two, and takes no request's time away by it.
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
