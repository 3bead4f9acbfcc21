"""How much of a processor a call takes, whatever else the machine is doing."""

import time
from collections.abc import Callable
from typing import Final

LIMIT_MS: Final = 50.0
"""What an answer may take at most, for a body within its limit."""


def cpu_ms(call: Callable[[], object], *, times: int = 3) -> float:
    """Milliseconds of this thread's processor time: the least of some tries, as noise only adds."""
    least = float("inf")
    for _ in range(times):
        started = time.thread_time()
        call()
        least = min(least, (time.thread_time() - started) * 1000)
    return least
