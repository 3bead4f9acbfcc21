"""The deadline of a request, and the backoff with jitter before a retry."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf

from sojourn.runtime.clock import Clock

SECONDS = 10.0
CONNECT_SECONDS = 1.0
READ_SECONDS = 3.0
ATTEMPT_SECONDS = CONNECT_SECONDS + READ_SECONDS
"""The longest time of one attempt. The last attempt may begin just before the deadline."""
_FIRST_WAIT = 0.02
_LONGEST_WAIT = 0.5


class Deadline:
    """Ten seconds from its creation, shared by all retries of one request."""

    def __init__(self, clock: Clock, *, seconds: float = SECONDS) -> None:
        self._clock = clock
        self._end = clock.stopwatch() + seconds
        self._began = clock.wall_ms(), clock.monotonic()

    def remaining(self) -> float:
        """Seconds left; negative after the deadline."""
        return self._end - self._clock.stopwatch()

    def age(self) -> float:
        """Seconds since its creation, by the clock that moved more, wall or monotonic.

        Data that was read for this request is not older. `inf` if the wall clock went back.
        """
        wall_ms, monotonic = self._began
        wall = (self._clock.wall_ms() - wall_ms) / 1000
        return inf if wall < 0 else max(wall, self._clock.monotonic() - monotonic)

    def wait(self, attempt: int) -> bool:
        """Wait before retry number `attempt` (from 0); False if there is no time left.

        Full jitter (Brooker, "Exponential Backoff And Jitter"): callers that collided once
        spread out instead of colliding again.
        """
        longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(attempt, 10))
        pause = random.uniform(0, longest)  # noqa: S311 - spreads load, guards nothing
        if pause >= self.remaining():
            return False
        self._clock.sleep(pause)
        return True


_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


def current(clock: Clock) -> Deadline:
    """The request's deadline; a new one outside a request."""
    return _current.get() or Deadline(clock)


@contextmanager
def deadline(clock: Clock, *, seconds: float = SECONDS) -> Iterator[Deadline]:
    """Set the deadline of one request, for all calls within the block."""
    made = Deadline(clock, seconds=seconds)
    token = _current.set(made)
    try:
        yield made
    finally:
        _current.reset(token)
