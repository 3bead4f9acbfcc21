"""A queue of events in simulated time, the earliest first."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

Event = Callable[[], None]


@dataclass(slots=True)
class Events:
    """Simulated time in seconds, and what is to happen."""

    now: float = 0.0
    _waiting: list[tuple[float, int, Event]] = field(default_factory=list)
    _order: "count[int]" = field(default_factory=count)

    def after(self, seconds: float, event: Event) -> None:
        """Let something happen later."""
        heapq.heappush(self._waiting, (self.now + seconds, next(self._order), event))

    def run(self) -> None:
        """Let everything happen."""
        while self._waiting:
            self.now, _, event = heapq.heappop(self._waiting)
            event()
