"""What a client tells of itself: its state, and numbers for metrics."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Literal

from sojourn_client.errors import Rejected, Unavailable

Event = Literal[
    "accepted",
    "rejected",
    "unavailable",
    "asked",
    "polled",
    "poll_failed",
    "ended",
    "coverage_lost",
]
"""What happened, and what its number is:

- `accepted`, `rejected`, `unavailable`: a verification; 1
- `asked`: the service was asked about a session; the seconds that it took
- `polled`: the feed was read; the seconds that it took
- `poll_failed`: the feed could not be read; 1
- `ended`: entries of the feed that were new; how many
- `coverage_lost`: the feed was away for longer than it is kept; 1
"""
Observe = Callable[[Event, float], None]
"""Called in the thread in which it happens, also on event loops: it must not wait. What it raises
is logged, and changes nothing."""
log = logging.getLogger("sojourn_client")


@dataclass(frozen=True, slots=True)
class Observed:
    """Observes how a verification ends."""

    observe: Observe

    def __enter__(self) -> None:
        """It begins."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.observe("accepted", 1.0)
        elif issubclass(kind, Rejected):
            self.observe("rejected", 1.0)
        elif issubclass(kind, Unavailable):
            self.observe("unavailable", 1.0)


def guarded(observe: Observe) -> Observe:
    """What observes, so that its errors harm nobody."""

    def observed(event: Event, number: float) -> None:
        try:
            observe(event, number)
        except Exception:
            log.exception("What observes the client failed")

    return observe if observe is nobody else observed


def nobody(_event: Event, _number: float) -> None:
    """Observes nothing."""


@dataclass(frozen=True, slots=True)
class Health:
    """The state of a client. All but `mode` is about mode "feed".

    - `fresh`: whether sessions are accepted by the feed now; otherwise the service is asked
    - `staleness`: seconds since when the feed is known; None before it was read
    - `polling`: whether this process polls; it begins with the first verification
    - `failures`: polls that failed since the last one that did not
    - `error`: why the last poll failed
    """

    mode: Literal["always", "cached", "feed"]
    fresh: bool = False
    staleness: float | None = None
    polling: bool = False
    failures: int = 0
    error: str | None = None
