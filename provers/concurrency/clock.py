"""The clocks of a crew: each process has its own offset, and all are moved together."""

import time
from multiprocessing.sharedctypes import Synchronized

from local.clock import LONG_WAIT


class CrewClock:
    """A process's clocks: the machine's, `ahead` by its own seconds and those that all moved by.

    A wait of a second or more is for what others remember to expire. It takes no true time: all
    clocks move on by it, in the middle of whatever the others do.
    """

    def __init__(self, moved: "Synchronized[float]", ahead: float) -> None:
        self._moved = moved
        self._ahead = ahead

    def _offset(self) -> float:
        # Read without the lock, which every call of every process would wait for.
        return self._ahead + float(self._moved.get_obj().value)

    def wall_ms(self) -> int:
        return int(time.time_ns() // 1_000_000 + self._offset() * 1000)

    def machine_ms(self) -> int:
        return int(time.time_ns() // 1_000_000 + self._ahead * 1000)

    def monotonic(self) -> float:
        return time.monotonic() + self._offset()

    def stopwatch(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        if seconds < LONG_WAIT:
            time.sleep(seconds)
        else:
            advance(self._moved, seconds)


def advance(moved: "Synchronized[float]", seconds: float) -> None:
    """Move all clocks on."""
    with moved.get_lock():
        moved.value += seconds
