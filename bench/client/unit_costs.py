"""What one session and one process cost the service, counted from the real client."""

import random
from dataclasses import dataclass, replace
from random import Random
from typing import Final, Literal

from bench.client.feed_units import poll_units
from bench.client.fleet import Counted, MemoryStore, Process, Simulation, requests_of
from sojourn_client.modes.machine import Mode

Way = Literal["always", "cached", "cached, shared store", "feed", "feed, 300 s"]
WAYS: Final[tuple[Way, ...]] = ("always", "cached", "cached, shared store", "feed", "feed, 300 s")
MODES: Final[dict[Way, tuple[Mode, float | None]]] = {
    "always": ("always", None),
    "cached": ("cached", 300.0),
    "cached, shared store": ("cached", 300.0),
    "feed": ("feed", 10.0),
    "feed, 300 s": ("feed", 300.0),
}
"""Mode and `max_staleness`: the default, and for the feed also the one of mode "cached"."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What the service is asked, a second: about each session, and by each process."""

    validations: float = 0.0
    polls: float = 0.0
    keys: float = 0.0
    entries: float = 0.0
    """Entries of the feed that a process is told, a second."""

    def requests(self, processes: int, sessions: int) -> float:
        """All requests, a second."""
        return self.validations * sessions + (self.polls + self.keys) * processes

    def read_units(self, processes: int, sessions: int) -> float:
        """DynamoDB's read units, a second."""
        by_process = poll_units(self.polls, self.entries) + self.keys
        return self.validations * sessions + by_process * processes

    def while_ending(self, feed: "Cost") -> "Cost":
        """The same, with the polls of a feed in which sessions end."""
        return replace(self, polls=feed.polls, entries=feed.entries)


def counted(
    way: Way, processes: int, *, every: float, sessions: int, warm: float, seconds: float
) -> Cost:
    """Simulate a fleet of processes for so many seconds, and count.

    Sessions begin when the processes poll already, as in the long run nearly all do.
    """
    random.seed(1)
    service, chance = Counted(), Random(1)
    mode, staleness = MODES[way]
    store = MemoryStore(service.clock) if way == "cached, shared store" else None
    fleet = [
        Process.of(service, mode, max_staleness=staleness, store=store) for _ in range(processes)
    ]
    simulation = Simulation(service)
    if mode == "feed":
        for process in fleet:
            simulation.at(chance.uniform(0, 3), process.poll)
        simulation.run(10)
    for begun in list(service.begin_many(sessions)):
        event = requests_of(begun, fleet, every=every, chance=chance)
        simulation.at(chance.expovariate(1 / every), event)
    simulation.run(warm)
    before = service.counts.copy()
    simulation.run(seconds)
    counts = service.counts - before
    return Cost(
        validations=counts["validations"] / counts["verifications"] / every,
        polls=counts["polls"] / processes / seconds,
        keys=counts["keys"] / processes / seconds,
    )


def polled(way: Way, endings: float, *, seconds: float) -> Cost:
    """What the feed costs one process while so many sessions end in a second."""
    random.seed(1)
    service = Counted()
    mode, staleness = MODES[way]
    process = Process.of(service, mode, max_staleness=staleness)
    simulation, chance, ended = Simulation(service), Random(1), service.begin()

    def end() -> float:
        service.write(0.0, session_ids=[ended.id], user_id=ended.user_id)
        return chance.expovariate(endings)

    simulation.at(0.0, process.poll)
    simulation.at(chance.expovariate(endings), end)
    simulation.run(60.0 + (staleness or 0.0))  # until the overlap is full
    before = service.counts.copy()
    simulation.run(seconds)
    counts = service.counts - before
    return Cost(polls=counts["polls"] / seconds, entries=counts["entries"] / seconds)


def started(sessions: int) -> int:
    """The validations of a process in mode "feed" that starts while so many sessions are active."""
    service = Counted()
    older = list(service.begin_many(sessions))
    service.passes(60)
    process = Process.of(service, "feed")
    process.poll()
    for _ in range(3):
        for begun in older:
            process.verify(begun)
        service.passes(2)
        process.poll()
    return service.counts["validations"]
