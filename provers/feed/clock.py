"""The clocks of a race: time runs faster than the machine's, and each instance is off by its own.

A race of a minute has four minutes of the service in it, with all of its deadlines and waits.
"""

import time
from dataclasses import dataclass
from typing import Final

SPEED: Final = 4
"""Seconds of the service in a second."""
SLICE: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class Start:
    """When the race began: by the machine's monotonic clock, and by the service's true time."""

    ns: int
    wall_ms: int

    @classmethod
    def now(cls) -> "Start":
        """A start by the machine's clocks."""
        return cls(time.monotonic_ns(), time.time_ns() // 1_000_000)

    @classmethod
    def before_an_hour(cls, seconds: float) -> "Start":
        """A race that begins now, so many seconds of the service before the next but one hour."""
        hour = (time.time() // SLICE + 2) * SLICE
        return cls(time.monotonic_ns(), round(1000 * (hour - seconds)))

    def ms(self, ns: int) -> int:
        """The true time of a moment of the machine's monotonic clock."""
        return self.wall_ms + (ns - self.ns) * SPEED // 1_000_000


@dataclass(frozen=True, slots=True)
class RaceClock:
    """An instance's clocks, `ahead` by so many seconds."""

    start: Start
    ahead: float = 0.0

    def wall_ms(self) -> int:
        return self.start.ms(time.monotonic_ns()) + round(1000 * self.ahead)

    def machine_ms(self) -> int:
        # It is compared with the dates of DynamoDB Local's answers.
        return time.time_ns() // 1_000_000 + round(1000 * self.ahead)

    def monotonic(self) -> float:
        return time.monotonic() * SPEED + self.ahead

    def stopwatch(self) -> float:
        return time.monotonic() * SPEED

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / SPEED)
