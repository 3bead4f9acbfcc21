"""Measure the CPU time of a call, independent of the machine's load and speed."""

import time
from collections.abc import Callable
from functools import cache
from typing import Final

LIMIT_MS: Final = 50.0
"""What an answer may take at most, for a body within its limit."""
_USUAL_MS: Final = 10.0
"""What `_work` takes on a usual machine."""


def cpu_ms(call: Callable[[], object], *, times: int = 3) -> float:
    """Milliseconds of a usual processor's time: the least of some tries, as noise only adds."""
    return _least_ms(call, times) / slowness()


@cache
def slowness() -> float:
    """How many times longer this machine takes for the same work than a usual one; at least 1."""
    return max(1.0, _least_ms(_work, 5) / _USUAL_MS)


def _least_ms(call: Callable[[], object], times: int) -> float:
    """Milliseconds of this thread's processor time."""
    least = float("inf")
    for _ in range(times):
        started = time.thread_time()
        call()
        least = min(least, (time.thread_time() - started) * 1000)
    return least


def _work() -> int:
    return sum(number * number for number in range(200_000))
