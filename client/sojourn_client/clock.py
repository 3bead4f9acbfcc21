"""Time: an instant by two clocks, and how long ago it was.

The wall clock may be set back; the monotonic clock may stand still while a machine is suspended.
Whichever moved more tells the age of what is known, so nothing looks younger than it is.
"""

import sys
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


if sys.platform == "linux":

    def _monotonic() -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME)

else:

    def _monotonic() -> float:
        return time.monotonic()


class Clock(Protocol):
    """Tells the time and waits."""

    def now(self) -> Instant: ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's clocks. On Linux the monotonic one counts the time of a suspended machine."""

    def now(self) -> Instant:
        return Instant(time.time(), _monotonic())  # noqa: TID251 - this is the clock

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
