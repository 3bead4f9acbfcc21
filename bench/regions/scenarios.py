"""What users do in several Regions, and what becomes of it.

A user begins and ends sessions, each from one of the Regions, and applications have them validated.
A run counts what the rules forbid: a session that is accepted after its end was acknowledged, an
end that is undone (rule 5), and a login that was answered and is lost.
"""

import math
import random
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Literal

from bench.regions.events import Events
from bench.regions.replicas import Eventual, State, Strong

CAP: Final = 10
MEDIAN_LAG: Final = 0.5
SPREAD: Final = 0.6
"""Replication between Regions in seconds: the median, and a 99th percentile of four times as much
(log-normal). AWS says "typically within a second", and promises nothing."""
ROUND_TRIP: Final = 0.07
"""Between two Regions, in seconds."""
HERE: Final = 0.005
"""To the Region's own DynamoDB and back."""
FIRST_WAIT, LONGEST_WAIT, DEADLINE = 0.02, 0.5, 10.0
LOOK: Final = 0.05
UNDONE: Final = 60.0
"""Seconds after which an ended session that some Region still accepts counts as alive again."""
Where = Literal["home", "anywhere"]


@dataclass(frozen=True, slots=True)
class World:
    """How users behave, and where their writes and reads go.

    - `commits_per_hour`: of one user, half of them logins and half of them ends
    - `away`: the part of a user's requests that come from another Region than the home
    - `writes`, `reads`: to the user's home Region, or in the Region where the request came
    """

    commits_per_hour: float
    away: float
    writes: Where
    reads: Where
    users: int = 500
    hours: float = 200.0
    regions: int = 3


@dataclass(slots=True)
class Found:
    """What a run saw."""

    commits: int = 0
    ends: int = 0
    undone: int = 0
    lost: int = 0
    stale: list[float] = field(default_factory=list)
    """For each end, how many seconds after its acknowledgement some Region still accepts."""


def lag(chance: random.Random) -> float:
    """The delay of one replication."""
    return chance.lognormvariate(math.log(MEDIAN_LAG), SPREAD)


def run(world: World, seed: int = 1) -> Found:
    """Simulate users one after another: their items have nothing in common."""
    chance, found = random.Random(seed), Found()
    for _ in range(world.users):
        _User(world, chance, found).run()
    return found


class _User:
    def __init__(self, world: World, chance: random.Random, found: Found) -> None:
        self._world, self._chance, self._found = world, chance, found
        self._events = Events()
        self._item = Eventual(self._events, world.regions, lambda: lag(chance))
        self._alive: set[int] = set()
        self._next = 0

    def run(self) -> None:
        self._events.after(self._pause(), self._act)
        self._events.run()
        self._found.lost += len(self._alive - set(self._item.read(0).sessions))

    def _pause(self) -> float:
        return self._chance.expovariate(self._world.commits_per_hour / 3_600)

    def _region(self, where: Where) -> int:
        """The Region that a request is decided in; the home is the first."""
        away = self._chance.random() < self._world.away
        if where == "home" or not away:
            return 0
        return self._chance.randrange(1, self._world.regions)

    def _act(self) -> None:
        if self._events.now > self._world.hours * 3_600:
            return
        region = self._region(self._world.writes)
        self._found.commits += 1
        seen = self._item.read(region).sessions
        if seen and self._chance.random() < 0.5:
            self._end(region, self._chance.choice(seen))
        else:
            self._begin(region)
        self._events.after(self._pause(), self._act)

    def _begin(self, region: int) -> None:
        session = self._next = self._next + 1
        before = self._item.write(region, lambda s: State((*s.sessions, session)[-CAP:]))
        self._alive.add(session)
        for evicted in (*before.sessions, session)[:-CAP]:
            self._alive.discard(evicted)

    def _end(self, region: int, session: int) -> None:
        self._item.write(region, lambda s: State(tuple(x for x in s.sessions if x != session)))
        self._found.ends += 1
        self._alive.discard(session)
        self._watch(session, self._events.now)

    def _watch(self, session: int, since: float) -> None:
        """Look into every Region that reads until none has the session any more."""
        regions = range(self._world.regions) if self._world.reads == "anywhere" else (0,)

        def look() -> None:
            passed = self._events.now - since
            if not any(session in self._item.read(region).sessions for region in regions):
                self._found.stale.append(passed)
            elif passed < UNDONE:
                self._events.after(LOOK, look)
            else:
                self._found.undone += 1

        look()


@dataclass(slots=True)
class Burst:
    """What a burst of logins of one user took with strong consistency."""

    tries: int = 0
    conflicts: int = 0
    late: int = 0
    seconds: list[float] = field(default_factory=list)


def burst(logins: int, seed: int = 1) -> Burst:
    """Logins of one user at once, from instances in several Regions, with strong consistency."""
    chance, made = random.Random(seed), Burst()
    events, item = Events(), Strong()

    def wait(attempt: int) -> float:
        most = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(attempt, 10))
        return chance.uniform(0, most) if attempt else 0.0

    def arrive(began: float, known: int, attempt: int) -> None:
        made.tries += 1
        if events.now < item.held_until:
            made.conflicts += 1
        elif known == item.version:
            item.version += 1
            item.held_until = events.now + ROUND_TRIP
            made.seconds.append(events.now + ROUND_TRIP - began)
            return
        again = HERE + wait(attempt)
        if events.now + again - began > DEADLINE:
            made.late += 1
            return
        # A failed condition returns the item; after a conflict it is read again.
        events.after(again, partial(arrive, began, item.version, attempt + 1))

    for _ in range(logins):
        at = chance.uniform(0, 0.02)
        events.after(at, partial(arrive, at, 0, 0))
    events.run()
    return made
