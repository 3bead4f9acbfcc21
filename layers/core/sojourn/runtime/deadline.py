"""The deadline of a request, and the backoff with jitter before a retry."""

import random
from contextvars import ContextVar, Token
from math import inf
from typing import Self

from sojourn.runtime.clock import Clock

SECONDS = 10.0
CONNECT_SECONDS = 1.0
READ_SECONDS = 3.0
ATTEMPT_SECONDS = CONNECT_SECONDS + READ_SECONDS
"""The longest time of one attempt. The last attempt may begin just before the deadline."""
_FIRST_WAIT = 0.02
_LONGEST_WAIT = 0.5


class Deadline:
    """Ten seconds from its creation, shared by all retries of one request.

    In a `with` statement, it is that of all calls within the block.
    """

    def __init__(self, clock: Clock, *, seconds: float = SECONDS) -> None:
        self._clock = clock
        self._end = clock.stopwatch() + seconds
        self._began = clock.wall_ms(), clock.monotonic()
        self._outer: Token[Deadline | None] | None = None

    def __enter__(self) -> Self:
        self._outer = _current.set(self)
        return self

    def __exit__(self, *_error: object) -> None:
        if self._outer is not None:
            _current.reset(self._outer)

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


def deadline(clock: Clock, *, seconds: float = SECONDS) -> Deadline:
    """The deadline of one request: use it in a `with` statement."""
    return Deadline(clock, seconds=seconds)
