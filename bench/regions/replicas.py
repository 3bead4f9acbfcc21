"""A user's item in several Regions, as DynamoDB's global tables keep it.

Without multi-Region strong consistency a write is decided by the replica of its own Region,
answered at once, and sent to the others as a whole item. They take it if it is younger than what
they have: of two writes in different Regions within the delay, the earlier one is lost, whatever
its condition was. With strong consistency an item has one order of writes; one that meets another
in flight is refused with `ReplicatedWriteConflictException`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from bench.regions.events import Events

Lag = Callable[[], float]
Change = Callable[["State"], "State"]


@dataclass(frozen=True, slots=True)
class State:
    """The live sessions of a user, oldest first, and when and where the item was written."""

    sessions: tuple[int, ...] = ()
    written: tuple[float, int] = (-1.0, 0)


@dataclass(slots=True)
class Eventual:
    """Replicas that take each other's writes after a delay; the last writer wins."""

    events: Events
    regions: int
    lag: Lag
    replicas: list[State] = field(init=False)

    def __post_init__(self) -> None:
        self.replicas = [State()] * self.regions

    def read(self, region: int) -> State:
        """What a consistent read in a Region gives."""
        return self.replicas[region]

    def write(self, region: int, change: Change) -> State:
        """A conditional write, decided by the Region's own replica; returns the state before."""
        before = self.replicas[region]
        after = State(change(before).sessions, (self.events.now, region))
        self.replicas[region] = after
        for other in range(self.regions):
            if other != region:
                self.events.after(self.lag(), partial(self._take, other, after))
        return before

    def _take(self, region: int, sent: State) -> None:
        if sent.written > self.replicas[region].written:
            self.replicas[region] = sent


@dataclass(slots=True)
class Strong:
    """One item for all Regions; a write is in flight for a while, and keeps others out."""

    version: int = 0
    held_until: float = -1.0
