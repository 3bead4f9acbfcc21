"""Time: an instant by two clocks, and how long ago it was.

The wall clock may be set back; the monotonic clock of Linux stands still while a machine or a
process's container is suspended. Whichever moved more tells the age of what is known, so nothing
looks younger than it is.
"""

import time
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Instant:
    """One moment by the wall clock (epoch seconds) and by the monotonic clock (seconds)."""

    wall: float
    monotonic: float

    def since(self, earlier: "Instant") -> float:
        """Seconds since then, by whichever clock moved more."""
        return max(self.wall - earlier.wall, self.monotonic - earlier.monotonic)


class Clock(Protocol):
    """Tells the time and waits."""

    def now(self) -> Instant: ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> Instant:
        return Instant(time.time(), time.monotonic())  # noqa: TID251 - this is the clock

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
